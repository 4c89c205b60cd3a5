"""Security events by the minute: told of at once, counted each, bounded whatever is tried."""

from __future__ import annotations

import pytest

from app.domain.events import SecurityEvent, SecurityType
from app.monitoring.refusals import GROUPS_MAX, KEPT, KEYS_MAX, MINUTE_NS, OTHERS, SecurityLog
from tests.support.clock import NOON_NS

SECOND_NS = 10**9
NEXT_NS = NOON_NS + MINUTE_NS


def knock(
    second: float = 0,
    *,
    client: str = "192.0.2.1",
    key_id: str = "k",
    kind: SecurityType = SecurityType.INVALID_API_KEY_ATTEMPT,
    details: str = "GET /api/account",
) -> SecurityEvent:
    """Somebody is refused, so many seconds after noon."""
    at_ns = NOON_NS + int(second * SECOND_NS)
    return SecurityEvent(at_ns=at_ns, type=kind, client=client, details=details, key_id=key_id)


@pytest.fixture
def log() -> SecurityLog:
    """Nothing told yet."""
    return SecurityLog()


def test_the_first_is_told_of_at_once_and_the_rest_when_the_minute_ends(log: SecurityLog) -> None:
    """Two rows, which come to the number of attempts; meanwhile the minute under way says how many there were."""
    for second in range(37):
        log.add(knock(second, details=f"GET /{second}"))
    taken = log.take(NOON_NS + 40 * SECOND_NS)
    assert (taken.firsts, taken.rests) == ([knock(0, details="GET /0")], [])
    assert [event.count for event in taken.under_way] == [36]
    (rest,) = log.take(NEXT_NS).rests
    assert (rest.count, rest.details, rest.at_ns) == (36, "GET /36", NOON_NS + 36 * SECOND_NS)
    assert not any(log.take(NEXT_NS))


def test_the_next_minute_begins_anew(log: SecurityLog) -> None:
    """Whoever goes on is told of at once again, and each minute has its own sum."""
    for second in (0, 1, 60, 61, 62):
        log.add(knock(second))
    taken = log.take(NEXT_NS + MINUTE_NS)
    assert [event.at_ns for event in taken.firsts] == [NOON_NS, NEXT_NS]
    assert [event.count for event in taken.rests] == [1, 2]


def test_one_attempt_is_one_row(log: SecurityLog) -> None:
    """Nothing is added for a minute that had no more."""
    log.add(knock())
    assert log.take(NEXT_NS).rests == []


def test_types_clients_and_keys_are_told_apart(log: SecurityLog) -> None:
    """Each has a first row of its own."""
    events = [
        knock(),
        knock(key_id="other"),
        knock(client="192.0.2.2"),
        knock(kind=SecurityType.MISSING_API_KEY, key_id=""),
    ]
    for event in events:
        log.add(event)
    assert log.take(NOON_NS).firsts == events


def test_changes_by_the_operator_are_told_of_one_by_one(log: SecurityLog) -> None:
    """A key made twice in a minute is two rows, each with its own words."""
    events = [knock(kind=SecurityType.KEY_CREATED, details=name) for name in ("one", "two")]
    for event in events:
        log.add(event)
    assert log.take(NEXT_NS) == (events, [], [])
    assert log.last(0, 10) == events[::-1]


def test_an_ending_waits_for_no_minute(log: SecurityLog) -> None:
    """What the program knows when it ends is written."""
    log.add(knock(0))
    log.add(knock(1))
    assert [event.count for event in log.take(NOON_NS, ending=True).rests] == [1]


def test_a_network_of_addresses_is_one_client(log: SecurityLog) -> None:
    """With IPv6 one customer has 2^64 of them: one row, and the sum names the network."""
    for number in range(1, 1_000):
        log.add(knock(client=f"2001:db8:1:2::{number:x}"))
    taken = log.take(NEXT_NS)
    assert [event.client for event in taken.firsts] == ["2001:db8:1:2::1"]
    assert [(event.client, event.count) for event in taken.rests] == [("2001:db8:1:2::/64", 998)]


def test_keys_tried_by_one_client_are_bounded(log: SecurityLog) -> None:
    """Every guess is another key: five have rows of their own, the others are told of together, all are counted."""
    for number in range(1_000):
        log.add(knock(key_id=f"{number:08x}"))
    log.add(knock(client="192.0.2.2", key_id="somebody"))
    taken = log.take(NEXT_NS)
    assert len(taken.firsts) == KEYS_MAX + 2
    assert [(event.client, event.key_id, event.count) for event in taken.rests] == [
        ("192.0.2.1", OTHERS, 1_000 - KEYS_MAX - 1)
    ]
    assert taken.firsts[-1].key_id == "somebody"


def test_clients_are_bounded(log: SecurityLog) -> None:
    """Whoever has many networks makes no more rows than a minute may have, and no attempt is lost."""
    for number in range(5_000):
        log.add(knock(client=f"10.{number // 250}.{number % 250}.1", key_id=f"{number:x}"))
    taken = log.take(NEXT_NS)
    assert len(taken.firsts) == GROUPS_MAX + 1
    assert [(event.client, event.key_id) for event in taken.rests] == [(OTHERS, OTHERS)]
    assert len(taken.firsts) + sum(event.count for event in taken.rests) == 5_000


def test_the_last_ones_are_seen_with_their_counts(log: SecurityLog) -> None:
    """One line for a caller and minute, with the newest attempt; no more than so many are kept."""
    for second in (0, 5, 9):
        log.add(knock(second))
    log.add(knock(7, client="192.0.2.2"))
    assert [(event.client, event.count) for event in log.last(0, 10)] == [("192.0.2.1", 3), ("192.0.2.2", 1)]
    assert log.last(NOON_NS + 10 * SECOND_NS, 10) == []
    for minute in range(1, KEPT + 10):
        log.add(knock(minute * 60))
    assert len(log.last(0, 10**6)) == KEPT


def test_what_was_written_before_is_seen_together_and_not_written_again(log: SecurityLog) -> None:
    """A first row and its sum are one line with the whole count."""
    rest = SecurityEvent(
        at_ns=NOON_NS + 9 * SECOND_NS,
        type=SecurityType.INVALID_API_KEY_ATTEMPT,
        client="192.0.2.1",
        details="GET /api/orders",
        key_id="k",
        count=36,
    )
    log.restore([knock(), rest])
    assert [(event.count, event.details) for event in log.last(0, 10)] == [(37, "GET /api/orders")]
    assert not any(log.take(NEXT_NS))


def test_a_clock_that_goes_back_loses_nothing(log: SecurityLog) -> None:
    """Minutes that alternate cost rows, and no attempt is lost or told of twice."""
    for second in (61, 0, 62, 1, 63, 64):
        log.add(knock(second))
    taken = log.take(NEXT_NS + MINUTE_NS)
    assert len(taken.firsts) + sum(event.count for event in taken.rests) == 6
