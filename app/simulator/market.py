"""Prices: a pure function of seed, symbol and instant, answered at any instant without walking there.

Three levels, each of which re-aggregates exactly to the one above: the hours of a lap (laps.py), minutes inside an
hour, ticks inside a minute. Conventions:

- Bars are **bid** bars, as MT5's are. An hour's bid is the ask of its lap less the hour's spread.
- The broker earns a fixed mark-up, taken off the bid: the asks stay those of the lap, and bid < ask always.
- The spread of a bar is its smallest. Asks also re-aggregate to the lap: ticks at the hour's corners carry the
  hour's own spread, and no other is widened beyond the hour's highest ask.
- A minute has at least four ticks, so that it can show its own open, high, low and close.

All prices here are whole points; rounding happens once, where an MT5 value is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from app.simulator.figures import Figures
from app.simulator.laps import CLOSE, FIRST_HOUR, HIGH, LAP_HOURS, LOW, OPEN
from app.simulator.noise import Floats, Ints, Noise

MINUTE_MS = 60_000
FIRST_MS = FIRST_HOUR * 60 * MINUTE_MS
_TICKS_MIN = 4
_COUNTERS_PER_MINUTE = 4096
_BROWNIAN_RANGE = (8 / np.pi) ** 0.5
_MEAN_BODY = (2 / np.pi) ** 0.5
# Bars tell only the smallest spread. How far single ticks go beyond it is not in them: assumed, in points.
_WIDENING_POINTS = 1.5
WIDENING_POINTS_MAX = int(_WIDENING_POINTS * 54 * np.log(2))  # the smallest uniform draw is 2**-54
# The fitted figures are a raw-spread account's, whose smallest spread is often zero.
_MARKUP_POINTS = 2


@dataclass(frozen=True, slots=True)
class Bars:
    """Bid bars in points, column by column; `start` is the open time in seconds UTC."""

    start: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    ticks: Ints
    spread: Ints


@dataclass(frozen=True, slots=True)
class Ticks:
    """Ticks in points, in order of time; `time_msc` is in milliseconds UTC and never repeats."""

    time_msc: Ints
    bid: Ints
    ask: Ints

    def __len__(self) -> int:
        return len(self.time_msc)


@dataclass(frozen=True, slots=True)
class Quote:
    """The market at an instant: the last tick before it, and whether it moved the bid and the ask."""

    time_msc: int
    bid: int
    ask: int
    bid_moved: bool = True
    ask_moved: bool = True


class Feed:
    """The prices of one symbol. Holds no state but caches; safe to share between threads."""

    def __init__(self, symbol: str, seed: int, lap: Ints, figures: Figures) -> None:
        self._lap = lap
        self._figures = figures
        self._noise = {
            purpose: Noise(seed, symbol, purpose)
            for purpose in (
                "hour spread", "hour ticks", "minute walk", "minute gap", "minute high", "minute low",
                "minute ticks", "minute spread", "tick corner", "tick walk", "tick spread", "tick time",
            )
        }  # fmt: skip
        self.minutes_of_hour = lru_cache(maxsize=64)(self._make_hour)
        self.ticks = lru_cache(maxsize=512)(self._make_ticks)

    def hours(self, hours: Ints) -> Bars:
        """The bars of whole hours; `hours` are counted from 1970 (UTC), none before FIRST_HOUR."""
        row = (hours - FIRST_HOUR) % LAP_HOURS
        hour_of_day = row % 24
        figures, ask = self._figures, self._lap[row]
        spread = self._spread(figures.hour_spread, hour_of_day, self._noise["hour spread"].uniform(hours))
        expected = _BROWNIAN_RANGE * figures.sigma[hour_of_day] * ask[:, OPEN]
        bustle = (np.maximum(ask[:, HIGH] - ask[:, LOW], 1) / expected) ** figures.ticks_range_elasticity
        noise = np.exp(figures.ticks_log_sd * self._noise["hour ticks"].normal(hours))
        ticks = np.rint(figures.ticks[hour_of_day] * bustle * noise).astype(np.int64)
        bid = ask - spread[:, None]
        return Bars(
            start=hours * 3600, open=bid[:, OPEN], high=bid[:, HIGH], low=bid[:, LOW], close=bid[:, CLOSE],
            ticks=np.maximum(ticks, 60 * _TICKS_MIN), spread=spread,
        )  # fmt: skip

    def minutes(self, hours: Ints) -> Bars:
        """The sixty minute bars of each of these hours, in order."""
        hour = self.hours(hours)
        number = hours[:, None] * 60 + np.arange(60)
        opening, high, low, close = self._minute_prices(hour, number)
        ticks = self._share_ticks(hour.ticks, number)
        spread = self._minute_spread(hour, hours, number, high, low)
        columns = (number * 60, opening, high, low, close, ticks, spread)
        return Bars(*(column.reshape(-1) for column in columns))

    def tick_at(self, time_msc: int) -> Quote | None:
        """The last tick at or before an instant (milliseconds UTC); None before all history."""
        number = time_msc // MINUTE_MS
        if time_msc < FIRST_MS:
            return None
        ticks = self.ticks(number)
        at = int(np.searchsorted(ticks.time_msc, time_msc, side="right")) - 1
        if at < 0:
            if number * MINUTE_MS <= FIRST_MS:
                return None
            ticks, at = self.ticks(number - 1), -1
        bid, ask = int(ticks.bid[at]), int(ticks.ask[at])
        if at == 0:
            return Quote(int(ticks.time_msc[at]), bid, ask)
        bid_moved, ask_moved = bid != ticks.bid[at - 1], ask != ticks.ask[at - 1]
        return Quote(int(ticks.time_msc[at]), bid, ask, bool(bid_moved), bool(ask_moved))

    def _make_hour(self, hour: int) -> Bars:
        return self.minutes(np.array([hour], dtype=np.int64))

    def _minute_prices(self, hour: Bars, number: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        opening, top, bottom, closing = (column[:, None] for column in (hour.open, hour.high, hour.low, hour.close))
        passed = np.arange(1, 61) / 60
        sigma = (top - bottom) / _BROWNIAN_RANGE / 60**0.5
        walk = np.cumsum(self._noise["minute walk"].normal(number), axis=1)
        bridge = opening + (closing - opening) * passed + (walk - walk[:, -1:] * passed) * sigma
        close = _fold(np.rint(bridge).astype(np.int64), bottom, top)
        close[:, -1] = hour.close
        gap = self._gaps(number[:, 1:])
        open_ = np.concatenate([opening, np.clip(close[:, :-1] + gap, bottom, top)], axis=1)
        shadow = self._figures.minute_shadow * _MEAN_BODY * sigma
        up, down = (
            np.rint(self._noise[purpose].exponential(number) * shadow).astype(np.int64)
            for purpose in ("minute high", "minute low")
        )
        high = np.minimum(np.maximum(open_, close) + up, top)
        low = np.maximum(np.minimum(open_, close) - down, bottom)
        # The minutes that come nearest reach the hour's own high and low.
        row = np.arange(len(high))
        high[row, high.argmax(axis=1)] = hour.high
        low[row, low.argmin(axis=1)] = hour.low
        return open_, high, low, close

    def _gaps(self, number: Ints) -> Ints:
        draw, repeats = self._noise["minute gap"].uniform(number), self._figures.open_repeats_close
        return np.where(draw < repeats, 0, np.where(draw < (1 + repeats) / 2, 1, -1))

    def _share_ticks(self, total: Ints, number: Ints) -> Ints:
        bustle = self._noise["minute ticks"].normal(number).clip(-3, 3)
        share = np.cumsum(np.exp(self._figures.minute_ticks_log_sd * bustle), axis=1)
        spare = (total - 60 * _TICKS_MIN)[:, None]
        edges = np.rint(share / share[:, -1:] * spare).astype(np.int64)
        return np.asarray(np.diff(edges, axis=1, prepend=0) + _TICKS_MIN)

    def _minute_spread(self, hour: Bars, hours: Ints, number: Ints, high: Ints, low: Ints) -> Ints:
        hour_of_day = np.broadcast_to(((hours - FIRST_HOUR) % LAP_HOURS % 24)[:, None], number.shape)
        draw = self._noise["minute spread"].uniform(number)
        spread = self._spread(self._figures.minute_spread, hour_of_day, draw)
        smallest = hour.spread[:, None]
        room = hour.high[:, None] - high + smallest
        spread = np.asarray(np.clip(spread, smallest, room))
        spread[:, 0] = spread[:, -1] = hour.spread
        spread[np.arange(len(low)), low.argmin(axis=1)] = hour.spread
        return spread

    def _spread(self, table: Floats, hour_of_day: Ints, draw: Floats) -> Ints:
        """Invert the fitted distribution of an hour of the day, piece by straight piece; add the mark-up."""
        at = self._figures.spread_quantiles
        draw = np.minimum(draw, at[-1])
        piece = np.minimum(np.searchsorted(at, draw, side="right") - 1, len(at) - 2)
        part = (draw - at[piece]) / (at[piece + 1] - at[piece])
        below, above = table[hour_of_day, piece], table[hour_of_day, piece + 1]
        return np.asarray(np.rint(below + part * (above - below)).astype(np.int64) + _MARKUP_POINTS)

    def _make_ticks(self, number: int) -> Ticks:
        """The ticks of one minute (counted from 1970)."""
        hour, row = divmod(number, 60)
        bars = self.minutes_of_hour(hour)
        count, spread, low = int(bars.ticks[row]), int(bars.spread[row]), int(bars.low[row])
        counters = number * _COUNTERS_PER_MINUTE + np.arange(count, dtype=np.int64)
        bid = self._tick_bids(bars, row, counters)
        whole = self.hours(np.array([hour], dtype=np.int64))
        room = int(whole.high[0] + whole.spread[0]) - spread - bid
        widened = (self._noise["tick spread"].exponential(counters) * _WIDENING_POINTS).astype(np.int64)
        widened = np.minimum(widened, room)
        widened[bid == low] = 0
        widened[[0, -1]] = 0
        # Evenly spaced with jitter: no two ticks share a millisecond, none leaves its minute.
        place = np.arange(count) + 0.9 * self._noise["tick time"].uniform(counters)
        time_msc = number * MINUTE_MS + (place * (MINUTE_MS / count)).astype(np.int64)
        return Ticks(time_msc, bid, bid + spread + widened)

    def _tick_bids(self, bars: Bars, row: int, counters: Ints) -> Ints:
        opening, high, low, close = (int(column[row]) for column in (bars.open, bars.high, bars.low, bars.close))
        count = len(counters)
        draws = self._noise["tick corner"].uniform(counters[:2])
        first = 1 + int(draws[0] * (count - 3))
        second = first + 1 + int(draws[1] * (count - 2 - first))
        at = [0, first, second, count - 1]
        corners = [opening, low, high, close] if close >= opening else [opening, high, low, close]
        path = np.interp(np.arange(count), at, corners)
        path += self._noise["tick walk"].normal(counters) * (high - low) * 0.1
        bid = _fold(np.rint(path).astype(np.int64), low, high)
        bid[at] = corners
        return bid


def _fold(values: Ints, low: Ints | int, high: Ints | int) -> Ints:
    """Reflect values at both borders, as often as it takes, until they lie in [low, high]."""
    width = np.maximum(np.asarray(high) - low, 1)
    phase = (values - low) % (2 * width)
    folded = low + np.minimum(phase, 2 * width - phase)
    return np.asarray(np.minimum(folded, high))
