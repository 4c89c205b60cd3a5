"""One order as a span with its steps: the words that trading code speaks to telemetry."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.metrics import Meter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from app.domain.account import AccountMode
from app.domain.orders import (
    Action,
    Denied,
    Filled,
    Kind,
    NotSent,
    Order,
    Outcome,
    Placed,
    Rejected,
    Unchanged,
    Unknown,
)
from app.domain.text import number
from app.domain.trace import TraceRef
from app.telemetry.guard import harmless
from app.telemetry.instruments import histogram
from app.telemetry.names import ACTION, MODE, ORDER_DURATION, OUTCOME, SIDE, SYMBOL
from otel.metatrader5.codes import RETCODES
from otel.metatrader5.describe import Answered, AttributeValue, Endpoint, describe_call

log = logging.getLogger(__name__)

SPAN_NAMES: Mapping[Action, str] = {
    Action.OPEN: "place_order",
    Action.CLOSE: "close_position",
    Action.PLACE: "place_pending_order",
    Action.MODIFY: "modify_pending_order",
    Action.CANCEL: "cancel_pending_order",
}


class OrderSpan:
    """The span of one order while it is under way."""

    def __init__(self, span: Span, tracer: Tracer, ref: TraceRef) -> None:
        self.ref = ref
        self._span = span
        self._tracer = tracer

    @contextmanager
    def step(self, name: str, **attributes: AttributeValue) -> Iterator[None]:
        """A step of the order as a span below it, such as `risk` or `journal`."""
        named = {f"mt5.{name}.{key}": value for key, value in attributes.items()}
        with self._tracer.start_as_current_span(name, attributes=named):
            yield

    @harmless
    def sent(
        self,
        request: Mapping[str, Any],
        answer: Answered,
        endpoint: Endpoint,
        *,
        times_ns: tuple[int, int | None, int],
        server_msc: tuple[int, int] | None,
    ) -> None:
        """Tell the wait for the terminal and the call of `order_send`, after both.

        Args:
            request: the trade request.
            answer: what came back.
            endpoint: the broker's server.
            times_ns: handed over, begun (None when it never was) and ended; ns since 1970.
            server_msc: when the server took the order and was done with it, ms UTC.
        """
        submitted, started, ended = times_ns
        wait = self._tracer.start_span("mt5.queue", start_time=submitted)
        wait.end(started or ended)
        if started is None:
            return
        facts = describe_call("order_send", request, answer, endpoint)
        span = self._tracer.start_span(
            facts.name, kind=SpanKind.CLIENT, attributes=dict(facts.attributes), start_time=started
        )
        if server_msc is not None:
            span.set_attribute("mt5.server.time_setup_msc", server_msc[0])
            span.set_attribute("mt5.server.time_done_msc", server_msc[1])
            span.set_attribute("mt5.server.duration_ms", server_msc[1] - server_msc[0])
        if facts.error is not None:
            span.set_status(Status(StatusCode.ERROR, facts.error))
        span.end(ended)

    @harmless
    def decided(self, outcome: Outcome) -> None:
        """Write the outcome on the span; what the broker refused or we lost sight of is an error, a denial is none."""
        self._span.set_attributes(outcome_attributes(outcome))
        if (error := outcome_error(outcome)) is not None:
            self._span.set_status(Status(StatusCode.ERROR, error))


class OrderTelemetry:
    """Opens order spans and records `mt5.order.duration`."""

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        self._tracer = tracer
        self._duration = histogram(meter, ORDER_DURATION)

    @contextmanager
    def order(self, order: Order, mode: AccountMode) -> Iterator[OrderSpan]:
        """The span of the order's action (`SPAN_NAMES`), current while inside."""
        parent = trace.get_current_span().get_span_context()
        with self._tracer.start_as_current_span(
            SPAN_NAMES[order.action], attributes=order_attributes(order, mode)
        ) as span:
            yield OrderSpan(span, self._tracer, _ref(span, parent))

    @harmless
    def order_decided(self, order: Order, outcome: Outcome, duration_s: float) -> None:
        """Record how long it took, and log it inside the order's trace."""
        labels = {
            ACTION.name: order.action.value,
            SIDE.name: order.side.value,
            OUTCOME.name: outcome.name,
            SYMBOL.name: order.symbol,
        }
        self._duration.record(duration_s, labels)
        level = logging.INFO if outcome_error(outcome) is None else logging.WARNING
        log.log(
            level,
            "Order %s: %s %s: %s",
            order.order_id,
            describe_action(order),
            describe_terms(order),
            describe_outcome(outcome, order.action),
            extra=dict(labels),
        )


