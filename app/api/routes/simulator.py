"""Faults of the simulator, begun and ended by hand. With any other terminal these paths do not exist."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Body, Depends, Path
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.api import examples
from app.api.errors import Json, error, refuse
from app.api.routes import keyed_router
from app.api.schemas import INT64_MAX, BeginFault
from app.api.services import Faults, Services
from app.simulator.vocabulary.faults import FaultRefused

router = keyed_router("simulator")

FaultId = Annotated[int, Path(gt=0, le=INT64_MAX, description="The fault's number.", examples=[1])]


async def _simulator_faults(services: Services) -> Faults:
    if services.faults is None:
        raise HTTPException(404)
    return services.faults


Book = Annotated[Faults, Depends(_simulator_faults)]


@router.get(
    "/api/simulator/faults",
    summary="Faults at work",
    responses=examples.answers([examples.FAULT], "NOT_FOUND"),
)
async def active(faults: Book) -> Response:
    """Oldest first, with what is left of their time and calls."""
    return Json(await asyncio.to_thread(faults.active))


@router.post(
    "/api/simulator/faults",
    summary="Begin a fault",
    responses=examples.answers(examples.FAULT, "NOT_FOUND", "VALIDATION_ERROR", "PAYLOAD_TOO_LARGE"),
)
async def begin(faults: Book, wanted: Annotated[BeginFault, Body()]) -> Response:
    """Terminal and broker do wrong what it says, until its time or its calls are over, or it is ended.

    A parameter that is null is as one left out; one that the fault does not take is refused.
    """
    try:
        begun = await asyncio.to_thread(faults.add, **wanted.model_dump(exclude_none=True))
    except FaultRefused as refused:
        raise refuse(("body", refused.parameter), refused.expected) from refused
    return Json(begun)


@router.delete(
    "/api/simulator/faults",
    summary="End all faults",
    responses=examples.answers({"ended": 2}, "NOT_FOUND"),
)
async def end_all(faults: Book) -> Response:
    """`ended` says how many were at work; a call that hangs goes on."""
    return Json(await _ended(faults, None))


@router.delete(
    "/api/simulator/faults/{fault_id}",
    summary="End a fault",
    responses=examples.answers({"ended": 1}, "NOT_FOUND", "VALIDATION_ERROR"),
)
async def end(faults: Book, fault_id: FaultId) -> Response:
    """404 where no fault of this number is at work."""
    ended = await _ended(faults, fault_id)
    return Json(ended) if ended["ended"] else error("NOT_FOUND", "No fault of this number is at work.")


async def _ended(faults: Faults, fault_id: int | None) -> dict[str, Any]:
    return {"ended": await asyncio.to_thread(faults.end, fault_id)}
