"""Prices out of a lap of hours (laps.py), with minutes and ticks that are made to fit.

- An hour's bid is the ask of its lap less the hour's spread. The broker earns a fixed mark-up, taken off the bid: the
  asks stay those of the lap, and bid < ask always.
- Asks re-aggregate to the lap too: ticks at the hour's corners carry the hour's own spread, and no other is widened
  beyond the hour's highest ask.
- A minute has at least four ticks, so that it can show its own open, high, low and close.
"""

from __future__ import annotations

import numpy as np

from .arrays import Flags, Floats, Ints
from .feed import Bars, Feed, Ticks
from .figures import Figures
from .laps import CLOSE, FIRST_HOUR, HIGH, LAP_HOURS, LOW, OPEN
from .noise import Noise
from .sessions import Calendar
from .ticks import TICKS_MIN, TickMaker, fold

_BROWNIAN_RANGE = (8 / np.pi) ** 0.5
_MEAN_BODY = (2 / np.pi) ** 0.5


class LapFeed(Feed):
    """One symbol's prices, as a calendar plays its lap (ask open, high, low, close in points, by hour)."""

    def __init__(self, root: str, seed: int, lap: Ints, figures: Figures, calendar: Calendar) -> None:
        super().__init__(FIRST_HOUR)
        self._lap = lap
        self._figures = figures
        self._calendar = calendar
        self._maker = TickMaker(seed, root, figures.widening)
        self._noise = {
            purpose: Noise(seed, root, purpose)
            for purpose in (
                "hour spread", "hour ticks", "minute walk", "minute gap", "minute high", "minute low",
                "minute ticks", "minute spread",
            )
        }  # fmt: skip

    def open_hours(self, hours: Ints) -> Flags:
        """Those that the calendar says."""
        return self._calendar.is_open(hours)

    def hours(self, hours: Ints) -> Bars:
        """The bars of whole hours."""
        return self._hours(hours[self.open_hours(hours)])

    def minutes(self, hours: Ints) -> Bars:
        """The sixty minute bars of each open hour."""
        hours = hours[self.open_hours(hours)]
        hour = self._hours(hours)
        number = hours[:, None] * 60 + np.arange(60)
        opening, high, low, close = self._minute_prices(hour, number)
        ticks = self._share_ticks(hour.ticks, number)
        spread = self._minute_spread(hour, hours, number, high, low)
        ask_high = np.minimum(high + spread + self._maker.widest, hour.ask_high[:, None])
        columns = (number * 60, opening, high, low, close, ticks, spread, low + spread, ask_high)
        return Bars(*(column.reshape(-1) for column in columns))

    def ticks_of(self, minutes: Bars) -> Ticks:
        """As many as each bar says."""
        return self._maker.make(minutes)

    def scaled(self, ratio: float) -> LapFeed:
        """The same with every price of the lap at this ratio."""
        copy = LapFeed.__new__(LapFeed)
        copy.__dict__.update(self.__dict__)
        Feed.__init__(copy, self.first_hour)
        copy._lap = np.rint(self._lap * ratio).astype(np.int64)
        return copy

    def _hours(self, hours: Ints) -> Bars:
        played = self._calendar.played(hours)
        hour_of_day = played % 24
        figures, ask = self._figures, self._lap[played % LAP_HOURS]
        spread = self._spread(figures.hour_spread, hour_of_day, self._noise["hour spread"].uniform(hours))
        expected = _BROWNIAN_RANGE * figures.sigma[hour_of_day] * ask[:, OPEN]
        bustle = (np.maximum(ask[:, HIGH] - ask[:, LOW], 1) / expected) ** figures.ticks_range_elasticity
        noise = np.exp(figures.ticks_log_sd * self._noise["hour ticks"].normal(hours))
        ticks = np.rint(figures.ticks[hour_of_day] * bustle * noise).astype(np.int64)
        bid = ask - spread[:, None]
        return Bars(
            start=hours * 3600, open=bid[:, OPEN], high=bid[:, HIGH], low=bid[:, LOW], close=bid[:, CLOSE],
            ticks=np.maximum(ticks, 60 * TICKS_MIN), spread=spread, ask_low=ask[:, LOW], ask_high=ask[:, HIGH],
        )  # fmt: skip

    def _minute_prices(self, hour: Bars, number: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        opening, top, bottom, closing = (column[:, None] for column in (hour.open, hour.high, hour.low, hour.close))
        passed = np.arange(1, 61) / 60
        sigma = (top - bottom) / _BROWNIAN_RANGE / 60**0.5
        walk = np.cumsum(self._noise["minute walk"].normal(number), axis=1)
        bridge = opening + (closing - opening) * passed + (walk - walk[:, -1:] * passed) * sigma
        close = fold(np.rint(bridge).astype(np.int64), bottom, top)
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
        spare = (total - 60 * TICKS_MIN)[:, None]
        edges = np.rint(share / share[:, -1:] * spare).astype(np.int64)
        return np.asarray(np.diff(edges, axis=1, prepend=0) + TICKS_MIN)

    def _minute_spread(self, hour: Bars, hours: Ints, number: Ints, high: Ints, low: Ints) -> Ints:
        hour_of_day = np.broadcast_to((self._calendar.played(hours) % 24)[:, None], number.shape)
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
        return np.asarray(np.rint(below + part * (above - below)).astype(np.int64) + self._figures.markup)
