"""How often each path may be called, and by whom."""

from __future__ import annotations

import re
from collections import Counter

import httpx2
import pytest

from app.access.keys import KeyLimits
from app.access.keys import Scope as KeyScope
from app.access.records import OPERATOR, Key
from app.api.application import ROUTERS, create_api
from app.api.limits import FREE_PATHS, FREE_PREFIXES, LIMITS, Kind, Limits
from app.domain.events import SecurityType
from app.errors import SettingsError
from app.settings import CorsSettings, LimitSettings
from tests.app.api.fakes import Api, SteppingClock

ORDER = {"canonical": "EURUSD", "side": "buy", "volume": 0.1}
HERE = "127.0.0.1"


@pytest.fixture
def limits() -> Limits:
    """The table as it is."""
    return Limits(LimitSettings(), clock=SteppingClock())


def a_key(name: str = "bot", limits: KeyLimits | None = None) -> Key:
    """A key that may do everything."""
    return Key(id=name, name=name, scopes=frozenset(KeyScope), created="", sha256="", limits=limits or KeyLimits())


def passed(limits: Limits, name: str, *, key: Key | None = None, address: str = HERE, up_to: int = 10_000) -> int:
    """How many calls pass before the first that does not."""
    count = 0
    while count < up_to and limits.take(name, address, key) is None:
        count += 1
    return count


def test_every_route_is_in_the_table_or_free() -> None:
    """A route that is added later has to be given its limit, and the table names no path that is none."""
    routes = {
        f"{method} {_blank(path)}"
        for router in ROUTERS
        for route in router.routes
        if (path := getattr(route, "path", None)) is not None
        for method in getattr(route, "methods", ())
        if path not in FREE_PATHS and not path.startswith(FREE_PREFIXES)
    }
    table = {_blank(name) for name in LIMITS if not name.startswith("unmatched")}
    assert routes <= table


def _blank(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "{}", path)


@pytest.mark.parametrize("name", [name for name in LIMITS if not name.startswith("unmatched")])
def test_every_path_is_found(limits: Limits, name: str) -> None:
    """A path is found under its own name, whatever stands where its parameters do."""
    method, _, template = name.partition(" ")
    assert limits.find(method, re.sub(r"\{[^}]+\}", "any-thing.1", template)) == name


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("HEAD", "/api/account", "GET /api/account"),
        ("GET", "/api/orders/01JDJ5N0Z3V8Q4M2T7K9XA6BCD", "GET /api/orders/{order_id}"),
        ("GET", "/api/symbols/priority", "GET /api/symbols/priority"),
        ("GET", "/api/symbols//tick", "unmatched"),
        ("GET", "/nothing/of/ours", "unmatched"),
        ("POST", "/api/order/", "unmatched change"),
        ("DELETE", "/api/account", "unmatched change"),
        ("GET", "/api/order", "unmatched"),
        ("GET", "/assets/app.js", None),
        ("GET", "/", None),
        ("GET", "/api/stream", None),
    ],
)
def test_other_paths_share_one_name(limits: Limits, method: str, path: str, name: str | None) -> None:
    """A flood of paths that are none has one budget; files of the page and its stream have none to lose."""
    assert limits.find(method, path) == name


@pytest.mark.parametrize(("name", "limit"), [(name, limit.per_minute) for name, limit in LIMITS.items()])
def test_a_client_may_call_as_often_as_the_table_says(limits: Limits, name: str, limit: int) -> None:
    """Exactly so often; another client's calls are its own."""
    assert passed(limits, name) == limit
    assert limits.take(name, "192.0.2.7", None) is None


def test_contract() -> None:
    """The numbers that clients were told."""
    told = {"POST /api/order": 10, "POST /api/positions/{ticket}/close": 20, "GET /api/account": 60}
    told |= {"GET /api/symbols/{symbol}/tick": 200, "GET /api/history/ticks": 20, "GET /events": 5}
    told |= {"POST /api/monitoring/metrics/snapshot": 10, "POST /api/monitoring/metrics/reset": 5}
    assert {name: LIMITS[name].per_minute for name in told} == told
    monitoring = {name for name in LIMITS if name.startswith("GET /api/monitoring/")}
    assert len(monitoring) == 10
    assert {LIMITS[name].per_minute for name in monitoring} == {100}


