"""Monitoring as it runs: conditions looked at every second, files written beside the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from app.domain.events import SecurityEvent, SecurityType
from app.history.trends import Point, Span, trend
from app.monitoring.answers import Answers, metrics_row
from app.monitoring.books import NS, Books
from app.monitoring.faults import Faults
from app.monitoring.monitor import Monitor
from app.monitoring.sizes import Sizes

log = logging.getLogger(__name__)

START_S: Final = 5.0
"""So long after the start the terminal may take to answer before being disconnected counts as a condition."""
MEASURE_S: Final = 30.0


class Monitoring:
    """Looks, keeps, and answers.

    Args:
        monitor: says how it goes.
        books: the files.
        faults: tells what is broken inside.
    """

    def __init__(self, monitor: Monitor, books: Books, faults: Faults) -> None:
        data, logs = monitor.directories
        self.monitor = monitor
        self.sizes = Sizes(data, logs)
        self.answers = Answers(monitor, self.sizes)
        self._books = books
        self._faults = faults
        self._disk = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._next_snapshot_ns = 0

    async def start(self) -> None:
        """Take up what an earlier process left, and begin."""
        self.monitor.keeper.restore(await asyncio.to_thread(lambda: list(self._books.turns())))
        last_ns = await asyncio.to_thread(self._books.last_snapshot_ns)
        now_ns = self.monitor.clock.time_ns()
        self._next_snapshot_ns = (now_ns if last_ns is None else last_ns) + self._snapshot_ns
        await self.write()
        await asyncio.to_thread(self.sizes.measure)
        every_s = self.monitor.limits.judge_s
        self._tasks = [
            asyncio.create_task(self._repeat(self._judge, every_s), name="conditions"),
            asyncio.create_task(self._repeat(self._write_and_snapshot, every_s), name="monitoring files"),
            asyncio.create_task(self._repeat(self._measure, MEASURE_S), name="sizes"),
        ]

    async def close(self) -> None:
        """Write what is left, and end."""
        # Asked, not cancelled: a file that is being written in a thread would go on being written.
        self._stopping.set()
        await asyncio.gather(*self._tasks)
        await self.write(ending=True)
        await asyncio.to_thread(self._books.close)

    async def write(self, *, ending: bool = False) -> None:
        """Put on disk what has come up until now; with *ending*, also what waits for the end of its minute."""
        async with self._disk:
            turns = self.monitor.keeper.take()
            left, troubles = await asyncio.to_thread(self._books.write, turns, ending=ending)
            self.monitor.keeper.put_back(left)
        for name, error in troubles:
            self._faults.file_failed(name, error)

    async def snapshot(self) -> None:
        """Add a row to metrics.csv.

        Raises:
            OSError: it could not be written.
        """
        row = metrics_row(self.monitor)
        async with self._disk:
            await asyncio.to_thread(self._books.snapshot, row)

    async def reset(self, *, client: str, key_id: str = "") -> None:
        """Begin anew with what the endpoints count, and have it on disk."""
        self.monitor.reset()
        self.monitor.notes.tell_security(
            SecurityEvent(
                at_ns=self.monitor.clock.time_ns(),
                type=SecurityType.METRICS_RESET,
                client=client,
                details="the figures of the monitoring endpoints began anew",
                key_id=key_id,
            )
        )
        await self.write()

    async def trend(self, metric: str, span: Span) -> list[Point]:
        """How a figure of metrics.csv went."""
        since_ns = self.monitor.clock.time_ns() - span.seconds * NS
        return await asyncio.to_thread(lambda: trend(self._books.metrics.rows(), metric, since_ns=since_ns))

    @property
    def _snapshot_ns(self) -> int:
        return int(self.monitor.limits.snapshot_s * NS)

    async def _judge(self) -> None:
        connected = self.monitor.watch.latest.connection.connected
        if connected or self.monitor.keeper.begun or self.monitor.uptime_s >= START_S:
            self._faults.look(self.monitor.judge())

    async def _write_and_snapshot(self) -> None:
        await self.write()
        now_ns = self.monitor.clock.time_ns()
        if now_ns >= self._next_snapshot_ns:
            self._next_snapshot_ns = now_ns + self._snapshot_ns
            try:
                await self.snapshot()
            except OSError as error:
                self._faults.file_failed("metrics.csv", error)

    async def _measure(self) -> None:
        await asyncio.to_thread(self.sizes.measure)

    async def _repeat(self, step: Callable[[], Awaitable[None]], every_s: float) -> None:
        while not await self._stopped_within(every_s):
            try:
                await step()
            except Exception:
                log.exception("Monitoring failed at a step; the next one follows in %g s", every_s)

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return self._stopping.is_set()
