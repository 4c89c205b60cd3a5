"""Bars of every timeframe and tick arrays, on the server's clock, up to now.

Where nothing was traded there is no bar, so a bar is found by its place in time and counted by those that are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..vocabulary import constants as mt5
from ..vocabulary.structs import RATES, TICKS
from ..vocabulary.symbols import SymbolSpec
from .arrays import Floats, Ints
from .feed import HOUR_MS, MINUTE_MS, Bars, Feed, Ticks, join_bars
from .server_clock import ServerClock

_HOUR_S, _DAY_S = 3600, 86_400
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

    def starts(self, indexes: Ints) -> Ints:
        """The seconds in which these bars open."""
        if self.seconds:
            return self.origin + indexes * self.seconds
        return np.asarray(indexes.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64))

    def indexes(self, times_s: Ints) -> Ints:
        """The bar numbers of many seconds."""
        if self.seconds:
            return (times_s - self.origin) // self.seconds
        return np.asarray(times_s.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64))


# Weeks open on Sunday; 1970 began on a Thursday.
_WEEK = Timeframe(7 * _DAY_S, 3 * _DAY_S)
TIMEFRAMES: dict[int, Timeframe] = {
    **{minutes: Timeframe(minutes * 60) for minutes in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)},
    **{hours | 0x4000: Timeframe(hours * _HOUR_S) for hours in (1, 2, 3, 4, 6, 8, 12, 24)},
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
        return frame.index(self.clock.to_server_s(quote.time_msc // 1000)) if quote else self.oldest(frame) - 1

    def last_bars(self, frame: Timeframe, last: int, count: int, skip: int = 0) -> npt.NDArray[Any]:
        """`count` bars, of which the last is the one before which `skip` others lie, up to the bar of this number."""
        last, wanted = min(last, self.newest(frame)), count + skip
        oldest, reach = self.oldest(frame), wanted
        if last - skip < oldest:
            return self._to_rates(frame, join_bars([]))
        while True:
            first = max(last - reach + 1, oldest)
            bars = self.bars(frame, first, last)
            if len(bars) >= wanted or first == oldest:
                return bars[max(len(bars) - wanted, 0) : max(len(bars) - skip, 0)]
            # Some of that time had no bars: a night, a week-end.
            reach *= 2

    def bars(self, frame: Timeframe, first: int, last: int) -> npt.NDArray[Any]:
        """The bars of these numbers, both included, as far as history has them."""
        first, last = max(first, self.oldest(frame)), min(last, self.newest(frame))
        if last < first:
            return self._to_rates(frame, join_bars([]))
        return self._to_rates(frame, self._bars_between(frame, first, last))

    def asks(self, frame: Timeframe, number: int) -> tuple[int, int]:
        """The lowest and the highest ask (points) of the ticks of this bar, which has some."""
        base = self._bars_between(frame, number, number)
        highest = 0
        for row in np.argsort(-base.ask_high).tolist():
            if base.ask_high[row] <= highest:
                break
            highest = max(highest, self._highest_ask(int(base.start[row]), by_hours=self._by_hours(frame)))
        return int(base.ask_low.min()), highest

    def ticks(self, since_msc: int, until_msc: int, count: int | None = None) -> npt.NDArray[Any]:
        """Ticks in [since, until) (server milliseconds), oldest first; at most `count` of them."""
        since_msc = max(self.clock.to_utc_msc(since_msc), self.feed.first_hour * HOUR_MS)
        until_msc = min(self.clock.to_utc_msc(until_msc), self.now_msc + 1)
        chunks = [np.empty(0, dtype=TICKS)]
        found = 0
        hours = np.arange(since_msc // HOUR_MS, -(-until_msc // HOUR_MS), dtype=np.int64)
        for hour in hours[self.feed.open_hours(hours)].tolist():
            if count is not None and found >= count:
                break
            minutes = self.feed.minutes_of_hour(hour).between(since_msc // MINUTE_MS * 60, -(-until_msc // 1000))
            chunks.append(self._to_ticks(self.feed.ticks_of(minutes), since_msc, until_msc))
            found += len(chunks[-1])
        return np.concatenate(chunks)[:count]

    def ticks_expected(self, since_s: int, until_s: int) -> int:
        """About how many ticks there are between two server seconds: those of all hours that are touched."""
        since_s = max(self.clock.to_utc_s(since_s), self.feed.first_hour * _HOUR_S)
        until_s = min(self.clock.to_utc_s(until_s), self.now_msc // 1000)
        hours = np.arange(since_s // _HOUR_S, until_s // _HOUR_S + 1, dtype=np.int64)
        return self.feed.ticks_expected(hours)

    def oldest(self, frame: Timeframe) -> int:
        """The number of the bar in which history begins."""
        return frame.index(self.clock.to_server_s(self.feed.first_hour * _HOUR_S))

    def _bars_between(self, frame: Timeframe, first: int, last: int) -> Bars:
        """What the bars of these numbers are made of."""
        since, until = (self.clock.to_utc_s(frame.start(number)) for number in (first, last + 1))
        return self._base_bars(since, until, by_hours=self._by_hours(frame))

    def _by_hours(self, frame: Timeframe) -> bool:
        """Whether such bars are made of whole hours."""
        return frame.seconds % _HOUR_S == 0 and self.clock.winter_offset_s % _HOUR_S == 0

    def _highest_ask(self, start_s: int, *, by_hours: bool) -> int:
        """The highest ask of the hour or minute that opens in this second: an hour if it is over."""
        if by_hours and start_s // _HOUR_S < self.now_msc // HOUR_MS:
            return self.feed.highest_ask(start_s // _HOUR_S)
        return int(self.feed.ticks(start_s // 60).between(0, self.now_msc + 1).ask.max())

    def _base_bars(self, since_s: int, until_s: int, *, by_hours: bool) -> Bars:
        """Hours or minutes of [since, until) that are over, and the ticks so far of the minute that is not."""
        minute_now = self.now_msc // MINUTE_MS
        until_minute = -(-until_s // 60)
        full_until = min(until_minute, minute_now)
        minute = max(since_s // 60, self.feed.first_hour * 60)
        parts = []
        if by_hours:
            hours = np.arange(minute // 60, full_until // 60, dtype=np.int64)
            parts.append(self.feed.hours(hours))
            minute = max(minute, full_until // 60 * 60)
        if minute < full_until:
            hours = np.arange(minute // 60, (full_until - 1) // 60 + 1, dtype=np.int64)
            # The hour of now is asked for again and again.
            bars = self.feed.minutes_of_hour(minute // 60) if len(hours) == 1 else self.feed.minutes(hours)
            parts.append(bars.between(minute * 60, full_until * 60))
        if full_until == minute_now < until_minute:
            parts.append(self.feed.ticks(minute_now).between(0, self.now_msc + 1).minutes())
        return join_bars(parts)

    def _to_rates(self, frame: Timeframe, base: Bars) -> npt.NDArray[Any]:
        index = frame.indexes(self.clock.to_server_many(base.start))
        whole = base.aggregate(index)
        rates = np.zeros(len(whole), dtype=RATES)
        rates["time"] = frame.starts(whole.start)
        for name in ("open", "high", "low", "close"):
            rates[name] = _bar_prices(getattr(whole, name), 10**self.spec.digits)
        rates["tick_volume"] = whole.ticks
        rates["spread"] = whole.spread
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


def _bar_prices(points: Ints, scale: int) -> Floats:
    """Prices as a terminal's bars have them, to the bit: the fraction is added to the whole, so some are not nearest.

    Held against all bars of a demo account of October and November 2025; ticks and quotes are nearest doubles.
    """
    whole, fraction = np.divmod(points, scale)
    return np.asarray(whole + fraction / scale)


def tick_flags(bid_moved: Any, ask_moved: Any) -> Any:
    """The flags of ticks; one that moved neither price repeats both."""
    flags = bid_moved * mt5.TICK_FLAG_BID + ask_moved * mt5.TICK_FLAG_ASK
    return flags + (flags == 0) * (mt5.TICK_FLAG_BID | mt5.TICK_FLAG_ASK)
