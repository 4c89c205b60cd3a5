"""Crosses agree with the symbols that they are made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator.market.feed import HOUR_MS, MINUTE_MS
from app.simulator.market.laps import FIRST_HOUR
from app.simulator.market.market import CROSSES, Market

MARKET = Market(seed=1, clock=lambda: 0.0)
FIRST_MS = FIRST_HOUR * HOUR_MS
LAST_HOUR = FIRST_HOUR + 10 * 8766
crosses = st.sampled_from(list(CROSSES))
instants = st.integers(FIRST_MS + MINUTE_MS, LAST_HOUR * HOUR_MS)


@settings(deadline=None, max_examples=150)
@given(crosses, instants)
def test_nobody_gains_by_going_round(symbol: str, now_msc: int) -> None:
    """At any instant the product of the legs' middles lies inside the cross's spread, which is no wider than theirs."""
    first, second, divisor = CROSSES[symbol]
    cross, one, other = (MARKET.quote_or_raise(name, now_msc) for name in (symbol, first, second))

    middle = (one.bid + one.ask) / 2 * (other.bid + other.ask) / 2 / divisor
    assert cross.bid <= middle <= cross.ask
    assert cross.bid == one.bid * other.bid // divisor
    assert cross.ask == -(-one.ask * other.ask // divisor)
    assert cross.time_msc == max(one.time_msc, other.time_msc)


@settings(deadline=None, max_examples=40)
@given(crosses, st.integers(FIRST_HOUR, LAST_HOUR))
def test_bars_are_those_of_the_ticks(symbol: str, hour: int) -> None:
    """Minutes and the hour re-aggregate from the ticks, whichever are asked for first."""
    feed, fresh = MARKET.feeds[symbol], Market(seed=1, clock=lambda: 0.0).feeds[symbol]
    number = np.array([hour], dtype=np.int64)
    whole = fresh.hours(number)
    minutes = feed.minutes(number)
    ticks = feed.ticks_of(minutes)

    for one, other in ((ticks.minutes(), minutes), (minutes.aggregate(minutes.start // 3600 * 3600), whole)):
        for name in ("start", "open", "high", "low", "close", "ticks", "spread", "ask_low", "ask_high"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert (ticks.ask > ticks.bid).all()
    assert (np.diff(ticks.time_msc) > 0).all()


@settings(deadline=None, max_examples=40)
@given(crosses, instants)
def test_the_quote_is_the_last_tick(symbol: str, now_msc: int) -> None:
    """A minute's own ticks and a whole hour's tell one story."""
    feed = MARKET.feeds[symbol]
    hour = feed.ticks_of(feed.minutes(np.array([now_msc // HOUR_MS], dtype=np.int64)))
    minute = feed.ticks(now_msc // MINUTE_MS)
    part = hour.between(now_msc // MINUTE_MS * MINUTE_MS, (now_msc // MINUTE_MS + 1) * MINUTE_MS)

    assert np.array_equal(part.time_msc, minute.time_msc)
    assert np.array_equal(part.bid, minute.bid)
    assert np.array_equal(part.ask, minute.ask)


@pytest.mark.parametrize("symbol", list(CROSSES))
def test_hours_before_history(symbol: str) -> None:
    """There is no cross before its legs, and the first one waits for both of them."""
    feed = MARKET.feeds[symbol]

    assert len(feed.hours(np.arange(FIRST_HOUR - 3, FIRST_HOUR, dtype=np.int64))) == 0
    assert feed.tick_at(FIRST_MS - 1) is None
    first, second, _ = CROSSES[symbol]
    begun = max(int(MARKET.feeds[name].ticks(FIRST_MS // MINUTE_MS).time_msc[0]) for name in (first, second))
    assert feed.tick_at(begun - 1) is None
    assert feed.tick_at(begun) is not None


def test_expected_ticks() -> None:
    """Without making ticks it is known about how many there are: those of both legs."""
    feed, hours = MARKET.feeds["EURJPY"], np.arange(FIRST_HOUR + 500, FIRST_HOUR + 503, dtype=np.int64)

    assert feed.ticks_expected(hours) == pytest.approx(feed.hours(hours).ticks.sum(), rel=0.01)
