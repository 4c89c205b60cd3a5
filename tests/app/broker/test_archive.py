"""The past, asked of a process of its own that shares its ledger with the one that trades."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.broker.archive import TIMEFRAMES, Archive
from app.broker.gateway import Gateway
from app.broker.server_time import ServerTime
from app.broker.specs import simulator_spec
from app.broker.terminal import Call
from app.broker.worker import TerminalWorker
from app.domain.account import Missing, Symbol, Unavailable
from app.domain.clock import SystemClock
from app.domain.orders import Action, Filled, Order, Side
from app.settings import Settings, SimulatorSettings
from tests.support.terminal import FakeTerminal, failed

HOUR_NS = 3_600 * 10**9


@dataclass
class Market:
    """A simulator behind two processes."""

    gateway: Gateway
    archive: Archive
    trading: TerminalWorker
    data: TerminalWorker


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One data folder for all, whose history of orders takes seconds."""
    return Settings(
        data_dir=tmp_path_factory.mktemp("archive"),
        simulator=SimulatorSettings(latency_s={"history_orders_get": 3.0}),
    )


@pytest.fixture
async def market(settings: Settings) -> AsyncIterator[Market]:
    """Both processes, connected."""
    clock, spec = SystemClock(), simulator_spec(settings)
    trading, data = TerminalWorker(spec), TerminalWorker(spec)
    gateway = Gateway(trading, clock=clock, server_time=ServerTime(7_200), simulated=True)
    trading.start()
    data.start()
    async with asyncio.timeout(60):
        while not (trading.state.ready and data.state.ready):
            await asyncio.sleep(0.05)
    yield Market(gateway, Archive(data, gateway, clock=clock), trading, data)
    await trading.close()
    await data.close()


def records(found: Any) -> list[dict[str, Any]]:
    """What was found, which must be a list."""
    assert isinstance(found, list), found
    return found


async def test_a_long_download_delays_no_order(market: Market) -> None:
    """While the data process is busy for seconds the other one trades, and the download shows the trade after it."""
    download = asyncio.create_task(market.archive.orders(0, time.time_ns() + HOUR_NS))
    symbol = await market.gateway.symbol("EURUSD")
    assert isinstance(symbol, Symbol)
    order = Order(order_id="A" * 26, action=Action.OPEN, symbol="EURUSD", side=Side.BUY, volume=0.01)
    execution = await market.gateway.send(order, symbol, "", deadline=time.monotonic() + 5)
    assert isinstance(execution.outcome, Filled)
    assert not download.done()
    records(await download)
    deals = records(await market.archive.deals(0, time.time_ns() + HOUR_NS))
    assert deals[0]["ticket"] == execution.outcome.deal
    assert abs(deals[0]["time"] - time.time()) < 60
    assert deals == sorted(deals, key=lambda deal: deal["time_msc"], reverse=True)


async def test_bars_come_oldest_first_in_utc(market: Market) -> None:
    """The last bars hold the present, a range its ends, an older one the newest so many before its end or in it."""
    now = time.time()
    last = records(await market.archive.bars("eurusd", "M1", since_ns=None, until_ns=None, count=3))
    assert len(last) == 3
    assert now - 120 < last[-1]["time"] <= now
    since = int(now) // 3_600 * 3_600 - 5 * 3_600
    inside = records(
        await market.archive.bars("EURUSD", "H1", since_ns=since * 10**9, until_ns=(since + 7_200) * 10**9, count=None)
    )
    assert [bar["time"] for bar in inside] == [since, since + 3_600]
    newest = records(await market.archive.bars("EURUSD", "H1", since_ns=since * 10**9, until_ns=None, count=2))
    assert [bar["time"] for bar in newest] == [since + 4 * 3_600, since + 5 * 3_600]
    few = records(await market.archive.bars("EURUSD", "H1", since_ns=since * 10**9, until_ns=None, count=100))
    assert few[0]["time"] == since
    older = records(await market.archive.bars("EURUSD", "H1", since_ns=None, until_ns=since * 10**9, count=2))
    assert [bar["time"] for bar in older] == [since - 7_200, since - 3_600]


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
async def test_every_timeframe_is_known(market: Market, timeframe: str) -> None:
    """Each name of the API is a timeframe of the terminal."""
    assert len(records(await market.archive.bars("EURUSD", timeframe, since_ns=None, until_ns=None, count=2))) == 2


