"""How low a symbol's bid and how high its ask went in an hour or minute, and how far apart they were."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..market.feed import HOUR_MS, MINUTE_MS, Bars, Quote
from ..market.market import Market

_Extremes = tuple[int, int]


class WorstPrices:
    """The worst prices of hours and minutes (numbers since 1970, UTC), worked out once for all that ask."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._day = lru_cache(maxsize=1024)(self._make_day)
        self._hour = lru_cache(maxsize=1024)(self._make_hour)
        self._spreads = lru_cache(maxsize=1024)(self._make_spreads)

    def worst(self, symbol: str, span_ms: int, number: int) -> Quote:
        """The lowest bid and the highest ask while this hour or minute lasts.

        Until its first tick the last price from before holds, which is one of those of the span before.
        """
        before = self._extremes(symbol, span_ms, number - 1)
        if before is None:
            last = self._market.quote_or_raise(symbol, number * span_ms)
            before = last.bid, last.ask
        low, high = self._extremes(symbol, span_ms, number) or before
        return Quote(0, min(low, before[0]), max(high, before[1]))

    def widest(self, symbol: str, span_ms: int, number: int) -> int:
        """The largest spread while this hour or minute lasts, that of its ticks and of the last price from before."""
        before = self._widest(symbol, span_ms, number - 1)
        if not before:
            last = self._market.quote_or_raise(symbol, number * span_ms)
            before = last.ask - last.bid
        return max(before, self._widest(symbol, span_ms, number))

    def _widest(self, symbol: str, span_ms: int, number: int) -> int:
        if span_ms == HOUR_MS:
            return max(self._spreads(symbol, number).values(), default=0)
        return self._spreads(symbol, number // 60).get(number, 0)

    def _extremes(self, symbol: str, span_ms: int, number: int) -> _Extremes | None:
        if span_ms == HOUR_MS:
            return self._day(symbol, number // 24).get(number)
        return self._hour(symbol, number // 60).get(number)

    def _make_day(self, symbol: str, day: int) -> dict[int, _Extremes]:
        return _rows(self._market.feeds[symbol].hours(np.arange(24, dtype=np.int64) + day * 24), 3600)

    def _make_hour(self, symbol: str, hour: int) -> dict[int, _Extremes]:
        return _rows(self._market.feeds[symbol].minutes_of_hour(hour), 60)

    def _make_spreads(self, symbol: str, hour: int) -> dict[int, int]:
        feed = self._market.feeds[symbol]
        ticks = feed.ticks_of(feed.minutes_of_hour(hour))
        minutes = ticks.time_msc // MINUTE_MS
        first = np.flatnonzero(np.diff(minutes, prepend=-1))
        spreads = np.maximum.reduceat(ticks.ask - ticks.bid, first)
        return dict(zip(minutes[first].tolist(), spreads.tolist(), strict=True))


def _rows(bars: Bars, seconds: int) -> dict[int, _Extremes]:
    extremes = zip(bars.low.tolist(), bars.ask_high.tolist(), strict=True)
    return dict(zip((bars.start // seconds).tolist(), extremes, strict=True))
