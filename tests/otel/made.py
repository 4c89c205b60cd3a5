"""Ended spans, log records and metric points, made by hand or at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    set_span_in_context,
)
from opentelemetry.trace.status import Status, StatusCode

RESOURCE = Resource({"service.name": "made"}, "https://opentelemetry.io/schemas/1.44.0")
SCOPE = InstrumentationScope("made", "1.0", "https://opentelemetry.io/schemas/1.44.0")
# A busy machine makes examples slowly; that is no fault of theirs.
AT_RANDOM = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SAMPLED = TraceFlags(TraceFlags.SAMPLED)


def context(trace_id: int = 1, span_id: int = 2, *, remote: bool = False) -> SpanContext:
    """A valid, sampled span context."""
    return SpanContext(trace_id, span_id, remote, SAMPLED)


def span(name: str = "work", **parts: Any) -> ReadableSpan:
    """An ended span."""
    defaults: dict[str, Any] = {
        "context": context(),
        "resource": RESOURCE,
        "instrumentation_scope": SCOPE,
        "start_time": 1_700_000_000_000_000_000,
        "end_time": 1_700_000_000_000_001_000,
    }
    return ReadableSpan(name, **(defaults | parts))


def log(body: Any = "said", attributes: dict[str, Any] | None = None) -> ReadableLogRecord:
    """A log record."""
    return ReadableLogRecord(LogRecord(body=body, attributes=attributes, timestamp=1), RESOURCE, SCOPE)


def number(value: float, **attributes: Any) -> NumberDataPoint:
    """A point of a sum or gauge."""
    return NumberDataPoint(attributes, 10, 20, value)


def metrics(*made: Metric) -> MetricsData:
    """One collection."""
    return MetricsData([ResourceMetrics(RESOURCE, [ScopeMetrics(SCOPE, made, "")], "")])


def counter(name: str, *points: NumberDataPoint, unit: str = "{thing}") -> Metric:
    """A monotonic sum."""
    return Metric(name, f"About {name}.", unit, Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True))


def gauge(name: str, *points: NumberDataPoint, unit: str = "{thing}") -> Metric:
    """A gauge."""
    return Metric(name, f"About {name}.", unit, Gauge(points))


def histogram(name: str, *points: HistogramDataPoint, unit: str = "s") -> Metric:
    """A histogram with explicit buckets."""
    return Metric(name, f"About {name}.", unit, Histogram(points, AggregationTemporality.CUMULATIVE))


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
keys = texts.filter(bool)
int64s = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
times = st.integers(0, 2**63 - 1)
counts = st.integers(0, 2**40)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | texts | int64s | floats | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
attributes = st.dictionaries(keys, values, max_size=4)


@st.composite
def bounded(draw: st.DrawFn) -> BoundedAttributes:
    """Attributes of which the SDK has dropped some."""
    made = BoundedAttributes(attributes=draw(attributes))
    made.dropped = draw(st.integers(0, 3))
    return made


resources = st.builds(Resource, attributes, st.sampled_from(["", "https://example.com/1"]))
scopes = st.none() | st.builds(
    InstrumentationScope, keys, texts, st.sampled_from(["", "https://example.com/2"]), attributes
)
states = st.just(TraceState()) | st.just(TraceState([("vendor", "value"), ("other", "xy")]))
contexts = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    st.booleans(),
    st.sampled_from([TraceFlags(1), TraceFlags(3)]),
    states,
)
events = st.builds(Event, texts, bounded(), times)
links = st.builds(Link, contexts, bounded())
statuses = (
    st.just(Status(StatusCode.UNSET))
    | st.just(Status(StatusCode.OK))
    | texts.map(lambda t: Status(StatusCode.ERROR, t))
)


@st.composite
def spans(draw: st.DrawFn) -> Sequence[ReadableSpan]:
    """Spans of one resource and a few scopes."""
    resource = draw(resources)
    return draw(
        st.lists(
            st.builds(
                ReadableSpan,
                texts,
                context=contexts,
                parent=st.none() | contexts,
                resource=st.just(resource),
                attributes=bounded(),
                events=st.lists(events, max_size=2),
                links=st.lists(links, max_size=2),
                kind=st.sampled_from(SpanKind),
                status=statuses,
                start_time=times,
                end_time=times,
                instrumentation_scope=scopes,
            ),
            min_size=1,
            max_size=4,
        )
    )


@st.composite
def _record(draw: st.DrawFn, resource: Resource) -> ReadableLogRecord:
    around = set_span_in_context(NonRecordingSpan(draw(contexts))) if draw(st.booleans()) else None
    record = LogRecord(
        timestamp=draw(times),
        observed_timestamp=draw(times),
        context=around,
        severity_text=draw(st.none() | texts),
        severity_number=draw(st.none() | st.sampled_from(SeverityNumber)),
        body=draw(values),
        attributes=draw(bounded()),
        event_name=draw(st.none() | texts),
    )
    return ReadableLogRecord(record, resource, draw(scopes))


@st.composite
def logs(draw: st.DrawFn) -> Sequence[ReadableLogRecord]:
    """Log records of one resource and a few scopes."""
    return draw(st.lists(_record(draw(resources)), min_size=1, max_size=4))


exemplars = st.lists(
    st.builds(
        Exemplar,
        attributes,
        st.one_of(int64s, floats),
        times,
        st.integers(1, 2**64 - 1),
        st.integers(1, 2**128 - 1),
    )
    | st.builds(Exemplar, attributes, floats, times),
    max_size=2,
)
numbers = st.builds(NumberDataPoint, attributes, times, times, st.one_of(int64s, floats), exemplars)


@st.composite
def histogram_points(draw: st.DrawFn) -> HistogramDataPoint:
    """A point of a histogram with explicit buckets, one more than there are bounds."""
    bounds = sorted(draw(st.sets(floats, max_size=3)))
    per_bucket = draw(st.lists(counts, min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    return HistogramDataPoint(
        draw(attributes),
        draw(times),
        draw(times),
        sum(per_bucket),
        draw(floats),
        per_bucket,
        bounds,
        draw(floats),
        draw(floats),
        draw(exemplars),
    )


@st.composite
def exponential_points(draw: st.DrawFn) -> ExponentialHistogramDataPoint:
    """A point of an exponential histogram."""
    from opentelemetry.sdk.metrics._internal.point import Buckets

    buckets = st.builds(Buckets, st.integers(-50, 50), st.lists(counts, max_size=3))
    return ExponentialHistogramDataPoint(
        draw(attributes),
        draw(times),
        draw(times),
        draw(counts),
        draw(floats),
        draw(st.integers(-10, 20)),
        draw(counts),
        draw(buckets),
        draw(buckets),
        draw(st.integers(0, 1)),
        draw(floats),
        draw(floats),
        draw(exemplars),
    )


temporalities = st.sampled_from([AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE])
data = st.one_of(
    st.builds(Gauge, st.lists(numbers, min_size=1, max_size=2)),
    st.builds(Sum, st.lists(numbers, min_size=1, max_size=2), temporalities, st.booleans()),
    st.builds(Histogram, st.lists(histogram_points(), min_size=1, max_size=2), temporalities),
    st.builds(ExponentialHistogram, st.lists(exponential_points(), min_size=1, max_size=2), temporalities),
)


@st.composite
def collections(draw: st.DrawFn) -> MetricsData:
    """What a reader collects: one resource, a few scopes."""
    made = st.builds(Metric, keys, texts, texts, data)
    scoped = st.builds(ScopeMetrics, scopes.filter(lambda s: s is not None), st.lists(made, max_size=2), st.just(""))
    unique = st.lists(scoped, max_size=2, unique_by=lambda s: id(s.scope))
    return MetricsData([ResourceMetrics(draw(resources), draw(unique), "")])
