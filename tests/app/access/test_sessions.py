"""The page's log-ins."""

from __future__ import annotations

from pathlib import Path

from app.access.key_book import KeyBook
from app.access.keys import KeyStore
from app.access.records import EVERYTHING, KeyLimits, Scope
from app.access.sessions import CODE_S, CODES_MAX, SESSIONS_MAX, LoggedIn, Sessions, is_token
from tests.app.access.fakes import GIVEN, HandClock

LENGTH_S = 3_600.0


def sessions_of(keys: KeyStore, clock: HandClock) -> Sessions:
    """An hour long."""
    return Sessions(keys, clock=clock, length_s=LENGTH_S)


def logged_in(sessions: Sessions) -> LoggedIn:
    """The operator, by key."""
    made = sessions.log_in(GIVEN)
    assert made is not None
    return made


def test_a_key_begins_a_session_with_its_scopes(keys: KeyStore, clock: HandClock) -> None:
    """The cookie stands for the key that it was made of, and is not that key."""
    sessions = sessions_of(keys, clock)
    made = logged_in(sessions)
    found = sessions.find(made.token)
    assert found == made.session
    assert found.key.scopes == EVERYTHING
    assert GIVEN not in made.token
    assert len({made.token, made.session.csrf, logged_in(sessions).token}) == 3


def test_what_is_no_key_no_code_and_no_cookie_begins_nothing(keys: KeyStore, clock: HandClock) -> None:
    """A guess gets nobody in."""
    sessions = sessions_of(keys, clock)
    assert sessions.log_in("wrong") is None
    assert sessions.redeem("wrong") is None
    assert sessions.find("wrong") is None
    assert sessions.find("\ud800") is None
    sessions.end("wrong")


def test_a_session_ends(keys: KeyStore, clock: HandClock) -> None:
    """By logging out, and when its time is over."""
    sessions = sessions_of(keys, clock)
    one, other = logged_in(sessions), logged_in(sessions)
    sessions.end(one.token)
    assert sessions.find(one.token) is None
    clock.advance(LENGTH_S - 1)
    assert sessions.find(other.token) is not None
    clock.advance(1)
    assert sessions.find(other.token) is None


def test_a_code_is_good_once(keys: KeyStore, clock: HandClock) -> None:
    """The operator is let in by it, and nobody after."""
    sessions = sessions_of(keys, clock)
    code = sessions.new_code()
    made = sessions.redeem(code)
    assert made is not None
    assert made.session.key == keys.operator
    assert sessions.redeem(code) is None


def test_a_code_is_good_for_ten_minutes(keys: KeyStore, clock: HandClock) -> None:
    """A link found in an old log lets nobody in."""
    sessions = sessions_of(keys, clock)
    early, late = sessions.new_code(), sessions.new_code()
    clock.advance(CODE_S - 1)
    assert sessions.redeem(early) is not None
    clock.advance(1)
    assert sessions.redeem(late) is None


def test_a_session_ends_with_its_key(keys: KeyStore, clock: HandClock, tmp_path: Path) -> None:
    """Revoking or rotating a key ends what was begun with it; a change of its limits is seen."""
    book = KeyBook(tmp_path, clock=clock)
    sessions = sessions_of(keys, clock)
    made = [book.create(name, [Scope.READ], KeyLimits()) for name in ("one", "two", "three")]
    keys.refresh()
    tokens = [begun.token for one in made if (begun := sessions.log_in(one.text))]
    book.revoke(made[0].key.id)
    book.rotate(made[1].key.id)
    book.limit(made[2].key.id, KeyLimits(reads=7))
    keys.refresh()
    assert sessions.find(tokens[0]) is None
    assert sessions.find(tokens[1]) is None
    found = sessions.find(tokens[2])
    assert found is not None
    assert found.key.limits.reads == 7


def test_a_code_of_an_operator_who_is_gone_lets_nobody_in(keys: KeyStore, clock: HandClock, tmp_path: Path) -> None:
    """Without an operator's key there is nobody for it to stand for."""
    sessions = sessions_of(keys, clock)
    code = sessions.new_code()
    assert keys.operator is not None
    KeyBook(tmp_path, clock=clock).revoke(keys.operator.id)
    keys.refresh()
    assert sessions.redeem(code) is None


def test_sessions_and_codes_are_bounded(keys: KeyStore, clock: HandClock) -> None:
    """The one that is quiet longest ends when there are too many; one that is used stays."""
    sessions = sessions_of(keys, clock)
    quiet, busy = logged_in(sessions), logged_in(sessions)
    code = sessions.new_code()
    for _ in range(SESSIONS_MAX):
        logged_in(sessions)
        assert sessions.find(busy.token) is not None
    assert sessions.find(quiet.token) is None
    for _ in range(CODES_MAX):
        sessions.new_code()
    assert sessions.redeem(code) is None


def test_the_token_against_forged_calls_is_the_sessions_own(keys: KeyStore, clock: HandClock) -> None:
    """Only the very token is one, whatever else is said."""
    sessions = sessions_of(keys, clock)
    one, other = logged_in(sessions).session, logged_in(sessions).session
    assert is_token(one, one.csrf)
    assert not is_token(one, other.csrf)
    assert not is_token(one, "")
    assert not is_token(one, "ü\ud800")


def test_secrets_are_not_told_by_accident(keys: KeyStore, clock: HandClock) -> None:
    """A session printed by mistake shows neither cookie nor token."""
    made = logged_in(sessions_of(keys, clock))
    assert made.token not in repr(made)
    assert made.session.csrf not in repr(made)