def test_operator_has_600_orders_and_6000_reads(limits: Limits) -> None:
    """On all trading paths together; monitoring, snapshot and reset stay as for everyone."""
    operator = a_key(OPERATOR)
    assert passed(limits, "POST /api/order", key=operator) == 600
    assert limits.take("POST /api/orders/pending", HERE, operator) is not None
    assert passed(limits, "GET /api/account", key=operator) == 6_000
    assert limits.take("GET /api/positions", HERE, operator) is not None
    assert passed(limits, "GET /api/monitoring/status", key=operator) == 100
    assert passed(limits, "POST /api/monitoring/metrics/snapshot", key=operator) == 10
    assert passed(limits, "POST /api/monitoring/metrics/reset", key=operator) == 5


@pytest.mark.parametrize("close", ["POST /api/positions/{ticket}/close", "DELETE /api/orders/{ticket}"])
@pytest.mark.parametrize("key", [None, a_key(), a_key(OPERATOR), a_key("own", KeyLimits(writes=3))])
def test_orders_never_take_the_place_of_closes(limits: Limits, close: str, key: Key | None) -> None:
    """Whoever has placed too many orders can still close and cancel."""
    assert passed(limits, "POST /api/order", key=key) > 0
    assert limits.take(close, HERE, key) is None


def test_a_key_has_its_own_limits_from_wherever_it_calls(limits: Limits) -> None:
    """One budget for the key, whatever the address; the kind it does not name is as for others."""
    key = a_key("own", KeyLimits(writes=3))
    assert [limits.take("POST /api/order", address, key) is None for address in ("a", "b", "c", "d")] == [True] * 3 + [
        False
    ]
    assert passed(limits, "GET /api/account", key=key) == 60


def test_a_key_is_not_held_up_by_others_at_its_address(limits: Limits) -> None:
    """Whoever floods the API without a key, or with wrong ones, takes nothing from those that have one."""
    assert passed(limits, "GET /api/account") == 60
    while limits.take_refusal(HERE) is None:
        pass
    assert passed(limits, "GET /api/account", key=a_key("one")) == 60
    assert passed(limits, "GET /api/account", key=a_key("other")) == 60


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("2001:db8::1", "2001:db8::2:3", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "no address", True),
    ],
)
def test_a_client_is_a_network_of_ipv6(limits: Limits, one: str, other: str, *, together: bool) -> None:
    """Somebody with 2^64 addresses is one client all the same."""
    passed(limits, "POST /api/order", address=one)
    assert (limits.take("POST /api/order", other, None) is not None) == together


def test_memory_is_bounded(limits: Limits) -> None:
    """Many addresses are not remembered for ever."""
    for number in range(10_000):
        limits.take("GET /health", f"10.0.{number >> 8}.{number & 255}", None)
    assert len(limits.budgets.windows) <= 4_096


def test_settings_change_the_table() -> None:
    """A path, the operator and the refused have their numbers from the settings; all can be switched off."""
    settings = LimitSettings(per_minute={"POST /api/order": 3}, operator_writes=7, operator_reads=8, refused=2)
    limits = Limits(settings, clock=SteppingClock())
    assert passed(limits, "POST /api/order") == 3
    assert passed(limits, "POST /api/order", key=a_key(OPERATOR)) == 7
    assert passed(limits, "GET /api/account", key=a_key(OPERATOR)) == 8
    assert [limits.take_refusal(HERE) is None for _ in range(3)] == [True, True, False]
    off = Limits(LimitSettings(enabled=False), clock=SteppingClock())
    assert passed(off, "POST /api/order", up_to=1_000) == 1_000
    assert all(off.take_refusal(HERE) is None for _ in range(1_000))


