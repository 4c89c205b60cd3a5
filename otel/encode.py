"""Ended spans, log records and metric points as OTLP-JSON: one request document a line, ids in hex, no newline.

Takes what `otel.redaction` let through: numbers are finite, integers fit 64 bits, texts hold no lone surrogate.
Held equal to the official protobuf encoder by a property test, except that span flags carry the sampled bit too
(the official encoder leaves it out) and that equal resources that are different objects stay apart.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, TypeVar

import orjson
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceState
from opentelemetry.trace.status import Status

_HAS_IS_REMOTE: Final = 0x100
_IS_REMOTE: Final = 0x200
_KINDS: Final = {
    SpanKind.INTERNAL: 1,
    SpanKind.SERVER: 2,
    SpanKind.CLIENT: 3,
    SpanKind.PRODUCER: 4,
    SpanKind.CONSUMER: 5,
}
Json = dict[str, Any]
_T = TypeVar("_T", ReadableSpan, ReadableLogRecord)


def encode_spans(spans: Sequence[ReadableSpan]) -> bytes:
    """Return one `ExportTraceServiceRequest`."""
    return orjson.dumps({"resourceSpans": _by_resource(spans, "scopeSpans", "spans", _span)})


def encode_logs(records: Sequence[ReadableLogRecord]) -> bytes:
    """Return one `ExportLogsServiceRequest`."""
    return orjson.dumps({"resourceLogs": _by_resource(records, "scopeLogs", "logRecords", _log)})


def encode_metrics(data: MetricsData) -> bytes:
    """Return one `ExportMetricsServiceRequest`; a metric without points is left out."""
    return orjson.dumps(
        {
            "resourceMetrics": [
                _with_schema(
                    {
                        "resource": _resource(resource_metrics.resource),
                        "scopeMetrics": [
                            _with_schema(
                                {
                                    "scope": _scope(scope_metrics.scope),
                                    "metrics": [_metric(m) for m in scope_metrics.metrics if m.data.data_points],
                                },
                                scope_metrics.scope.schema_url,
                            )
                            for scope_metrics in resource_metrics.scope_metrics
                        ],
                    },
                    resource_metrics.resource.schema_url,
                )
                for resource_metrics in data.resource_metrics
            ]
        }
    )


def _by_resource(items: Sequence[_T], scopes: str, leaves: str, encode: Callable[[_T], Json]) -> list[Json]:
    groups: dict[int, tuple[Resource, dict[InstrumentationScope | None, list[Json]]]] = {}
    for resource_id, run in groupby(items, lambda item: id(item.resource)):
        for item in run:
            _, by_scope = groups.setdefault(resource_id, (item.resource, {}))
            by_scope.setdefault(item.instrumentation_scope, []).append(encode(item))
    return [
        _with_schema(
            {
                "resource": _resource(resource),
                scopes: [
                    _with_schema({"scope": _scope(scope), leaves: encoded}, scope.schema_url if scope else None)
                    for scope, encoded in by_scope.items()
                ],
            },
            resource.schema_url,
        )
        for resource, by_scope in groups.values()
    ]


def _with_schema(document: Json, schema_url: str | None) -> Json:
    if schema_url:
        document["schemaUrl"] = schema_url
    return document


def _resource(resource: Resource) -> Json:
    return {"attributes": _attributes(resource.attributes)} if resource.attributes else {}


def _scope(scope: InstrumentationScope | None) -> Json:
    if scope is None:
        return {}
    document: Json = {"name": scope.name}
    if scope.version:
        document["version"] = scope.version
    if scope.attributes:
        document["attributes"] = _attributes(scope.attributes)
    return document


def _span(span: ReadableSpan) -> Json:
    context = span.context
    document: Json = {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "flags": _flags(context, span.parent),
        "name": span.name,
        "kind": _KINDS[span.kind],
        "startTimeUnixNano": str(span.start_time or 0),
        "endTimeUnixNano": str(span.end_time or 0),
        "status": _status(span.status),
    }
    if span.parent is not None:
        document["parentSpanId"] = f"{span.parent.span_id:016x}"
    if context.trace_state:
        document["traceState"] = _trace_state(context.trace_state)
    if span.attributes:
        document["attributes"] = _attributes(span.attributes)
    if span.events:
        document["events"] = [_event(event) for event in span.events]
    if span.links:
        document["links"] = [_link(link) for link in span.links]
    for key, dropped in (
        ("droppedAttributesCount", span.dropped_attributes),
        ("droppedEventsCount", span.dropped_events),
        ("droppedLinksCount", span.dropped_links),
    ):
        if dropped:
            document[key] = dropped
    return document


def _flags(context: SpanContext, parent: SpanContext | None) -> int:
    remote = _IS_REMOTE if parent is not None and parent.is_remote else 0
    return int(context.trace_flags) | _HAS_IS_REMOTE | remote


def _trace_state(trace_state: TraceState) -> str:
    return ",".join(f"{key}={value}" for key, value in trace_state.items())


def _status(status: Status) -> Json:
    document: Json = {}
    if status.status_code.value:
        document["code"] = status.status_code.value
    if status.description:
        document["message"] = status.description
    return document


def _event(event: Event) -> Json:
    document: Json = {"timeUnixNano": str(event.timestamp), "name": event.name}
    if event.attributes:
        document["attributes"] = _attributes(event.attributes)
    if event.dropped_attributes:
        document["droppedAttributesCount"] = event.dropped_attributes
    return document


def _link(link: Link) -> Json:
    context = link.context
    document: Json = {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "flags": _flags(context, context),
    }
    if link.attributes:
        document["attributes"] = _attributes(link.attributes)
    if link.dropped_attributes:
        document["droppedAttributesCount"] = link.dropped_attributes
    return document


def _log(record: ReadableLogRecord) -> Json:
    log = record.log_record
    document: Json = {
        "timeUnixNano": str(log.timestamp or 0),
        "observedTimeUnixNano": str(log.observed_timestamp or 0),
        "body": _value(log.body),
    }
    if log.severity_number is not None and log.severity_number.value:
        document["severityNumber"] = log.severity_number.value
    if log.severity_text:
        document["severityText"] = log.severity_text
    if log.attributes:
        document["attributes"] = _attributes(log.attributes)
    if record.dropped_attributes:
        document["droppedAttributesCount"] = record.dropped_attributes
    if log.trace_flags:
        document["flags"] = int(log.trace_flags)
    if log.trace_id:
        document["traceId"] = f"{log.trace_id:032x}"
    if log.span_id:
        document["spanId"] = f"{log.span_id:016x}"
    if log.event_name:
        document["eventName"] = log.event_name
    return document


def _metric(metric: Metric) -> Json:
    document: Json = {"name": metric.name}
    if metric.description:
        document["description"] = metric.description
    if metric.unit:
        document["unit"] = metric.unit
    document.update(_data(metric.data))
    return document


def _data(data: Sum | Gauge | Histogram | ExponentialHistogram) -> Json:
    if isinstance(data, Gauge):
        return {"gauge": {"dataPoints": [_number_point(point, since_start=False) for point in data.data_points]}}
    temporality = int(data.aggregation_temporality)
    if isinstance(data, Sum):
        points = [_number_point(point, since_start=True) for point in data.data_points]
        sums: Json = {"dataPoints": points, "aggregationTemporality": temporality}
        if data.is_monotonic:
            sums["isMonotonic"] = True
        return {"sum": sums}
    if isinstance(data, Histogram):
        points = [_histogram_point(point) for point in data.data_points]
        return {"histogram": {"dataPoints": points, "aggregationTemporality": temporality}}
    points = [_exponential_point(point) for point in data.data_points]
    return {"exponentialHistogram": {"dataPoints": points, "aggregationTemporality": temporality}}


def _point(point: NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint) -> Json:
    document: Json = {"timeUnixNano": str(point.time_unix_nano or 0)}
    if point.attributes:
        document["attributes"] = _attributes(point.attributes)
    if point.exemplars:
        document["exemplars"] = [_exemplar(exemplar) for exemplar in point.exemplars]
    return document


def _number(value: float) -> Json:
    return {"asInt": str(value)} if isinstance(value, int) else {"asDouble": float(value)}


def _number_point(point: NumberDataPoint, *, since_start: bool) -> Json:
    document = _point(point)
    if since_start:
        document["startTimeUnixNano"] = str(point.start_time_unix_nano or 0)
    document.update(_number(point.value))
    return document


def _histogram_point(point: HistogramDataPoint) -> Json:
    return {
        **_point(point),
        "startTimeUnixNano": str(point.start_time_unix_nano or 0),
        "count": str(point.count),
        "sum": float(point.sum),
        "bucketCounts": [str(count) for count in point.bucket_counts],
        "explicitBounds": [float(bound) for bound in point.explicit_bounds],
        "min": float(point.min),
        "max": float(point.max),
    }


def _exponential_point(point: ExponentialHistogramDataPoint) -> Json:
    document = {
        **_point(point),
        "startTimeUnixNano": str(point.start_time_unix_nano or 0),
        "count": str(point.count),
        "sum": float(point.sum),
        "scale": point.scale,
        "zeroCount": str(point.zero_count),
        "flags": point.flags,
        "min": float(point.min),
        "max": float(point.max),
    }
    for key, buckets in (("positive", point.positive), ("negative", point.negative)):
        if buckets.bucket_counts:
            counts = [str(count) for count in buckets.bucket_counts]
            document[key] = {"offset": buckets.offset, "bucketCounts": counts}
    return document


def _exemplar(exemplar: Exemplar) -> Json:
    document: Json = {"timeUnixNano": str(exemplar.time_unix_nano), **_number(exemplar.value)}
    if exemplar.filtered_attributes:
        document["filteredAttributes"] = _attributes(exemplar.filtered_attributes)
    if exemplar.trace_id is not None and exemplar.span_id is not None:
        document["traceId"] = f"{exemplar.trace_id:032x}"
        document["spanId"] = f"{exemplar.span_id:016x}"
    return document


def _attributes(attributes: Mapping[str, Any]) -> list[Json]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: Any) -> Json:
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": float(value)}
    if value is None:
        return {}
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {"kvlistValue": {"values": [{"key": str(k), "value": _value(v)} for k, v in value.items()]}}
    return {"arrayValue": {"values": _values(value)}}


def _values(values: Iterable[Any]) -> list[Json]:
    return [_value(value) for value in values]
