"""Declared metrics as instruments of a meter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation
from opentelemetry.trace import Tracer

from app.telemetry.names import SCOPE, Metric
from otel import Pipeline

Labels = Mapping[str, str]
Observe = Callable[[], Iterable[tuple[float, Labels]]]
"""Reads values that lie ready in memory: no call of the terminal, no input or output."""


def instruments(pipeline: Pipeline, version: str) -> tuple[Tracer, Meter]:
    """What this program's own spans and metrics are made with."""
    tracer = pipeline.tracer_provider.get_tracer(SCOPE, version)
    return tracer, pipeline.meter_provider.get_meter(SCOPE, version)


def histogram(meter: Meter, metric: Metric) -> Histogram:
    """The histogram of a declared metric, with its own buckets."""
    return meter.create_histogram(
        metric.name,
        unit=metric.unit,
        description=metric.meaning,
        explicit_bucket_boundaries_advisory=list(metric.buckets),
    )


def observe(meter: Meter, metric: Metric, values: Observe) -> None:
    """Observe a declared metric from `values` at each collection."""

    def callback(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(value, dict(labels)) for value, labels in values()]

    create = {
        "counter": meter.create_observable_counter,
        "updowncounter": meter.create_observable_up_down_counter,
        "gauge": meter.create_observable_gauge,
    }[metric.kind]
    create(metric.name, callbacks=[callback], unit=metric.unit, description=metric.meaning)
