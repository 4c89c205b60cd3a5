"""Spans of orders and deals built again from what the journal knows, for those that a crash lost."""

from __future__ import annotations

from collections.abc import Iterable

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from app.domain.account import AccountMode
from app.domain.deals import Deal
from app.domain.orders import Order, Outcome
from app.domain.trace import TraceRef
from app.telemetry.deals import SPAN_NAME, deal_attributes, ended_ns, links_to
from app.telemetry.names import SCOPE
from app.telemetry.orders import SPAN_NAMES, order_attributes, outcome_attributes, outcome_error


def order_span(
    order: Order,
    outcome: Outcome,
    ref: TraceRef,
    *,
    started_ns: int,
    ended_ns: int,
    mode: AccountMode,
    resource: Resource,
    version: str,
) -> ReadableSpan:
    """The order's span (`SPAN_NAMES`) with the ids, times and outcome of the journal.

    `mt5.order.replayed` says that it was told late; the steps below it are lost.
    """
    error = outcome_error(outcome)
    return ReadableSpan(
        name=SPAN_NAMES[order.action],
        context=_context(ref.trace_id, ref.span_id),
        parent=_context(ref.trace_id, ref.parent_span_id, remote=True) if ref.parent_span_id else None,
        resource=resource,
        attributes={**order_attributes(order, mode), **outcome_attributes(outcome), "mt5.order.replayed": True},
        kind=SpanKind.INTERNAL,
        status=Status(StatusCode.UNSET) if error is None else Status(StatusCode.ERROR, error),
        start_time=started_ns,
        end_time=ended_ns,
        instrumentation_scope=InstrumentationScope(SCOPE, version),
    )


def deal_span(
    deal: Deal,
    orders: Iterable[TraceRef],
    ref: TraceRef,
    *,
    ours: bool,
    mode: AccountMode,
    resource: Resource,
    version: str,
) -> ReadableSpan:
    """The span of a deal with the ids of the journal; `orders` are those that it is linked to."""
    return ReadableSpan(
        name=SPAN_NAME,
        context=_context(ref.trace_id, ref.span_id),
        resource=resource,
        attributes={**deal_attributes(deal, mode, ours=ours), "mt5.deal.replayed": True},
        links=links_to(orders),
        kind=SpanKind.INTERNAL,
        start_time=deal.time_ns,
        end_time=ended_ns(deal),
        instrumentation_scope=InstrumentationScope(SCOPE, version),
    )


def _context(trace_id: str, span_id: str, *, remote: bool = False) -> SpanContext:
    return SpanContext(
        trace_id=int(trace_id, 16),
        span_id=int(span_id, 16),
        is_remote=remote,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
