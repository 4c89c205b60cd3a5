"""Clients for what the real programs hold: Jaeger's traces, Prometheus' series, the Collector's files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from app.settings import StackSettings
from app.stack import Stack

FREE_PORTS = StackSettings(**dict.fromkeys(StackSettings.model_fields, 0))

# Seconds instead of the quarter of a minute that nobody waits for in a test.
QUICK = {"COLLECTOR_SPAN_METRICS_INTERVAL": "1s", "COLLECTOR_OWN_METRICS_INTERVAL_MS": "1000"}

ERROR = 2  # STATUS_CODE_ERROR

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span as a backend holds it; `attributes` are plain values, int64 included."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    service: str
    error: bool
    attributes: Mapping[str, Any]


class Jaeger:
    """Jaeger's query API, in the spelling of this version."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.Client(base_url=url, trust_env=False, timeout=30)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def services(self) -> set[str]:
        """Names of the services that sent spans."""
        return set(self._http.get("/api/v3/services").json()["services"])

    def spans(self, service: str, limit: int = 5000) -> list[Span]:
        """All spans of the traces that *service* took part in during the last day."""
        now = datetime.now(UTC)
        query: dict[str, str | int] = {
            "query.service_name": service,
            "query.start_time_min": _nanoseconds(now - timedelta(days=1)),
            "query.start_time_max": _nanoseconds(now + timedelta(minutes=5)),
            "query.num_traces": limit,
        }
        return self._read(self._http.get("/api/v3/traces", params=query))

    def trace(self, trace_id: str) -> list[Span]:
        """The spans of one trace; none if Jaeger does not know it."""
        return self._read(self._http.get(f"/api/v3/traces/{trace_id}"))

    def calls(self, service: str) -> list[str]:
        """Operations that Jaeger's Monitor tab has a call rate for: its metrics come from Prometheus."""
        answer = self._http.get("/api/metrics/calls", params={"service": service, "groupByOperation": "true"})
        metrics = answer.raise_for_status().json()["metrics"]
        return [label["value"] for metric in metrics for label in metric["labels"] if label["name"] == "operation"]

    @staticmethod
    def _read(answer: httpx2.Response) -> list[Span]:
        if answer.status_code == 404:
            return []
        documents = _documents(answer.raise_for_status().text)
        return [span for document in documents for span in spans_of(document["result"])]


class Prometheus:
    """Prometheus' query API."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.Client(base_url=url, trust_env=False, timeout=30)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def query(self, expression: str, at: float | None = None) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series now, or at *at* (Unix seconds): it looks back five minutes only."""
        params = {"query": expression} | ({} if at is None else {"time": str(at)})
        answer = self._http.get("/api/v1/query", params=params).raise_for_status().json()
        return [(series["metric"], float(series["value"][1])) for series in answer["data"]["result"]]

    def summaries(self, job: str) -> dict[str, str]:
        """What the alerts that fire now for a job say, by their name."""
        alerts = self._http.get("/api/v1/alerts").raise_for_status().json()["data"]["alerts"]
        firing = [alert for alert in alerts if alert["state"] == "firing" and alert["labels"].get("job") == job]
        return {alert["labels"]["alertname"]: alert["annotations"]["summary"] for alert in firing}

    def sum_by(self, label: str, metric: str, at: float | None = None) -> dict[str, float]:
        """Sums of *metric* by the values of one label."""
        return {labels[label]: value for labels, value in self.query(f"sum by ({label}) ({metric})", at)}


class CollectorFiles:
    """What the Collector's file exporters wrote, rotated files included."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def documents(self, signal: str) -> Iterator[dict[str, Any]]:
        """OTLP-JSON documents of `traces`, `metrics` or `logs`."""
        for path in sorted(self._folder.glob(f"{signal}*.jsonl")):
            yield from _documents(path.read_text(encoding="utf-8"))

    def spans(self) -> list[Span]:
        """Every span in the files, as often as it was written."""
        return [span for document in self.documents("traces") for span in spans_of(document)]

    def text(self) -> str:
        """Everything in the files, to search it for what must not be there."""
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self._folder.glob("*.jsonl")))


@dataclass(frozen=True, slots=True)
class RunningStack:
    """The three real programs and clients for what they hold."""

    stack: Stack
    jaeger: Jaeger
    prometheus: Prometheus
    files: CollectorFiles

    @property
    def endpoint(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is set to (HTTP)."""
        return self.stack.url("collector")


def eventually(look: Callable[[], Found], until: Callable[[Found], bool], timeout_s: float = 90.0) -> Found:
    """Look until what is seen is as expected, and return it; after *timeout_s* return what is seen then.

    The caller asserts on the result, so that a failure shows what was there.
    """
    deadline = time.monotonic() + timeout_s
    while not until(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return seen


def spans_of(document: Mapping[str, Any]) -> Iterator[Span]:
    """Spans of one OTLP-JSON document of traces."""
    for resource_spans in document.get("resourceSpans", ()):
        service = _plain(resource_spans.get("resource", {}).get("attributes", ())).get("service.name", "")
        for scope_spans in resource_spans.get("scopeSpans", ()):
            for span in scope_spans.get("spans", ()):
                yield Span(
                    trace_id=span["traceId"],
                    span_id=span["spanId"],
                    parent_id=span.get("parentSpanId", ""),
                    name=span["name"],
                    service=service,
                    error=span.get("status", {}).get("code") == ERROR,
                    attributes=_plain(span.get("attributes", ())),
                )


def _plain(attributes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for attribute in attributes:
        ((kind, value),) = attribute["value"].items()
        plain[attribute["key"]] = int(value) if kind == "intValue" else value
    return plain


def _documents(text: str) -> Iterator[dict[str, Any]]:
    """JSON documents one after another, without the last one if it is still being written.

    The Collector writes a line and its end separately, so a kill may leave two documents on one line.
    """
    decoder, position = json.JSONDecoder(), 0
    text = text.strip()
    while position < len(text):
        try:
            document, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError:
            if "\n" in text[position:]:
                raise
            return
        yield document
        while position < len(text) and text[position].isspace():
            position += 1


def _nanoseconds(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000000000Z")
