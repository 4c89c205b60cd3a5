"""Prices: a pure function of seed, symbol and instant, answered at any instant without walking there.

A feed has three levels, each of which re-aggregates exactly to the one above: hours, minutes, ticks. Conventions:

- Bars are **bid** bars, as MT5's are, and their spread is the smallest of their ticks'.
- Where a symbol does not trade there are no ticks, and no bar without ticks.

All prices here are whole points; rounding happens once, where an MT5 value is made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from ..vocabulary.order_types import BUY
from .arrays import Flags, Ints

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
_LOOK_BACK_HOURS = 100  # longer than a week-end


@dataclass(frozen=True, slots=True)
class Bars:
    """Bid bars in points, column by column; `start` is the open time in seconds UTC.

    No ask of a bar is below `ask_low`, which one of them is, or above `ask_high`, which none needs to be.
    """

    start: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    ticks: Ints
    spread: Ints
    ask_low: Ints
    ask_high: Ints

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, rows: slice | Ints | Flags) -> Bars:
        return Bars(*(getattr(self, name)[rows] for name in Bars.__slots__))

    def between(self, since_s: int, until_s: int) -> Bars:
        """The bars that open in [since, until)."""
        first, last = np.searchsorted(self.start, (since_s, until_s))
        return self[int(first) : int(last)]

    def aggregate(self, start: Ints) -> Bars:
        """Longer bars: one for each run of equal values of `start`, which says where each of these belongs."""
        first = np.flatnonzero(np.diff(start, prepend=start[:1] - 1))
        if not len(first):
            return self[:0]
        return Bars(
            start[first],
            self.open[first],
            np.maximum.reduceat(self.high, first),
            np.minimum.reduceat(self.low, first),
            self.close[np.append(first[1:], len(start)) - 1],
            np.add.reduceat(self.ticks, first),
            np.minimum.reduceat(self.spread, first),
            np.minimum.reduceat(self.ask_low, first),
            np.maximum.reduceat(self.ask_high, first),
        )


@dataclass(frozen=True, slots=True)
class Ticks:
    """Ticks in points, in order of time; `time_msc` is in milliseconds UTC and never repeats."""

    time_msc: Ints
    bid: Ints
    ask: Ints

    def __len__(self) -> int:
        return len(self.time_msc)

    def between(self, since_msc: int, until_msc: int) -> Ticks:
        """The ticks in [since, until)."""
        first, last = np.searchsorted(self.time_msc, (since_msc, until_msc))
        return Ticks(self.time_msc[first:last], self.bid[first:last], self.ask[first:last])

    def minutes(self) -> Bars:
        """The minute bars that these ticks make."""
        spread = self.ask - self.bid
        columns = (self.bid, self.bid, self.bid, self.bid, np.ones_like(self.bid), spread, self.ask, self.ask)
        return Bars(self.time_msc, *columns).aggregate(self.time_msc // MINUTE_MS * 60)


@dataclass(frozen=True, slots=True)
class Quote:
    """The market at an instant: the last tick before it, and whether it moved the bid and the ask."""

    time_msc: int
    bid: int
    ask: int
    bid_moved: bool = True
    ask_moved: bool = True

    def entry(self, side: int) -> int:
        """Where this side opens, in points: a buy at the ask, a sell at the bid."""
        return self.ask if side == BUY else self.bid

    def exit(self, side: int) -> int:
        """Where a position of this side closes, in points: a buy at the bid, a sell at the ask."""
        return self.bid if side == BUY else self.ask


class Feed(ABC):
    """The prices of one symbol, from `first_hour` on (hours since 1970, UTC).

    Holds no state but caches; safe to share between threads.
    """

    def __init__(self, first_hour: int) -> None:
        self.first_hour = first_hour
        self.minutes_of_hour = lru_cache(maxsize=64)(self._minutes_of_hour)
        self.ticks = lru_cache(maxsize=512)(self._ticks_of_minute)
        self.highest_ask = lru_cache(maxsize=64)(self._highest_ask_of_hour)

    @abstractmethod
    def open_hours(self, hours: Ints) -> Flags:
        """Which of these hours have prices."""

    @abstractmethod
    def hours(self, hours: Ints) -> Bars:
        """The bars of those of these hours that have one; hours ascend."""

    @abstractmethod
    def minutes(self, hours: Ints) -> Bars:
        """The minute bars inside these hours, in order."""

    @abstractmethod
    def ticks_of(self, minutes: Bars) -> Ticks:
        """The ticks of these minute bars, which are this feed's own."""

    def ticks_expected(self, hours: Ints) -> int:
        """About how many ticks these hours have, without making them."""
        return int(self.hours(hours).ticks.sum())

    def is_open(self, time_msc: int) -> bool:
        """Whether the symbol trades at this instant: it does throughout each hour that has prices.

        Before all history nothing says that it is closed; there is just no price.
        """
        hour = time_msc // HOUR_MS
        return hour < self.first_hour or bool(self.open_hours(np.array([hour], dtype=np.int64))[0])

    def tick_at(self, time_msc: int) -> Quote | None:
        """The last tick at or before an instant (milliseconds UTC); None before all history."""
        number = time_msc // MINUTE_MS
        ticks = self.ticks(number)
        at = int(np.searchsorted(ticks.time_msc, time_msc, side="right")) - 1
        if at < 0:
            earlier = self._minute_before(number)
            if earlier is None:
                return None
            ticks = self.ticks(earlier)
            at = len(ticks) - 1
        bid, ask = int(ticks.bid[at]), int(ticks.ask[at])
        if at == 0:
            return Quote(int(ticks.time_msc[at]), bid, ask)
        bid_moved, ask_moved = bid != ticks.bid[at - 1], ask != ticks.ask[at - 1]
        return Quote(int(ticks.time_msc[at]), bid, ask, bool(bid_moved), bool(ask_moved))

    def hour_before(self, hour: int) -> int | None:
        """The last hour before this one that has prices."""
        while hour > self.first_hour:
            earlier = np.arange(max(hour - _LOOK_BACK_HOURS, self.first_hour), hour, dtype=np.int64)
            found = np.flatnonzero(self.open_hours(earlier))
            if len(found):
                return int(earlier[found[-1]])
            hour = int(earlier[0])
        return None

    def _minute_before(self, minute: int) -> int | None:
        """The last minute before this one that has ticks."""
        hour: int | None = minute // 60
        while hour is not None:
            starts = self.minutes_of_hour(hour).start
            earlier = int(np.searchsorted(starts, minute * 60)) - 1
            if earlier >= 0:
                return int(starts[earlier]) // 60
            hour = self.hour_before(hour)
        return None

    def _minutes_of_hour(self, hour: int) -> Bars:
        return self.minutes(np.array([hour], dtype=np.int64))

    def _highest_ask_of_hour(self, hour: int) -> int:
        """The highest ask of an hour that has prices, to which `ask_high` is only a bound."""
        return int(self.ticks_of(self.minutes_of_hour(hour)).ask.max())

    def _ticks_of_minute(self, number: int) -> Ticks:
        """The ticks of one minute (counted from 1970)."""
        return self.ticks_of(self.minutes_of_hour(number // 60).between(number * 60, number * 60 + 1))


def join_bars(parts: Iterable[Bars]) -> Bars:
    """Bars one after the other."""
    empty, whole = np.empty(0, dtype=np.int64), list(parts)
    columns = ([getattr(part, name) for part in whole] for name in Bars.__slots__)
    return Bars(*(np.concatenate([empty, *column]) for column in columns))


def join_ticks(parts: Iterable[Ticks]) -> Ticks:
    """Ticks one after the other."""
    empty, whole = np.empty(0, dtype=np.int64), list(parts)
    if len(whole) == 1:
        return whole[0]
    columns = ([getattr(part, name) for part in whole] for name in Ticks.__slots__)
    return Ticks(*(np.concatenate([empty, *column]) for column in columns))


def runs(hours: Ints) -> Iterator[Ints]:
    """Ascending hours in runs without a gap."""
    edges = np.flatnonzero(np.diff(hours) != 1) + 1
    for first, last in pairwise([0, *edges.tolist(), len(hours)]):
        if first < last:
            yield hours[first:last]
