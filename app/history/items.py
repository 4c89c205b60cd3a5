"""Spans and log records as they are read back: plain values, decoded from OTLP-JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from app.domain.clock import rfc3339

Status = Literal["unset", "ok", "error"]

_STATUSES: Final[Mapping[int, Status]] = {0: "unset", 1: "ok", 2: "error"}
_KINDS: Final[Mapping[int, str]] = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_UID: Final = "log.record.uid"
Attributes = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened inside a span, such as an exception; `time_ns` since 1970."""

    name: str
    time_ns: int
    attributes: Attributes

    def to_json(self) -> dict[str, Any]:
        """The event as API and command line show it."""
        return {"name": self.name, "time": rfc3339(self.time_ns), "attributes": dict(self.attributes)}


class SpanLink(NamedTuple):
    """A span of another trace that a span is linked to."""

    trace_id: str
    span_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One ended span; ids in lower-case hex, times in ns since 1970."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: str
    start_ns: int
    end_ns: int
    status: Status
    status_message: str = ""
    attributes: Attributes = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    links: tuple[SpanLink, ...] = ()

    @property
    def duration_ms(self) -> float:
        """Milliseconds from start to end."""
        return (self.end_ns - self.start_ns) / 1e6

    def to_json(self) -> dict[str, Any]:
        """The span as API and command line show it."""
        return {
            "span_id": self.span_id,
            "parent_span_id": self.parent_span_id,
            "name": self.name,
            "kind": self.kind,
            "start": rfc3339(self.start_ns),
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "duration_ms": self.duration_ms,
            "status": self.status,
            "status_message": self.status_message,
            "attributes": dict(self.attributes),
            "events": [event.to_json() for event in self.events],
            "links": [link._asdict() for link in self.links],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """One log record; `uid` tells copies of it, and is empty on records that carry none."""

    trace_id: str
    span_id: str
    time_ns: int
    severity: str
    body: Any
    uid: str = ""
    attributes: Attributes = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The record as API and command line show it."""
        return {
            "time": rfc3339(self.time_ns),
            "time_ns": self.time_ns,
            "span_id": self.span_id or None,
            "severity": self.severity,
            "body": self.body,
            "attributes": dict(self.attributes),
        }


@dataclass(frozen=True, slots=True)
class Trace:
    """The spans and log records of one trace, each once, in the order of time."""

    trace_id: str
    spans: tuple[Span, ...] = ()
    logs: tuple[LogRecord, ...] = ()

    @property
    def start_ns(self) -> int:
        """When its first span began; 0 without spans."""
        return min((span.start_ns for span in self.spans), default=0)

    @property
    def end_ns(self) -> int:
        """When its last span ended; 0 without spans."""
        return max((span.end_ns for span in self.spans), default=0)

    def tree(self) -> Iterator[tuple[int, Span]]:
        """Yield every span after its parent, with its depth; a span whose parent is not here is at the top."""
        known = {span.span_id for span in self.spans}
        children: dict[str | None, list[Span]] = {}
        for span in self.spans:
            parent = span.parent_span_id if span.parent_span_id in known else None
            children.setdefault(parent, []).append(span)
        waiting = [(0, span) for span in reversed(children.pop(None, []))]
        while waiting:
            depth, span = waiting.pop()
            yield depth, span
            waiting += [(depth + 1, child) for child in reversed(children.pop(span.span_id, []))]

    def to_json(self) -> dict[str, Any]:
        """The trace as API and command line show it."""
        return {
            "trace_id": self.trace_id,
            "spans": [span.to_json() for span in self.spans],
            "logs": [log.to_json() for log in self.logs],
        }


def spans_of(document: Any) -> Iterator[Span]:
    """Yield the spans of an OTLP-JSON document; `LookupError`, `TypeError` or `ValueError` if it is none."""
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for item in scope["spans"]:
                yield _span(item)


def logs_of(document: Any) -> Iterator[LogRecord]:
    """Yield the log records of an OTLP-JSON document; raises like `spans_of`."""
    for resource in document["resourceLogs"]:
        for scope in resource["scopeLogs"]:
            for item in scope["logRecords"]:
                yield _log(item)


def _span(item: Mapping[str, Any]) -> Span:
    status = item.get("status", {})
    return Span(
        trace_id=item["traceId"],
        span_id=item["spanId"],
        parent_span_id=item.get("parentSpanId") or None,
        name=item["name"],
        kind=_KINDS.get(item.get("kind", 0), "internal"),
        start_ns=int(item["startTimeUnixNano"]),
        end_ns=int(item["endTimeUnixNano"]),
        status=_STATUSES[status.get("code", 0)],
        status_message=status.get("message", ""),
        attributes=_attributes(item),
        events=tuple(
            Event(name=event["name"], time_ns=int(event["timeUnixNano"]), attributes=_attributes(event))
            for event in item.get("events", ())
        ),
        links=tuple(SpanLink(link["traceId"], link["spanId"]) for link in item.get("links", ())),
    )


def _log(item: Mapping[str, Any]) -> LogRecord:
    attributes = _attributes(item)
    return LogRecord(
        trace_id=item.get("traceId", ""),
        span_id=item.get("spanId", ""),
        time_ns=int(item.get("timeUnixNano") or 0) or int(item.get("observedTimeUnixNano") or 0),
        severity=item.get("severityText", ""),
        body=_value(item.get("body") or {}),
        uid=str(attributes.pop(_UID, "")),
        attributes=attributes,
    )


def _attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    return {attribute["key"]: _value(attribute["value"]) for attribute in item.get("attributes", ())}


def _value(value: Mapping[str, Any]) -> Any:
    """The value inside OTLP's wrapper; bytes stay base64, and 64-bit integers come as text."""
    match value:
        case {"intValue": number}:
            return int(number)
        case {"arrayValue": array}:
            return [_value(item) for item in array.get("values", ())]
        case {"kvlistValue": pairs}:
            return {pair["key"]: _value(pair["value"]) for pair in pairs.get("values", ())}
        case _:
            return next(iter(value.values()), None)
