"""Bars of every timeframe and tick arrays, on the server's clock, up to now.

The market never sleeps here: every minute has ticks, so the place of a bar in time says everything about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.simulator import constants as mt5
from app.simulator.laps import FIRST_HOUR
from app.simulator.market import FIRST_MS, MINUTE_MS, Bars, Feed, Ticks
from app.simulator.noise import Ints
from app.simulator.server_clock import ServerClock
from app.simulator.structs import RATES, TICKS
from app.simulator.symbols import SymbolSpec

_HOUR, _DAY = 3600, 86_400
_HISTORY_FLAG = 0x80  # set on every tick out of history, unnamed in the package


@dataclass(frozen=True, slots=True)
class Timeframe:
    """How the server's time is cut into bars: every `seconds` from `origin`, or by calendar months (0)."""

    seconds: int
    origin: int = 0

    def index(self, time_s: int) -> int:
        """The number of the bar that holds this second."""
        if self.seconds:
            return (time_s - self.origin) // self.seconds
        return int(np.datetime64(time_s, "s").astype("datetime64[M]").astype(np.int64))

    def start(self, index: int) -> int:
        """The second in which this bar opens."""
        if self.seconds:
            return self.origin + index * self.seconds
        return int(np.datetime64(index, "M").astype("datetime64[s]").astype(np.int64))

    def indexes(self, times_s: Ints) -> Ints:
        """The bar numbers of many seconds."""
        if self.seconds:
            return (times_s - self.origin) // self.seconds
        return np.asarray(times_s.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64))


# Weeks open on Sunday; 1970 began on a Thursday.
_WEEK = Timeframe(7 * _DAY, 3 * _DAY)
TIMEFRAMES: dict[int, Timeframe] = {
    **{minutes: Timeframe(minutes * 60) for minutes in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)},
    **{hours | 0x4000: Timeframe(hours * _HOUR) for hours in (1, 2, 3, 4, 6, 8, 12, 24)},
    mt5.TIMEFRAME_W1: _WEEK,
    mt5.TIMEFRAME_MN1: Timeframe(0),
}


