"""The five tables under logs/: their columns, and what makes a row of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Final

from app.domain.clock import rfc3339
from app.domain.events import REFUSALS, ErrorEvent, Scope, SecurityEvent, SecurityType
from app.domain.orders import Action, Denied, Filled, NotSent, Order, Outcome, Placed, Rejected, Unchanged, Unknown
from app.history.csv_files import Row
from app.trading.journal.records import Dealt, OrderRecord

METRICS_COLUMNS: Final = (
    "ts_utc",
    "uptime_hours",
    "total_requests",
    "total_errors",
    "error_rate",
    "orders_placed",
    "orders_failed",
    "order_success_rate",
    "mt5_connected",
    "mt5_failures",
)
ERRORS_COLUMNS: Final = ("ts_utc", "scope", "message", "last_error", "details", "trace_id")
SECURITY_COLUMNS: Final = ("ts_utc", "event_type", "client_ip", "details", "key_id")
ORDERS_COLUMNS: Final = (
    "ts_utc",
    "action",
    "canonical",
    "broker_symbol",
    "req_json",
    "result_code",
    "order",
    "position",
    "price",
    "volume",
    "sl",
    "tp",
    "comment",
    "status",
    "order_id",
    "trace_id",
)
DEALS_COLUMNS: Final = (
    "ts_utc",
    "ticket",
    "order",
    "time",
    "type",
    "entry",
    "magic",
    "position_id",
    "volume",
    "price",
    "commission",
    "swap",
    "profit",
    "symbol",
    "comment",
    "fee",
    "reason",
    "trace_id",
)

_MORE: Final = " more in this minute, the last one: "

STATUS: Final[Mapping[type[Outcome], str]] = {
    Filled: "success",
    Placed: "success",
    Unchanged: "success",
    Rejected: "error",
    NotSent: "error",
    Denied: "denied",
    Unknown: "unknown",
}


def error_row(event: ErrorEvent) -> Row:
    """A row of errors.csv."""
    return (
        rfc3339(event.at_ns),
        event.scope.value,
        event.message,
        event.last_error,
        event.details,
        event.trace_id,
    )


def error_from(row: Mapping[str, str]) -> ErrorEvent | None:
    """The error that a row of errors.csv tells; None where it tells none."""
    try:
        return ErrorEvent(
            at_ns=ns_from(row["ts_utc"]),
            scope=Scope(row["scope"]),
            message=row["message"],
            last_error=row["last_error"],
            details=row["details"],
            trace_id=row["trace_id"],
        )
    except (KeyError, ValueError):
        return None


def security_row(event: SecurityEvent, *, more: bool = False) -> Row:
    """A row of security.csv; with *more* it stands for as many attempts as its details say, else for one."""
    details = f"{event.count}{_MORE}{event.details}" if more else event.details
    return (rfc3339(event.at_ns), event.type.value, event.client, details, event.key_id)


def security_from(row: Mapping[str, str]) -> SecurityEvent | None:
    """The event that a row of security.csv tells; None where it tells none."""
    try:
        kind = SecurityType(row["event_type"])
        count, more, last = row["details"].partition(_MORE)
        # Names of keys are a person's words: only what anybody can cause is told of by the minute.
        several = kind in REFUSALS and bool(more) and count.isdecimal()
        return SecurityEvent(
            at_ns=ns_from(row["ts_utc"]),
            type=kind,
            client=row["client_ip"],
            details=last if several else row["details"],
            key_id=row["key_id"],
            count=int(count) if several else 1,
        )
    except (KeyError, ValueError):
        return None


def order_row(record: OrderRecord) -> Row:
    """A row of orders.csv, about an order whose outcome is known.

    Its status is the outcome that was decided first, which everything counts; a row is never written again.
    """
    order, first, outcome = record.order, record.outcome, record.current
    assert first is not None
    numbers = dict(record.numbers())
    return (
        rfc3339(record.ended_ns or record.started_ns),
        action_name(order),
        order.symbol,
        order.symbol,
        json.dumps(_request(order), ensure_ascii=False, separators=(",", ":")),
        getattr(first, "retcode", None),
        numbers.get("order"),
        numbers.get("position"),
        outcome.price if isinstance(outcome, Filled) else order.price,
        outcome.volume if isinstance(outcome, Filled) else order.volume,
        order.sl,
        order.tp,
        order.comment,
        STATUS[type(first)],
        order.order_id,
        record.trace.trace_id,
    )


def action_name(order: Order) -> str:
    """What an order was to do, as older scripts know it."""
    match order.action:
        case Action.OPEN:
            return f"market_{order.side.value}"
        case Action.CLOSE:
            return "close"
        case Action.PLACE:
            return f"pending_{order.side.value}_{order.kind.value}"
        case Action.MODIFY | Action.CANCEL:
            return f"{order.action.value}_pending"


def deal_row(dealt: Dealt, trace_id: str) -> Row:
    """A row of deals.csv; *trace_id* is its order's, or its own."""
    deal = dealt.deal
    return (
        rfc3339(deal.time_ns),
        deal.ticket,
        deal.order,
        deal.time_msc // 1_000,
        deal.type,
        deal.entry,
        deal.magic,
        deal.position,
        deal.volume,
        deal.price,
        deal.commission,
        deal.swap,
        deal.profit,
        deal.symbol,
        deal.comment,
        deal.fee,
        deal.reason,
        trace_id,
    )


def ns_from(text: str) -> int:
    """A moment in ns since 1970; exact to the microsecond.

    Raises:
        ValueError: it is no RFC 3339.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1_000


def _request(order: Order) -> dict[str, object]:
    """What was asked for, without our own name for it."""
    return {name: value for name, value in asdict(order).items() if name != "order_id" and value is not None}
