"""Looks at the terminal once a second and keeps what it saw."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Sequence

from app.broker.gateway import Gateway
from app.domain.account import Position, Tick, Unavailable
from app.domain.clock import Clock
from app.domain.connection import Connection
from app.watch.connection import connection_from
from app.watch.state import Snapshot

log = logging.getLogger(__name__)

WATCHED_MAX = 50
"""How many symbols' prices are looked at; more would fill the terminal's queue."""

OnLook = Callable[[], Awaitable[None]]


class Watch:
    """The latest state of the terminal, and the one task that renews it.

    Args:
        gateway: the terminal, whose calls this makes outside any trace.
        clock: stamps the looks.
        poll_s: pause between looks.
    """

    def __init__(self, gateway: Gateway, *, clock: Clock, poll_s: float = 1.0) -> None:
        self._gateway = gateway
        self._clock = clock
        self._poll_s = poll_s
        self._on_look: list[OnLook] = []
        self._symbols: tuple[str, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self.latest = Snapshot()

    def subscribe(self, on_look: OnLook) -> None:
        """Call this after each look that the terminal answered."""
        self._on_look.append(on_look)

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="watch")

    async def close(self) -> None:
        """Look no more; `latest` stays."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def look(self) -> None:
        """Renew `latest` once."""
        before = self.latest
        self.latest = await self._seen(before)
        _log_change(before.connection, self.latest.connection)
        if self.latest.connection.connected:
            for on_look in self._on_look:
                await on_look()

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("A look at the terminal failed; the next one follows in %g s", self._poll_s)
            await asyncio.sleep(self._poll_s)

    async def _seen(self, before: Snapshot) -> Snapshot:
        state = self._gateway.terminal.state
        if not state.ready:
            self._symbols = ()
            return self._away(before, connection_from(state))
        terminal = await self._gateway.terminal_record()
        if isinstance(terminal, Unavailable):
            return self._away(before, connection_from(self._gateway.terminal.state, failure=terminal))
        account = await self._gateway.account()
        positions = await self._gateway.positions()
        if isinstance(account, Unavailable) or isinstance(positions, Unavailable):
            failure = account if isinstance(account, Unavailable) else positions
            assert isinstance(failure, Unavailable)
            return self._away(before, connection_from(self._gateway.terminal.state, terminal, failure=failure))
        ticks = await self._ticks(positions)
        now = self._clock.time_ns()
        return Snapshot(
            connection=connection_from(self._gateway.terminal.state, terminal, account),
            account=account,
            positions=positions,
            ticks={tick.symbol: tick for tick in ticks},
            looked_ns=now,
            fresh_ns=now,
        )

    def _away(self, before: Snapshot, connection: Connection) -> Snapshot:
        return dataclasses.replace(before, connection=connection, looked_ns=self._clock.time_ns())

    async def _ticks(self, positions: Sequence[Position]) -> list[Tick]:
        if not self._symbols:
            selected = await self._gateway.selected_symbols()
            self._symbols = selected[:WATCHED_MAX]
        names = dict.fromkeys((*self._symbols, *(position.symbol for position in positions)))
        ticks = []
        for name in names:
            tick = await self._gateway.tick(name)
            if isinstance(tick, Tick):
                ticks.append(tick)
        return ticks


def _log_change(before: Connection, after: Connection) -> None:
    """One line when the connection changes, none while it stays as it is."""
    if (before.missing(), before.reason) == (after.missing(), after.reason):
        return
    if after.connected and not after.missing():
        log.info("Terminal connected: every layer is up")
    elif before.missing() != after.missing():
        log.warning("Terminal: %s down: %s; %s", ", ".join(after.missing()), after.reason, after.next_step)


def counts_by_side(positions: Sequence[Position]) -> dict[tuple[str, str], int]:
    """How many positions are open by symbol and side."""
    counts: dict[tuple[str, str], int] = {}
    for position in positions:
        key = (position.symbol, position.side.value)
        counts[key] = counts.get(key, 0) + 1
    return counts
