"""What is wrong with the delivery, in the log: one line for all signals, at most once a minute."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
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
        self._lost: Counter[str] = Counter()
        self._quiet_until = float("-inf")
        self._announced = False

    def report(self, signal: Signal, trouble: str | None) -> None:
        """Tell how *signal* fares, None meaning well; call it often: this is when lines are due."""
        with self._lock:
            if trouble is None:
                self._current.pop(signal, None)
            else:
                self._current[signal] = trouble
            self._speak()

    def lost(self, signal: Signal, items: int, reason: str) -> None:
        """Tell that *items* of *signal* will never be delivered."""
        with self._lock:
            self._lost[f"{signal} ({reason})"] += items
            self._speak()

    def _speak(self) -> None:
        now = self._monotonic()
        if now < self._quiet_until or not (self._current or self._lost or self._announced):
            return
        self._quiet_until = now + self._interval_s
        sentences = []
        if self._current:
            sentences.append(f"not delivered, kept on disk and tried again: {_together(self._current)}")
        if self._lost:
            sentences.append("lost: " + ", ".join(f"{items} {what}" for what, items in sorted(self._lost.items())))
        if sentences:
            _logger.warning("telemetry is %s", "; ".join(sentences))
        else:
            _logger.info("telemetry is delivered again")
        self._announced = bool(self._current)
        self._lost.clear()


def _together(troubles: dict[Signal, str]) -> str:
    signals: dict[str, list[str]] = {}
    for signal, trouble in sorted(troubles.items()):
        signals.setdefault(trouble, []).append(signal)
    return ", ".join(f"{' and '.join(names)}: {trouble}" for trouble, names in signals.items())
