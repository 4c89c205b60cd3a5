"""Every answer is counted once, by its route; those of 500 and above are errors."""

from __future__ import annotations

import pytest

from app.domain.account import Unavailable
from app.domain.orders import NotSent, Rejected, Unknown
from app.errors import JournalError
from app.monitoring.ledger import Cells
from app.watch.state import Snapshot
from tests.app.api.fakes import Api

ORDER = {"canonical": "EURUSD", "side": "buy", "volume": 0.1}


def counted(api: Api) -> dict[str, tuple[int, int, int]]:
    """Requests, errors and client errors by endpoint."""
    cells: Cells = api.services.monitor.ledger.requests(300)
    return {name: (cell.requests, cell.errors, cell.client_errors) for name, cell in cells.items()}


def scopes(api: Api) -> dict[str, int]:
    """Errors by scope."""
    return api.services.monitor.notes.errors_by_scope(300)


async def test_endpoints_are_templates(api: Api) -> None:
    """However many symbols, orders and tickets are asked for, each route is one endpoint."""
    async with api.client() as client:
        for number in range(20):
            await client.get(f"/api/symbols/S{number}/tick")
            await client.get(f"/api/orders/N{number}")
            await client.post(f"/api/positions/{number + 1}/close")
    assert counted(api) == {
        "GET /api/symbols/{symbol}/tick": (20, 0, 20),
        "GET /api/orders/{order_id}": (20, 0, 20),
        "POST /api/positions/{ticket}/close": (20, 0, 0),
    }


async def test_a_flood_of_unknown_paths_is_one_endpoint(api: Api) -> None:
    """Paths and methods that are none of ours count as unmatched: neither errors nor client errors."""
    async with api.client() as client:
        for number in range(100):
            await client.get(f"/nothing/{number}")
        await client.request("DELETE", "/health")
        await client.request("BREW", "/api/account")
    assert counted(api) == {"unmatched": (102, 0, 0)}


async def test_a_refused_caller_counts_under_the_route(api: Api) -> None:
    """Without a key, with a wrong one, with too much: the route it was for, as a client error."""
    async with api.client(None, address="192.0.2.7") as client:
        await client.get("/api/positions")
        await client.post("/api/positions/7/close")
        await client.get("/nothing")
    async with api.client("wrong") as client:
        await client.get("/api/positions")
    async with api.client() as client:
        await client.post("/api/order", content=b"x" * 100_000)
    assert counted(api) == {
        "GET /api/positions": (2, 0, 2),
        "POST /api/positions/{ticket}/close": (1, 0, 1),
        "POST /api/order": (1, 0, 1),
        "unmatched": (1, 0, 0),
    }


async def test_what_is_in_no_figure(api: Api) -> None:
    """`/metrics`, documentation, files of the page, preflights."""
    async with api.client() as client:
        for path in ("/metrics", "/docs", "/openapi.json", "/", "/static-offline-docs/swagger-ui.css"):
            await client.get(path)
        preflight = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
        await client.options("/api/order", headers=preflight)
    assert counted(api) == {}


@pytest.mark.parametrize(
    ("outcome", "scope"),
    [
        (NotSent(reason="away", last_error=(-10004, "No IPC connection")), "terminal"),
        (Unknown(reason="deadline"), "broker"),
    ],
)
async def test_an_order_that_failed_for_us_is_an_error(api: Api, outcome: NotSent | Unknown, scope: str) -> None:
    """With its scope, what the terminal said, and the order's id."""
    api.desk.outcome = outcome
    async with api.client() as client:
        await client.post("/api/order", json=ORDER)
    assert counted(api) == {"POST /api/order": (1, 1, 0)}
    assert scopes(api) == {scope: 1}
    (event,) = api.services.monitor.notes.last_errors(0)
    assert event.message.startswith("POST /api/order: 50")
    assert event.last_error == ("-10004 No IPC connection" if scope == "terminal" else "")
    assert event.details == "01JDJ5N0Z3V8Q4M2T7K9XA6BCD"


async def test_a_broker_refusal_is_no_error(api: Api) -> None:
    """It is an answer of the broker's: a client error in the figures of requests, and in no list of errors."""
    api.desk.outcome = Rejected(retcode=10019)
    async with api.client() as client:
        await client.post("/api/order", json=ORDER)
    assert counted(api) == {"POST /api/order": (1, 0, 1)}
    assert scopes(api) == {}


async def test_scopes_of_our_own_faults(api: Api) -> None:
    """A journal that cannot be written is the journal's; a fault of ours the API's; a lost terminal the terminal's."""
    async with api.client() as client:
        api.desk.fault = JournalError("full")
        await client.post("/api/order", json=ORDER)
        api.gateway.fault = RuntimeError("bug")
        await client.get("/api/account")
        api.gateway.unavailable = Unavailable(reason="away")
        await client.get("/api/positions")
    assert scopes(api) == {"journal": 1, "api": 1, "terminal": 1}


async def test_not_being_ready_is_no_error(api: Api) -> None:
    """It is what `/api/ready` was asked; it counts as a request, also in no share of errors."""
    api.watch.latest = Snapshot()
    async with api.client() as client:
        assert (await client.get("/api/ready")).status_code == 503
    assert counted(api) == {"GET /api/ready": (1, 0, 0)}
    assert scopes(api) == {}


async def test_durations_are_those_of_the_stamp(api: Api) -> None:
    """A request that took as long as its header says is in the bucket of that."""
    async with api.client() as client:
        await client.get("/api/health")
    cell = api.services.monitor.ledger.requests(300)["GET /api/health"]
    assert 0.001 <= cell.average_s < 0.02
