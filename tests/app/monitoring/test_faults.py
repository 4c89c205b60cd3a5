"""Faults inside, told as errors."""

from __future__ import annotations

from app.broker.terminal import WorkerState
from app.domain.connection import Connection
from app.domain.events import ErrorEvent, Scope
from app.monitoring.faults import Faults
from app.monitoring.status import Status
from tests.support.clock import MovedClock

UP = Connection(worker=True, terminal=True, broker=True, account=True, trading=True, reason="", next_step="")


def status(journal_error: str | None = None) -> Status:
    """How it goes."""
    return Status(at_ns=0, connection=UP, since_ns={}, journal_error=journal_error)


def test_a_worker_that_dies_is_an_error_of_the_terminal() -> None:
    """Once for each death, also where the next one was up before anybody looked; each worker by itself."""
    told: list[ErrorEvent] = []
    workers = {"trading": WorkerState(), "data": WorkerState()}
    faults = Faults(told.append, clock=MovedClock(), workers=lambda: workers)
    faults.look(status())
    workers["trading"] = WorkerState(alive=True, ready=True, reason="", restarts=1, ended="it ended with code 1")
    faults.look(status())
    faults.look(status())
    workers["data"] = WorkerState(alive=True, ready=True, reason="", restarts=2, ended="it hangs")
    faults.look(status())
    assert {event.scope for event in told} == {Scope.TERMINAL}
    assert [event.message for event in told] == [
        "The terminal's process (trading) ended: it ended with code 1",
        "The terminal's process (data) ended: it hangs",
        "The terminal's process (data) ended: it hangs",
    ]


def test_a_journal_that_fails_is_told_when_it_begins() -> None:
    """Once while it lasts, again after it had recovered."""
    told: list[ErrorEvent] = []
    faults = Faults(told.append, clock=MovedClock())
    for error in (None, "full", "full", None, "full"):
        faults.look(status(journal_error=error))
    assert [(event.scope, event.message) for event in told] == [(Scope.JOURNAL, "full")] * 2


def test_lost_telemetry_is_told_once_a_minute() -> None:
    """With how much was lost since the last time."""
    told: list[ErrorEvent] = []
    clock, lost = MovedClock(), [5]
    faults = Faults(told.append, clock=clock, telemetry_lost=lambda: lost[0])
    faults.look(status())
    for _ in range(3):
        lost[0] += 10
        faults.look(status())
    clock.advance(60)
    faults.look(status())
    faults.look(status())
    assert [event.scope for event in told] == [Scope.TELEMETRY] * 2
    assert [event.message.split()[0] for event in told] == ["10", "20"]


def test_a_file_that_cannot_be_written_is_told_once_a_minute() -> None:
    """Each file by itself, with the reason."""
    told: list[ErrorEvent] = []
    clock = MovedClock()
    faults = Faults(told.append, clock=clock)
    full = OSError(28, "No space left on device")
    for _ in range(3):
        faults.file_failed("orders.csv", full)
    faults.file_failed("deals.csv", OSError("odd"))
    clock.advance(60)
    faults.file_failed("orders.csv", full)
    assert [event.scope for event in told] == [Scope.FILES] * 3
    assert "orders.csv cannot be written: No space left on device" in told[0].message
    assert "odd" in told[1].message


def test_looks_that_make_no_sense_are_an_error_of_the_terminal() -> None:
    """Told when they begin and once a minute while they go on, never while there are none."""
    told: list[ErrorEvent] = []
    clock, looks = MovedClock(), [(0, "")]
    faults = Faults(told.append, clock=clock, looks=lambda: looks[0])
    faults.look(status())
    for count in range(1, 4):
        looks[0] = (count, "deals: KeyError: 'ticket'")
        faults.look(status())
    assert [(event.scope, event.message) for event in told] == [
        (Scope.TERMINAL, "A look at the terminal could not be understood: deals: KeyError: 'ticket'")
    ]
    clock.advance(61)
    faults.look(status())
    faults.look(status())
    assert len(told) == 2
