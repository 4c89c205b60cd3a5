"""Who may call what."""

from __future__ import annotations

from dataclasses import replace

import httpx2
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.keys import Scope as KeyScope
from app.access.records import hash_of
from app.api.application import create_api
from app.api.auth import Authentication
from app.api.limits import Limits
from app.domain.events import SecurityType
from app.settings import AuthSettings, HttpSettings
from tests.app.api.fakes import FILLED, Api

ORDER = {"canonical": "EURUSD", "side": "buy", "volume": 0.1}
OPEN = ("/", "/docs", "/openapi.json", "/api/health", "/static-offline-docs/swagger-ui.css")
READS = ("/health", "/metrics", "/api/ready", "/api/account", "/api/positions", "/api/symbol/EURUSD")


@pytest.mark.parametrize("path", [*READS, "/api/health", "/api/nothing", "/nothing", "/api/order"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_wrong_key_is_401_on_any_call(api: Api, method: str, path: str) -> None:
    """A wrong key is never overlooked, and never repeated."""
    async with api.client("wrong-key-with-a-secret") as client:
        answer = await client.request(method, path)
    assert answer.status_code == 401
    assert answer.json()["detail"]["error"]["code"] == "UNAUTHORIZED"
    assert "WWW-Authenticate" in answer.headers
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.7"])
async def test_open_paths_need_no_key(api: Api, path: str, address: str) -> None:
    """Documentation and liveness are there for everybody, whatever the settings."""
    closed = api.with_settings(auth=AuthSettings(anonymous_read="off"))
    async with closed.client(None, address=address) as client:
        assert (await client.get(path)).status_code in (200, 503)


@pytest.mark.parametrize(
    ("address", "anonymous_read", "host", "status"),
    [
        ("127.0.0.1", "loopback", "127.0.0.1", 200),
        ("127.8.8.8", "loopback", "127.0.0.1", 200),
        ("::1", "loopback", "::1", 200),
        ("192.0.2.7", "loopback", "127.0.0.1", 401),
        ("not an address", "loopback", "127.0.0.1", 401),
        ("127.0.0.1", "off", "127.0.0.1", 401),
        ("127.0.0.1", "loopback", "0.0.0.0", 401),
    ],
)
async def test_reads_without_a_key(api: Api, address: str, anonymous_read: str, host: str, status: int) -> None:
    """Only somebody on this machine looks without a key, only as set, and never where others can reach the port."""
    auth = AuthSettings.model_validate({"anonymous_read": anonymous_read})
    api = api.with_settings(auth=auth, http=HttpSettings(host=host))
    async with api.client(None, address=address) as client:
        assert {(await client.get(path)).status_code for path in READS} == {status}


async def test_caller_without_an_address_is_not_local(api: Api) -> None:
    """Where the server does not say who calls, as on a socket file, a key is needed."""
    transport = httpx2.ASGITransport(_addressless(create_api(api.services)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:5001") as client:
        assert (await client.get("/api/account")).status_code == 401


def _addressless(app: ASGIApp) -> ASGIApp:
    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "client": None}, receive, send)

    return called


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:5001", "127.0.0.1", "127.9.9.9:80", "localhost:5001", "LocalHost", "[::1]:5001", "[::1]"],
)
async def test_names_that_mean_this_machine_need_no_key(api: Api, host: str) -> None:
    """Whoever asks for this machine by a loopback name or address, at any port, looks without a key."""
    async with api.client(None) as client:
        assert (await client.get("/api/account", headers={"Host": host})).status_code == 200
        own_page = {"Host": host, "Origin": f"http://{host.lower()}"}
        assert (await client.get("/api/account", headers=own_page)).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example:5001",
        "localhost.rebound.example",
        "127.0.0.1.rebound.example",
        "127.0.0.1:5001@rebound.example",
        "192.0.2.7:5001",
        "0.0.0.0:5001",
        "[::ffff:192.0.2.7]",
        "localhost:",
        "127.0.0.1/metrics",
        "::1",
        "[::1",
        "2130706433",
        "",
    ],
)
async def test_a_name_that_was_made_to_lead_here_needs_a_key(api: Api, host: str) -> None:
    """A page whose own name leads to this machine, or a proxy called by another name, needs a key if let in at all."""
    headers = {"Host": host}
    api = api.with_settings(http=HttpSettings(allowed_hosts=("*",)))
    async with api.client(None) as client:
        assert (await client.get("/api/account", headers=headers)).status_code == 401
    async with api.client() as client:
        assert (await client.get("/api/account", headers=headers)).status_code == 200
        assert (await client.post("/api/order", headers=headers, json=ORDER)).status_code == 200


