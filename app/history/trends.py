"""metrics.csv read back: how a figure went over days and weeks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from app.history.csv_files import number
from app.history.csv_rows import METRICS_COLUMNS, ns_from

POINTS_MAX: Final = 500
METRICS: Final = METRICS_COLUMNS[1:]
"""The figures that there is a history of."""

_HOUR_S: Final = 3_600


class Span(StrEnum):
    """How far back a trend may go."""

    DAY = "24h"
    WEEK = "7d"
    QUARTER = "90d"

    @property
    def seconds(self) -> int:
        """Its length."""
        return {Span.DAY: 24, Span.WEEK: 7 * 24, Span.QUARTER: 90 * 24}[self] * _HOUR_S


class Point(NamedTuple):
    """A figure at a moment (s since 1970)."""

    at_s: float
    value: float


def trend(
    rows: Iterable[Mapping[str, str]], metric: str, *, since_ns: int, points_max: int = POINTS_MAX
) -> list[Point]:
    """The figure in the rows since a moment, oldest first; where there are too many, means of neighbours."""
    points = []
    for row in rows:
        value = number(row, metric)
        try:
            at_ns = ns_from(row["ts_utc"])
        except (KeyError, ValueError):
            continue
        if value is not None and at_ns >= since_ns:
            points.append(Point(at_ns / 1e9, value))
    points.sort()
    return thinned(points, points_max)


def thinned(points: list[Point], points_max: int) -> list[Point]:
    """At most so many points: equal numbers of neighbours become their mean."""
    if len(points) <= points_max:
        return points
    each = -(-len(points) // points_max)
    groups = [points[begin : begin + each] for begin in range(0, len(points), each)]
    return [
        Point(sum(point.at_s for point in group) / len(group), sum(point.value for point in group) / len(group))
        for group in groups
    ]
