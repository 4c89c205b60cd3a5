"""The latest value of every series, in memory: for `/metrics`, status and alerts, without asking the SDK."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk.metrics.export import DataPointT, Metric, MetricsData, NumberDataPoint
from opentelemetry.sdk.resources import Resource
from opentelemetry.util.types import AnyValue


@dataclass(frozen=True, slots=True)
class Series:
    """One series as of the latest collection: its metric, and its point with attributes, time and value."""

    metric: Metric
    point: DataPointT


class Readings:
    """Holds the latest collection; reading never waits for a collection or for the SDK.

    Args:
        resource: what the points say something about.
    """

    def __init__(self, resource: Resource | None = None) -> None:
        self.resource = Resource.get_empty() if resource is None else resource
        self._changed = threading.Condition()
        self._latest: MetricsData | None = None
        self._collections = 0

    @classmethod
    def of(cls, data: MetricsData) -> Readings:
        """Return readings that hold *data*, to look at one collection."""
        readings = cls(next((r.resource for r in data.resource_metrics), None))
        readings.update(data)
        return readings

    def update(self, data: MetricsData) -> None:
        """Replace what is held by a new collection, whole."""
        with self._changed:
            self._latest = data
            self._collections += 1
            self._changed.notify_all()

    @property
    def collections(self) -> int:
        """How many collections there have been."""
        return self._collections

    def wait_for_next(self, timeout_s: float) -> bool:
        """Wait for a collection that begins to be held after this call; false if there is none in time."""
        with self._changed:
            seen = self._collections
            return self._changed.wait_for(lambda: self._collections > seen, timeout_s)

    def metrics(self) -> Iterator[Metric]:
        """Yield every metric of the latest collection."""
        data = self._latest
        return iter(()) if data is None else iterate_metrics(data)

    def series(self, name: str) -> tuple[Series, ...]:
        """Return all series of the metric *name* (its OpenTelemetry name, such as `mt5.orders`)."""
        return tuple(
            Series(metric, point)
            for metric in self.metrics()
            if metric.name == name
            for point in metric.data.data_points
        )

    def value(self, name: str, attributes: Mapping[str, AnyValue] | None = None) -> float | None:
        """Return the sum over the series of *name* that carry *attributes*, or `None` if there is none.

        A histogram counts by the number of its measurements.
        """
        wanted = (attributes or {}).items()
        values = [
            _number(series.point)
            for series in self.series(name)
            if wanted <= dict(series.point.attributes or {}).items()
        ]
        return sum(values) if values else None


def iterate_metrics(data: MetricsData) -> Iterator[Metric]:
    """Yield the metrics of all scopes and resources."""
    for resource_metrics in data.resource_metrics:
        for scope_metrics in resource_metrics.scope_metrics:
            yield from scope_metrics.metrics


def count_points(data: MetricsData) -> int:
    """Return how many points there are."""
    return sum(len(metric.data.data_points) for metric in iterate_metrics(data))


def items_in(batch: Any) -> int:
    """Return how much a batch of any signal holds: spans, log records or metric points."""
    return count_points(batch) if isinstance(batch, MetricsData) else len(batch)


def _number(point: DataPointT) -> float:
    return point.value if isinstance(point, NumberDataPoint) else point.count
