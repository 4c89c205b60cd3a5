"""Days and sessions by the broker's clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.day import day_start_ns, in_session


def ns(text: str) -> int:
    """A moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("now", "offset_h", "day_start_s", "begins"),
    [
        ("2026-11-25T12:00", 2, 0, "2026-11-24T22:00"),
        ("2026-11-25T21:59", 2, 0, "2026-11-24T22:00"),
        ("2026-11-25T22:00", 2, 0, "2026-11-25T22:00"),
        ("2026-11-25T03:00", -5, 0, "2026-11-24T05:00"),
        ("2026-11-25T01:00", 2, 4 * 3_600, "2026-11-24T02:00"),
    ],
)
def test_a_day_begins_at_the_brokers_midnight(now: str, offset_h: int, day_start_s: int, begins: str) -> None:
    """Whatever UTC says, and later where a setting moves it."""
    assert day_start_ns(ns(now), offset_h * 3_600, day_start_s) == ns(begins)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-25T10:00", True),
        ("2026-11-25T22:05", False),  # five past midnight at the broker
        ("2026-11-27T18:00", True),
        ("2026-11-27T19:30", False),  # Friday evening
        ("2026-11-28T10:00", False),
        ("2026-11-29T21:00", False),
        ("2026-11-29T22:30", True),  # Monday at the broker
    ],
)
def test_prices_are_expected_on_working_days_only(now: str, expected: bool) -> None:
    """Weekends and the pause around midnight are no alarm, by the broker's clock."""
    assert in_session(ns(now), 7_200) is expected
