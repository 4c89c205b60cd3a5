"""Faults and waits of the telemetry stay its own."""

from __future__ import annotations

import logging
import threading

import pytest

from otel.guard import Deadline, QuietLog, contained, within
from otel.testing import FixedClock

_log = logging.getLogger("otel.test_guard")


def test_a_repeated_trouble_is_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """The first trouble is told at once, the others with the next line, once a minute has passed."""
    clock = FixedClock()
    quiet = QuietLog(_log, clock)

    for _ in range(5):
        quiet.warning("lost %d", 3)
    clock.advance(59.9)
    quiet.warning("lost %d", 3)
    assert caplog.messages == ["lost 3"]

    clock.advance(0.1)
    quiet.warning("lost %d", 4)
    assert caplog.messages[1:] == ["lost 4 (and 5 times since the last such line)"]


def test_a_fault_becomes_a_line_and_an_interrupt_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """Exceptions of ours do not reach the caller; Ctrl-C does."""
    with contained(QuietLog(_log), "trying"):
        raise ValueError("no")
    with pytest.raises(KeyboardInterrupt), contained(QuietLog(_log), "trying"):
        raise KeyboardInterrupt

    assert caplog.messages == ["telemetry: trying failed: ValueError: no"]


def test_a_deadline_counts_down_to_zero() -> None:
    """What remains is never negative."""
    clock = FixedClock()
    deadline = Deadline(2.0, clock)

    clock.advance(0.5)
    assert deadline.remaining_s() == pytest.approx(1.5)
    clock.advance(5.0)
    assert deadline.remaining_s() == 0.0


def test_within_waits_for_all_that_end_and_leaves_the_rest() -> None:
    """Actions run side by side; one that hangs costs the deadline and no more, one that fails counts as ended."""
    met = threading.Barrier(2)
    never = threading.Event()

    assert within(Deadline(20), met.wait, met.wait)
    assert within(Deadline(20), lambda: 1 / 0)
    assert not within(Deadline(0.05), never.wait)
    never.set()
