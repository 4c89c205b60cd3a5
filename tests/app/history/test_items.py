"""What was written as OTLP-JSON comes back as plain values."""

from __future__ import annotations

import orjson
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.util.types import AnyValue

from app.history.items import LogRecord, Span, Trace, logs_of, spans_of
from otel.encode import encode_spans
from tests.app.history.folders import START_NS, a_log, a_span, logs_line, span_id, spans_line, trace_id


def _spans(*spans: dict[str, object]) -> tuple[Span, ...]:
    return tuple(spans_of(orjson.loads(spans_line(spans))))


def test_a_span_of_the_sdk_comes_back_whole() -> None:
    """Names, ids, times, status, attributes of every kind and events survive the encoder and this decoder."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("tests")
    attributes: dict[str, AnyValue] = {"text": "é", "whole": 2**60, "real": 1.5, "yes": True, "list": [1, 2]}
    with tracer.start_as_current_span("POST /api/order", kind=SpanKind.SERVER):
        span = tracer.start_span("order_send", kind=SpanKind.CLIENT, attributes=attributes, start_time=START_NS)
        span.add_event("exception", {"exception.message": "no"}, timestamp=START_NS + 1)
        span.set_status(Status(StatusCode.ERROR, "10019"))
        span.end(START_NS + 2_500_000)
    provider.shutdown()
    sdk_child, sdk_parent = memory.get_finished_spans()

    child, parent = spans_of(orjson.loads(encode_spans([sdk_child, sdk_parent])))

    assert (child.name, child.kind, child.status, child.status_message) == ("order_send", "client", "error", "10019")
    assert (child.start_ns, child.duration_ms) == (START_NS, 2.5)
    assert child.attributes == attributes
    assert child.parent_span_id == parent.span_id
    assert (parent.kind, parent.status, parent.parent_span_id) == ("server", "unset", None)
    assert child.events[0].to_json() == {
        "name": "exception",
        "time": "2027-01-15T08:00:00.000000Z",
        "attributes": {"exception.message": "no"},
    }
    assert orjson.loads(orjson.dumps(child.to_json()))["duration_ms"] == 2.5


def test_nested_values_and_bytes_are_decoded() -> None:
    """Maps and lists become Python's, an absent value None, bytes stay base64."""
    span = a_span(1, "s")
    span["attributes"] = [
        {"key": "map", "value": {"kvlistValue": {"values": [{"key": "n", "value": {"intValue": "7"}}]}}},
        {"key": "empty", "value": {"arrayValue": {}}},
        {"key": "bytes", "value": {"bytesValue": "AAE="}},
        {"key": "none", "value": {}},
    ]

    (read,) = _spans(span)

    assert read.attributes == {"map": {"n": 7}, "empty": [], "bytes": "AAE=", "none": None}


def test_a_log_record_gives_up_its_uid() -> None:
    """The id by which copies are told is no attribute any more; without a time of its own the observed one counts."""
    written = a_log("sent", uid="u1") | {"timeUnixNano": "0", "observedTimeUnixNano": "5"}

    (read,) = logs_of(orjson.loads(logs_line([written])))

    assert read == LogRecord(
        trace_id=trace_id(1), span_id=span_id(2), time_ns=5, severity="INFO", body="sent", uid="u1"
    )
    assert read.to_json()["body"] == "sent"


def test_spans_stand_below_their_parents() -> None:
    """The tree has each span once, under its parent, siblings in order; an absent parent makes a top."""
    trace = Trace(
        trace_id(1),
        _spans(
            a_span(1, "server", parent=99),
            a_span(2, "place_order", parent=1),
            a_span(3, "risk", parent=2),
            a_span(4, "order_send", parent=2),
            a_span(5, "later"),
        ),
    )

    assert [(depth, span.name) for depth, span in trace.tree()] == [
        (0, "server"),
        (1, "place_order"),
        (2, "risk"),
        (2, "order_send"),
        (0, "later"),
    ]


def test_a_trace_lasts_from_its_first_span_to_its_last_end() -> None:
    """Begin and end are those of all spans together; without spans they are 0."""
    trace = Trace("t", _spans(a_span(1, "a", at_ms=2, took_ms=3), a_span(2, "b", at_ms=1, took_ms=1)))

    assert (trace.start_ns - START_NS, trace.end_ns - START_NS) == (1_000_000, 5_000_000)
    assert (Trace("t").start_ns, Trace("t").end_ns) == (0, 0)


@pytest.mark.parametrize("document", [{}, {"resourceSpans": 1}, {"resourceSpans": [{"scopeSpans": [{"spans": [{}]}]}]}])
def test_what_is_no_document_raises(document: object) -> None:
    """A foreign document is told by an error that readers of files expect."""
    with pytest.raises((LookupError, TypeError, ValueError)):
        list(spans_of(document))
