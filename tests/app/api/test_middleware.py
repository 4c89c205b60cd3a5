"""What lies around every route."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.access.hosts import Hosts
from app.api.middleware import BodyLimit, CatchFaults, HostCheck, Stamp
from app.domain.account import AccountMode
from app.domain.events import SecurityEvent, SecurityType
from app.settings import CorsSettings, HttpSettings
from app.watch.state import Snapshot
from tests.app.api.fakes import Api, SteppingClock

FRONT_END = "http://front.example"
JSON = {"Content-Type": "application/json"}


async def test_every_answer_says_its_time_and_whose_money_it_is(api: Api) -> None:
    """Time in milliseconds with two decimals, mode as last seen, unknown while nothing was seen."""
    async with api.client() as client:
        answer = await client.get("/api/account")
        assert answer.headers["X-Response-Time"] == "2.00ms"
        assert answer.headers["X-Account-Mode"] == "simulated"
        api.watch.latest = Snapshot()
        assert (await client.get("/api/account")).headers["X-Account-Mode"] == AccountMode.UNKNOWN


async def test_deadline_of_an_order_counts_from_its_arrival(api: Api) -> None:
    """The desk is told the moment before anything was done for the request."""
    clock = api.services.clock
    assert isinstance(clock, SteppingClock)
    before = clock.now
    async with api.client() as client:
        await client.post("/api/positions/7/close")
    ((_, arrived),) = api.desk.closed
    assert arrived == pytest.approx(before + 0.001)


async def test_allowed_origin_is_told_so_on_answers_and_errors(api: Api) -> None:
    """A page of an allowed origin can read what it gets, errors and our headers included."""
    api = api.with_settings(cors=CorsSettings(allow_origins=(FRONT_END,)))
    async with api.client("wrong") as client:
        answer = await client.get("/api/account", headers={"Origin": FRONT_END})
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == FRONT_END
    exposed = answer.headers["Access-Control-Expose-Headers"]
    assert {"X-Response-Time", "X-Account-Mode", "traceresponse"} <= set(exposed.split(", "))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_preflight_needs_no_key(api: Api, method: str) -> None:
    """A browser asks before it sends, without a key, and is let to send one."""
    api = api.with_settings(cors=CorsSettings(allow_origins=(FRONT_END,)))
    asked = {
        "Origin": FRONT_END,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type, x-api-key, traceparent",
    }
    async with api.client(None, address="192.0.2.7") as client:
        answer = await client.options("/api/order", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == FRONT_END
    assert method in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("allowed", [(), (FRONT_END,)])
async def test_other_origins_are_refused(api: Api, allowed: tuple[str, ...]) -> None:
    """An origin that is not named, and by default none is, gets no leave, in the one shape of errors."""
    api = api.with_settings(cors=CorsSettings(allow_origins=allowed))
    asked = {"Origin": "http://other.example", "Access-Control-Request-Method": "POST"}
    async with api.client() as client:
        preflight = await client.options("/api/order", headers=asked)
        answer = await client.get("/api/account", headers={"Origin": "http://other.example"})
    assert preflight.status_code == 400
    assert preflight.json()["detail"]["error"]["code"] == "ORIGIN_NOT_ALLOWED"
    assert "Access-Control-Allow-Origin" not in preflight.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_large_body_is_refused_unread(api: Api) -> None:
    """A body whose declared length is too large is refused before any of it is read."""
    read = 0

    async def ten_megabytes() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 10 * 1_024:
            read += 1
            yield b" " * 1_024

    async with api.client() as client:
        answer = await client.post(
            "/api/order", content=ten_megabytes(), headers={**JSON, "Content-Length": "10485760"}
        )
    assert answer.status_code == 413
    assert answer.json()["detail"]["error"]["code"] == "PAYLOAD_TOO_LARGE"
    assert answer.headers["X-Account-Mode"] == "simulated"
    assert read == 0


@pytest.mark.parametrize("path", ["/api/order", "/api/positions/7/close"])
async def test_body_that_turns_out_too_large_is_refused_as_soon_as_it_is(api: Api, path: str) -> None:
    """A body without a declared length is read up to the limit and no further; no order is taken."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1_000:
            sent += 1
            yield b" " * 1_024

    api = api.with_settings(http=HttpSettings(body_bytes_max=4_096))
    async with api.client() as client:
        answer = await client.post(path, content=endless(), headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["detail"]["error"]["code"] == "PAYLOAD_TOO_LARGE"
    assert answer.json()["detail"]["error"]["details"] == {"bytes_max": 4_096}
    assert sent == 5
    assert api.desk.calls == 0


async def test_body_as_large_as_is_taken_is_taken(api: Api) -> None:
    """The limit itself is within it."""
    api = api.with_settings(http=HttpSettings(body_bytes_max=1_024))
    order = b'{"canonical": "EURUSD", "side": "buy", "volume": 0.1}'
    async with api.client() as client:
        assert (await client.post("/api/order", content=order.ljust(1_024), headers=JSON)).status_code == 200
        assert (await client.post("/api/order", content=order.ljust(1_025), headers=JSON)).status_code == 413


class Inner:
    """An application that notes what reached it, and may fail half-way through its answer."""

    def __init__(self, *, fails: bool = False) -> None:
        self.scopes: list[str] = []
        self._fails = fails

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer the start of something."""
        self.scopes.append(scope["type"])
        if self._fails:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise RuntimeError("half-way")


async def _nothing(*_: Any) -> Any:
    return {}


async def test_other_protocols_pass_untouched(api: Api) -> None:
    """What is no HTTP request goes through every layer as it is."""
    inner = Inner()
    layered = Stamp(CatchFaults(BodyLimit(inner, bytes_max=1)), clock=api.services.clock, watch=api.services.watch)
    await layered({"type": "lifespan"}, _nothing, _nothing)
    assert inner.scopes == ["lifespan"]


async def test_fault_after_the_answer_began_is_not_answered_again() -> None:
    """Half an answer cannot be taken back: the fault goes on, so that the server ends the connection."""
    with pytest.raises(RuntimeError, match="half-way"):
        await CatchFaults(Inner(fails=True))({"type": "http"}, _nothing, _nothing)


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/order", "/metrics", "/nothing"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:5001", "127.0.0.1/metrics", "x/docs", ""])
async def test_a_host_that_is_not_ours_is_refused_before_anything_else(api: Api, path: str, host: str) -> None:
    """Even with the right key: 421 in the one shape, told of, and no order is taken."""
    order = {"canonical": "EURUSD", "side": "buy", "volume": 0.1}
    async with api.client() as client:
        answer = await client.post(path, json=order, headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json()["detail"]["error"]["code"] == "HOST_REFUSED"
    assert answer.headers["X-Account-Mode"] == "simulated"
    assert "evil" not in answer.text
    assert api.desk.calls == 0
    (event,) = api.services.monitor.notes.last_security(0)
    assert (event.type, event.client, event.details) == (SecurityType.HOST_REFUSED, "127.0.0.1", repr(host))
    assert api.services.monitor.notes.authentications(3_600) == {"good": 0, "bad": 0}


@pytest.mark.parametrize("hosts", [[], [b"127.0.0.1", b"evil.example"]])
async def test_a_request_names_one_host(api: Api, hosts: list[bytes]) -> None:
    """None, or two of which one of us might look at the other, are refused."""
    told: list[SecurityEvent] = []
    check = HostCheck(Inner(), hosts=Hosts("127.0.0.1"), tell=told.append, clock=api.services.clock)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await check({"type": "http", "headers": [(b"host", host) for host in hosts]}, _nothing, send)
    assert sent[0]["status"] == 421
    assert len(told) == 1


async def test_what_a_host_was_is_told_in_short_and_plain(api: Api) -> None:
    """A name is hostile text: cut, and without a letter that a terminal or a file would obey."""
    async with api.client() as client:
        await client.get("/health", headers={b"Host": b"\xff\x1b[31m" + b"x" * 500})
    (event,) = api.services.monitor.notes.last_security(0)
    assert event.details.isascii()
    assert len(event.details) < 120


async def test_a_named_host_is_ours(api: Api) -> None:
    """Behind a name of one's own the API answers when that name is in the settings."""
    named = api.with_settings(http=HttpSettings(allowed_hosts=("trade.example",)))
    async with named.client() as client:
        assert (await client.get("/api/account", headers={"Host": "trade.example"})).status_code == 200
        assert (await client.get("/api/account", headers={"Host": "other.example"})).status_code == 421
