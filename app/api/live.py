"""`/events`: what happens as it happens, for programs; one server-sent event each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final, Protocol

import orjson

from app.api.records import pending_order, timed
from app.domain.account import Tick
from app.domain.clock import Clock, rfc3339
from app.watch.changes import (
    Change,
    Changes,
    DealSeen,
    OrderDecided,
    OrdersChanged,
    PositionChanged,
    PositionClosed,
    PositionOpened,
)
from app.watch.state import Snapshot

HEARTBEAT_S: Final = 5.0
STREAMS_MAX: Final = 32
"""How many may listen at once."""
WAITING_MAX: Final = 1_000
"""So many events wait for a slow listener; then its oldest are given up, and it is told how many."""

ENDED: Final = "the key or log-in that began this stream is no longer valid"


class Watched(Protocol):
    """The terminal as seen last, and what changes."""

    @property
    def latest(self) -> Snapshot:
        """The last look."""

    @property
    def changes(self) -> Changes:
        """Tells what changes."""


Alerts = Callable[[], list[dict[str, Any]]]
"""The conditions that hold, as `/api/monitoring/alerts` has them."""


class Events:
    """Streams of events; nothing is done while nobody listens.

    Args:
        watch: where they come from.
        alerts: asked once a second by each stream.
        clock: stamps them.
        heartbeat_s: pause between heartbeats.
        every_s: how often prices and alerts are looked at.
        streams_max: how many may listen.
    """

    def __init__(
        self,
        watch: Watched,
        *,
        alerts: Alerts,
        clock: Clock,
        heartbeat_s: float = HEARTBEAT_S,
        every_s: float = 1.0,
        streams_max: int = STREAMS_MAX,
    ) -> None:
        self._watch = watch
        self._alerts = alerts
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._every_s = every_s
        self._streams_max = streams_max
        self._open: set[asyncio.Event] = set()
        self._stopped = False

    @property
    def is_open(self) -> bool:
        """Whether one more may listen."""
        return not self._stopped and len(self._open) < self._streams_max

    def stop(self) -> None:
        """End every stream at once, and begin no more: an open one must not hold up the end of the program."""
        self._stopped = True
        for wake in self._open:
            wake.set()

    @contextmanager
    def listen(self, lasts: Callable[[], bool] = lambda: True) -> Iterator[AsyncGenerator[bytes, None] | None]:
        """Take a place as long as the block runs.

        Args:
            lasts: whether whoever listens still may; asked before each event, so it must cost nothing to speak of.

        Yields:
            Server-sent events until `stop` or *lasts* says no; None where there is no place left.
        """
        if not self.is_open:
            yield None
            return
        wake, waiting = asyncio.Event(), _Waiting()

        def take(change: Change) -> None:
            waiting.add(change)
            wake.set()

        leave = self._watch.changes.subscribe(take)
        self._open.add(wake)
        try:
            yield self._while(lasts, self._events(wake, waiting))
        finally:
            self._open.discard(wake)
            leave()

    async def _while(self, lasts: Callable[[], bool], events: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        async for event in events:
            if not lasts():
                yield self._event("ended", {"reason": ENDED})
                return
            yield event

    async def _events(self, wake: asyncio.Event, waiting: _Waiting) -> AsyncIterator[bytes]:
        looks = _Looks(self._watch, self._alerts)
        beat_at = look_at = self._clock.monotonic()
        while not self._stopped:
            now = self._clock.monotonic()
            if now >= beat_at:
                beat_at = now + self._heartbeat_s
                yield self._event("heartbeat", {})
            for kind, content in waiting.drain():
                yield self._event(kind, content)
            if now >= look_at:
                look_at = now + self._every_s
                for kind, content in looks.news():
                    yield self._event(kind, content)
            wake.clear()
            if not waiting and not self._stopped:
                await _woken(wake, min(beat_at, look_at) - self._clock.monotonic())

    def _event(self, kind: str, content: Mapping[str, Any]) -> bytes:
        now_ns = self._clock.time_ns()
        body = {"t": now_ns // 10**6, "kind": kind, "time_utc": rfc3339(now_ns), **content}
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps(body, default=str))


class _Waiting:
    """The changes that a stream has not sent yet."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque()
        self._lost = 0

    def __len__(self) -> int:
        return len(self._changes)

    def add(self, change: Change) -> None:
        if len(self._changes) == WAITING_MAX:
            self._changes.popleft()
            self._lost += 1
        self._changes.append(change)

    def drain(self) -> Iterator[tuple[str, dict[str, Any]]]:
        if self._lost:
            yield "lost", {"events": self._lost}
            self._lost = 0
        while self._changes:
            if (told := event_of(self._changes.popleft())) is not None:
                yield told


class _Looks:
    """What a stream compares with what it sent last: prices, and the conditions that hold."""

    def __init__(self, watch: Watched, alerts: Alerts) -> None:
        self._watch = watch
        self._alerts = alerts
        self._sent: dict[str, int] = {}
        self._holding: list[Any] | None = None

    def news(self) -> Iterator[tuple[str, dict[str, Any]]]:
        ticks = [tick for tick in self._watch.latest.ticks.values() if self._sent.get(tick.symbol) != tick.time_msc]
        self._sent.update((tick.symbol, tick.time_msc) for tick in ticks)
        if ticks:
            yield "ticks", {"ticks": [_tick(tick) for tick in ticks]}
        alerts = self._alerts()
        holding = [(alert["category"], alert["severity"], alert["timestamp"]) for alert in alerts]
        if holding != self._holding:
            self._holding = holding
            yield "alerts", {"alerts": alerts}


def event_of(change: Change) -> tuple[str, dict[str, Any]] | None:
    """A change as kind and content; None for one that the alerts tell."""
    match change:
        case PositionOpened(position):
            return "positions", {"change": "opened", "position": timed(position.record)}
        case PositionChanged(_, position):
            return "positions", {"change": "changed", "position": timed(position.record)}
        case PositionClosed(position):
            return "positions", {"change": "closed", "position": timed(position.record)}
        case OrdersChanged(orders):
            return "orders", {"change": "pending", "pending": [pending_order(order.record) for order in orders]}
        case OrderDecided(order, outcome, trace_id):
            decided = {"order_id": order.order_id, "outcome": outcome.name, "trace_id": trace_id or None}
            return "orders", {"change": "decided", **decided, "order": asdict(order), "result": asdict(outcome)}
        case DealSeen(deal, order_id, opened, closed):
            return "deals", {"deal": asdict(deal), "order_id": order_id, "opened": opened, "closed": closed}
        case _:
            return None


def _tick(tick: Tick) -> dict[str, Any]:
    return {"symbol": tick.symbol, **timed(tick.record)}


async def _woken(wake: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, timeout_s)):
            await wake.wait()
    except TimeoutError:
        pass
