"""The telemetry's own numbers are the accounts' numbers."""

from __future__ import annotations

from otel.self_metrics import DROPPED, EMITTED, PARKED, SELF_METRICS, SPOOLED
from otel.testing import InMemoryTelemetry
from tests.otel import made


def test_each_number_is_that_of_the_account() -> None:
    """Emitted, delivered and dropped by reason are observed per signal, known reasons from the start at zero."""
    with InMemoryTelemetry() as telemetry:
        telemetry.pipeline.accounts["traces"].emitted(5)
        telemetry.pipeline.accounts["traces"].dropped(2, "queue_full")
        telemetry.pipeline.replay(made.span())
        telemetry.pipeline.force_flush()
        traces = {"mt5.telemetry.signal": "traces"}

        assert telemetry.value("mt5.telemetry.emitted", traces) == 6
        assert telemetry.value("mt5.telemetry.delivered", traces) == 1
        assert telemetry.value("mt5.telemetry.dropped", {**traces, "error.type": "queue_full"}) == 2
        assert telemetry.value("mt5.telemetry.dropped", {**traces, "error.type": "write_failed"}) == 0
        assert telemetry.value("mt5.telemetry.spooled", traces) == 0


def test_what_is_declared_is_what_is_there() -> None:
    """Name, unit, description and attributes of each instrument are those declared."""
    declared = {metric.name: metric for metric in SELF_METRICS if metric is not PARKED}
    with InMemoryTelemetry() as telemetry:
        telemetry.pipeline.force_flush()
        there = {m.name: m for m in telemetry.pipeline.readings.metrics() if m.data.data_points}

    assert {EMITTED.name, DROPPED.name, SPOOLED.name} <= set(there) <= set(declared)
    for name, metric in there.items():
        assert (metric.unit, metric.description) == (declared[name].unit, declared[name].description)
        assert {key for p in metric.data.data_points for key in p.attributes or {}} == set(declared[name].attributes)
