"""The parent's side of one worker process: calls out, replies in, deadlines kept.

Two one-way pipes. One thread writes (a full pipe must not block the event loop), one reads and hands over by
`call_soon_threadsafe`. The reading thread also decides deadlines, after it has found the pipe empty: only so is
"it was not begun" certain.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from app.broker.process import serve
from app.broker.terminal import Answer, Call, NoAnswer, NotCalled, Reply, TerminalSpec

GRACE_S = 0.2
"""How long after its deadline a call is still listened for; the process itself begins none past the deadline."""
POLL_S = 0.05

_T = TypeVar("_T")


@dataclass(slots=True)
class _Waiting:
    call: Call
    future: asyncio.Future[Reply]
    submitted_ns: int
    started_ns: int | None = None


class WorkerProcess:
    """One process from start to end; used from one event loop."""

    def __init__(self, spec: TerminalSpec) -> None:
        context = multiprocessing.get_context("spawn")
        child_requests, self._requests = context.Pipe(duplex=False)
        self._answers, child_answers = context.Pipe(duplex=False)
        self._child_ends = (child_requests, child_answers)
        self._process = context.Process(
            target=serve, args=(spec, child_requests, child_answers, list(sys.path)), name="mt5-terminal", daemon=True
        )
        self._loop = asyncio.get_running_loop()
        self._greeting: asyncio.Future[str | None] = self._loop.create_future()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._lock = threading.Lock()
        self._outbox: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._hung = False
        self._ended = False
        self.died = asyncio.Event()

    @property
    def usable(self) -> bool:
        """Whether it runs and no call of it hangs."""
        return not self._hung and not self._ended and self._process.is_alive()

    async def start(self, timeout_s: float) -> str | None:
        """Start the process and wait until the package is loaded; a sentence when it could not be."""
        # Starting an interpreter takes tens of milliseconds: off the loop.
        await asyncio.to_thread(self._process.start)
        for end in self._child_ends:
            end.close()
        threading.Thread(target=self._read, name="mt5-answers", daemon=True).start()
        threading.Thread(target=self._write, name="mt5-requests", daemon=True).start()
        try:
            return await asyncio.wait_for(asyncio.shield(self._greeting), timeout_s)
        except TimeoutError:
            return f"the terminal's package was not loaded within {timeout_s:g} s"

    async def call(self, call: Call) -> Reply:
        """Hand a call over and wait for its reply."""
        waiting = _Waiting(call, self._loop.create_future(), time.time_ns())
        number = next(self._numbers)
        with self._lock:
            if self._ended:
                return _not_called("the terminal's process has ended", waiting)
            self._waiting[number] = waiting
        self._outbox.put((number, call.function, call.args, dict(call.kwargs), call.deadline, call.fields))
        # Shielded: a caller that goes away leaves the call to come to its own end.
        return await asyncio.shield(waiting.future)

    async def stop(self, timeout_s: float = 1.0) -> None:
        """Close the pipe and let the process end by itself; kill it when it does not."""
        self._outbox.put(None)
        await asyncio.to_thread(self._process.join, timeout_s)
        await self.kill()

    async def kill(self) -> None:
        """End the process now; calls that were begun get `NoAnswer`, the others `NotCalled`."""
        if self._process.pid is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.join, 5.0)
        self._outbox.put(None)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.died.wait(), 5.0)

    def _write(self) -> None:
        while (message := self._outbox.get()) is not None:
            try:
                self._requests.send(message)
            except OSError:  # the process is gone; the reader says so to everybody
                break
        self._requests.close()

    def _read(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                if self._answers.poll(POLL_S):
                    self._take(self._answers.recv())
                else:
                    self._expire()
        self._end()

    def _take(self, message: tuple[Any, ...]) -> None:
        kind, *rest = message
        if kind == "started":
            with self._lock:
                if waiting := self._waiting.get(rest[0]):
                    waiting.started_ns = rest[1]
        elif kind == "answer":
            number, value, last_error, started_ns, ended_ns, raised = rest
            if waiting := self._pop(number):
                reply = Answer(
                    value=value,
                    last_error=last_error,
                    submitted_ns=waiting.submitted_ns,
                    started_ns=started_ns,
                    ended_ns=ended_ns,
                    raised=raised,
                )
                self._resolve(waiting, reply)
        elif kind == "skipped":
            if waiting := self._pop(rest[0]):
                self._resolve(waiting, _not_called(rest[1], waiting))
        else:
            self._greet(None if kind == "ready" else f"the terminal's package could not be loaded: {rest[0]}")

    def _expire(self) -> None:
        """Give up on calls past their deadline; the pipe was empty a moment ago."""
        now = time.monotonic() - GRACE_S
        with self._lock:
            overdue = [number for number, waiting in self._waiting.items() if waiting.call.deadline <= now]
        for number in overdue:
            if waiting := self._pop(number):
                if waiting.started_ns is None:
                    self._resolve(waiting, _not_called("its deadline passed while it waited for the terminal", waiting))
                else:
                    self._hung = True
                    self._resolve(waiting, _no_answer("deadline", waiting))

    def _end(self) -> None:
        with self._lock:
            self._ended = True
            left = list(self._waiting.values())
            self._waiting.clear()
        for waiting in left:
            if waiting.started_ns is None:
                self._resolve(waiting, _not_called("the terminal's process ended before it was called", waiting))
            else:
                self._resolve(waiting, _no_answer("worker_died", waiting))
        self._greet("the terminal's process ended while it loaded its package")
        self._hand_over(self.died.set)

    def _pop(self, number: int) -> _Waiting | None:
        with self._lock:
            return self._waiting.pop(number, None)

    def _resolve(self, waiting: _Waiting, reply: Reply) -> None:
        self._hand_over(_settle, waiting.future, reply)

    def _greet(self, failure: str | None) -> None:
        self._hand_over(_settle, self._greeting, failure)

    def _hand_over(self, callback: Callable[..., object], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(callback, *args)


def _settle(future: asyncio.Future[_T], result: _T) -> None:
    if not future.done():
        future.set_result(result)


def _not_called(reason: str, waiting: _Waiting) -> NotCalled:
    return NotCalled(reason=reason, submitted_ns=waiting.submitted_ns, ended_ns=time.time_ns())


def _no_answer(reason: Literal["deadline", "worker_died"], waiting: _Waiting) -> NoAnswer:
    assert waiting.started_ns is not None
    return NoAnswer(
        reason=reason,
        submitted_ns=waiting.submitted_ns,
        started_ns=waiting.started_ns,
        ended_ns=time.time_ns(),
    )