async def test_two_names_are_none(api: Api) -> None:
    """A caller who gives two hosts, of which others may have looked at the other one, is refused."""
    hosts = [("Host", "127.0.0.1"), ("Host", "rebound.example")]
    async with api.client(None) as client:
        assert (await client.get("/api/account", headers=hosts)).status_code == 421


@pytest.mark.parametrize(
    "origin",
    ["http://rebound.example", "null", "", "http://127.0.0.1:8080", "https://127.0.0.1:5001", "127.0.0.1:5001"],
)
async def test_a_page_from_elsewhere_needs_a_key(api: Api, origin: str) -> None:
    """A page that this API did not serve does not look on behalf of whoever sits at this machine."""
    async with api.client(None) as client:
        assert (await client.get("/api/account", headers={"Origin": origin})).status_code == 401
    async with api.client() as client:
        assert (await client.get("/api/account", headers={"Origin": origin})).status_code == 200


@pytest.mark.parametrize("key", [None, "operator-key-of-the-tests"])
async def test_websockets_are_refused(api: Api, key: str | None) -> None:
    """A WebSocket does not come in past the keys: it is closed before it is open."""
    sent: list[Message] = []
    headers = [(b"x-api-key", key.encode())] if key else []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def within(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("let through")

    scope = {"type": "websocket", "path": "/api/account", "headers": headers, "client": ("127.0.0.1", 5)}
    authentication = Authentication(
        within,
        keys=api.services.keys,
        sessions=api.services.sessions,
        limits=Limits(api.services.settings.limits, clock=api.services.clock),
        anonymous_read=True,
        tell=lambda event: None,
        count=lambda valid: None,
        clock=api.services.clock,
    )
    await authentication(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-IP"],
)
async def test_proxy_on_this_machine_makes_nobody_local(api: Api, header: str) -> None:
    """Whoever comes through a proxy may be anywhere and needs a key."""
    async with api.client(None) as client:
        assert (await client.get("/api/account", headers={header: "127.0.0.1"})).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "QUERY"])
async def test_whatever_is_no_look_needs_a_key(api: Api, method: str) -> None:
    """Without a key nothing but a look gets through, known path or not, and no order is taken."""
    async with api.client(None) as client:
        for path in ("/api/order", "/api/positions/7/close", "/nothing"):
            assert (await client.request(method, path, json=ORDER)).status_code == 401
    assert api.desk.calls == 0


@pytest.mark.parametrize("path", ["/api/order", "/api/positions/7/close"])
async def test_reading_key_does_not_trade(api: Api, read_key: str, path: str) -> None:
    """A key without the scope is told which one it lacks, and no order is taken."""
    async with api.client(read_key) as client:
        answer = await client.post(path, json=ORDER)
        assert (await client.get("/api/account")).status_code == 200
    assert answer.status_code == 403
    assert answer.json()["detail"]["error"]["code"] == "FORBIDDEN"
    assert answer.json()["detail"]["error"]["details"] == {"scope": "trade"}
    assert api.desk.calls == 0


async def test_trading_key_does_not_read(api: Api) -> None:
    """A scope is what it says: a key for orders alone sees no account."""
    key = api.services.keys.ephemeral("orders", [KeyScope.TRADE])
    async with api.client(key) as client:
        assert (await client.get("/api/account")).status_code == 403
        assert (await client.post("/api/order", json=ORDER)).status_code == 200


