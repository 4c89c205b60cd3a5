"""The readings as Prometheus or OpenMetrics text, under the names that Prometheus' own OTLP endpoint would give.

The rules are those of its translation strategy `UnderscoreEscapingWithSuffixes`, so that a dashboard works whichever
way the metrics came: `mt5.orders` is `mt5_orders_total`, seconds and bytes are spelt out, an annotation such as
`{order}` leaves no trace, a gauge of unit `1` is a ratio. There is no `_created`, and no label for the scope.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Final

from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    DataPointT,
    ExponentialHistogramDataPoint,
    Gauge,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.util.types import AnyValue
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar as SampleExemplar
from prometheus_client.utils import floatToGoString

from otel.readings import Readings

OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN: Final = CONTENT_TYPE_PLAIN_0_0_4

_UNITS: Final = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "KBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "1": "",
    "%": "percent",
}
_PER: Final = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}
_NOT_IN_METRIC: Final = re.compile(r"[^a-zA-Z0-9:]+")
_NOT_IN_LABEL: Final = re.compile(r"[^a-zA-Z0-9_]")


def render(readings: Readings, accept: str = "") -> tuple[bytes, str]:
    """Return the latest collection as text, and its content type: OpenMetrics if *accept* asks for it."""
    collector = _ReadingsCollector(readings)
    if "application/openmetrics-text" in accept:
        return openmetrics.generate_latest(collector), OPENMETRICS  # type: ignore[no-untyped-call] # untyped upstream
    return generate_latest(collector), PLAIN


def metric_name(name: str, unit: str, *, monotonic: bool = False, gauge: bool = False) -> str:
    """Return the Prometheus name of an OpenTelemetry metric.

    A histogram is neither monotonic nor a gauge; nor is a sum that can go down, though its type is gauge.
    """
    tokens = [word for word in _NOT_IN_METRIC.split(name) if word]
    tokens += [suffix for suffix in _unit_suffixes(unit) if suffix and suffix not in tokens]
    if monotonic:
        tokens = [*(word for word in tokens if word != "total"), "total"]
    if gauge and unit == "1":
        tokens = [*(word for word in tokens if word != "ratio"), "ratio"]
    joined = "_".join(tokens)
    return f"_{joined}" if joined[:1].isdigit() else joined


def label_name(key: str) -> str:
    """Return the Prometheus name of an attribute."""
    name = _NOT_IN_LABEL.sub("_", key)
    if name[:1].isdigit():
        return f"key_{name}"
    return f"key{name}" if name.startswith("_") and not name.startswith("__") else name


def _unit_suffixes(unit: str) -> tuple[str, str]:
    main, _, per = (part.strip() for part in unit.partition("/"))
    main = "" if "{" in main or "}" in main else _UNITS.get(main, main)
    per = "" if "{" in per or "}" in per else _PER.get(per, per)
    return _clean(main), _clean(f"per_{per}") if per else ""


def _clean(unit: str) -> str:
    return _NOT_IN_METRIC.sub("_", unit).strip("_")


class _ReadingsCollector(Collector):
    """What the renderers of prometheus-client ask for their families."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def collect(self) -> Iterable[Family]:
        families: dict[str, Family] = {}
        for metric in self._readings.metrics():
            if metric.data.data_points:
                _add(families, metric)
        yield _target_info(self._readings.resource)
        yield from families.values()


def _target_info(resource: Resource) -> Family:
    family = Family("target", "What the metrics say something about.", "info")
    family.add_sample("target_info", _labels(resource.attributes), 1.0)
    return family


def _add(families: dict[str, Family], metric: Metric) -> None:
    """Add a metric to the families; one of the same name and another type is left out, as is a series seen before."""
    kind, name = _kind_and_name(metric)
    if not name.strip("_"):
        return
    family = families.setdefault(name, Family(name.removesuffix("_total"), metric.description or "", kind))
    if family.type != kind:
        return
    seen = {(sample.name, frozenset(sample.labels.items())) for sample in family.samples}
    for point in metric.data.data_points:
        for sample_name, labels, value, exemplar in _samples(name, point):
            if (sample_name, frozenset(labels.items())) not in seen:
                family.add_sample(sample_name, labels, value, exemplar=exemplar)


def _kind_and_name(metric: Metric) -> tuple[str, str]:
    unit = metric.unit or ""
    first = metric.data.data_points[0]
    if not isinstance(first, NumberDataPoint):
        return "histogram", metric_name(metric.name, unit)
    if isinstance(metric.data, Sum) and metric.data.is_monotonic:
        return "counter", metric_name(metric.name, unit, monotonic=True)
    return "gauge", metric_name(metric.name, unit, gauge=isinstance(metric.data, Gauge))


_Sample = tuple[str, dict[str, str], float, SampleExemplar | None]


def _samples(name: str, point: DataPointT) -> Iterator[_Sample]:
    labels = _labels(point.attributes)
    if isinstance(point, NumberDataPoint):
        exemplar = _exemplar(point.exemplars[-1]) if point.exemplars and name.endswith("_total") else None
        yield name, labels, float(point.value), exemplar
        return
    yield from _buckets(name, labels, point)
    yield f"{name}_count", labels, float(point.count), None
    yield f"{name}_sum", labels, float(point.sum), None


def _buckets(
    name: str, labels: dict[str, str], point: HistogramDataPoint | ExponentialHistogramDataPoint
) -> Iterator[_Sample]:
    # Exponential buckets have no place in this text; their count and sum do.
    bounds = point.explicit_bounds if isinstance(point, HistogramDataPoint) else ()
    counts = point.bucket_counts if isinstance(point, HistogramDataPoint) else (point.count,)
    exemplars = {bisect_left(bounds, exemplar.value): exemplar for exemplar in point.exemplars}
    limits = [*map(floatToGoString, bounds), "+Inf"]
    for index, (limit, cumulative) in enumerate(zip(limits, accumulate(counts), strict=True)):
        exemplar = _exemplar(exemplars[index]) if index in exemplars else None
        yield f"{name}_bucket", {**labels, "le": limit}, float(cumulative), exemplar


def _exemplar(exemplar: Exemplar) -> SampleExemplar | None:
    if not exemplar.trace_id or not exemplar.span_id:
        return None
    labels = {"trace_id": f"{exemplar.trace_id:032x}", "span_id": f"{exemplar.span_id:016x}"}
    return SampleExemplar(labels, float(exemplar.value), exemplar.time_unix_nano / 1e9)


def _labels(attributes: Mapping[str, AnyValue] | None) -> dict[str, str]:
    """Attributes whose names become the same label share it, their values joined as Prometheus joins them.

    Names that Prometheus reserves are left out.
    """
    labels: dict[str, str] = {}
    for key, value in sorted((attributes or {}).items()):
        name, text = label_name(key), _text(value)
        if name.startswith("__") or not name.strip("_"):
            continue
        labels[name] = f"{labels[name]};{text}" if name in labels else text
    return labels


def _text(value: AnyValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
