"""What lies in the terminal's past, and its list of symbols: asked of a process of its own, so that no order waits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from app.broker.gateway import A_DAY_S, READ_HANGS_AFTER_S, Gateway, value_of
from app.broker.terminal import Call, Terminal, WorkerState
from app.domain.account import Missing, Unavailable
from app.domain.clock import Clock

TIMEFRAMES: Mapping[str, int] = {"M1": 1, "M5": 5, "M15": 15, "M30": 30, "H1": 16385, "H4": 16388, "D1": 16408}
"""TIMEFRAME_*, by the names that the API takes."""
TIMEFRAME_S: Mapping[str, int] = {
    "M1": 60,
    "M5": 300,
    "M15": 900,
    "M30": 1_800,
    "H1": 3_600,
    "H4": 14_400,
    "D1": A_DAY_S,
}
COPY_TICKS_ALL = -1
TICKS_FIRST_S = 60
"""How far back the first slice goes when the newest ticks are wanted; a thin one is followed by wider ones."""
TICKS_BACK_S = 10 * A_DAY_S
"""How far back the newest ticks are looked for."""
TICKS_AHEAD_MS = 60_000
"""The server's clock may be ahead of ours: by so much a tick may come from later than now."""
TICKS_A_SECOND = 100
"""The terminal counts from whole seconds: so many ticks of the first one may lie before the moment that is meant."""

LONG = 500
"""So many records take long enough to convert that the event loop should go on meanwhile."""

Record = dict[str, Any]
Records = list[Record]
Found = Records | Missing | Unavailable


