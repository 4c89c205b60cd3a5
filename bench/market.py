"""How fast the simulator is by itself: orders into its books, ticks and bars out of its market."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from app.simulator import SimulatorModule, VirtualClock
from bench.results import BenchError, Row, Section, scatter
from bench.rounds import Contestant, Round, Say, Variant, interleave
from bench.sizes import Sizes

NAME = "market"
TITLE = "The simulator by itself, in process, one thread"
ORDERS, UNSYNCED, TICKS, LAST, YEAR, CROSS = (
    "order_send: open and close", "order_send: the same, not synced", "copy_ticks_range, ten symbols in turn",
    "symbol_info_tick, ten symbols in turn", "copy_rates_range: a year of M1",
    "copy_rates_range: a month of M1 of a cross",
)  # fmt: skip
NOTES = (
    "Orders are synced to disk as they are when the API sends them; every second one closes the one before.",
    "Not synced, as in a program's own temporary books, they outlive the process and not a power cut.",
    "A year is asked for month by month: a terminal gives out fewer than 100,000 bars at once. No tick is asked twice.",
    "Fastest of the rounds. A cross has no bars of its own: they are made from the ticks of its legs.",
)
SYMBOLS: Final = (
    "EURUSD", "GBPUSD", "USDCAD", "USDJPY", "USDCHF", "EURJPY", "US500", "XAUUSD", "BTCUSD", "ETHUSD",
)  # fmt: skip
NOW_S: Final = datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp()
_MONTHS: Final = tuple(
    int(datetime(2025 + month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) for month in range(13)
)
_MINUTE: Final = 60


def measure(sizes: Sizes, folder: Path, say: Say) -> Section:
    """Measure each, interleaved."""
    counts = {
        ORDERS: sizes.simulated_orders,
        UNSYNCED: sizes.simulated_orders,
        TICKS: sizes.ticks,
        LAST: sizes.ticks // 10,
        YEAR: 1,
        CROSS: 1,
    }
    variants: dict[str, Variant] = {
        ORDERS: (ordering, folder / "synced", True),
        UNSYNCED: (ordering, folder / "unsynced", False),
        TICKS: (ticking,),
        LAST: (looking,),
        YEAR: (minutes, "EURUSD", 12),
        CROSS: (minutes, "EURJPY", 1),
    }
    with ExitStack() as opened:
        started = {name: opened.enter_context(Contestant(*variant)) for name, variant in variants.items()}
        for name in (ORDERS, UNSYNCED):
            started[name].run(10)
        runs = {name: partial(each.run, counts[name]) for name, each in started.items()}
        rounds = interleave(runs, sizes.market_rounds, say, NAME)
    return Section(
        name=NAME, title=TITLE, rows=[_row(name, counts[name], each) for name, each in rounds.items()], notes=NOTES
    )


def _row(name: str, count: int, rounds: list[float]) -> Row:
    fastest = min(rounds)
    figures = (
        {"s": fastest}
        if name in (YEAR, CROSS)
        else {f"{'orders' if name in (ORDERS, UNSYNCED) else 'ticks'}/s": count / fastest}
    )
    return Row(what=name, figures=figures, scatter=scatter(rounds))


@contextmanager
def _terminal(ledger: Path, clock: VirtualClock, *, synced: bool = True) -> Iterator[Any]:
    mt5: Any = SimulatorModule(ledger=ledger, clock=clock, synced=synced)
    if not mt5.initialize():
        raise BenchError(f"the simulator does not start: {mt5.last_error()}")
    for symbol in SYMBOLS:
        mt5.symbol_select(symbol)
    try:
        yield mt5
    finally:
        mt5.shutdown()


@contextmanager
def ordering(folder: Path, synced: bool) -> Iterator[Round]:
    """Orders into books on disk."""
    folder.mkdir(parents=True, exist_ok=True)
    with _terminal(folder / "simulator.sqlite", VirtualClock(NOW_S), synced=synced) as mt5:
        request = {"action": mt5.TRADE_ACTION_DEAL, "symbol": "EURUSD", "volume": 0.01}

        def run(count: int) -> float:
            begun, position = time.perf_counter(), 0
            for _ in range(count):
                side = mt5.ORDER_TYPE_SELL if position else mt5.ORDER_TYPE_BUY
                result = mt5.order_send({**request, "type": side, "position": position})
                if result is None or result.retcode != mt5.TRADE_RETCODE_DONE:
                    raise BenchError(f"an order was not done: {result or mt5.last_error()}")
                position = 0 if position else result.order
            return time.perf_counter() - begun

        yield run


@contextmanager
def ticking() -> Iterator[Round]:
    """Ticks of ten symbols, minute by minute."""
    with _terminal(Path(":memory:"), VirtualClock(NOW_S, speed=0.0)) as mt5:
        at = [_MONTHS[0]]

        def run(count: int) -> float:
            begun, found = time.perf_counter(), 0
            while found < count:
                for symbol in SYMBOLS:
                    found += len(mt5.copy_ticks_range(symbol, at[0], at[0] + 10 * _MINUTE - 1, mt5.COPY_TICKS_ALL))
                at[0] += 10 * _MINUTE
            return (time.perf_counter() - begun) * count / found

        yield run


@contextmanager
def looking() -> Iterator[Round]:
    """The last ticks of ten symbols while time goes on."""
    clock = VirtualClock(NOW_S, speed=0.0)
    with _terminal(Path(":memory:"), clock) as mt5:

        def run(count: int) -> float:
            begun = time.perf_counter()
            for _ in range(count // len(SYMBOLS)):
                clock.advance(1.0)
                for symbol in SYMBOLS:
                    mt5.symbol_info_tick(symbol)
            return time.perf_counter() - begun

        yield run


@contextmanager
def minutes(symbol: str, months: int) -> Iterator[Round]:
    """All minutes of so many months of 2025."""
    with _terminal(Path(":memory:"), VirtualClock(NOW_S, speed=0.0)) as mt5:

        def run(count: int) -> float:
            begun = time.perf_counter()
            for _ in range(count):
                for since, until in pairwise(_MONTHS[: months + 1]):
                    mt5.copy_rates_range(symbol, mt5.TIMEFRAME_M1, since, until - 1)
            return time.perf_counter() - begun

        yield run
