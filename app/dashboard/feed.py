"""The live feed: one task makes one message a second, and every open page is sent the same bytes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import orjson

from app.dashboard.frame import Frame

log = logging.getLogger(__name__)

STREAMS_MAX = 32
"""How many pages may be open at once."""
ENDED: Final = b"event: ended\ndata: {}\n\n"
"""The last that a page hears whose log-in or key is over."""


class Feed:
    """Tells open pages how things stand.

    A page gets everything once (`full`) and then what has changed (`delta`). Nothing is queued for a slow one: it is
    sent the newest frame when it can take one, whole if it missed any. While no page is open nothing is done.

    Args:
        look: how things stand now; called once a second while somebody listens, and must not block.
        every_s: pause between frames.
        streams_max: how many pages may listen.
    """

    def __init__(self, look: Callable[[], Frame], *, every_s: float = 1.0, streams_max: int = STREAMS_MAX) -> None:
        self._look = look
        self._every_s = every_s
        self._streams_max = streams_max
        self._listeners: set[asyncio.Event] = set()
        self._wanted = asyncio.Event()
        self._stopped = False
        self._task: asyncio.Task[None] | None = None
        self._number = 0
        self._frame: Frame | None = None
        self._full: bytes | None = None
        self._delta = b""

    @property
    def is_open(self) -> bool:
        """Whether one more page may listen."""
        return not self._stopped and len(self._listeners) < self._streams_max

    @property
    def listeners(self) -> int:
        """How many pages listen."""
        return len(self._listeners)

    @contextmanager
    def listen(self, lasts: Callable[[], bool] = lambda: True) -> Iterator[AsyncGenerator[bytes, None] | None]:
        """Take a place as long as the block runs.

        Args:
            lasts: whether whoever listens still may; asked before each frame, so it must cost nothing to speak of.

        Yields:
            Server-sent events until the feed stops or *lasts* says no; None where there is no place left.
        """
        if not self.is_open:
            yield None
            return
        wake = self._join()
        try:
            yield self._events(wake, lasts)
        finally:
            self._leave(wake)

    def stop(self) -> None:
        """End every stream at once, and begin no more; an open page must not hold up the end of the program."""
        self._stopped = True
        for wake in self._listeners:
            wake.set()

    async def close(self) -> None:
        """Stop, and end the task."""
        self.stop()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _events(self, wake: asyncio.Event, lasts: Callable[[], bool]) -> AsyncGenerator[bytes, None]:
        seen = 0
        while not self._stopped:
            await wake.wait()
            wake.clear()
            if self._frame is None or self._stopped:
                continue
            if not lasts():
                yield ENDED
                return
            message, seen = self._message(seen), self._number
            yield message

    def _join(self) -> asyncio.Event:
        wake = asyncio.Event()
        self._listeners.add(wake)
        self._wanted.set()
        if self._frame is not None:
            wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="feed")
        return wake

    def _leave(self, wake: asyncio.Event) -> None:
        self._listeners.discard(wake)
        if not self._listeners:
            self._wanted.clear()
            self._frame = None

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            try:
                self._advance()
            except Exception:
                log.exception("The page's frame could not be made; the next one follows in %g s", self._every_s)
            await asyncio.sleep(self._every_s)

    def _advance(self) -> None:
        """Make the next frame, and wake everyone."""
        frame = self._look()
        number = self._number + 1
        self._delta = b"" if self._frame is None else _event("delta", number, frame.since(self._frame))
        self._number, self._frame, self._full = number, frame, None
        for wake in self._listeners:
            wake.set()

    def _message(self, seen: int) -> bytes:
        """What a page that has seen frame *seen* is sent."""
        if self._delta and seen == self._number - 1:
            return self._delta
        if self._full is None:
            assert self._frame is not None
            self._full = _event("full", self._number, self._frame.whole())
        return self._full


def _event(name: str, number: int, fields: Mapping[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps({"number": number, **fields}))
