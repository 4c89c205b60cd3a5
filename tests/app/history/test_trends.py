"""Trends from rows of metrics.csv."""

from __future__ import annotations

import pytest

from app.history.trends import Point, Span, thinned, trend

ROWS = [
    {"ts_utc": "2026-03-10T13:00:00Z", "error_rate": "0.5"},
    {"ts_utc": "2026-03-10T12:00:00Z", "error_rate": "0.25"},
    {"ts_utc": "2026-03-10T11:00:00Z", "error_rate": "1"},
    {"ts_utc": "2026-03-10T12:30:00Z", "error_rate": ""},
    {"ts_utc": "no time", "error_rate": "1"},
    {"error_rate": "1"},
]
NOON_S = 1_773_144_000


def test_a_figure_since_a_moment_oldest_first() -> None:
    """Rows without the figure or without a moment are passed over."""
    assert trend(ROWS, "error_rate", since_ns=NOON_S * 10**9) == [Point(NOON_S, 0.25), Point(NOON_S + 3_600, 0.5)]
    assert trend(ROWS, "nothing", since_ns=0) == []


@pytest.mark.parametrize("count", [0, 1, 500, 501, 999, 2_160])
def test_points_are_bounded_and_keep_the_mean(count: int) -> None:
    """Too many become means of equal numbers of neighbours, in their order."""
    points = thinned([Point(number, number % 7) for number in range(count)], 500)
    assert len(points) == min(count, len(points)) <= 500
    assert points == sorted(points)
    if count <= 500:
        assert len(points) == count


def test_a_thinned_point_is_the_mean_of_its_group() -> None:
    """The middle of both time and value."""
    assert thinned([Point(0, 1), Point(2, 3), Point(4, 5)], 2) == [Point(1, 2), Point(4, 5)]


def test_spans() -> None:
    """Their length in seconds."""
    assert [span.seconds for span in Span] == [86_400, 7 * 86_400, 90 * 86_400]
