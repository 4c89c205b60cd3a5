"""Errors and security events."""

from __future__ import annotations

import pytest

from app.domain.events import ErrorEvent, Scope, SecurityEvent, SecurityType
from app.monitoring.ledger import Ledger
from app.monitoring.notes import Notes
from app.monitoring.refusals import KEPT, WAITING_MAX
from app.monitoring.windows import DAY_S
from tests.support.clock import NOON_NS, MovedClock


@pytest.fixture
def clock() -> MovedClock:
    """Noon."""
    return MovedClock()


@pytest.fixture
def notes(clock: MovedClock) -> Notes:
    """Nothing told yet."""
    return Notes(Ledger(clock=clock))


def error(scope: Scope = Scope.API, at_ns: int = NOON_NS, message: str = "") -> ErrorEvent:
    """An error."""
    return ErrorEvent(at_ns=at_ns, scope=scope, message=message)


def knock(kind: SecurityType = SecurityType.INVALID_API_KEY_ATTEMPT, at_ns: int = NOON_NS) -> SecurityEvent:
    """A security event."""
    return SecurityEvent(at_ns=at_ns, type=kind, client="192.0.2.1")


def nothing_waits(notes: Notes) -> bool:
    """Whether there is nothing to be written."""
    return not notes.take_errors() and not any(notes.take_security(NOON_NS))


def test_errors_are_counted_by_scope(notes: Notes) -> None:
    """Scopes with errors have their count; the others are left out."""
    for scope in (Scope.API, Scope.API, Scope.JOURNAL):
        notes.tell_error(error(scope))
    assert notes.errors_by_scope(DAY_S) == notes.errors_ever() == {"api": 2, "journal": 1}


def test_security_events_are_counted_by_type(notes: Notes) -> None:
    """Types with events have their count."""
    notes.tell_security(knock())
    notes.tell_security(knock(SecurityType.KEY_CREATED))
    expected = {"invalid_api_key_attempt": 1, "key_created": 1}
    assert notes.security_by_type(DAY_S) == notes.security_ever() == expected


def test_log_ins_are_counted_and_listed_nowhere(notes: Notes) -> None:
    """A good key is a count; neither good nor bad makes an event by itself."""
    notes.authenticated(True)
    notes.authenticated(True)
    notes.authenticated(False)
    assert notes.authentications(DAY_S) == notes.authentications_ever() == {"good": 2, "bad": 1}
    assert notes.last_security(0) == []
    assert nothing_waits(notes)


def test_after_a_day_they_are_over_but_counted_for_ever(notes: Notes, clock: MovedClock) -> None:
    """The lists look back 24 h; the counters that are exported never go back."""
    notes.tell_error(error())
    clock.advance(DAY_S + 120)
    assert notes.errors_by_scope(DAY_S) == {}
    assert notes.last_errors(clock.now_ns - DAY_S * 10**9) == []
    assert notes.errors_ever() == {"api": 1}


def test_the_last_ones_are_shown_newest_first(notes: Notes) -> None:
    """Ten of them, however many there were; memory holds a bounded number."""
    for number in range(KEPT + 50):
        notes.tell_error(error(at_ns=number, message=str(number)))
        notes.tell_security(knock(SecurityType.KEY_CREATED, at_ns=number))
    assert [event.at_ns for event in notes.last_errors(0)] == list(range(KEPT + 49, KEPT + 39, -1))
    assert [event.at_ns for event in notes.last_security(0)] == list(range(KEPT + 49, KEPT + 39, -1))
    assert len(notes.last_errors(0, 10**6)) == KEPT


def test_a_flood_fills_no_memory(notes: Notes) -> None:
    """What waits for a file is bounded; all of it is counted."""
    for _ in range(WAITING_MAX + 10):
        notes.tell_error(error())
        notes.tell_security(knock())
    assert len(notes.take_errors()) == WAITING_MAX
    assert len(notes.take_security(NOON_NS).firsts) == 1
    assert notes.security_ever() == {"invalid_api_key_attempt": WAITING_MAX + 10}
    assert [event.count for event in notes.last_security(0)] == [WAITING_MAX + 10]


def test_restored_events_are_shown_and_not_counted_again(notes: Notes) -> None:
    """What the files bring back is in the lists; the ledger knows its count."""
    notes.restore([error()], [knock()])
    assert len(notes.last_errors(0)) == len(notes.last_security(0)) == 1
    assert notes.errors_ever() == notes.security_ever() == {}
    assert nothing_waits(notes)
