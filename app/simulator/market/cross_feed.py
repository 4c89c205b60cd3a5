"""Prices of a cross, out of those of its two legs: EURJPY is EURUSD times USDJPY.

It ticks whenever one of them does. Its bid is the product of their bids rounded down, its ask that of their asks
rounded up: nobody gains by going round, and the product of their middles always lies inside the spread.
"""

from __future__ import annotations

import numpy as np

from .arrays import Flags, Ints
from .feed import MINUTE_MS, Bars, Feed, Ticks, join_bars, runs

_HOURS_AT_ONCE = 24


class CrossFeed(Feed):
    """The product of two feeds, one of whose points is `divisor` products of theirs."""

    def __init__(self, first: Feed, second: Feed, divisor: int) -> None:
        super().__init__(max(first.first_hour, second.first_hour))
        self._legs = first, second
        self._divisor = divisor
        # Hours take all of their ticks to make; those that were made are kept: all history fits.
        self._made: dict[int, Bars] = {}

    def open_hours(self, hours: Ints) -> Flags:
        """The hours in which both legs trade."""
        first, second = self._legs
        return first.open_hours(hours) & second.open_hours(hours) & (hours >= self.first_hour)

    def hours(self, hours: Ints) -> Bars:
        """The bars of whole hours."""
        hours = hours[self.open_hours(hours)]
        missing = np.array([hour for hour in hours.tolist() if hour not in self._made], dtype=np.int64)
        for run in runs(missing):
            for first in range(0, len(run), _HOURS_AT_ONCE):
                minutes = self.minutes(run[first : first + _HOURS_AT_ONCE])
                bars = minutes.aggregate(minutes.start // 3600 * 3600)
                self._made.update({int(start) // 3600: bars[at : at + 1] for at, start in enumerate(bars.start)})
        return join_bars(self._made[hour] for hour in hours.tolist() if hour in self._made)

    def minutes(self, hours: Ints) -> Bars:
        """The minute bars of the hours in which both legs trade."""
        parts = []
        for run in runs(hours[self.open_hours(hours)]):
            for first in range(0, len(run), _HOURS_AT_ONCE):
                chunk = run[first : first + _HOURS_AT_ONCE]
                legs = [leg.ticks_of(leg.minutes(chunk)) for leg in self._legs]
                parts.append(self._merged(legs, int(chunk[0]) * 60).minutes())
        return join_bars(parts)

    def ticks_expected(self, hours: Ints) -> int:
        """As many as both legs have, but for those at the same millisecond."""
        hours = hours[self.open_hours(hours)]
        return sum(leg.ticks_expected(hours) for leg in self._legs)

    def ticks_of(self, minutes: Bars) -> Ticks:
        """Those of both legs in these minutes."""
        if not len(minutes):
            empty = np.empty(0, dtype=np.int64)
            return Ticks(empty, empty, empty)
        first, last = int(minutes.start[0]) // 60, int(minutes.start[-1]) // 60
        hours = np.arange(first // 60, last // 60 + 1, dtype=np.int64)
        hours = hours[self.open_hours(hours)]
        bars = (leg.minutes(hours).between(first * 60, last * 60 + 1) for leg in self._legs)
        legs = [leg.ticks_of(each) for leg, each in zip(self._legs, bars, strict=True)]
        return self._merged(legs, first)

    def _merged(self, legs: list[Ticks], minute: int) -> Ticks:
        """The cross at every tick of the two; what came before this minute still holds at its beginning."""
        times = np.sort(np.concatenate([ticks.time_msc for ticks in legs]), kind="stable")
        times = times[np.diff(times, prepend=-1) > 0]
        bids, asks = np.ones_like(times), np.ones_like(times)
        known = np.ones(len(times), dtype=np.bool_)
        for leg, ticks in zip(self._legs, legs, strict=True):
            before = leg.tick_at(minute * MINUTE_MS - 1)
            at = np.searchsorted(ticks.time_msc, times, side="right")
            known &= (at > 0) | (before is not None)
            bids *= np.append(before.bid if before else 0, ticks.bid)[at]
            asks *= np.append(before.ask if before else 0, ticks.ask)[at]
        return Ticks(times[known], bids[known] // self._divisor, -(-asks[known] // self._divisor))
