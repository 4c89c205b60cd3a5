"""OTLP-JSON becomes the very message that the official classes make of it."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]  # protobuf ships no types
from google.protobuf.descriptor import Descriptor, FieldDescriptor  # type: ignore[import-untyped]  # the same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel.accounts import Signal
from otel.transcode import to_protobuf

REQUESTS: dict[Signal, Any] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
IDS = {"trace_id", "span_id", "parent_span_id"}
SCALARS = {
    FieldDescriptor.TYPE_STRING: st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=16),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False) | st.just(math.nan),  # JSON has but one NaN
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SINT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_FIXED32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SFIXED64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.TYPE_FIXED64: st.integers(0, 2**64 - 1),
}


def nodes(descriptor: Descriptor, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    """Draw the fields of a message, any of them missing, at most one of each oneof."""
    fields = {
        f.name: values(f, depth) for f in descriptor.fields if depth > 0 or f.type != FieldDescriptor.TYPE_MESSAGE
    }
    return st.fixed_dictionaries({}, optional=fields).map(lambda node: one_of_each(descriptor, node))


def values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    """Draw a value of *field*."""
    one: st.SearchStrategy[Any]
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        one = st.deferred(lambda: nodes(field.message_type, depth - 1))
    elif field.type == FieldDescriptor.TYPE_ENUM:
        one = st.sampled_from([value.number for value in field.enum_type.values])
    else:
        one = SCALARS[field.type]
    return st.lists(one, min_size=1, max_size=2) if field.is_repeated else one


def one_of_each(descriptor: Descriptor, node: dict[str, Any]) -> dict[str, Any]:
    """Keep one field of each oneof."""
    for oneof in descriptor.oneofs:
        for name in [field.name for field in oneof.fields if field.name in node][1:]:
            del node[name]
    return node


def hexadecimal_ids(node: Any) -> Any:
    """Return *node*, JSON as protobuf writes it, with ids as OTLP writes them."""
    if isinstance(node, list):
        return [hexadecimal_ids(entry) for entry in node]
    if isinstance(node, dict):
        return {
            key: base64.b64decode(value).hex()
            if key in {"traceId", "spanId", "parentSpanId"}
            else hexadecimal_ids(value)
            for key, value in node.items()
        }
    return node


def all_fields(descriptor: Descriptor, seen: set[str]) -> Iterator[FieldDescriptor]:
    """Yield every field that a request can hold."""
    if descriptor.full_name not in seen:
        seen.add(descriptor.full_name)
        for field in descriptor.fields:
            yield field
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                yield from all_fields(field.message_type, seen)


@pytest.mark.parametrize("signal", ["traces", "logs", "metrics"])
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_json_becomes_the_message_it_was_written_from(signal: Signal, data: st.DataObject) -> None:
    """Any message, written as OTLP-JSON and transcoded, has the bytes of the original, in every field."""
    request = REQUESTS[signal]
    message = request(**data.draw(nodes(request.DESCRIPTOR, depth=7)))
    document = hexadecimal_ids(json_format.MessageToDict(message, use_integers_for_enums=True))

    parsed = request.FromString(to_protobuf(signal, document))

    assert parsed.SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True)


@pytest.mark.parametrize("signal", ["traces", "logs", "metrics"])
def test_every_kind_of_field_is_known(signal: Signal) -> None:
    """A new release of the message classes brings no kind of field that the property test does not draw."""
    known = {*SCALARS, FieldDescriptor.TYPE_MESSAGE, FieldDescriptor.TYPE_ENUM}

    assert {field.type for field in all_fields(REQUESTS[signal].DESCRIPTOR, set())} <= known


def test_concatenated_requests_are_one_request() -> None:
    """Two results one after the other parse as the request that holds both."""
    first = to_protobuf("traces", {"resourceSpans": [{"schemaUrl": "a"}]})
    second = to_protobuf("traces", {"resourceSpans": [{"schemaUrl": "b"}]})

    merged = ExportTraceServiceRequest.FromString(first + second)

    assert [resource.schema_url for resource in merged.resource_spans] == ["a", "b"]


def test_unknown_fields_are_left_out() -> None:
    """A field that is not in the protocol is passed over, as receivers must do."""
    assert to_protobuf("traces", {"resourceSpans": [{"news": 1}], "more": {}}) == b"\n\x00"


@pytest.mark.parametrize(
    "span",
    [{"traceId": "xyz"}, {"kind": "SERVER"}, {"startTimeUnixNano": "soon"}, {"attributes": 7}, "none", {"name": 1}],
)
def test_a_field_of_the_wrong_type_is_an_error(span: Any) -> None:
    """What cannot be a message raises one kind of error, whatever is wrong with it."""
    with pytest.raises(ValueError, match="not a document of traces"):
        to_protobuf("traces", {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})


def test_numbers_may_be_words() -> None:
    """The words that JSON has for non-finite numbers are understood."""
    point = {"asDouble": "NaN"}
    document = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"gauge": {"dataPoints": [point]}}]}]}]}

    message = ExportMetricsServiceRequest.FromString(to_protobuf("metrics", document))

    assert math.isnan(message.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points[0].as_double)