def _ref(span: Span, parent: trace.SpanContext) -> TraceRef:
    context = span.get_span_context()
    if not context.is_valid:
        return TraceRef()
    return TraceRef(
        trace_id=trace.format_trace_id(context.trace_id),
        span_id=trace.format_span_id(context.span_id),
        parent_span_id=trace.format_span_id(parent.span_id) if parent.is_valid else None,
    )


def order_attributes(order: Order, mode: AccountMode) -> dict[str, AttributeValue]:
    """What is known of an order before anything is done; also for samplers."""
    attributes: dict[str, AttributeValue] = {
        "mt5.order.id": order.order_id,
        ACTION.name: order.action.value,
        SIDE.name: order.side.value,
        SYMBOL.name: order.symbol,
        "mt5.order.volume": order.volume,
        "mt5.order.magic": order.magic,
        MODE.name: mode.value,
    }
    if order.position is not None:
        attributes["mt5.position.ticket"] = order.position
    if order.pending is not None:
        attributes["mt5.order.ticket"] = order.pending
    if order.kind is not Kind.MARKET:
        attributes["mt5.order.kind"] = order.kind.value
    for name in ("price", "stop_limit", "expiration", "sl", "tp"):
        value = getattr(order, name)
        if value is not None:
            attributes[f"mt5.order.{name}"] = value
    return attributes


def outcome_attributes(outcome: Outcome) -> dict[str, AttributeValue]:
    """What an outcome puts on its order's span: names, tickets, numbers, and `error.type` where it is one."""
    attributes: dict[str, AttributeValue] = {OUTCOME.name: outcome.name}
    match outcome:
        case Filled():
            attributes |= {
                "mt5.order.ticket": outcome.order,
                "mt5.deal.ticket": outcome.deal,
                "mt5.fill.volume": outcome.volume,
                "mt5.fill.price": outcome.price,
                "mt5.fill.remaining": outcome.remaining,
            }
            if outcome.position is not None:
                attributes["mt5.position.ticket"] = outcome.position
        case Placed():
            attributes["mt5.order.ticket"] = outcome.order
        case Denied():
            attributes["mt5.order.denied.reason"] = outcome.reason
        case Rejected():
            attributes["error.type"] = str(outcome.retcode)
        case NotSent() | Unknown():
            attributes["error.type"] = str(outcome.last_error[0]) if outcome.last_error else outcome.name
        case Unchanged():
            pass
    retcode = getattr(outcome, "retcode", None)
    if retcode is not None:
        attributes["mt5.retcode"] = retcode
        attributes["mt5.retcode.name"] = RETCODES.get(retcode, "UNLISTED")
    return attributes


def outcome_error(outcome: Outcome) -> str | None:
    """What is wrong, for the span's status; None where nothing is."""
    return _trouble(outcome) if isinstance(outcome, Rejected | NotSent | Unknown) else None


def describe_action(order: Order) -> str:
    """What an order is to do, and to which position or order, such as `cancel order 100004`."""
    if order.position:
        return f"{order.action.value} position {order.position}"
    return f"{order.action.value} order {order.pending}" if order.pending else order.action.value


def describe_terms(order: Order) -> str:
    """Side, kind, volume, symbol and price, such as `buy limit 0.1 EURUSD at 1.01`."""
    kind = "" if order.kind is Kind.MARKET else f" {order.kind.value}"
    at = f" at {number(order.price)}" if order.price else ""
    return f"{order.side.value}{kind} {number(order.volume)} {order.symbol}{at}"


def describe_outcome(outcome: Outcome, action: Action) -> str:
    """One sentence for logs and people."""
    match outcome:
        case Filled():
            return f"filled {number(outcome.volume)} at {number(outcome.price)}, deal {outcome.deal}"
        case Placed() if action is Action.CANCEL:
            return f"order {outcome.order} is cancelled"
        case Placed() if action is Action.MODIFY:
            return f"order {outcome.order} is changed"
        case Placed():
            return f"taken as order {outcome.order}, not executed at once"
        case Unchanged():
            return "nothing to change"
        case Denied():
            return f"denied, not sent: {outcome.message}"
        case trouble:
            return _trouble(trouble)


def _trouble(outcome: Rejected | NotSent | Unknown) -> str:
    match outcome:
        case Rejected():
            name = RETCODES.get(outcome.retcode, "UNLISTED")
            return f"rejected by the broker: {outcome.retcode} {name} ({outcome.comment})"
        case NotSent():
            return f"not sent: {outcome.reason}"
        case Unknown():
            return f"outcome unknown: {outcome.reason}"