async def test_ticks_are_the_last_or_the_first(market: Market) -> None:
    """Without a beginning the last so many, with one the first so many, and none at or after the end."""
    last = records(await market.archive.ticks("EURUSD", since_ns=None, until_ns=None, count=500))
    assert len(last) == 500
    assert [tick["time_msc"] for tick in last] == sorted(tick["time_msc"] for tick in last)
    assert time.time() - last[-1]["time"] < 60
    since_ns = time.time_ns() - 2 * HOUR_NS
    first = records(await market.archive.ticks("EURUSD", since_ns=since_ns, until_ns=None, count=5))
    assert len(first) == 5
    assert 0 <= first[0]["time_msc"] - since_ns // 10**6 < 60_000
    until_ns = first[2]["time_msc"] * 10**6
    cut = records(await market.archive.ticks("EURUSD", since_ns=since_ns, until_ns=until_ns, count=5))
    assert cut == first[:2]
    before = records(await market.archive.ticks("EURUSD", since_ns=None, until_ns=until_ns, count=1))
    assert before == [first[1]]


async def test_the_list_of_symbols_is_whole(market: Market) -> None:
    """Every symbol with all its fields."""
    found = records(await market.archive.symbols())
    assert {"EURUSD", "GBPUSD", "USDCAD"} <= {symbol["name"] for symbol in found}
    assert len(found[0]) == 96


async def test_an_unknown_symbol_is_missing(market: Market) -> None:
    """No bar and no tick of what the terminal does not know."""
    bars = await market.archive.bars("NOPE", "M1", since_ns=None, until_ns=None, count=1)
    ticks = await market.archive.ticks("NOPE", since_ns=None, until_ns=None, count=1)
    assert bars == ticks == Missing(what="NOPE")


async def test_a_terminal_that_fails_is_unavailable() -> None:
    """What cannot be read is never an empty list."""
    clock = SystemClock()
    data = FakeTerminal(**dict.fromkeys(
        ("copy_rates_from_pos", "copy_ticks_range", "copy_ticks_from", "history_deals_get", "symbols_get"),
        failed(-10004, "No IPC connection"),
    ))  # fmt: skip
    gateway = Gateway(FakeTerminal(), clock=clock, server_time=ServerTime(0), simulated=True)
    archive = Archive(data, gateway, clock=clock)
    for found in (
        await archive.symbols(),
        await archive.bars("EURUSD", "M1", since_ns=None, until_ns=None, count=1),
        await archive.ticks("EURUSD", since_ns=None, until_ns=None, count=1),
        await archive.ticks("EURUSD", since_ns=1, until_ns=None, count=1),
        await archive.deals(0, 1),
    ):
        assert isinstance(found, Unavailable)
    assert await data.call(Call(function="symbols_get", deadline=0))
    assert archive.state.ready


async def test_a_count_bounds_what_is_read() -> None:
    """With a count no more bars are asked of the terminal than that, however long ago the range begins."""
    terminal, clock = FakeTerminal(copy_rates_from_pos=[], copy_rates_from=[]), SystemClock()
    archive = Archive(
        terminal,
        Gateway(terminal, clock=clock, server_time=ServerTime(7_200), simulated=False),
        clock=clock,
    )
    await archive.bars("EURUSD", "M1", since_ns=0, until_ns=None, count=5)
    await archive.bars("EURUSD", "M1", since_ns=0, until_ns=10**18, count=5)
    asked = [(call.function, call.args[-1]) for call in terminal.calls if call.function.startswith("copy_rates")]
    assert asked == [("copy_rates_from_pos", 5), ("copy_rates_from", 5)]
