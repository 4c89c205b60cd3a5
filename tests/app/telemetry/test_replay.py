"""A span told again is the span that was lost."""

from __future__ import annotations

from opentelemetry.sdk.trace import ReadableSpan

from app.domain.account import AccountMode
from app.domain.orders import Action, Filled, Order, Outcome, Side, Unknown
from app.domain.trace import TraceRef
from app.telemetry.deals import DealTelemetry
from app.telemetry.names import SCOPE
from app.telemetry.orders import OrderTelemetry
from app.telemetry.replay import deal_span, order_span
from otel.testing import InMemoryTelemetry
from tests.app.trading.journal.test_deals import a_deal

ORDER = Order(order_id="01ARZ3NDEKTSV4RRFFQ69G5FAV", action=Action.OPEN, symbol="EURUSD", side=Side.BUY, volume=0.1)
FILLED = Filled(order=1, deal=2, position=3, volume=0.1, price=1.1, retcode=10009)


def told_twice(outcome: Outcome) -> tuple[dict[str, object], dict[str, object]]:
    """The span as it is told at first, and as it is told again from what the journal keeps."""
    with InMemoryTelemetry() as telemetry:
        tracer = telemetry.pipeline.tracer_provider.get_tracer(SCOPE, "1")
        orders = OrderTelemetry(tracer, telemetry.pipeline.meter_provider.get_meter(SCOPE, "1"))
        with tracer.start_as_current_span("server"), orders.order(ORDER, AccountMode.DEMO) as span:
            span.decided(outcome)
        first = next(span for span in telemetry.spans() if span.name == "place_order")
        again = order_span(
            ORDER,
            outcome,
            span.ref,
            started_ns=first.start_time or 0,
            ended_ns=first.end_time or 0,
            mode=AccountMode.DEMO,
            resource=telemetry.pipeline.resource,
            version="1",
        )
    return vars_of(first), vars_of(again)


def vars_of(span: ReadableSpan) -> dict[str, object]:
    """What identifies and describes a span, as plain values."""
    assert span.context is not None
    return {
        "name": span.name,
        "ids": (span.context.trace_id, span.context.span_id, span.parent and span.parent.span_id),
        "links": [(link.context.trace_id, link.context.span_id) for link in span.links],
        "times": (span.start_time, span.end_time),
        "status": (span.status.status_code, span.status.description),
        "attributes": {key: value for key, value in (span.attributes or {}).items() if not key.endswith(".replayed")},
    }


def test_a_filled_order_is_told_the_same_again() -> None:
    """Ids, parent, times, status and attributes of the second telling equal the first."""
    first, again = told_twice(FILLED)
    assert again == first


def test_an_unknown_order_is_told_the_same_again() -> None:
    """An order whose outcome is unknown is an error both times."""
    first, again = told_twice(Unknown(reason="the program ended before the answer came"))
    assert again == first


def test_a_deal_is_told_the_same_again() -> None:
    """Ids, times, attributes and links of a deal's second span equal the first."""
    orders, deal = [TraceRef("1" * 32, "2" * 16), TraceRef()], a_deal(magic=7)
    with InMemoryTelemetry() as telemetry:
        tracer = telemetry.pipeline.tracer_provider.get_tracer(SCOPE, "1")
        ref = DealTelemetry(tracer).by_itself(deal, orders, AccountMode.DEMO, ours=True)
        (first,) = telemetry.spans()
        again = deal_span(
            deal, orders, ref, ours=True, mode=AccountMode.DEMO, resource=telemetry.pipeline.resource, version="1"
        )
    assert vars_of(again) == vars_of(first)
    assert vars_of(first)["links"] == [(int("1" * 32, 16), int("2" * 16, 16))]
