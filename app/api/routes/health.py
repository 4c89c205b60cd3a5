"""Is it up, is it ready, how does it go, and the metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from app.api import examples
from app.api.errors import STATUS_OF, Json, error_body
from app.api.routes import keyed_router
from app.api.services import Services
from app.domain.clock import rfc3339

open_router = APIRouter(tags=["health"])
router = keyed_router("health")

NEXT_STEP_JOURNAL = "make room on the disk of the data folder; the next order tries again"
NEXT_STEP_DIRECTORIES = "make the data folder writable for this user, or make room on its disk"


@open_router.get(
    "/api/health",
    summary="Is the process alive?",
    responses={200: {"content": {"application/json": {"example": examples.LIVE}}}},
)
async def live(services: Services) -> Response:
    """Liveness of the process alone; needs no key."""
    return Json({"status": "ok", "time_utc": rfc3339(services.clock.time_ns())})


@router.get(
    "/api/ready",
    summary="Are orders accepted?",
    responses=examples.answers(examples.READY)
    | {503: {"description": "NOT_READY", "content": {"application/json": {"example": examples.NOT_READY}}}},
)
async def ready(services: Services) -> Response:
    """200 when orders are accepted, else 503; `missing` names the layers of the connection that are down."""
    status = services.monitor.status()
    missing = list(status.missing)
    if not missing:
        return Json({"ready": True, "missing": []})
    reason = status.connection.reason or status.journal_error or "data directories are not writable"
    next_step = status.connection.next_step or (NEXT_STEP_JOURNAL if status.journal_error else NEXT_STEP_DIRECTORIES)
    details = {"missing": missing, "reason": reason, "next_step": next_step}
    body = error_body("NOT_READY", f"Orders are not accepted: {reason}.", details)
    return Json({"ready": False, "missing": missing, **body}, status_code=STATUS_OF["NOT_READY"])


@router.get("/health", summary="How does it go?", responses=examples.answers(examples.HEALTH))
async def health(services: Services) -> Response:
    """`healthy` without an issue, `degraded` with one or two, `unhealthy` with three or more; always 200."""
    status = services.monitor.status()
    connection = status.connection
    return Json(
        {
            "status": status.health,
            "timestamp": rfc3339(status.at_ns),
            "checks": {
                "mt5_connected": connection.connected,
                "mt5_error": None if connection.connected else connection.reason,
                "data_directories": not status.unwritable,
            },
            "version": services.version,
            "issues": list(status.issues),
        }
    )


@router.get(
    "/metrics",
    summary="All metrics as text",
    response_class=PlainTextResponse,
    responses={
        200: {
            "description": "Prometheus or OpenMetrics text, as `Accept` asks.",
            "content": {"text/plain": {"example": 'mt5_orders_total{mt5_order_outcome="filled"} 3'}},
        }
    },
)
async def metrics(services: Services, request: Request) -> Response:
    """What Prometheus scrapes, where it is not sent there by a Collector."""
    text, content_type = services.metrics(request.headers.get("accept", ""))
    return Response(text, headers={"content-type": content_type})
