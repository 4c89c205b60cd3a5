"""What lies in the past, by parameters as callers write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from app.domain.account import Unavailable
from tests.app.api.fakes import Api

NOW_NS = 1_767_607_200 * 10**9
DAY_NS = 86_400 * 10**9

PAST = (
    "/api/symbols",
    "/api/symbols/market-watch",
    "/api/market-watch",
    "/api/bars?canonical=EURUSD",
    "/api/ticks?canonical=EURUSD",
    "/api/history/bars?symbol=EURUSD",
    "/api/history/ticks?symbol=EURUSD",
    "/api/history/deals",
    "/api/history/orders",
)
OF_SYMBOL = (
    "/api/bars?canonical=NOPE",
    "/api/ticks?canonical=NOPE",
    "/api/history/bars?symbol=NOPE",
    "/api/history/ticks?symbol=NOPE",
    "/api/history/deals?symbol=NOPE",
    "/api/history/orders?symbol=NOPE",
    "/api/orders?symbol=NOPE",
)


def ns(text: str) -> int:
    """A moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def a_deal(ticket: int, **fields: Any) -> dict[str, Any]:
    """A deal as the terminal has it."""
    return {"ticket": ticket, "type": 0, "symbol": "EURUSD", "time": 5, "time_msc": 5_021, "profit": 10.0,
            "commission": -0.7, "swap": 0.1, "fee": 0.0, **fields}  # fmt: skip


@pytest.mark.parametrize("path", PAST)
async def test_terminal_away_is_503_never_empty(api: Api, path: str) -> None:
    """Where the data process cannot be asked the answer says why."""
    api.archive.unavailable = Unavailable(reason="the terminal's process died")
    async with api.client() as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (503, "MT5_UNAVAILABLE")


@pytest.mark.parametrize("path", OF_SYMBOL)
async def test_unknown_symbol_is_404(client: httpx2.AsyncClient, path: str) -> None:
    """A symbol that the terminal does not know is not found, as a filter too."""
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (404, "SYMBOL_NOT_FOUND")


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", {"since_ns": None, "until_ns": None, "count": 1_000}),
        ("&count=5", {"since_ns": None, "until_ns": None, "count": 5}),
        ("&date_to=2026-01-04", {"since_ns": None, "until_ns": ns("2026-01-05"), "count": 1_000}),
        (
            "&date_from=2026-01-01&date_to=2026-01-02",
            {"since_ns": ns("2026-01-01"), "until_ns": ns("2026-01-03"), "count": None},
        ),
        (
            "&date_from=2026-01-01T10:00:00%2B02:00&date_to=2026-01-01T10:00:00Z&count=7",
            {"since_ns": ns("2026-01-01T08:00"), "until_ns": ns("2026-01-01T10:00"), "count": 7},
        ),
        ("&date_from=2026-01-01T10:00:00+02:00", {"since_ns": ns("2026-01-01T08:00"), "until_ns": None, "count": None}),
        ("&date_from=2026-01-01 10:00:00", {"since_ns": ns("2026-01-01T10:00"), "until_ns": None, "count": None}),
    ],
)
async def test_bars_are_asked_for_by_range_or_count(api: Api, query: str, asked: dict[str, Any]) -> None:
    """A date alone includes its day as an end; times carry offsets; without a range the newest thousand come."""
    async with api.client() as client:
        answer = await client.get(f"/api/history/bars?symbol=eurusd&timeframe=h4{query}")
    assert answer.status_code == 200, answer.text
    assert api.archive.asked == [{"timeframe": "H4", **asked}]


async def test_the_other_path_of_bars_has_its_own_names(api: Api) -> None:
    """`canonical`, `tf`, `from_` and `to` ask for the same."""
    async with api.client() as client:
        await client.get("/api/bars?canonical=EURUSD&tf=M1&from_=2026-01-05T09:00:00Z&to=2026-01-05T10:00:00Z")
    (asked,) = api.archive.asked
    assert (asked["timeframe"], asked["since_ns"], asked["until_ns"]) == ("M1", NOW_NS - 3_600 * 10**9, NOW_NS)


