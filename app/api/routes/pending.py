"""Orders that wait for their price: placed, changed, cancelled."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Body, Path, Request
from starlette.responses import Response

from app.api import examples
from app.api.outcomes import order_answer, pending_answer
from app.api.requests import NO_BODY, NO_IDEMPOTENCY_KEY, arrived
from app.api.routes import keyed_router
from app.api.schemas import INT64_MAX, ModifyPending, OrderAnswer, PlacePending
from app.api.services import Services
from app.domain.orders import Kind, Side
from app.trading.desk import Terms

router = keyed_router("orders")

Ticket = Annotated[int, Path(gt=0, le=INT64_MAX, description="The pending order's ticket.", examples=[1000007])]

_TROUBLES = (
    *("BROKER_REJECT", "PAYLOAD_TOO_LARGE", "VALIDATION_ERROR"),
    *("MT5_UNAVAILABLE", "JOURNAL_UNAVAILABLE", "OUTCOME_UNKNOWN"),
)


@router.post(
    "/api/orders/pending",
    summary="Place a pending order",
    responses=examples.answers(
        examples.PENDING_ORDER, "VOLUME_TOO_SMALL", "SYMBOL_NOT_FOUND", "RISK_BLOCK", *_TROUBLES, model=OrderAnswer
    ),
    dependencies=[NO_IDEMPOTENCY_KEY],
)
async def place(services: Services, request: Request, wanted: Annotated[PlacePending, Body()]) -> Response:
    """Limit or stop. Answers as placing a market order does; `order` is the ticket by which it is changed."""
    side, kind = wanted.order_type.split("_")
    decided = await services.desk.place(
        symbol=wanted.canonical,
        kind=Kind(kind),
        side=Side(side),
        volume=wanted.volume,
        price=wanted.price,
        comment=wanted.comment,
        magic=wanted.magic,
        sl=wanted.sl,
        tp=wanted.tp,
        expiration=wanted.expiration,
        arrived=arrived(request),
    )
    return order_answer(decided)


@router.patch(
    "/api/orders/{ticket}",
    summary="Change a pending order",
    responses=examples.answers(examples.CHANGED_ORDER, "NOT_FOUND", *_TROUBLES, model=OrderAnswer),
    dependencies=[NO_IDEMPOTENCY_KEY],
)
async def modify(
    services: Services, request: Request, ticket: Ticket, wanted: Annotated[ModifyPending, Body()]
) -> Response:
    """What is not named stays as it is."""
    terms = cast("Terms", wanted.model_dump(include=wanted.model_fields_set))
    return pending_answer(await services.desk.modify(ticket, terms, arrived=arrived(request)))


@router.delete(
    "/api/orders/{ticket}",
    summary="Cancel a pending order",
    responses=examples.answers(examples.CANCELLED_ORDER, "NOT_FOUND", *_TROUBLES, model=OrderAnswer),
    dependencies=[NO_IDEMPOTENCY_KEY, NO_BODY],
)
async def cancel(services: Services, request: Request, ticket: Ticket) -> Response:
    """Takes the whole of it back."""
    return pending_answer(await services.desk.cancel(ticket, arrived=arrived(request)))
