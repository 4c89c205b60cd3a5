"""The parent's side of one worker process: calls out, replies in, deadlines kept.

Two one-way pipes. One thread writes (a full pipe must not block the event loop), one reads and hands over by
`call_soon_threadsafe`. The reading thread also decides deadlines, after it has found the pipe empty: only so is
"it was not begun" certain. A call is given up when its deadline passes, and the process when a call has run for
too long: a caller that waits only a moment does not make a slow call a hanging one.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import multiprocessing
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from app.broker.process import serve
from app.broker.terminal import OVERDUE, Answer, Call, NoAnswer, NotCalled, Reply, TerminalSpec

log = logging.getLogger(__name__)

GRACE_S = 0.2
"""How long after its deadline a call is still listened for; the process itself begins none past the deadline."""
POLL_S = 0.05
KILL_S = 5.0

_T = TypeVar("_T")


@dataclass(slots=True)
class _Waiting:
    call: Call
    future: asyncio.Future[Reply]
    submitted_ns: int
    started_ns: int | None = None


@dataclass(frozen=True, slots=True)
class _Running:
    """The call that the process is in; also one that nobody waits for any more."""

    function: str
    since: float
    hangs_at: float


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
        self._running: _Running | None = None
        self._starting: asyncio.Future[None] | None = None
        self._reading = False
        self._ended = False
        self._drained = asyncio.Event()
        self.over = asyncio.Event()
        """Set when it can be used no longer: it has ended, or a call of it hangs; `failure` says which."""
        self.failure: str | None = None

    @property
    def usable(self) -> bool:
        """Whether it runs and no call of it hangs."""
        return self.failure is None and not self._ended and self._process.is_alive()

    @property
    def busy_since(self) -> float | None:
        """When the call under way began, of the monotonic clock; None while there is none."""
        running = self._running
        return None if running is None else running.since

    async def start(self, timeout_s: float) -> str | None:
        """Start the process and wait until the package is loaded; a sentence when it could not be."""
        # Starting an interpreter takes tens of milliseconds: off the loop. Kept, so that `kill` can wait for it.
        self._starting = asyncio.ensure_future(asyncio.to_thread(self._process.start))
        await asyncio.shield(self._starting)
        for end in self._child_ends:
            end.close()
        self._reading = True
        threading.Thread(target=self._read, name="mt5-answers", daemon=True).start()
        threading.Thread(target=self._write, name="mt5-requests", daemon=True).start()
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.shield(self._greeting)
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
        request = (number, call.function, call.args, dict(call.kwargs), call.deadline, call.fields, call.only_for)
        self._outbox.put(request)
        # Shielded: a caller that goes away leaves the call to come to its own end.
        return await asyncio.shield(waiting.future)

    async def stop(self, timeout_s: float) -> None:
        """Close the pipe and let the process end by itself; kill it when it does not."""
        self._outbox.put(None)
        if self._reading:
            await asyncio.to_thread(self._process.join, timeout_s)
        await self.kill()

    async def kill(self) -> None:
        """End the process now; calls that were begun get `NoAnswer`, the others `NotCalled`."""
        if self._starting is not None:
            await asyncio.wait([self._starting])
        if self._process.pid is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.join, KILL_S)
        self._outbox.put(None)
        if self._reading:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(KILL_S):
                    await self._drained.wait()

    def _write(self) -> None:
        while (message := self._outbox.get()) is not None:
            try:
                self._requests.send(message)
            except OSError:  # the process is gone; the reader says so to everybody
                break
            except Exception:  # a call that cannot be passed on: without an end its caller would wait for ever
                log.exception("A call cannot be passed to the terminal's process; it is being replaced")
                self._process.kill()
                break
        self._requests.close()

    def _read(self) -> None:
        certain = True
        try:
            while True:
                # Before the look into the pipe: what was begun by now has said so by now.
                now = time.monotonic()
                if self._answers.poll(POLL_S):
                    self._take(self._answers.recv())
                else:
                    self._expire(now)
        except (EOFError, OSError):
            pass  # the process has ended
        except Exception:  # a message that cannot be read: the process may be alive and go on
            log.exception("The terminal's process said what cannot be understood; it is being replaced")
            certain = False
        finally:
            # Whatever it was: nobody may be left waiting.
            self._end(certain=certain)

    def _take(self, message: tuple[Any, ...]) -> None:
        kind, *rest = message
        if kind == "started":
            with self._lock:
                if waiting := self._waiting.get(rest[0]):
                    waiting.started_ns = rest[1]
                    call, now = waiting.call, time.monotonic()
                    self._running = _Running(call.function, now, now + call.hangs_after_s)
        elif kind == "answer":
            self._running = None
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
            self._running = None
            if waiting := self._pop(rest[0]):
                self._resolve(waiting, _not_called(rest[1], waiting))
        else:
            self._greet(None if kind == "ready" else f"the terminal's package could not be loaded: {rest[0]}")

    def _expire(self, now: float) -> None:
        """Give up on calls past their deadline, and on a process whose call hangs; the pipe was empty after *now*."""
        running = self._running
        if running is not None and now >= running.hangs_at and self.failure is None:
            self.failure = f"{running.function} hangs"
            self._hand_over(self.over.set)
        with self._lock:
            overdue = [number for number, waiting in self._waiting.items() if waiting.call.deadline <= now - GRACE_S]
        for number in overdue:
            if waiting := self._pop(number):
                if waiting.started_ns is None:
                    self._resolve(waiting, _not_called(OVERDUE, waiting))
                else:
                    self._resolve(waiting, _no_answer("deadline", waiting))

    def _end(self, *, certain: bool) -> None:
        """Let everybody go; *certain* says that nothing was begun which did not say so."""
        if not certain:
            self._process.kill()
        self._running = None
        with self._lock:
            self._ended = True
            left = list(self._waiting.values())
            self._waiting.clear()
        for waiting in left:
            if waiting.started_ns is None and certain:
                self._resolve(waiting, _not_called("the terminal's process ended before it was called", waiting))
            else:
                self._resolve(waiting, _no_answer("worker_died", waiting))
        self._greet("the terminal's process ended while it loaded its package")
        self.failure = self.failure or "the terminal's process died"
        self._hand_over(self.over.set)
        self._hand_over(self._drained.set)

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
    return NoAnswer(
        reason=reason,
        submitted_ns=waiting.submitted_ns,
        started_ns=waiting.started_ns or waiting.submitted_ns,
        ended_ns=time.time_ns(),
    )
