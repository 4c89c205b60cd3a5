"""The first touch of a stop is found as if every tick had been looked at."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator.due.triggers import Corridor, Window, between_stops
from app.simulator.market.feed import HOUR_MS, Feed, Quote, Ticks
from app.simulator.market.laps import FIRST_HOUR
from app.simulator.market.market import Market
from app.simulator.vocabulary.symbols import SYMBOLS

FIRST_MS = FIRST_HOUR * HOUR_MS
FEEDS = Market(seed=1, clock=lambda: 0.0).feeds
LAST_MS = (FIRST_HOUR + 10 * 8766) * 3_600_000

feeds = st.sampled_from([FEEDS[spec.name] for spec in SYMBOLS])
starts = st.integers(FIRST_MS + 60_000, LAST_MS)
distances = st.one_of(st.none(), st.integers(1, 5), st.integers(1, 400))
lengths = st.one_of(st.integers(0, 100_000), st.integers(0, 4 * 3_600_000))


def around(feed: Feed, at_msc: int, *, on_ask: bool, below: int | None, above: int | None) -> Corridor:
    """Stops at these distances from the price of an instant."""
    quote = feed.tick_at(at_msc)
    assert quote is not None
    price = quote.ask if on_ask else quote.bid
    floor = -(2**62) if below is None else price - below
    return Corridor(on_ask, floor, 2**62 if above is None else price + above)


def walked(feed: Feed, corridor: Corridor, after_msc: int, until_msc: int) -> tuple[int, int] | None:
    """Time and price of the first tick outside, by looking at each."""
    for minute in range(after_msc // 60_000, until_msc // 60_000 + 1):
        ticks = feed.ticks(minute)
        prices = ticks.ask if corridor.on_ask else ticks.bid
        for time_msc, price in zip(ticks.time_msc.tolist(), prices.tolist(), strict=True):
            if after_msc < time_msc <= until_msc and not corridor.floor < price < corridor.ceiling:
                return time_msc, price
    return None


def told(touch: Quote | None, corridor: Corridor) -> tuple[int, int] | None:
    """The same of a touch."""
    return None if touch is None else (touch.time_msc, touch.ask if corridor.on_ask else touch.bid)


@settings(deadline=None, max_examples=40)
@given(feeds, starts, lengths, st.booleans(), st.tuples(distances, distances))
def test_the_first_touch(
    feed: Feed, after_msc: int, length_ms: int, on_ask: bool, stops: tuple[int | None, int | None]
) -> None:
    """Ruling out hours and minutes by their bars misses no tick and invents none."""
    until_msc = after_msc + length_ms
    corridor = around(feed, after_msc, on_ask=on_ask, below=stops[0], above=stops[1])

    assert told(Window(feed, after_msc, until_msc).first_outside(corridor), corridor) == walked(
        feed, corridor, after_msc, until_msc
    )


@settings(deadline=None, max_examples=40)
@given(feeds, starts, st.lists(st.integers(1, 20 * 3_600_000), min_size=1, max_size=6), st.booleans(), distances)
def test_steps_do_not_matter(feed: Feed, after_msc: int, steps: list[int], on_ask: bool, below: int | None) -> None:
    """Looking often finds the touch that one look over all of the time finds."""
    corridor = around(feed, after_msc, on_ask=on_ask, below=below, above=300)
    edges = np.cumsum([after_msc, *steps]).tolist()
    looks = (Window(feed, start, end).first_outside(corridor) for start, end in pairwise(edges))

    assert Window(feed, edges[0], edges[-1]).first_outside(corridor) == next((touch for touch in looks if touch), None)


class CountedFeed:
    """A feed that notes which minutes' ticks it was asked for."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.asked: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)

    def ticks(self, minute: int) -> Ticks:
        """The ticks of a minute."""
        self.asked.append(minute)
        return self._feed.ticks(minute)


def test_years_go_by_without_walking_them() -> None:
    """Over eight years, hours rule out a stop out of reach, and minutes lead to the one that is touched."""
    feed: Any = CountedFeed(FEEDS["EURUSD"])
    window = Window(feed, FIRST_MS, FIRST_MS + 8 * 365 * 86_400_000)

    assert window.first_outside(Corridor(False, 1, 2**62)) is None
    assert feed.asked == []
    touch = window.first_outside(Corridor(True, 1, 120_000))
    assert touch is not None
    assert touch.ask >= 120_000
    assert len(feed.asked) < 60


@pytest.mark.parametrize("side", [0, 1])
def test_a_corridor_for_each_side(side: int) -> None:
    """A buy falls to its stop-loss on the bid, a sell rises to it on the ask; a price of zero is no stop."""
    spec = SYMBOLS[0]

    assert between_stops(spec, side, 0.0, 0.0) == Corridor(bool(side), -(2**62), 2**62)
    assert between_stops(spec, side, 1.1, 1.2)[1:] == ((110_000, 120_000) if side == 0 else (120_000, 110_000))
    assert between_stops(spec, side, 1e300, 1e300).ceiling == 2**62


def test_no_ticks_no_touch() -> None:
    """Before all history, and in an empty window, nothing is touched."""
    feed, everything = FEEDS["EURUSD"], Corridor(False, 2**61, 2**62)

    assert Window(feed, 0, FIRST_MS - 1).first_outside(everything) is None
    assert Window(feed, FIRST_MS + 10**7, FIRST_MS + 10**7).first_outside(everything) is None
    assert Window(feed, FIRST_MS + 10**9, FIRST_MS).first_outside(everything) is None
