"""Prices: they add up from level to level, and depend on seed, symbol and instant alone."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator.market.feed import HOUR_MS, Bars, Feed, Ticks
from app.simulator.market.laps import FIRST_HOUR, LAP_HOURS, recorded_lap
from app.simulator.market.market import Market

FIRST_MS = FIRST_HOUR * HOUR_MS
ROOT = Path(__file__).parents[4]
SYMBOLS = ("EURUSD", "GBPUSD", "USDCAD")
PINNED = [(1773146096003, 112640, 112643), (1773146096284, 132218, 132220), (1773146095622, 147704, 147712)]
LAST_HOUR = FIRST_HOUR + 30 * 8766  # thirty years on

symbols = st.sampled_from(SYMBOLS)
hours = st.integers(FIRST_HOUR, LAST_HOUR)
instants = st.integers(FIRST_MS + 60_000, LAST_HOUR * 3_600_000)


def feed(symbol: str, seed: int = 1) -> Feed:
    """A symbol's feed, shared by the tests."""
    return _market(seed).feeds[symbol]


@cache
def _market(seed: int) -> Market:
    return Market(seed=seed, clock=lambda: 0.0)


def column_wise(bars: Bars, row: int) -> tuple[int, ...]:
    """One bar out of columns."""
    return tuple(int(getattr(bars, name)[row]) for name in ("open", "high", "low", "close", "ticks", "spread"))


def as_bar(ticks: Ticks) -> tuple[int, ...]:
    """Build the bid bar of some ticks the way the terminal does."""
    bid, spread = ticks.bid, ticks.ask - ticks.bid
    return tuple(int(value) for value in (bid[0], bid.max(), bid.min(), bid[-1], len(bid), spread.min()))


@settings(deadline=None)
@given(symbols, hours)
def test_minutes_reaggregate_to_their_hour(symbol: str, hour: int) -> None:
    """Sixty minutes have exactly the hour's open, high, low, close, tick count and smallest spread."""
    numbers = np.array([hour], dtype=np.int64)
    minutes = feed(symbol).minutes(numbers)
    built = (
        minutes.open[0], minutes.high.max(), minutes.low.min(), minutes.close[-1], minutes.ticks.sum(),
        minutes.spread.min(),
    )  # fmt: skip

    assert built == column_wise(feed(symbol).hours(numbers), 0)


@settings(deadline=None)
@given(symbols, hours, st.integers(0, 59))
def test_ticks_reaggregate_to_their_minute(symbol: str, hour: int, row: int) -> None:
    """The ticks of a minute have exactly its bar, stay inside it, and have bid < ask and a millisecond each."""
    minutes = feed(symbol).minutes(np.array([hour], dtype=np.int64))
    ticks = feed(symbol).ticks(hour * 60 + row)

    assert as_bar(ticks) == column_wise(minutes, row)
    assert (np.diff(ticks.time_msc) > 0).all()
    assert (ticks.ask - ticks.bid >= 2).all()
    assert ticks.time_msc[0] // 60_000 == ticks.time_msc[-1] // 60_000 == hour * 60 + row


@settings(deadline=None, max_examples=30)
@given(hours)
def test_asks_of_an_hour_are_the_recording(hour: int) -> None:
    """The asks of an EURUSD hour open, peak, bottom and close exactly where the recorded hour does."""
    asks = np.concatenate([feed("EURUSD").ticks(hour * 60 + row).ask for row in range(60)])
    recorded = recorded_lap()[(hour - FIRST_HOUR) % LAP_HOURS]

    assert [asks[0], asks.max(), asks.min(), asks[-1]] == recorded.tolist()


@settings(deadline=None)
@given(symbols, instants)
def test_quote_is_the_last_tick_so_far(symbol: str, time_msc: int) -> None:
    """At any instant the quote is the newest tick that is not in the future."""
    quote = feed(symbol).tick_at(time_msc)
    assert quote is not None

    minute = time_msc // 60_000
    before, now = feed(symbol).ticks(minute - 1), feed(symbol).ticks(minute)
    times = np.concatenate([before.time_msc, now.time_msc])
    asks = np.concatenate([before.ask, now.ask])
    at = np.flatnonzero(times <= time_msc)[-1]

    assert (quote.time_msc, quote.ask) == (times[at], asks[at])
    assert quote.ask > quote.bid


@settings(deadline=None)
@given(symbols, instants)
def test_the_order_of_questions_does_not_matter(symbol: str, time_msc: int) -> None:
    """A feed that was asked many things and one that was asked nothing answer the same."""
    fresh = Market(seed=1, clock=lambda: 0.0).feeds[symbol]

    assert fresh.tick_at(time_msc) == feed(symbol).tick_at(time_msc)


def test_two_processes_see_one_market() -> None:
    """Another process with the same seed quotes the same prices at the same instants."""
    times = [FIRST_MS + 100_000, 1_773_146_096_789, 1_795_575_493_621]
    script = (
        "from app.simulator.market.market import Market\n"
        "feeds = Market(seed=3, clock=lambda: 0.0).feeds\n"
        f"print([feeds[name].tick_at(time) for name in {SYMBOLS} for time in {times}])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "99"}
    told = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=60
    ).stdout

    assert told.strip() == str([feed(name, seed=3).tick_at(time) for name in SYMBOLS for time in times])


def test_the_market_is_pinned() -> None:
    """Prices of seed 1 do not change with a release: ledgers out there refer to them."""
    quotes = [feed(name).tick_at(1_773_146_096_789) for name in SYMBOLS]

    assert [(quote.time_msc, quote.bid, quote.ask) for quote in quotes if quote] == PINNED


def test_seeds_make_different_minutes_of_the_same_hours() -> None:
    """Another seed leaves the recorded hours alone and takes another way through them."""
    number = np.array([FIRST_HOUR + 5000], dtype=np.int64)
    one, two = feed("EURUSD", 1), feed("EURUSD", 2)

    asks = [(each.hours(number).open + each.hours(number).spread).tolist() for each in (one, two)]
    assert asks[0] == asks[1]
    assert (one.minutes(number).close != two.minutes(number).close).any()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_hours_follow_on_one_another(symbol: str) -> None:
    """An hour opens where the last one closed, but for the recording's own gaps and the spread of the rollover."""
    numbers = np.arange(FIRST_HOUR, FIRST_HOUR + 2 * LAP_HOURS, dtype=np.int64)
    bars = feed(symbol).hours(numbers)
    jumps = np.abs(bars.open[1:] - bars.close[:-1])

    assert np.median(jumps) <= 1
    assert np.percentile(jumps, 98) < 100


def test_no_price_before_history() -> None:
    """Before the first recorded hour there is no tick."""
    assert feed("EURUSD").tick_at(FIRST_MS - 1) is None
    assert feed("EURUSD").tick_at(0) is None
    first = feed("EURUSD").ticks(FIRST_MS // 60_000).time_msc[0]
    assert feed("EURUSD").tick_at(int(first) - 1) is None
    assert feed("EURUSD").tick_at(int(first)) is not None


def test_ticks_come_as_often_as_fitted() -> None:
    """Over a lap, the ticks per hour of the day are near the fitted figures (the recording is calmer than 2025)."""
    bars = feed("GBPUSD").hours(np.arange(FIRST_HOUR, FIRST_HOUR + LAP_HOURS, dtype=np.int64))
    by_hour = bars.ticks.reshape(-1, 24).mean(axis=0)
    quiet, busy = by_hour[0], by_hour[16]

    assert 3000 < busy < 8000
    assert quiet < busy / 3
