"""Telemetry may fail; it may not make its caller fail or wait."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

Clock = Callable[[], float]
"""Seconds that never go back, such as `time.monotonic`."""

_MINUTE_S: Final = 60.0


class QuietLog:
    """One line a minute about a trouble that repeats, with how many times it was seen since.

    Args:
        logger: where the line goes.
        clock: monotonic seconds.
    """

    def __init__(self, logger: logging.Logger, clock: Clock = time.monotonic) -> None:
        self._logger = logger
        self._clock = clock
        self._lock = threading.Lock()
        self._next_at: float | None = None
        self._unsaid = 0

    def warning(self, message: str, *args: object) -> None:
        """Log the message now, or count it for the next line."""
        with self._lock:
            now = self._clock()
            if self._next_at is not None and now < self._next_at:
                self._unsaid += 1
                return
            unsaid, self._unsaid = self._unsaid, 0
            self._next_at = now + _MINUTE_S
        if unsaid:
            self._logger.warning(message + " (and %d times since the last such line)", *args, unsaid)  # noqa: G003
        else:
            self._logger.warning(message, *args)


class contained:  # noqa: N801 - reads as the statement it is: with contained(...)
    """Keep a fault of ours from the caller: it becomes a log line, at most one a minute."""

    def __init__(self, quiet: QuietLog, doing: str) -> None:
        self._quiet = quiet
        self._doing = doing

    def __enter__(self) -> None:
        """Begin what may fail."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        """Swallow an `Exception`; let an interrupt through."""
        if not isinstance(error, Exception):
            return False
        self._quiet.warning("telemetry: %s failed: %s: %s", self._doing, type(error).__name__, error)
        return True


class Deadline:
    """How much of a span of time is left."""

    def __init__(self, timeout_s: float, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._at = clock() + timeout_s

    def remaining_s(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self._at - self._clock())


def within(deadline: Deadline, *actions: Callable[[], object]) -> bool:
    """Run *actions* side by side and wait for them until *deadline*; return whether all came to their end.

    One that does not is left behind on a daemon thread: it cannot hold up the end of the process.
    """
    finished = [threading.Event() for _ in actions]

    def run(action: Callable[[], object], event: threading.Event) -> None:
        with contained(QuietLog(logging.getLogger(__name__)), "closing"):
            action()
        event.set()

    for action, event in zip(actions, finished, strict=True):
        threading.Thread(target=run, args=(action, event), name="otel-within", daemon=True).start()
    return all(event.wait(deadline.remaining_s()) for event in finished)