async def test_key_is_looked_at_before_the_body(api: Api) -> None:
    """Somebody without a key learns nothing about what a body should be."""
    async with api.client(None) as client:
        assert (
            await client.post("/api/order", content=b"{", headers={"Content-Type": "application/json"})
        ).status_code == 401


async def test_empty_key_is_no_key(api: Api) -> None:
    """A client whose key is not set yet, and sends an empty header, looks as one without."""
    async with api.client("") as client:
        assert (await client.get("/api/account")).status_code == 200
        assert (await client.post("/api/order", json=ORDER)).status_code == 401


async def test_wrong_key_does_not_close_the_documentation(api: Api) -> None:
    """A wrong key changes nothing where none is needed outside the API."""
    async with api.client("wrong") as client:
        assert (await client.get("/docs")).status_code == 200


async def test_operator_may_trade_from_anywhere(api: Api) -> None:
    """With the right key it does not matter where a call comes from."""
    api.desk.outcome = replace(FILLED, order=5)
    async with api.client(address="192.0.2.7") as client:
        assert (await client.post("/api/order", json=ORDER)).json()["order"] == 5


async def test_whoever_is_refused_is_told_of(api: Api, read_key: str) -> None:
    """Wrong, missing and lesser keys are events with address, path by its template, and no part of the key."""
    wrong = "wrong-key-with-a-secret"
    for key, path in ((wrong, "/api/positions/77/close"), (None, "/api/order"), (read_key, "/api/positions/77/close")):
        async with api.client(key, address="192.0.2.7") as client:
            await client.post(path, json=ORDER if path == "/api/order" else None)
    notes = api.services.monitor.notes
    denied, missing, invalid = notes.last_security(0)
    reader = api.services.keys.authenticate(read_key)
    assert reader is not None
    close = "POST /api/positions/{ticket}/close"
    assert (denied.type, denied.details, denied.key_id) == (SecurityType.SCOPE_DENIED, close, reader.id)
    assert (missing.type, missing.details, missing.key_id) == (SecurityType.MISSING_API_KEY, "POST /api/order", "")
    assert (invalid.type, invalid.details) == (SecurityType.INVALID_API_KEY_ATTEMPT, close)
    assert len(invalid.key_id) == 8
    assert {event.client for event in (denied, missing, invalid)} == {"192.0.2.7"}
    assert "secret" not in repr(notes.last_security(0))
    assert notes.authentications(3_600) == {"good": 1, "bad": 1}


async def test_tries_of_one_key_have_one_name(api: Api) -> None:
    """The same wrong key is known again, another one is another, and neither name is the key's plain hash."""
    for key in ("wrong-one", "wrong-one", "wrong-two"):
        async with api.client(key) as client:
            await client.get("/api/account")
    told = api.services.monitor.notes.last_security(0)
    names = [event.key_id for event in told]
    assert [event.count for event in told] == [1, 2]
    assert names[0] != names[1]
    assert not any(hash_of(key).startswith(name) for key in ("wrong-one", "wrong-two") for name in names)


@pytest.mark.parametrize("path", ["/api/monitoring/metrics/snapshot", "/api/monitoring/metrics/reset"])
async def test_snapshot_and_reset_need_no_key_from_here(api: Api, read_key: str, path: str) -> None:
    """The lines people have work as printed, with a lesser key too; a page, a stranger and a wrong key do not."""
    origin = {"Origin": "http://127.0.0.1:5001"}
    async with api.client(None) as client:
        assert (await client.post(path)).status_code == 200
        assert (await client.post(path, headers=origin)).status_code == 401
        assert (await client.post(path, headers={"X-API-Key": "wrong"})).status_code == 401
        assert (await client.post(path, headers={"X-API-Key": read_key})).status_code == 200
        assert (await client.post(path, headers={"X-API-Key": read_key} | origin)).status_code == 403
    async with api.client(None, address="192.0.2.7") as client:
        assert (await client.post(path)).status_code == 401
        assert (await client.post(path, headers={"X-API-Key": read_key})).status_code == 403
    closed = api.with_settings(auth=AuthSettings(anonymous_read="off"))
    async with closed.client(None) as client:
        assert (await client.post(path)).status_code == 401
