"""One spawned process at a time that owns the terminal, replaced when it hangs or dies."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time

from app.broker.pipe import WorkerProcess
from app.broker.terminal import (
    CONNECTION_LOST,
    Answer,
    Call,
    LastError,
    NoAnswer,
    NotCalled,
    Reply,
    TerminalSpec,
    WorkerState,
    real_account_refusal,
)

log = logging.getLogger(__name__)

START_TIMEOUT_S = 60.0
STOP_S = 0.5


class TerminalWorker:
    """A `Terminal` in a process of its own.

    Opened by `start`, which returns at once; connecting goes on beside it and is tried again until `close`.

    Args:
        spec: the module to host.
        initialize_timeout_s: deadline of the package's `initialize`.
        reconnect_s: pause between attempts, and before a dead process is replaced.
    """

    def __init__(self, spec: TerminalSpec, *, initialize_timeout_s: float = 120.0, reconnect_s: float = 5.0) -> None:
        self.spec = spec
        self._initialize_timeout_s = initialize_timeout_s
        self._reconnect_s = reconnect_s
        self._state = WorkerState()
        self._process: WorkerProcess | None = None
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> WorkerState:
        """Whether calls can be made now."""
        return self._state

    @property
    def busy_since(self) -> float | None:
        """When the call under way began, of the monotonic clock."""
        return None if self._process is None else self._process.busy_since

    def start(self) -> None:
        """Begin to connect."""
        self._task = asyncio.create_task(self._supervise(), name="terminal-worker")

    async def close(self) -> None:
        """End the process; what is under way gets its reply first."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._process is not None:
            await self._process.stop(STOP_S)
        self._set(alive=False, ready=False, reason="shut down")

    async def call(self, call: Call) -> Reply:
        """Call a function and wait for what comes back; at once `NotCalled` while not connected."""
        if not self._state.ready or self._process is None:
            now = time.time_ns()
            return NotCalled(
                reason=self._state.reason, submitted_ns=now, ended_ns=now, last_error=self._state.last_error
            )
        reply = await self._process.call(call)
        if isinstance(reply, Answer) and reply.value is None and reply.last_error[0] in CONNECTION_LOST:
            self._lose(f"the terminal is gone: {reply.last_error[1]} ({reply.last_error[0]})", reply.last_error)
        return reply

    async def _supervise(self) -> None:
        while True:
            try:
                if self._process is None or not self._process.usable:
                    await self._replace()
                if await self._connect():
                    await self._until_lost()
                    continue
            except Exception as error:  # no more processes, no more memory: trading must come back when there are
                log.exception("The terminal's process could not be kept; tried again in %g s", self._reconnect_s)
                self._set(ready=False, reason=f"the terminal's process could not be kept: {error}")
            await asyncio.sleep(self._reconnect_s)

    async def _replace(self) -> None:
        if self._process is not None:
            if self._state.alive:
                self._set(restarts=self._state.restarts + 1, ended=self._state.reason)
            self._set(alive=False, ready=False)
            await self._process.kill()
        # Kept before it is started: `close` must find it at any moment.
        self._process = WorkerProcess(self.spec)
        failure = await self._process.start(START_TIMEOUT_S)
        if failure is None:
            self._set(alive=True, reason="connecting to the terminal")
        else:
            await self._process.kill()
            self._set(alive=False, ready=False, reason=failure)
            log.error("The terminal's process could not start: %s", failure)

    async def _connect(self) -> bool:
        """Initialise the package and look whether the account is one we may use."""
        assert self._process is not None
        if not self._process.usable:
            return False
        self._lost.clear()
        deadline = time.monotonic() + self._initialize_timeout_s
        initialize = Call(
            function="initialize",
            kwargs=self.spec.initialize,
            deadline=deadline,
            hangs_after_s=self._initialize_timeout_s,
        )
        reply = await self._process.call(initialize)
        failure, error = _failure("initialize", reply)
        if failure is None and self.spec.demo_only:
            reply = await self._process.call(Call(function="account_info", deadline=deadline))
            failure, error = _failure("account_info", reply)
            if isinstance(reply, Answer) and failure is None:
                failure = real_account_refusal(reply.value["login"], reply.value["trade_mode"])
        if failure is not None:
            if failure != self._state.reason:
                log.warning("Not connected to the terminal: %s", failure)
            self._set(ready=False, reason=failure, last_error=error)
            return False
        self._set(ready=True, reason="", last_error=None)
        log.info("Connected to the terminal")
        return True

    async def _until_lost(self) -> None:
        assert self._process is not None
        over = asyncio.create_task(self._process.over.wait())
        lost = asyncio.create_task(self._lost.wait())
        try:
            await asyncio.wait((over, lost), return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            lost.cancel()
        if self._process.failure is not None:
            self._lose(f"{self._process.failure}; the terminal's process is being replaced")

    def _lose(self, reason: str, last_error: LastError | None = None) -> None:
        if self._state.ready:
            log.warning("Connection to the terminal lost: %s", reason)
        self._set(ready=False, reason=reason, last_error=last_error)
        self._lost.set()

    def _set(self, **changes: object) -> None:
        self._state = dataclasses.replace(self._state, **changes)  # type: ignore[arg-type]  # fields of WorkerState


def _failure(function: str, reply: Reply) -> tuple[str | None, LastError | None]:
    """Why a call while connecting failed, with the package's error; (None, None) when it did not."""
    if isinstance(reply, NotCalled):
        return reply.reason, reply.last_error
    if isinstance(reply, NoAnswer):
        return f"{function}: {reply.describe()}", None
    if reply.raised is not None:
        return f"{function} raised {reply.raised}", reply.last_error
    if not reply.value:
        code, text = reply.last_error
        return f"{function} failed: {text} ({code})", reply.last_error
    return None, None
