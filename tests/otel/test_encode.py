"""Our lines say what the official encoder says."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, TypeVar

import orjson
from google.protobuf import json_format  # type: ignore[import-untyped] # protobuf ships no types
from hypothesis import given
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs as official_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics as official_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans as official_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import MetricsData
from opentelemetry.sdk.trace import ReadableSpan

from otel.encode import encode_logs, encode_metrics, encode_spans
from otel.redaction import Redaction
from tests.otel import made

_IDS = {"traceId", "spanId", "parentSpanId"}
_SAMPLED_BITS = 0xFF
_Message = TypeVar("_Message")


def _ids_as_base64(node: Any) -> Any:
    """OTLP writes ids in hex where protobuf's JSON has base64; turn one into the other."""
    if isinstance(node, list):
        return [_ids_as_base64(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: base64.b64encode(bytes.fromhex(value)).decode() if key in _IDS else _ids_as_base64(value)
        for key, value in node.items()
    }


def _parsed(line: bytes, message: _Message) -> _Message:
    assert b"\n" not in line
    json_format.ParseDict(_ids_as_base64(orjson.loads(line)), message)
    return message


@given(made.spans())
@made.AT_RANDOM
def test_spans_equal_the_official_encoding_but_for_the_sampled_bit(spans: Sequence[ReadableSpan]) -> None:
    """Whatever spans hold, both documents are the same message, except that our flags also say: sampled."""
    ours = _parsed(encode_spans(spans), ExportTraceServiceRequest())
    official = official_spans(spans)

    for resource_spans in ours.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                assert span.flags & _SAMPLED_BITS in (1, 3)
                span.flags &= ~_SAMPLED_BITS
                for link in span.links:
                    link.flags &= ~_SAMPLED_BITS
    assert ours == official


@given(made.logs())
@made.AT_RANDOM
def test_logs_equal_the_official_encoding(records: Sequence[ReadableLogRecord]) -> None:
    """Whatever log records hold, our document and the official one are the same message."""
    assert _parsed(encode_logs(records), ExportLogsServiceRequest()) == official_logs(records)


@given(made.collections())
@made.AT_RANDOM
def test_metrics_equal_the_official_encoding(data: MetricsData) -> None:
    """Sums, gauges and both kinds of histogram, with exemplars, are the same message in both encodings."""
    assert _parsed(encode_metrics(data), ExportMetricsServiceRequest()) == official_metrics(data)


@given(made.spans())
@made.AT_RANDOM
def test_what_was_redacted_is_still_the_same_message(spans: Sequence[ReadableSpan]) -> None:
    """Redaction changes what is in a span, never how it is encoded: counts of dropped parts survive."""
    redaction = Redaction()
    redacted = [redaction.span(span) for span in spans]

    assert [s.dropped_attributes for s in redacted] == [s.dropped_attributes for s in spans]
    ours = _parsed(encode_spans(redacted), ExportTraceServiceRequest())
    assert sum(len(s.spans) for r in ours.resource_spans for s in r.scope_spans) == len(spans)


def test_a_span_is_written_as_otlp_json_has_it() -> None:
    """Ids are lower-case hex, 64-bit numbers strings, enumerations numbers."""
    span = made.span(
        "order_send",
        context=made.context(0xABC, 0xDEF),
        parent=made.context(0xABC, 0x1, remote=True),
        attributes={"n": 2**60, "ok": True, "list": ("a", 1.5)},
    )

    (resource_spans,) = orjson.loads(encode_spans([span]))["resourceSpans"]

    assert resource_spans["schemaUrl"] == made.RESOURCE.schema_url
    assert resource_spans["scopeSpans"][0]["spans"] == [
        {
            "traceId": "00000000000000000000000000000abc",
            "spanId": "0000000000000def",
            "parentSpanId": "0000000000000001",
            "flags": 0x301,
            "name": "order_send",
            "kind": 1,
            "startTimeUnixNano": "1700000000000000000",
            "endTimeUnixNano": "1700000000000001000",
            "status": {},
            "attributes": [
                {"key": "n", "value": {"intValue": str(2**60)}},
                {"key": "ok", "value": {"boolValue": True}},
                {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "a"}, {"doubleValue": 1.5}]}}},
            ],
        }
    ]


def test_a_metric_without_points_is_left_out() -> None:
    """A metric whose points were all left out does not become an empty entry."""
    document = orjson.loads(encode_metrics(made.metrics(made.gauge("empty"), made.gauge("full", made.number(1)))))

    assert [m["name"] for m in document["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]] == ["full"]
