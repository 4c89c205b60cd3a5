"""The HTTP application, put together."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app.api.counting import Templates
from app.api.errors import install
from app.api.middleware import middleware
from app.api.outcomes import journal_failed
from app.api.routes import (
    events,
    health,
    history,
    monitoring,
    orders,
    page,
    pending,
    session,
    simulator,
    terminal,
    traces,
)
from app.api.services import ApiServices
from app.errors import JournalError
from otel.http import FASTAPI_TELEMETRY_OFF

TAGS = [
    {"name": "orders", "description": "Open, close, and ask what came of it. Every order is one trace."},
    {"name": "terminal", "description": "What the terminal shows, by MetaTrader's own field names; times in UTC."},
    {"name": "history", "description": "Bars, ticks, deals and orders of the past; none of it delays an order."},
    {"name": "traces", "description": "Orders as traces: where their time went, what was logged."},
    {"name": "events", "description": "What happens, as it happens."},
    {"name": "monitoring", "description": "The same in figures, as older front ends read them."},
    {"name": "simulator", "description": "Faults of the simulator; not there with any other terminal."},
    {"name": "session", "description": "The page's log-in, and the keys there are."},
    {"name": "health", "description": "Is it up, is it ready, how does it go."},
]

DESCRIPTION = """A trading API for MetaTrader 5 in which every order is one OpenTelemetry trace.

Every error has the shape `{"detail": {"error": {"code", "message", "details"}}}`. Every answer carries
`X-Response-Time` and `X-Account-Mode`, and `traceresponse` where it is traced."""


ROUTERS = (
    *(
        health.open_router,
        health.router,
        terminal.router,
        orders.router,
        pending.router,
        monitoring.router,
        page.router,
    ),
    *(history.router, traces.router, events.router),
    *(simulator.router, session.open_router, session.router),
)


def create_api(services: ApiServices) -> FastAPI:
    """Build the application over *services*, which it neither opens nor closes."""
    api: FastAPI = FastAPIOffline(
        title="mt5-otel",
        version=services.version,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        redoc_url=None,
        redirect_slashes=False,  # a redirected order would be sent twice over the wire, to wherever Host says
        middleware=middleware(services, Templates(ROUTERS)),
        telemetry=FASTAPI_TELEMETRY_OFF,
    )
    api.state.services = services
    install(api)
    api.add_exception_handler(JournalError, journal_failed)
    for router in ROUTERS:
        api.include_router(router)
    return api