def test_a_path_that_is_none_stops_the_start() -> None:
    """A limit that would hold for nothing is named."""
    with pytest.raises(SettingsError, match="POST /api/odrer"):
        Limits(LimitSettings(per_minute={"POST /api/odrer": 3}), clock=SteppingClock())


async def test_one_too_many_is_told_in_the_one_shape(api: Api) -> None:
    """429 with whole seconds to wait, as an event, and no order is taken."""
    key = api.services.keys.ephemeral("desk", [KeyScope.TRADE], KeyLimits())
    async with api.client(key) as client:
        answers = [await client.post("/api/order", json=ORDER) for _ in range(11)]
        closed = await client.post("/api/positions/77/close")
    assert Counter(answer.status_code for answer in answers) == {200: 10, 429: 1}
    last = answers[-1]
    assert last.json()["detail"]["error"]["code"] == "RATE_LIMITED"
    assert last.headers["Retry-After"] == "60"
    assert last.json()["detail"]["error"]["details"] == {"retry_after_s": 60}
    assert last.headers["X-Account-Mode"] == "simulated"
    assert (len(api.desk.opened), closed.status_code) == (10, 200)
    (event,) = api.services.monitor.notes.last_security(0)
    assert (event.type, event.client, event.details) == (SecurityType.RATE_LIMITED, HERE, "POST /api/order")


async def test_unknown_paths_are_limited_together(api: Api) -> None:
    """A flood of them ends in 429 and leaves the others alone."""
    async with api.client(None) as client:
        answers = [(await client.get(f"/nothing/{number}")).status_code for number in range(101)]
        assert (await client.get("/api/account")).status_code == 200
    assert Counter(answers) == {404: 100, 429: 1}


async def test_wrong_keys_are_held_back_and_the_right_one_is_not(api: Api) -> None:
    """A guesser gets a hundred tries a minute; whoever has the key, at the same address, notices nothing."""
    transport = httpx2.ASGITransport(create_api(api.services), client=(HERE, 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://{HERE}:5001") as client:
        tried = [
            (await client.get("/api/account", headers={"X-API-Key": f"wrong-{number}"})).status_code
            for number in range(150)
        ]
        right = await client.get("/api/account", headers={"X-API-Key": "operator-key-of-the-tests"})
    assert Counter(tried) == {401: 100, 429: 50}
    assert right.status_code == 200
    counted = api.services.monitor.notes.security_by_type(3_600)
    assert counted == {"invalid_api_key_attempt": 100, "rate_limited": 50}
    assert api.services.monitor.notes.authentications(3_600) == {"good": 1, "bad": 150}


async def test_preflights_count_for_nothing(api: Api) -> None:
    """However often a browser asks before it sends, it may send as often as before."""
    api = api.with_settings(cors=CorsSettings(allow_origins=("http://front.example",)))
    asked = {"Origin": "http://front.example", "Access-Control-Request-Method": "POST"}
    key = api.services.keys.ephemeral("desk", [KeyScope.TRADE], KeyLimits())
    async with api.client(key) as client:
        for _ in range(50):
            assert (await client.options("/api/order", headers=asked)).status_code == 200
        answers = [await client.post("/api/order", json=ORDER, headers=asked) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert "Retry-After" in answers[-1].headers["Access-Control-Expose-Headers"]
    assert answers[-1].headers["Access-Control-Allow-Origin"] == "http://front.example"


async def test_demo_trader_is_not_held_up(api: Api) -> None:
    """A key of this process alone has the operator's limits."""
    key = api.services.keys.ephemeral("demo trader", [KeyScope.READ, KeyScope.TRADE])
    async with api.client(key) as client:
        assert {(await client.post("/api/order", json=ORDER)).status_code for _ in range(60)} == {200}


def test_kinds_are_what_a_key_can_change() -> None:
    """What changes nothing is a read, and administration is the same for everyone."""
    for name, limit in LIMITS.items():
        if name.startswith("GET ") and "/monitoring/" not in name and "/session" not in name and "/keys" not in name:
            assert limit.kind is Kind.READ
        if "/monitoring/" in name or "/session" in name:
            assert limit.kind is Kind.SAME
