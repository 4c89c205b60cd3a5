"""What the calls that trade ask of their request, before or beside their body."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import Depends, Header, Request

from app.api.errors import refuse


async def _refuse_idempotency_key(
    idempotency_key: Annotated[str | None, Header(description="Not supported yet: leave it out.")] = None,
) -> None:
    if idempotency_key is not None:
        raise refuse(
            ("header", "Idempotency-Key"),
            "should be left out: it is not supported yet, and refused rather than ignored",
        )


async def _refuse_body(request: Request) -> None:
    body = await request.body()
    try:
        is_empty = not body.strip() or json.loads(body) == {}
    except (ValueError, RecursionError):
        is_empty = False
    if not is_empty:
        raise refuse(("body",), "should be empty or {}: this is about the whole of it")


NO_IDEMPOTENCY_KEY = Depends(_refuse_idempotency_key)
"""Refuses what would be believed to protect from a second order, and does not yet."""
NO_BODY = Depends(_refuse_body)
"""Refuses a body that asks for something; clients send none, or an empty object."""


def arrived(request: Request) -> float:
    """Moment of the monotonic clock at which the request came in."""
    moment: float = request.state.arrived
    return moment
