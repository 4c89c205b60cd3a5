"""Telemetry that a test can compare whole."""

from __future__ import annotations

from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.status import Status, StatusCode

from otel.testing import FixedClock, InMemoryTelemetry, span_trees
from tests.otel import made


def test_spans_become_plain_trees() -> None:
    """A trace is nested plain values, with what says something and without times and ids."""
    with InMemoryTelemetry() as telemetry:
        tracer = telemetry.pipeline.tracer_provider.get_tracer("t")
        with tracer.start_as_current_span("place_order", attributes={"mt5.symbol": "EURUSD"}):
            tracer.start_span("risk").end()
            with tracer.start_as_current_span("order_send", kind=SpanKind.CLIENT) as span:
                span.add_event("sent")
                span.set_status(Status(StatusCode.ERROR, "refused"))
        tracer.start_span("linked", links=[Link(made.context())]).end()
        with tracer.start_as_current_span("fine") as span:
            span.set_status(StatusCode.OK)

        assert telemetry.trees() == [
            {
                "name": "place_order",
                "attributes": {"mt5.symbol": "EURUSD"},
                "children": [
                    {"name": "risk"},
                    {"name": "order_send", "kind": "client", "status": "error: refused", "events": ["sent"]},
                ],
            },
            {"name": "linked", "links": 1},
            {"name": "fine", "status": "ok"},
        ]


def test_ids_are_known_beforehand() -> None:
    """Trace and span ids count from one, so that whole spans can be compared."""
    with InMemoryTelemetry() as telemetry:
        tracer = telemetry.pipeline.tracer_provider.get_tracer("t")
        with tracer.start_as_current_span("a"):
            tracer.start_span("b").end()

        assert [(s.context.trace_id, s.context.span_id) for s in telemetry.spans()] == [(1, 1), (1, 2)]


def test_a_span_whose_parent_is_elsewhere_is_a_root() -> None:
    """A parent in another process does not hide its child; what is no span of a trace is left out."""
    child = made.span("child", parent=made.context(9, 9, remote=True))

    assert span_trees([child, made.span("nowhere", context=None)]) == [{"name": "child"}]


def test_the_clock_stands_still_until_told() -> None:
    """Seconds and nanoseconds of the fixed clock agree, and go on only when told."""
    clock = FixedClock(1000.0)

    assert clock() == clock() == 1000.0
    clock.advance(0.5)
    assert (clock(), clock.unix_nano()) == (1000.5, 1_000_500_000_000)
