"""How it goes, in figures: the eleven answers that older front ends read, and the trends."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Request
from starlette.responses import Response

from app.api import examples
from app.api.auth import caller_of
from app.api.errors import Json, error
from app.api.monitoring_examples import EXAMPLES
from app.api.routes import keyed_router
from app.api.services import Services
from app.domain.clock import rfc3339
from app.history.trends import METRICS, Span
from app.monitoring.windows import Window

router = keyed_router("monitoring")

WindowQuery = Annotated[Window, Query(description="Figures of requests and rates look back so far.")]


def _answers(name: str, *codes: str) -> examples.Responses:
    return examples.answers(EXAMPLES[name], *codes)


@router.get("/api/monitoring/status", summary="In one word", responses=_answers("status", "VALIDATION_ERROR"))
async def status(services: Services, window: WindowQuery = Window.H1) -> Response:
    """`healthy` without an issue, `degraded` with one or two, `unhealthy` with three or more."""
    return Json(services.monitoring.answers.status(window))


@router.get("/api/monitoring/health", summary="Everything at once", responses=_answers("health", "VALIDATION_ERROR"))
async def health(services: Services, window: WindowQuery = Window.H1) -> Response:
    """Status, directories, and all figures below."""
    return Json(services.monitoring.answers.health(window))


@router.get(
    "/api/monitoring/metrics",
    summary="Requests, latency, orders, positions",
    responses=_answers("metrics", "VALIDATION_ERROR"),
)
async def metrics(services: Services, window: WindowQuery = Window.H1) -> Response:
    """Requests and rates of the window; orders, positions and lost connections since the last reset."""
    return Json(services.monitoring.answers.metrics(window))


@router.get("/api/monitoring/metrics/trading", summary="Today's trading", responses=_answers("trading"))
async def trading(services: Services) -> Response:
    """Since broker midnight, and ever; `pnl` holds profit, swap, commission and fee of the day's deals."""
    return Json(services.monitoring.answers.trading())


@router.get("/api/monitoring/metrics/errors", summary="Errors of the last 24 hours", responses=_answers("errors"))
async def errors(services: Services) -> Response:
    """Answers of 500 and above, and faults inside; the last ten with their trace."""
    return Json(services.monitoring.answers.errors())


@router.get(
    "/api/monitoring/metrics/security", summary="Security events of the last 24 hours", responses=_answers("security")
)
async def security(services: Services) -> Response:
    """Who was refused, and which keys changed; a tried key is shown as a short hash only."""
    return Json(services.monitoring.answers.security())


@router.get(
    "/api/monitoring/performance",
    summary="How fast, how often, how well",
    responses=_answers("performance", "VALIDATION_ERROR"),
)
async def performance(services: Services, window: WindowQuery = Window.H1) -> Response:
    """Latency by endpoint, throughput, errors by endpoint."""
    return Json(services.monitoring.answers.performance(window))


@router.get("/api/monitoring/alerts", summary="What is wrong now", responses=_answers("alerts"))
async def alerts(services: Services) -> Response:
    """The conditions that hold, the worst first; `timestamp` is since when."""
    return Json(services.monitoring.answers.alerts())


@router.get(
    "/api/monitoring/dashboard",
    summary="Health and alerts together",
    responses=_answers("dashboard", "VALIDATION_ERROR"),
)
async def dashboard(services: Services, window: WindowQuery = Window.H1) -> Response:
    """Complete also while MT5 is away: figures are then the last known ones, and `stale` is true."""
    return Json(services.monitoring.answers.dashboard(window))


@router.get(
    "/api/monitoring/history",
    summary="How a figure went",
    responses=_answers("history", "VALIDATION_ERROR"),
)
async def history(
    services: Services,
    metric: Annotated[Literal[METRICS], Query(description="A column of logs/metrics.csv.")],  # type: ignore[valid-type]
    window: Annotated[Span, Query(description="How far back.")] = Span.DAY,
) -> Response:
    """The rows of logs/metrics.csv, oldest first, at most 500 points: `t` in seconds since 1970, and the figure."""
    points = await services.monitoring.trend(str(metric), window)
    return Json(
        {
            "metric": metric,
            "window": window.value,
            "t": [point.at_s for point in points],
            "value": [point.value for point in points],
            "timestamp": rfc3339(services.clock.time_ns()),
        }
    )


@router.post(
    "/api/monitoring/metrics/snapshot",
    summary="Keep the figures of this moment",
    responses=_answers("snapshot"),
)
async def snapshot(services: Services) -> Response:
    """Adds a row to logs/metrics.csv; this happens every hour by itself. Needs no key from this machine."""
    try:
        await services.monitoring.snapshot()
    except OSError as failed:
        return error("INTERNAL", f"logs/metrics.csv cannot be written: {failed.strerror or failed}.")
    return _success("A row was added to logs/metrics.csv.")


@router.post("/api/monitoring/metrics/reset", summary="Begin anew", responses=_answers("reset"))
async def reset(services: Services, request: Request) -> Response:
    """Restarts what these answers count; exported metrics, `today`, the lists and alerts go on. Audited."""
    caller = caller_of(request)
    await services.monitoring.reset(client=caller.address, key_id=caller.key.id if caller.key else "")
    return _success("The figures of the monitoring endpoints begin anew.")


def _success(message: str) -> Response:
    body: dict[str, Any] = {"status": "success", "message": message}
    return Json(body)
