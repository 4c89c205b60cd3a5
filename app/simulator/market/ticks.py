"""Ticks inside minutes: made from a minute's bar, and exactly the ticks of that bar.

- The first tick is the bar's open and the last its close; at least one is its high, one its low.
- A bar's spread is its smallest: the first, the last and the lowest tick carry it. Single ticks are wider.
- They come evenly, with jitter: no two share a millisecond and none leaves its minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from .arrays import Ints
from .feed import MINUTE_MS, Bars, Ticks, join_ticks
from .noise import Noise

TICKS_MIN = 4  # of a minute that may have any open, high, low and close
# Bars tell only the smallest spread. How far single ticks go beyond it is not in them: assumed.
WIDENING_POINTS = 1.5
_COUNTERS_PER_MINUTE = 4096
_AT_ONCE = 100_000  # ticks whose working copies a processor's cache still holds


class TickMaker:
    """Makes one symbol's ticks. `widening` is how far they go beyond the bar's spread in the mean, in points."""

    def __init__(self, seed: int, root: str, widening: float = WIDENING_POINTS) -> None:
        self._corner, self._walk, self._spread, self._time = (
            Noise(seed, root, purpose) for purpose in ("tick corner", "tick walk", "tick spread", "tick time")
        )
        self._widening = widening

    @property
    def widest(self) -> int:
        """How far a tick goes beyond at most: the smallest uniform draw is 2**-54."""
        return int(self._widening * 54 * np.log(2))

    def make(self, minutes: Bars) -> Ticks:
        """The ticks of these minutes, in order."""
        return join_ticks([self._make(part) for part in _parts(minutes)])

    def _make(self, minutes: Bars) -> Ticks:
        count = minutes.ticks
        row = np.repeat(np.arange(len(count)), count)
        place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        number = minutes.start // 60
        counters = number[row] * _COUNTERS_PER_MINUTE + place
        bid = self._bids(minutes, row, place, counters)
        ends = (place == 0) | (place == count[row] - 1)
        widened = (self._spread.exponential(counters) * self._widening).astype(np.int64)
        widened = np.minimum(widened, (minutes.ask_high - minutes.spread)[row] - bid)
        widened[ends | (bid == minutes.low[row])] = 0
        passed = (place + 0.9 * self._time.uniform(counters)) * (MINUTE_MS / count)[row]
        time_msc = number[row] * MINUTE_MS + passed.astype(np.int64)
        return Ticks(time_msc, bid, bid + minutes.spread[row] + widened)

    def _bids(self, minutes: Bars, row: Ints, place: Ints, counters: Ints) -> Ints:
        at, corners = self._corners(minutes)
        begun = at[:, row]
        leg = (place >= begun[1]).astype(np.int64) + (place >= begun[2])
        slope = np.diff(corners, axis=0) / np.maximum(np.diff(at, axis=0), 1)
        path = slope[leg, row] * (place - at[leg, row]) + corners[leg, row]
        low, width = minutes.low, minutes.high - minutes.low
        path += self._walk.normal(counters) * width[row] * 0.1
        bid = fold(np.rint(path).astype(np.int64), low[row], minutes.high[row])
        for corner in range(len(at)):
            is_corner = place == begun[corner]
            bid[is_corner] = corners[corner, row[is_corner]]
        return bid

    def _corners(self, minutes: Bars) -> tuple[Ints, Ints]:
        """Places and prices of the four ticks that make the bar; of fewer, where there are fewer ticks."""
        count = minutes.ticks
        rising = minutes.close >= minutes.open
        one = np.where(rising, minutes.low, minutes.high)
        other = np.where(rising, minutes.high, minutes.low)
        draws = [self._corner.uniform(minutes.start // 60 * _COUNTERS_PER_MINUTE + counter) for counter in range(2)]
        first = 1 + (draws[0] * np.maximum(count - 3, 0)).astype(np.int64)
        second = first + 1 + (draws[1] * np.maximum(count - 2 - first, 0)).astype(np.int64)
        few = count < TICKS_MIN
        # With three ticks the middle one is the extreme that neither open nor close is.
        is_end = (one == minutes.open) | (one == minutes.close)
        middle = np.where(is_end, other, one)
        first, second = np.where(few, 1, first), np.where(few, 1, second)
        one, other = np.where(few, middle, one), np.where(few, middle, other)
        return np.stack([np.zeros_like(count), first, second, count - 1]), np.stack(
            [minutes.open, one, other, minutes.close]
        )


def ticks_needed(minutes: Bars) -> Ints:
    """How many ticks each minute needs at least to show its bar."""
    ends = 1 + (minutes.open != minutes.close)
    beyond = (minutes.high > np.maximum(minutes.open, minutes.close)).astype(np.int64)
    beyond += minutes.low < np.minimum(minutes.open, minutes.close)
    return np.where(beyond > 0, 2 + beyond, ends)


def fold(values: Ints, low: Ints | int, high: Ints | int) -> Ints:
    """Reflect values at both borders, as often as it takes, until they lie in [low, high]."""
    width = np.maximum(np.asarray(high) - low, 1)
    phase = (values - low) % (2 * width)
    folded = low + np.minimum(phase, 2 * width - phase)
    return np.asarray(np.minimum(folded, high))


def _parts(minutes: Bars) -> Iterator[Bars]:
    if not len(minutes):
        return
    total = np.cumsum(minutes.ticks)
    edges = np.searchsorted(total, np.arange(_AT_ONCE, int(total[-1]), _AT_ONCE), side="right")
    for first, last in pairwise([0, *edges.tolist(), len(minutes)]):
        if first < last:
            yield minutes[first:last]
