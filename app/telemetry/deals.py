"""A deal that comes under no request, as a span of its own beside the orders it concerns."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, TraceFlags, Tracer, format_span_id, format_trace_id

from app.domain.account import AccountMode
from app.domain.deals import Deal
from app.domain.text import number
from app.domain.trace import TraceRef
from app.telemetry.names import DEAL_ENTRY, DEAL_ORIGIN, DEAL_REASON, MODE, SYMBOL
from otel.metatrader5.describe import AttributeValue

log = logging.getLogger(__name__)

SPAN_NAME = "deal"


class DealTelemetry:
    """Tells of deals as they are found."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def by_itself(self, deal: Deal, orders: Iterable[TraceRef], mode: AccountMode, *, ours: bool) -> TraceRef:
        """The span `deal` of one that comes under no request, in a trace of its own.

        Args:
            deal: as the terminal shows it.
            orders: the spans that it is linked to: those of its order and of the orders whose position it moved.
            mode: the account's.
            ours: it executed an order of ours that waited for its price; else somebody or something else caused it.
        """
        span = self._tracer.start_span(
            SPAN_NAME,
            context=Context(),
            attributes=deal_attributes(deal, mode, ours=ours),
            links=links_to(orders),
            start_time=deal.time_ns,
        )
        context = span.get_span_context()
        span.end(ended_ns(deal))
        _log(deal, ours=ours)
        if not context.is_valid:
            return TraceRef()
        return TraceRef(format_trace_id(context.trace_id), format_span_id(context.span_id))


def deal_attributes(deal: Deal, mode: AccountMode, *, ours: bool) -> dict[str, AttributeValue]:
    """What the span of a deal says of it; money paid in or out has no order, no symbol and no side."""
    told: dict[str, AttributeValue] = {
        "mt5.deal.ticket": deal.ticket,
        DEAL_REASON.name: deal.reason_name,
        DEAL_ORIGIN.name: "ours" if ours else "external" if deal.is_trade else "balance",
        "mt5.deal.net": deal.net,
        "mt5.deal.booked": deal.booked,
        MODE.name: mode.value,
    }
    if deal.side is not None:
        told |= {
            "mt5.order.ticket": deal.order,
            "mt5.position.ticket": deal.position,
            SYMBOL.name: deal.symbol,
            "mt5.deal.side": deal.side.value,
            DEAL_ENTRY.name: deal.entry_name,
            "mt5.deal.volume": deal.volume,
            "mt5.deal.price": deal.price,
            "mt5.order.magic": deal.magic,
        }
    return told


def links_to(orders: Iterable[TraceRef]) -> list[Link]:
    """Links to the spans of these orders; those of a time without telemetry have none."""
    return [Link(_context(order)) for order in orders if order.trace_id]


def ended_ns(deal: Deal) -> int:
    """When its span ends: a deal is a moment, and yet an end comes after its start."""
    return deal.time_ns + 1


def _log(deal: Deal, *, ours: bool) -> None:
    if deal.side is None:
        log.info("Deal %d: %+.2f on the account, no trade (%s)", deal.ticket, deal.booked, deal.comment or "no comment")
        return
    log.info(
        "Deal %d of %s: %s %s %s at %s, %s, reason %s, position %d",
        deal.ticket,
        f"our order {deal.order}" if ours else "somebody else",
        deal.side.value,
        number(deal.volume),
        deal.symbol,
        number(deal.price),
        deal.entry_name,
        deal.reason_name,
        deal.position,
    )


def _context(order: TraceRef) -> SpanContext:
    return SpanContext(
        trace_id=int(order.trace_id, 16),
        span_id=int(order.span_id, 16),
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