@dataclass(frozen=True, slots=True)
class History:
    """One symbol's past as a terminal of this server shows it; times given and returned are server seconds."""

    feed: Feed
    spec: SymbolSpec
    clock: ServerClock
    now_msc: int

    def newest(self, frame: Timeframe) -> int:
        """The number of the forming bar: the one that holds the last tick."""
        quote = self.feed.tick_at(self.now_msc)
        seconds = (quote.time_msc if quote else FIRST_MS) // 1000
        return frame.index(self.clock.to_server_s(seconds))

    def bars(self, frame: Timeframe, first: int, last: int) -> npt.NDArray[Any]:
        """The bars of these numbers, both included, as far as history has them."""
        first = max(first, frame.index(self.clock.to_server_s(FIRST_HOUR * _HOUR)))
        last = min(last, self.newest(frame))
        if last < first or self.now_msc < FIRST_MS:
            return self._to_rates(frame, _join([]))
        since, until = (self.clock.to_utc_s(frame.start(index)) for index in (first, last + 1))
        by_hours = frame.seconds % _HOUR == 0 and self.clock.winter_offset_s % _HOUR == 0
        return self._to_rates(frame, self._base_bars(max(since, FIRST_HOUR * _HOUR), until, by_hours=by_hours))

    def ticks(self, since_msc: int, until_msc: int, count: int | None = None) -> npt.NDArray[Any]:
        """Ticks in [since, until) (server milliseconds), oldest first; at most `count` of them."""
        since_msc = max(self.clock.to_utc_msc(since_msc), FIRST_MS)
        until_msc = min(self.clock.to_utc_msc(until_msc), self.now_msc + 1)
        chunks: list[npt.NDArray[Any]] = []
        found, minute = 0, since_msc // MINUTE_MS
        while minute * MINUTE_MS < until_msc and (count is None or found < count):
            chunk = self._to_ticks(self.feed.ticks(minute), since_msc, until_msc)
            chunks.append(chunk)
            found += len(chunk)
            minute += 1
        return np.concatenate([np.empty(0, dtype=TICKS), *chunks])[:count]

    def ticks_expected(self, since_s: int, until_s: int) -> int:
        """About how many ticks there are between two server seconds: those of all hours that are touched."""
        since_s = max(self.clock.to_utc_s(since_s), FIRST_HOUR * _HOUR)
        until_s = min(self.clock.to_utc_s(until_s), self.now_msc // 1000)
        hours = np.arange(since_s // _HOUR, until_s // _HOUR + 1, dtype=np.int64)
        return int(self.feed.hours(hours).ticks.sum())

    def _base_bars(self, since_s: int, until_s: int, *, by_hours: bool) -> Bars:
        """Hours or minutes of [since, until) that are over, and the ticks so far of the minute that is not."""
        minute_now = self.now_msc // MINUTE_MS
        until_minute = -(-until_s // 60)
        full_until = min(until_minute, minute_now)
        minute = since_s // 60
        parts = []
        if by_hours:
            hours = np.arange(minute // 60, full_until // 60, dtype=np.int64)
            parts.append(self.feed.hours(hours))
            minute = max(minute, full_until // 60 * 60)
        if minute < full_until:
            bars = self.feed.minutes(np.arange(minute // 60, (full_until - 1) // 60 + 1, dtype=np.int64))
            inside = slice(minute % 60, minute % 60 + full_until - minute)
            parts.append(Bars(*(getattr(bars, name)[inside] for name in Bars.__slots__)))
        if full_until == minute_now < until_minute:
            parts.append(self._forming_minute(minute_now))
        return _join(parts)

    def _forming_minute(self, minute: int) -> Bars:
        ticks = self.feed.ticks(minute)
        bid, ask = (column[ticks.time_msc <= self.now_msc] for column in (ticks.bid, ticks.ask))
        if not len(bid):
            return _join([])
        row = (minute * 60, bid[0], bid.max(), bid.min(), bid[-1], len(bid), (ask - bid).min())
        return Bars(*(np.array([value], dtype=np.int64) for value in row))

    def _to_rates(self, frame: Timeframe, base: Bars) -> npt.NDArray[Any]:
        index = frame.indexes(self.clock.to_server_many(base.start))
        starts = np.flatnonzero(np.diff(index, prepend=index[:1] - 1))
        rates = np.zeros(len(starts), dtype=RATES)
        if not len(starts):
            return rates
        scale = 10**self.spec.digits
        rates["time"] = [frame.start(int(number)) for number in index[starts]]
        rates["open"] = base.open[starts] / scale
        rates["high"] = np.maximum.reduceat(base.high, starts) / scale
        rates["low"] = np.minimum.reduceat(base.low, starts) / scale
        rates["close"] = base.close[np.append(starts[1:], len(index)) - 1] / scale
        rates["tick_volume"] = np.add.reduceat(base.ticks, starts)
        rates["spread"] = np.minimum.reduceat(base.spread, starts)
        return rates

    def _to_ticks(self, ticks: Ticks, since_msc: int, until_msc: int) -> npt.NDArray[Any]:
        array = np.zeros(len(ticks), dtype=TICKS)
        scale = 10**self.spec.digits
        array["time_msc"] = ticks.time_msc + 1000 * self.clock.offsets(ticks.time_msc // 1000)
        array["time"] = array["time_msc"] // 1000
        array["bid"], array["ask"] = ticks.bid / scale, ticks.ask / scale
        moved = [np.diff(side, prepend=side[:1] - 1) != 0 for side in (ticks.bid, ticks.ask)]
        array["flags"] = tick_flags(moved[0], moved[1]) | _HISTORY_FLAG
        inside = (ticks.time_msc >= since_msc) & (ticks.time_msc < until_msc)
        return array[inside]


def tick_flags(bid_moved: Any, ask_moved: Any) -> Any:
    """The flags of ticks; one that moved neither price repeats both."""
    flags = bid_moved * mt5.TICK_FLAG_BID + ask_moved * mt5.TICK_FLAG_ASK
    return flags + (flags == 0) * (mt5.TICK_FLAG_BID | mt5.TICK_FLAG_ASK)


def _join(parts: list[Bars]) -> Bars:
    empty = np.empty(0, dtype=np.int64)
    columns = ([getattr(part, name) for part in parts] for name in Bars.__slots__)
    return Bars(*(np.concatenate([empty, *column]) for column in columns))
