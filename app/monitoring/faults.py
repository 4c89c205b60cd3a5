"""Faults inside that no answer tells of: a worker that died, a look that made no sense, telemetry that was lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.broker.terminal import WorkerState
from app.domain.clock import Clock
from app.domain.events import ErrorEvent, Scope, TellError
from app.monitoring.status import Status

AGAIN_S = 60.0
"""A fault that goes on is told so often at most."""


class Faults:
    """Tells faults as errors when they begin, from a status looked at now and then.

    Args:
        tell: where errors go.
        clock: stamps them.
        telemetry_lost: how many spans, log records and points this process has lost.
        workers: the terminal's processes by name.
        looks: how many looks at the terminal could not be understood in whole, and what was wrong with the last.
    """

    def __init__(
        self,
        tell: TellError,
        *,
        clock: Clock,
        telemetry_lost: Callable[[], int] = lambda: 0,
        workers: Callable[[], Mapping[str, WorkerState]] = dict,
        looks: Callable[[], tuple[int, str]] = lambda: (0, ""),
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._telemetry_lost = telemetry_lost
        self._workers = workers
        self._looks = looks
        self._failed_looks = 0
        self._restarts: dict[str, int] = {}
        self._journal_error: str | None = None
        self._lost = telemetry_lost()
        self._told_s: dict[str, float] = {}

    def look(self, status: Status) -> None:
        """Compare with the last look."""
        self._look_at_workers()
        failed, fault = self._looks()
        if failed > self._failed_looks and self._is_due("looks"):
            self._say(Scope.TERMINAL, f"A look at the terminal could not be understood: {fault}")
            self._failed_looks = failed
        if status.journal_error is not None and self._journal_error is None:
            self._say(Scope.JOURNAL, status.journal_error)
        self._journal_error = status.journal_error
        lost = self._telemetry_lost()
        if lost > self._lost and self._is_due("telemetry"):
            self._say(Scope.TELEMETRY, f"{lost - self._lost} spans, log records or points could not be kept")
            self._lost = lost

    def file_failed(self, name: str, error: OSError) -> None:
        """A file of monitoring could not be written; what was to be in it is tried again."""
        if self._is_due(name):
            reason = error.strerror or str(error)
            self._say(Scope.FILES, f"{name} cannot be written: {reason}; it is tried again every second")

    def _look_at_workers(self) -> None:
        """By their counts: one is replaced faster than two looks follow each other."""
        for name, worker in self._workers().items():
            for _ in range(worker.restarts - self._restarts.get(name, 0)):
                self._say(Scope.TERMINAL, f"The terminal's process ({name}) ended: {worker.ended}")
            self._restarts[name] = worker.restarts

    def _is_due(self, what: str) -> bool:
        now_s = self._clock.monotonic()
        if now_s - self._told_s.get(what, float("-inf")) < AGAIN_S:
            return False
        self._told_s[what] = now_s
        return True

    def _say(self, scope: Scope, message: str) -> None:
        self._tell(ErrorEvent(at_ns=self._clock.time_ns(), scope=scope, message=message))