async def test_ticks_have_bounds_and_defaults(api: Api) -> None:
    """The last 200 of one path, a thousand of the other, never more than ten thousand."""
    async with api.client() as client:
        await client.get("/api/ticks?canonical=EURUSD")
        await client.get("/api/history/ticks?symbol=EURUSD&date_from=2026-01-01")
        answer = await client.get("/api/history/ticks?symbol=EURUSD&count=10001")
    assert [asked["count"] for asked in api.archive.asked] == [200, 1_000]
    assert answer.status_code == 422
    assert "10000" in answer.text


@pytest.mark.parametrize(
    ("path", "field", "number"),
    [
        ("/api/history/bars?symbol=EURUSD&timeframe=M2", "timeframe", "M5"),
        ("/api/history/bars?symbol=EURUSD&count=0", "count", "1"),
        ("/api/history/bars?symbol=EURUSD&count=10001", "count", "10000"),
        ("/api/history/bars?symbol=EURUSD&timeframe=M1&date_from=2020-01-01", "date_from", "10000"),
        ("/api/bars?canonical=EURUSD&tf=M1&from_=2020-01-01", "from_", "10000"),
        ("/api/history/bars?symbol=EURUSD&date_from=yesterday", "date_from", "YYYY-MM-DD"),
        ("/api/history/bars?symbol=EURUSD&date_from=2040-01-01", "date_from", "2037"),
        ("/api/history/deals?date_from=0001-01-01", "date_from", "1971"),
        ("/api/history/deals?date_from=2026-01-02&date_to=2026-01-01", "date_to", "2026-01-02"),
        ("/api/history/orders?date_to=2026-13-01", "date_to", "YYYY-MM-DD"),
        ("/api/symbols/priority?limit=51", "limit", "50"),
        ("/api/orders?ticket=0", "ticket", "0"),
    ],
)
async def test_impossible_parameters_say_what_is_possible(
    client: httpx2.AsyncClient, path: str, field: str, number: str
) -> None:
    """422 names the parameter and the bound."""
    answer = await client.get(path)
    assert answer.status_code == 422, answer.text
    (fault,) = answer.json()["detail"]["error"]["details"]["fields"]
    assert fault["field"] == field
    assert number in fault["expected"]


async def test_deals_come_with_what_they_come_to(api: Api) -> None:
    """The last 30 days by default; a deposit is listed and is no profit."""
    api.archive.held = [
        a_deal(3),
        a_deal(2, symbol="GBPUSD"),
        a_deal(1, type=2, symbol="", profit=500.0, commission=0.0, swap=0.0),
    ]
    async with api.client() as client:
        whole = (await client.get("/api/history/deals")).json()
        one = (await client.get("/api/history/deals?symbol=eurusd&date_from=2026-01-01&date_to=2026-01-31")).json()
    assert api.archive.asked[0] == {"since_ns": NOW_NS - 30 * DAY_NS, "until_ns": NOW_NS + DAY_NS}
    assert [deal["ticket"] for deal in whole["deals"]] == [3, 2, 1]
    assert whole["deals"][0]["time_utc"] == "1970-01-01T00:00:05.021000Z"
    assert whole["summary"] == {
        "total_deals": 3,
        "total_profit": 20.0,
        "total_commission": -1.4,
        "total_swap": 0.2,
        "total_fee": 0.0,
        "net_profit": 18.8,
        "balance_operations": 500.0,
        "date_from": "2025-12-06T10:00:00.000000Z",
        "date_to": "2026-01-06T10:00:00.000000Z",
        "symbol_filter": None,
    }
    assert [deal["ticket"] for deal in one["deals"]] == [3]
    assert (one["summary"]["symbol_filter"], one["summary"]["date_to"]) == ("eurusd", "2026-02-01T00:00:00.000000Z")


async def test_orders_of_the_past_have_volume_and_time(api: Api) -> None:
    """`volume` is what was asked for, `time` when it was placed; their kinds are counted."""
    order = {"ticket": 9, "type": 2, "symbol": "EURUSD", "time_setup": 7, "time_setup_msc": 7_500,
             "volume_initial": 0.3, "volume_current": 0.0}  # fmt: skip
    api.archive.held = [order, {**order, "type": 0}, {**order, "type": 99}]
    async with api.client() as client:
        shown = (await client.get("/api/history/orders")).json()
    assert (shown["orders"][0]["volume"], shown["orders"][0]["time"]) == (0.3, 7)
    assert shown["orders"][0]["time_utc"] == "1970-01-01T00:00:07.500000Z"
    assert shown["summary"]["order_types"] == {"buy_limit": 1, "buy": 1, "99": 1}
    assert shown["summary"]["total_orders"] == 3


