"""Where an order stands in a trace."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TraceRef:
    """An order's span: ids in lower-case hex, empty while telemetry is off; the parent is the request's span."""

    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str | None = None