class Archive:
    """Bars, ticks, past deals and orders, and the symbols, all as the terminal's own records with times in UTC.

    Args:
        terminal: the process that is asked; never the one that trades.
        gateway: knows the names of symbols and the broker's clock.
        clock: for deadlines.
        timeout_s: deadline of one call.
    """

    def __init__(self, terminal: Terminal, gateway: Gateway, *, clock: Clock, timeout_s: float = 60.0) -> None:
        self._terminal = terminal
        self._gateway = gateway
        self._clock = clock
        self._timeout_s = timeout_s
        self._symbols: tuple[float, Records] | None = None

    @property
    def state(self) -> WorkerState:
        """Whether it can be asked now."""
        return self._terminal.state

    async def symbols(self, *, age_s_max: float = 0.0) -> Records | Unavailable:
        """Every symbol that the terminal knows; an answer that is no older is given again while it can be asked."""
        now = self._clock.monotonic()
        if self._symbols is not None and self.state.ready and now - self._symbols[0] < age_s_max:
            return self._symbols[1]
        found = await self._utc(await self._read("symbols_get"))
        if not isinstance(found, Unavailable):
            self._symbols = (now, found)
        return found

    async def bars(
        self, name: str, timeframe: str, *, since_ns: int | None, until_ns: int | None, count: int | None
    ) -> Found:
        """Bars by opening time, oldest first.

        Args:
            name: the symbol, in any case.
            timeframe: one of `TIMEFRAMES`.
            since_ns: the first that may open; None for as far back as `count` reaches.
            until_ns: bars that open at or after this are left out; None for all up to now.
            count: the newest so many of them, and no more are read; None only with `since_ns`.
        """
        symbol = await self._gateway.broker_name(name)
        if not isinstance(symbol, str):
            return symbol
        period = TIMEFRAMES[timeframe]
        if count is None:
            assert since_ns is not None
            until_s = self._server_s(until_ns) - 1 if until_ns is not None else self._now_s() + A_DAY_S
            found = await self._read("copy_rates_range", symbol, period, self._server_s(since_ns), until_s)
        elif until_ns is not None:
            found = await self._read("copy_rates_from", symbol, period, self._server_s(until_ns) - 1, count)
        else:
            found = await self._read("copy_rates_from_pos", symbol, period, 0, count)
        records = await self._utc(found)
        if isinstance(records, Unavailable) or since_ns is None:
            return records
        return [record for record in records if record["time"] * 10**9 >= since_ns]

    async def ticks(self, name: str, *, since_ns: int | None, until_ns: int | None, count: int) -> Found:
        """Ticks, oldest first: the first `count` from `since_ns` on, else the last `count` before `until_ns`."""
        symbol = await self._gateway.broker_name(name)
        if not isinstance(symbol, str):
            return symbol
        end_msc = until_ns // 10**6 if until_ns is not None else self._clock.time_ns() // 10**6 + TICKS_AHEAD_MS
        if since_ns is None:
            return await self._last_ticks(symbol, end_msc, count)
        args = (symbol, self._server_s(since_ns), count + TICKS_A_SECOND, COPY_TICKS_ALL)
        found = await self._utc(await self._read("copy_ticks_from", *args))
        if isinstance(found, Unavailable):
            return found
        return [tick for tick in found if since_ns // 10**6 <= tick["time_msc"] < end_msc][:count]

    async def deals(self, since_ns: int, until_ns: int) -> Records | Unavailable:
        """Deals of [since, until), newest first."""
        return await self._history("history_deals_get", since_ns, until_ns, "time_msc")

    async def orders(self, since_ns: int, until_ns: int) -> Records | Unavailable:
        """Orders of the past, set up in [since, until), newest first."""
        return await self._history("history_orders_get", since_ns, until_ns, "time_setup_msc")

    async def _history(self, function: str, since_ns: int, until_ns: int, by: str) -> Records | Unavailable:
        # The server's clock may be ahead of what we believe, and an order may be done long after it was set up.
        found = await self._utc(
            await self._read(function, self._server_s(since_ns), self._server_s(until_ns) + A_DAY_S)
        )
        if isinstance(found, Unavailable):
            return found
        inside = [record for record in found if since_ns <= record[by] * 10**6 < until_ns]
        return sorted(inside, key=lambda record: (record[by], record["ticket"]), reverse=True)

    async def _last_ticks(self, symbol: str, end_msc: int, count: int) -> Found:
        """The last ticks before a moment, in slices, since a day of ticks may be a hundred times what is wanted."""
        ticks: Records = []
        slice_s, until_msc = TICKS_FIRST_S, end_msc
        while len(ticks) < count and end_msc - until_msc < TICKS_BACK_S * 1_000:
            since_s = until_msc // 1_000 - slice_s
            args = (symbol, since_s + self._gateway.server_time.offset_s)
            until_s = -(-until_msc // 1_000) + self._gateway.server_time.offset_s
            found = await self._utc(await self._read("copy_ticks_range", *args, until_s, COPY_TICKS_ALL))
            if isinstance(found, Unavailable):
                return found
            ticks = [tick for tick in found if since_s * 1_000 <= tick["time_msc"] < until_msc] + ticks
            until_msc = since_s * 1_000
            slice_s *= 1 if len(ticks) > count // 4 else 4
        return ticks[-count:]

    def _server_s(self, time_ns: int) -> int:
        return time_ns // 10**9 + self._gateway.server_time.offset_s

    def _now_s(self) -> int:
        return self._server_s(self._clock.time_ns())

    async def _utc(self, records: Any) -> Records | Unavailable:
        """With times in UTC; many records are converted in a thread, since orders must not wait for them."""
        if isinstance(records, Unavailable):
            return records
        if len(records) < LONG:
            return self._converted(records)
        return await asyncio.to_thread(self._converted, records)

    def _converted(self, records: Sequence[Mapping[str, Any]]) -> Records:
        return [self._gateway.server_time.to_utc(record) for record in records]

    async def _read(self, function: str, *args: Any) -> Sequence[Mapping[str, Any]] | Unavailable:
        deadline = self._clock.monotonic() + self._timeout_s
        call = Call(
            function=function, args=args, deadline=deadline, hangs_after_s=max(READ_HANGS_AFTER_S, self._timeout_s)
        )
        found: Sequence[Mapping[str, Any]] | Unavailable = value_of(await self._terminal.call(call))
        return found
