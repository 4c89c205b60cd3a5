"""OTLP-JSON documents as protobuf requests.

protobuf's own `json_format` cannot do it: OTLP writes ids in hexadecimal where JSON for protobuf has base64, and it
is many times slower. Here the fields of the official message classes are compiled once into plain converters, so that
every field the classes know is carried over, and the message is built from nested dicts in one call.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.descriptor import (  # type: ignore[import-untyped]  # protobuf ships no types
    Descriptor,
    FieldDescriptor,
)
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel.accounts import Signal

_REQUESTS: Final[Mapping[Signal, Any]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
_IDS: Final = frozenset({"trace_id", "span_id", "parent_span_id"})
_INTEGERS: Final = frozenset(
    {
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_UINT64,
        FieldDescriptor.TYPE_FIXED64,
        FieldDescriptor.TYPE_SFIXED64,
    }
)

_Converter = Callable[[Any], Any]


def to_protobuf(signal: Signal, document: Mapping[str, Any]) -> bytes:
    """Return *document* as a serialized export request of its signal.

    The results for two documents, one after the other, are the request for both: protobuf joins repeated fields.
    Fields that the message classes do not know are left out, as receivers of OTLP-JSON must do.

    Raises:
        ValueError: the document has a field of the wrong type.
    """
    request = _REQUESTS[signal]
    try:
        body: bytes = request(**_message(request.DESCRIPTOR)(document)).SerializeToString()
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"not a document of {signal}: {error}") from error
    return body


@functools.cache
def _message(descriptor: Descriptor) -> _Converter:
    fields: dict[str, tuple[str, _Converter | None]] = {}

    def convert(node: Mapping[str, Any]) -> dict[str, Any]:
        converted = {}
        for key, value in node.items():
            field = fields.get(key)
            if field is not None and value is not None:
                name, converter = field
                converted[name] = value if converter is None else converter(value)
        return converted

    fields.update({field.json_name: (field.name, _field(field)) for field in descriptor.fields})
    return convert


def _field(field: FieldDescriptor) -> _Converter | None:
    one = _single(field)
    if one is None or not field.is_repeated:
        return one
    return lambda values: [one(value) for value in values]


def _nested(descriptor: Descriptor) -> _Converter:
    # Compiled when first met, not here: an AnyValue holds values of its own kind, and that would never end.
    return lambda node: _message(descriptor)(node)  # noqa: PLW0108


def _single(field: FieldDescriptor) -> _Converter | None:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return _nested(field.message_type)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return bytes.fromhex if field.name in _IDS else base64.b64decode
    if field.type in _INTEGERS:
        return int
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return float
    return None
