"""What is wrong with the delivery, in the log: one line for all signals, at most once a minute."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from otel.accounts import Signal

_logger = logging.getLogger(__name__)


class Troubles:
    """Collects what keeps each signal from being delivered and says so now and then; safe from any thread.

    Args:
        interval_s: seconds of silence after each line.
        monotonic: seconds, for the interval.
    """

    def __init__(self, *, interval_s: float = 60.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = interval_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._current: dict[Signal, str] = {}
        self._quiet_until = float("-inf")
        self._announced = False

    def report(self, signal: Signal, trouble: str | None) -> None:
        """Tell how *signal* fares, None meaning well; call it often: this is when lines are due."""
        with self._lock:
            if trouble is None:
                self._current.pop(signal, None)
            else:
                self._current[signal] = trouble
            if self._monotonic() < self._quiet_until or not (self._current or self._announced):
                return
            self._quiet_until = self._monotonic() + self._interval_s
            self._announced = bool(self._current)
            text = _text(self._current)
        if text:
            _logger.warning("telemetry is not delivered; it is kept on disk and tried again: %s", text)
        else:
            _logger.info("telemetry is delivered again")


def _text(troubles: dict[Signal, str]) -> str:
    signals: dict[str, list[str]] = {}
    for signal, trouble in sorted(troubles.items()):
        signals.setdefault(trouble, []).append(signal)
    return "; ".join(f"{', '.join(names)}: {trouble}" for trouble, names in signals.items())
