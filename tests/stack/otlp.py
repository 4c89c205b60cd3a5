"""OTLP-JSON documents as any sender would write them, and their delivery."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

import httpx2

Document = dict[str, Any]

_SECOND_NS = 1_000_000_000


def send(endpoint: str, signal: str, document: Document) -> None:
    """POST one document of `traces`, `metrics` or `logs`; anything but 200 is a fault."""
    answer = httpx2.post(f"{endpoint}/v1/{signal}", json=document, timeout=10, trust_env=False)
    assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
    assert not answer.json().get("partialSuccess"), answer.text


def one_span(
    service: str, name: str = "place_order", attributes: Mapping[str, Any] | None = None, *, message: str = ""
) -> Document:
    """A trace of one span with ids of its own."""
    now = time.time_ns()
    span = {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": name,
        "kind": 2,
        "startTimeUnixNano": str(now - _SECOND_NS // 100),
        "endTimeUnixNano": str(now),
        "attributes": _attributes(attributes),
        "status": {"code": 2, "message": message} if message else {},
    }
    return {"resourceSpans": [{"resource": _resource(service), "scopeSpans": [{"scope": {}, "spans": [span]}]}]}


def one_counter(service: str, metric: str, value: int, attributes: Mapping[str, Any], *, started_ns: int) -> Document:
    """A cumulative counter that has counted *value* since *started_ns*."""
    point = {
        "attributes": _attributes(attributes),
        "startTimeUnixNano": str(started_ns),
        "timeUnixNano": str(time.time_ns()),
        "asInt": str(value),
    }
    counter = {
        "name": metric,
        "unit": "{order}",
        "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [point]},
    }
    return {
        "resourceMetrics": [{"resource": _resource(service), "scopeMetrics": [{"scope": {}, "metrics": [counter]}]}]
    }


def one_gauge(service: str, metric: str, value: int, attributes: Mapping[str, Any], *, age_s: float = 0.0) -> Document:
    """A gauge's value now, or *age_s* seconds ago."""
    point = {
        "attributes": _attributes(attributes),
        "timeUnixNano": str(time.time_ns() - int(age_s * _SECOND_NS)),
        "asInt": str(value),
    }
    gauge = {"name": metric, "unit": "{issue}", "gauge": {"dataPoints": [point]}}
    return {"resourceMetrics": [{"resource": _resource(service), "scopeMetrics": [{"scope": {}, "metrics": [gauge]}]}]}


def one_log(service: str, body: str, attributes: Mapping[str, Any]) -> Document:
    """A log record."""
    record = {
        "timeUnixNano": str(time.time_ns()),
        "severityNumber": 9,
        "body": {"stringValue": body},
        "attributes": _attributes(attributes),
    }
    return {"resourceLogs": [{"resource": _resource(service), "scopeLogs": [{"scope": {}, "logRecords": [record]}]}]}


def trace_id(document: Document) -> str:
    """The trace id of a document made by `one_span`."""
    return str(document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"])


def _resource(service: str) -> Document:
    return {"attributes": _attributes({"service.name": service, "service.instance.id": f"{service}-1"})}


def _attributes(values: Mapping[str, Any] | None) -> list[Document]:
    return [{"key": key, "value": _value(value)} for key, value in (values or {}).items()]


def _value(value: Any) -> Document:
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": str(value)}
