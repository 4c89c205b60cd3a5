"""A data folder as a program leaves it: journal and telemetry files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson

from app.domain.clock import rfc3339
from app.domain.orders import Action, Filled, Order, Outcome, Side
from app.domain.trace import TraceRef
from app.trading.journal.records import Decided, Entry, Intent
from tests.app.trading.journal.samples import chained, write_segment

START_NS = 1_800_000_000_000_000_000
MS = 1_000_000


def trace_id(number: int) -> str:
    """A trace id."""
    return f"{number:032x}"


def span_id(number: int) -> str:
    """A span id."""
    return f"{number:016x}"


def a_span(
    number: int,
    name: str,
    *,
    parent: int | None = None,
    trace: int = 1,
    at_ms: float = 0,
    took_ms: float = 10,
    error: str | None = None,
    attributes: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A span in OTLP-JSON."""
    start = START_NS + int(at_ms * MS)
    return {
        "traceId": trace_id(trace),
        "spanId": span_id(number),
        **({} if parent is None else {"parentSpanId": span_id(parent)}),
        "name": name,
        "kind": 1,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + int(took_ms * MS)),
        "status": {} if error is None else {"code": 2, "message": error},
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in (attributes or {}).items()],
    }


def a_log(body: str, *, trace: int = 1, span: int = 2, at_ms: float = 1, uid: str | None = None) -> dict[str, Any]:
    """A log record in OTLP-JSON."""
    attributes = [] if uid is None else [{"key": "log.record.uid", "value": {"stringValue": uid}}]
    return {
        "timeUnixNano": str(START_NS + int(at_ms * MS)),
        "severityText": "INFO",
        "body": {"stringValue": body},
        "traceId": trace_id(trace),
        "spanId": span_id(span),
        "attributes": attributes,
    }


def spans_line(spans: Iterable[dict[str, Any]]) -> bytes:
    """A line of a traces file."""
    return orjson.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": list(spans)}]}]})


def logs_line(records: Iterable[dict[str, Any]]) -> bytes:
    """A line of a logs file."""
    return orjson.dumps({"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": list(records)}]}]})


def write_telemetry(data_dir: Path, signal: str, number: int, lines: Iterable[bytes], tail: bytes = b"") -> Path:
    """Write a telemetry segment; *tail* is what a write just begun has left."""
    return write_segment(data_dir / "telemetry" / signal, number, b"".join(line + b"\n" for line in lines) + tail)


def write_journal(data_dir: Path, entries: Sequence[Entry]) -> Path:
    """Write a journal of these entries."""
    return write_segment(data_dir / "journal", 1, b"".join(chained(entries)))


def an_intent(order_id: str, *, position: int | None = None, trace: int = 1, span: int = 2) -> Intent:
    """An intent to buy, or to close *position*."""
    order = Order(
        order_id=order_id,
        action=Action.OPEN if position is None else Action.CLOSE,
        symbol="EURUSD",
        side=Side.BUY,
        volume=0.1,
        position=position,
    )
    ref = TraceRef(trace_id(trace), span_id(span), None) if trace else TraceRef()
    return Intent(order=order, trace=ref, comment_sent="", started_ns=START_NS)


def decided(order_id: str, outcome: Outcome) -> Decided:
    """What came of it."""
    return Decided(order_id=order_id, outcome=outcome, ended_ns=START_NS + 10 * MS)


def filled(order: int, deal: int, position: int) -> Filled:
    """A complete fill."""
    return Filled(order=order, deal=deal, position=position, volume=0.1, price=1.1, retcode=10009)


def moment(at_ms: float) -> str:
    """The same moment as text."""
    return rfc3339(START_NS + int(at_ms * MS))
