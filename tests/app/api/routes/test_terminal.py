"""What the terminal shows."""

from __future__ import annotations

import httpx2
import pytest

from app.domain.account import Unavailable
from tests.app.api.fakes import Api

READS = (
    "/api/account",
    "/api/positions",
    "/api/symbols/EURUSD/tick",
    "/api/symbols/EURUSD/info",
    "/api/symbol/EURUSD",
)


@pytest.mark.parametrize("path", READS)
async def test_terminal_away_is_503_never_empty(api: Api, path: str) -> None:
    """Where the terminal cannot be asked, the answer says why; an empty list would be believed."""
    api.gateway.unavailable = Unavailable(reason="no connection", last_error=(-10004, "No IPC connection"))
    async with api.client() as client:
        answer = await client.get(path)
    assert answer.status_code == 503
    error = answer.json()["detail"]["error"]
    assert error["code"] == "MT5_UNAVAILABLE"
    assert error["details"] == {
        "reason": "no connection",
        "last_error": {"code": -10004, "text": "No IPC connection"},
    }


@pytest.mark.parametrize("path", ["/api/symbols/NOPE/tick", "/api/symbols/NOPE/info", "/api/symbol/NOPE"])
async def test_unknown_symbol_is_404(client: httpx2.AsyncClient, path: str) -> None:
    """A symbol that the terminal does not know is not found."""
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (404, "SYMBOL_NOT_FOUND")


async def test_account_has_the_terminals_own_fields(client: httpx2.AsyncClient) -> None:
    """The record is answered by its own names; a number that is not finite is null."""
    assert (await client.get("/api/account")).json() == {"login": 5001, "balance": 100_000.0, "margin_level": None}


async def test_positions_are_a_bare_list_with_times_in_words(client: httpx2.AsyncClient) -> None:
    """Integer times stay, the same moment stands beside them, to the millisecond where it is known."""
    assert (await client.get("/api/positions")).json() == [
        {
            "ticket": 77,
            "time": 1_767_607_200,
            "time_msc": 1_767_607_200_123,
            "symbol": "EURUSD",
            "time_utc": "2026-01-05T10:00:00.123000Z",
        }
    ]


async def test_tick_takes_the_symbol_in_any_case(client: httpx2.AsyncClient) -> None:
    """A symbol may be written in any case."""
    tick = (await client.get("/api/symbols/eurusd/tick")).json()
    assert (tick["bid"], tick["time_utc"]) == (1.1, "2026-01-05T10:00:00.000000Z")


async def test_symbol_has_two_paths_and_no_time_before_its_first_price(client: httpx2.AsyncClient) -> None:
    """Both paths answer the same; a time of 0 is no moment."""
    info = (await client.get("/api/symbols/EURUSD/info")).json()
    assert info == (await client.get("/api/symbol/EURUSD")).json()
    assert (info["volume_max"], info["time_utc"]) == (500.0, None)