async def test_a_page_leads_to_the_next(api: Api) -> None:
    """Only where it is asked for: so many records, a link to the rest, the summary of all."""
    api.archive.held = [a_deal(ticket) for ticket in range(5, 0, -1)]
    async with api.client() as client:
        first = await client.get("/api/history/deals?limit=2")
        assert [deal["ticket"] for deal in first.json()["deals"]] == [5, 4]
        assert first.json()["summary"]["total_deals"] == 5
        assert first.headers["link"] == '</api/history/deals?limit=2&offset=2>; rel="next"'
        last = await client.get("/api/history/deals?limit=2&offset=4")
    assert [deal["ticket"] for deal in last.json()["deals"]] == [1]
    assert "link" not in last.headers


async def test_many_records_are_one_answer(api: Api) -> None:
    """A list long enough to be written in a thread is answered like any other."""
    api.archive.held = [{"time": number, "open": 1.0} for number in range(1, 2_001)]
    async with api.client() as client:
        bars = (await client.get("/api/history/bars?symbol=EURUSD&count=2000")).json()
    assert (len(bars), bars[-1]["time_utc"]) == (2_000, "1970-01-01T00:33:20.000000Z")


async def test_symbols_are_listed_in_short(api: Api) -> None:
    """By the names of the older front end; live ones are asked for now."""
    record = {
        **dict.fromkeys(("description", "currency_base", "currency_profit", "currency_margin"), "x"),
        **dict.fromkeys(("digits", "point", "spread", "bid", "ask", "last", "volume", "trade_mode"), 1),
        **dict.fromkeys(("volume_min", "volume_max", "volume_step", "margin_initial", "margin_maintenance"), 2.0),
        **dict.fromkeys(("trade_tick_size", "trade_stops_level"), 3.0),
        "name": "EURUSD.r",
        "select": True,
        "time": 0,
    }
    api.archive.held = [record, {**record, "name": "OTHER", "select": False}]
    async with api.client() as client:
        listed = (await client.get("/api/symbols?live=true")).json()
        watched = (await client.get("/api/market-watch")).json()
        assert watched == (await client.get("/api/symbols/market-watch")).json()
    assert api.archive.asked[0] == {"age_s_max": 0.0}
    assert [(one["broker_symbol"], one["enabled"], one["min_lot"], one["tick_size"]) for one in listed] == [
        ("EURUSD.r", True, 2.0, 3.0),
        ("OTHER", False, 2.0, 3.0),
    ]
    assert [one["name"] for one in watched] == ["EURUSD.r"]


async def test_priority_symbols_are_those_with_most_success(api: Api, client: httpx2.AsyncClient) -> None:
    """Best first, percent, none with fewer than three closed trades; 503 while there are no prices."""
    listed = (await client.get("/api/symbols/priority?limit=1")).json()
    assert [(one["symbol"], one["win_rate"], one["total_trades"]) for one in listed] == [("EURUSD", 66.67, 3)]
    assert (listed[0]["spread"], listed[0]["last_trade"]) == (10_000, "2026-01-05T10:00:00.000000Z")
    assert [one["symbol"] for one in (await client.get("/api/symbols/priority")).json()] == ["EURUSD", "GBPUSD"]
    api.gateway.unavailable = Unavailable(reason="gone")
    assert (await client.get("/api/symbols/priority")).status_code == 503


async def test_pending_orders_are_a_bare_list(client: httpx2.AsyncClient) -> None:
    """`volume` is what is left; filters by symbol in any case and by ticket."""
    (order,) = (await client.get("/api/orders?symbol=eurusd")).json()
    assert (order["ticket"], order["volume"], order["volume_initial"]) == (88, 0.1, 0.2)
    assert order["time_utc"] == "2026-01-05T10:00:00.000000Z"
    assert (await client.get("/api/orders?ticket=1")).json() == []
