"""What an endpoint's answer means for the data that was sent: one table, after the OTLP/HTTP specification.

The specification leaves open what to do with an answer that is no fault of the data (a wrong key, a wrong path). Here
the queue is parked then: it keeps its data until the configuration is put right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import orjson
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no types
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otel.accounts import Signal

LONGEST_RETRY_AFTER_S: Final = 3600.0
"""A longer `Retry-After` is taken as this: a mistaken one must not silence a signal for days."""

_DETAIL: Final = 500
_RETRIED: Final = frozenset({429, 502, 503, 504})
_PARKED: Final = frozenset({401, 403, 404, 415})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, its headers (names in lower case) and the beginning of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """The endpoint has the data, except for *rejected* items, which it will never take."""

    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """This request will never be taken, whenever it is sent; *detail* is the beginning of the endpoint's own words."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """The same request may be taken later; after *after_s* seconds, if the endpoint said so."""

    reason: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """The endpoint takes nothing from us as we are configured, whatever the data."""

    reason: str


Verdict = Taken | Refused | Later | Parked


def judge(signal: Signal, answer: Answer, now: float) -> Verdict:
    """Say what *answer*, received at *now* (Unix seconds), means for the items that were sent."""
    status = answer.status
    reason = _name(status)
    if 200 <= status < 300:
        return Taken(rejected_items(signal, answer))
    if status in _RETRIED or status >= 500:
        return Later(reason, _retry_after_s(answer.headers.get("retry-after"), now))
    if status in _PARKED or status < 400:  # a redirect is not followed: the configured address is wrong
        return Parked(reason)
    return Refused(reason, answer.body[:_DETAIL].decode("utf-8", "replace"))


def rejected_items(signal: Signal, answer: Answer) -> int:
    """Return how many items a partialSuccess says were left out; 0 for an answer that does not say."""
    try:
        if "json" in answer.headers.get("content-type", ""):
            partial = orjson.loads(answer.body).get("partialSuccess") or {}
            return max(0, int(partial.get(_REJECTED_JSON[signal]) or 0))
        return max(0, _REJECTED_PROTOBUF[signal](answer.body))
    except (ValueError, TypeError, AttributeError, DecodeError):
        return 0


_REJECTED_JSON: Final[Mapping[Signal, str]] = {
    "traces": "rejectedSpans",
    "logs": "rejectedLogRecords",
    "metrics": "rejectedDataPoints",
}
_REJECTED_PROTOBUF: Final[Mapping[Signal, Callable[[bytes], int]]] = {
    "traces": lambda body: ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans,
    "logs": lambda body: ExportLogsServiceResponse.FromString(body).partial_success.rejected_log_records,
    "metrics": lambda body: ExportMetricsServiceResponse.FromString(body).partial_success.rejected_data_points,
}


def _name(status: int) -> str:
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def _retry_after_s(value: str | None, now: float) -> float | None:
    if value is None:
        return None
    try:
        seconds = float(int(value))
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER_S)
