"""Opening and closing a position, asking what came of an order."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Path, Request
from starlette.responses import Response

from app.api import examples
from app.api.errors import Json, error
from app.api.outcomes import close_answer, order_answer
from app.api.requests import NO_BODY, NO_IDEMPOTENCY_KEY, arrived
from app.api.routes import keyed_router
from app.api.schemas import INT64_MAX, OrderAnswer, PlaceOrder
from app.api.services import Services
from app.domain.orders import Placed, Side, Unchanged
from app.trading.journal.records import OrderRecord
from app.watch.state import Snapshot

router = keyed_router("orders")

LOOK_NS = 10 * 10**9
"""A look at the terminal that ends so long after an order began after it."""

Ticket = Annotated[int, Path(gt=0, le=INT64_MAX, description="The position's ticket.", examples=[1000002])]
OrderId = Annotated[str, Path(max_length=64, description="Our id of the order.", examples=[examples.ORDER_ID])]


@router.post(
    "/api/order",
    operation_id="place_api_order_post",  # generated clients call it by this name
    summary="Open a position at the market",
    responses=examples.answers(
        examples.ORDER,
        *("VOLUME_TOO_SMALL", "SYMBOL_NOT_FOUND", "RISK_BLOCK", "BROKER_REJECT", "PAYLOAD_TOO_LARGE"),
        *("VALIDATION_ERROR", "MT5_UNAVAILABLE", "JOURNAL_UNAVAILABLE", "OUTCOME_UNKNOWN"),
        model=OrderAnswer,
    ),
    dependencies=[NO_IDEMPOTENCY_KEY],
)
async def open_position(services: Services, request: Request, wanted: Annotated[PlaceOrder, Body()]) -> Response:
    """Answered within 8 s, whatever happens: 200 only if the broker has executed or taken it.

    504 means that it is not known; it is never sent again, and `details.ask` says where to ask for it.
    """
    decided = await services.desk.open(
        symbol=wanted.canonical,
        side=Side(wanted.side),
        volume=wanted.volume,
        deviation=wanted.deviation,
        comment=wanted.comment,
        magic=wanted.magic,
        sl=wanted.sl,
        tp=wanted.tp,
        arrived=arrived(request),
    )
    return order_answer(decided)


@router.post(
    "/api/positions/{ticket}/close",
    summary="Close a position at the market",
    responses=examples.answers(
        {**examples.ORDER, "side": "sell"},
        *("NOT_FOUND", "BROKER_REJECT", "PAYLOAD_TOO_LARGE"),
        *("VALIDATION_ERROR", "MT5_UNAVAILABLE", "JOURNAL_UNAVAILABLE", "OUTCOME_UNKNOWN"),
        model=OrderAnswer,
    ),
    dependencies=[NO_IDEMPOTENCY_KEY, NO_BODY],
)
async def close(services: Services, request: Request, ticket: Ticket) -> Response:
    """Closes the whole position; answers as placing an order does."""
    return close_answer(await services.desk.close(ticket, arrived=arrived(request)))


@router.get(
    "/api/orders/{order_id}",
    summary="What came of an order",
    responses=examples.answers({**examples.RECORD, "waiting": None}, "NOT_FOUND", "VALIDATION_ERROR"),
)
async def order(services: Services, order_id: OrderId) -> Response:
    """The journal's record of an order, also of one that was refused or whose outcome was unknown.

    `status` is that of the request: a pending order stays `placed`. Its `deals` tell what was executed since, `waiting`
    whether it stands among the terminal's pending orders.
    """
    record = services.journal.get(order_id.upper())
    if record is None:
        return error("NOT_FOUND", "The journal has no order of this id.")
    deals = services.journal.deals_of(record.order.order_id)
    return Json({**record.to_json(deals), "waiting": _waiting(record, services.watch.latest)})


def _waiting(record: OrderRecord, seen: Snapshot) -> bool | None:
    """Whether the order that was placed, changed or cancelled stands; None where it is none, or was not looked for."""
    number = record.order.pending or getattr(record.current, "order", None)
    if not isinstance(record.current, Placed | Unchanged) or record.ended_ns is None:
        return None
    stands = any(order.ticket == number for order in seen.orders)
    if seen.fresh_ns - record.ended_ns > LOOK_NS:
        return stands
    # What a look from before a change saw says nothing of it; a new order can have been seen only since.
    return True if stands and record.order.pending is None else None
