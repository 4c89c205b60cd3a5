"""When a stop-loss or take-profit is touched: found in the feed, however long nobody looked.

Hours rule out hours and minutes rule out minutes, exactly where bars tell the price that counts, so the ticks of at
most a few hours are walked. The answer depends on nothing but feed, stops and the instants asked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..market.arrays import Ints
from ..market.feed import HOUR_MS, MINUTE_MS, Bars, Feed, Quote
from ..vocabulary.order_types import BUY
from ..vocabulary.symbols import SymbolSpec

_HOURS_AT_ONCE = 2_000
_FEW_MINUTES = 3
_NEVER = 2**62


class Corridor(NamedTuple):
    """The points between which a position lives: a buy's bid, a sell's ask. It ends at the first tick outside."""

    on_ask: bool
    floor: int
    ceiling: int

    def holds(self, lowest: int, highest: int) -> bool:
        """Whether prices between these stay inside."""
        return self.floor < lowest and highest < self.ceiling


def between_stops(spec: SymbolSpec, side: int, sl: float, tp: float) -> Corridor:
    """Return where a position with these stops (0: none) goes on living."""
    floor, ceiling = (sl, tp) if side == BUY else (tp, sl)
    highest = min(spec.points(ceiling), _NEVER) if ceiling else _NEVER
    return Corridor(side != BUY, spec.points(floor) if floor else -_NEVER, highest)


def below(spec: SymbolSpec, price: float, *, on_ask: bool) -> Corridor:
    """Return where prices go until they have fallen to this one."""
    return Corridor(on_ask, spec.points(price), _NEVER)


def above(spec: SymbolSpec, price: float, *, on_ask: bool) -> Corridor:
    """Return where prices go until they have risen to this one."""
    return Corridor(on_ask, -_NEVER, min(spec.points(price), _NEVER))


def first_tick(feed: Feed, after_msc: int, until_msc: int) -> Quote | None:
    """The first tick in (after, until]: one that is outside of nowhere."""
    return Window(feed, after_msc, until_msc).first_outside(Corridor(False, _NEVER, -_NEVER))


class Window:
    """A symbol's ticks in (after, until], for all the positions that are to be held against them."""

    def __init__(self, feed: Feed, after_msc: int, until_msc: int) -> None:
        self._feed = feed
        self._after_msc = max(after_msc, feed.first_hour * HOUR_MS)
        self._until_msc = until_msc
        self._extremes: dict[bool, tuple[int, int]] = {}

    def first_outside(self, corridor: Corridor) -> Quote | None:
        """The first tick that leaves the corridor."""
        first, last = self._after_msc // MINUTE_MS, self._until_msc // MINUTE_MS
        if last - first < _FEW_MINUTES:
            if corridor.holds(*self._range(range(first, last + 1), on_ask=corridor.on_ask)):
                return None
            minutes: Iterator[int] = iter(range(first, last + 1))
        else:
            minutes = self._candidates(corridor, first, last)
        return next((touch for minute in minutes if (touch := self._in_minute(minute, corridor))), None)

    def _range(self, minutes: range, *, on_ask: bool) -> tuple[int, int]:
        """The lowest and highest price of a few minutes; worked out once for many positions."""
        if on_ask not in self._extremes:
            prices = [self._prices(minute, on_ask=on_ask)[1] for minute in minutes]
            joined = np.concatenate(prices) if prices else np.empty(0, dtype=np.int64)
            self._extremes[on_ask] = (int(joined.min()), int(joined.max())) if len(joined) else (_NEVER, -_NEVER)
        return self._extremes[on_ask]

    def _candidates(self, corridor: Corridor, first: int, last: int) -> Iterator[int]:
        """The minutes that may leave the corridor, in order."""
        for start in range(first // 60, last // 60 + 1, _HOURS_AT_ONCE):
            hours = np.arange(start, min(start + _HOURS_AT_ONCE, last // 60 + 1), dtype=np.int64)
            for hour in _may_leave(corridor, self._feed.hours(hours)) // 3600:
                for second in _may_leave(corridor, self._feed.minutes_of_hour(int(hour))):
                    if first <= (minute := int(second) // 60) <= last:
                        yield minute

    def _in_minute(self, minute: int, corridor: Corridor) -> Quote | None:
        times, prices = self._prices(minute, on_ask=corridor.on_ask)
        outside = np.flatnonzero((prices <= corridor.floor) | (prices >= corridor.ceiling))
        return self._feed.tick_at(int(times[outside[0]])) if len(outside) else None

    def _prices(self, minute: int, *, on_ask: bool) -> tuple[Ints, Ints]:
        ticks = self._feed.ticks(minute)
        since, until = np.searchsorted(ticks.time_msc, (self._after_msc, self._until_msc), side="right")
        return ticks.time_msc[since:until], (ticks.ask if on_ask else ticks.bid)[since:until]


def _may_leave(corridor: Corridor, bars: Bars) -> Ints:
    """When those bars open that may have a tick outside."""
    low, high = (bars.ask_low, bars.ask_high) if corridor.on_ask else (bars.low, bars.high)
    return bars.start[(low <= corridor.floor) | (high >= corridor.ceiling)]
