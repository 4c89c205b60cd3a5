"""Orders as traces: a list to look through, and one whole."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from app.api import examples
from app.api.errors import Json, error
from app.api.periods import Moment, in_order, moment_ns, one_of
from app.api.routes import keyed_router
from app.api.schemas import INT64_MAX
from app.api.services import Services
from app.domain.clock import rfc3339
from app.domain.orders import OUTCOME_NAMES
from app.history.search import Gone, Wanted

router = keyed_router("traces")

LISTED_MAX = 1_000
OUTCOMES = (*OUTCOME_NAMES, "open", "external")


@router.get(
    "/api/traces",
    summary="Orders as traces, newest first",
    responses=examples.answers(examples.TRACES, "VALIDATION_ERROR"),
)
async def traces(
    *,
    services: Services,
    since: Moment = None,
    until: Moment = None,
    outcome: Annotated[str | None, Query(max_length=16, description="What came of it, or `external`.")] = None,
    symbol: Annotated[str | None, Query(max_length=64, description="In any case.")] = None,
    ticket: Annotated[
        int | None, Query(gt=0, le=INT64_MAX, description="An order's, a deal's or a position's number.")
    ] = None,
    error: Annotated[bool | None, Query(description="Only with an error, or only without.")] = None,
    min_ms: Annotated[float | None, Query(ge=0, allow_inf_nan=False, description="Took so long or longer.")] = None,
    limit: Annotated[int, Query(ge=1, le=LISTED_MAX, description="So many at most.")] = 100,
) -> Response:
    """Every order, also refused ones; beside them the deals that come under no request, others' as `external`."""
    since_ns, until_ns = moment_ns("since", since), moment_ns("until", until, end=True)
    in_order("until", since_ns, until_ns)
    wanted = Wanted(
        since_ns=since_ns,
        until_ns=until_ns,
        outcome=None if outcome is None else one_of("outcome", outcome, OUTCOMES),
        symbol=symbol,
        ticket=ticket,
        error=error,
        min_ms=min_ms,
        limit=limit,
    )
    return Json({"traces": [found.to_json() for found in await services.traces.search(wanted)]})


@router.get(
    "/api/traces/{trace_id}",
    summary="A trace with its spans and logs",
    responses=examples.answers(examples.TRACE, "NOT_FOUND", "VALIDATION_ERROR"),
)
async def trace(
    services: Services,
    trace_id: Annotated[str, Path(pattern="^[0-9a-fA-F]{32}$", description="32 hex digits.")],
) -> Response:
    """From the files, within their retention; 404 says what they hold.

    `linked` leads from an order to the traces of deals that it or its position had, and back.
    """
    found = await services.traces.get(trace_id.lower())
    if isinstance(found, Gone):
        kept = found.kept and {"from": rfc3339(found.kept.oldest_ns), "to": rfc3339(found.kept.newest_ns)}
        held = f"traces from {kept['from']} to {kept['to']}" if kept else "no traces"
        return error("NOT_FOUND", f"No spans of this trace; the files hold {held}.", {"kept": kept})
    return Json(found.to_json())
