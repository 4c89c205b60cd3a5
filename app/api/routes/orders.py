"""Placing an order, closing a position, asking what came of it."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import Body, Depends, Header, Path, Request
from starlette.responses import Response

from app.api import examples
from app.api.errors import Json, error, refuse
from app.api.outcomes import close_answer, order_answer
from app.api.routes import keyed_router
from app.api.schemas import INT64_MAX, OrderAnswer, PlaceOrder
from app.api.services import Services
from app.domain.orders import Side

router = keyed_router("orders")

Ticket = Annotated[int, Path(gt=0, le=INT64_MAX, description="The position's ticket.", examples=[1000002])]
OrderId = Annotated[str, Path(max_length=64, description="Our id of the order.", examples=[examples.ORDER_ID])]


async def refuse_idempotency_key(
    idempotency_key: Annotated[str | None, Header(description="Not supported yet: leave it out.")] = None,
) -> None:
    """Refuse what would be believed to protect from a second order, and does not yet."""
    if idempotency_key is not None:
        raise refuse(
            ("header", "Idempotency-Key"),
            "should be left out: it is not supported yet, and refused rather than ignored",
        )


async def refuse_body(request: Request) -> None:
    """Refuse a body that asks for something; clients send none, or an empty object."""
    body = await request.body()
    try:
        is_empty = not body.strip() or json.loads(body) == {}
    except (ValueError, RecursionError):
        is_empty = False
    if not is_empty:
        raise refuse(("body",), "should be empty or {}: this is about the whole of it")


@router.post(
    "/api/order",
    summary="Open a position at the market",
    responses=examples.answers(
        examples.ORDER,
        *("VOLUME_TOO_SMALL", "SYMBOL_NOT_FOUND", "RISK_BLOCK", "BROKER_REJECT", "PAYLOAD_TOO_LARGE"),
        *("VALIDATION_ERROR", "MT5_UNAVAILABLE", "JOURNAL_UNAVAILABLE", "OUTCOME_UNKNOWN"),
        model=OrderAnswer,
    ),
    dependencies=[Depends(refuse_idempotency_key)],
)
async def place(services: Services, request: Request, wanted: Annotated[PlaceOrder, Body()]) -> Response:
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
    dependencies=[Depends(refuse_idempotency_key), Depends(refuse_body)],
)
async def close(services: Services, request: Request, ticket: Ticket) -> Response:
    """Closes the whole position; answers as placing an order does."""
    return close_answer(await services.desk.close(ticket, arrived=arrived(request)))


@router.get(
    "/api/orders/{order_id}",
    summary="What came of an order",
    responses=examples.answers(examples.RECORD, "NOT_FOUND", "VALIDATION_ERROR"),
)
async def order(services: Services, order_id: OrderId) -> Response:
    """The journal's record of an order, also of one that was refused or whose outcome was unknown."""
    record = services.journal.get(order_id.upper())
    if record is None:
        return error("NOT_FOUND", "The journal has no order of this id.")
    return Json(record.to_json())


def arrived(request: Request) -> float:
    """Moment of the monotonic clock at which the request came in."""
    moment: float = request.state.arrived
    return moment
