"""The HTTP application, put together."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.responses import RedirectResponse

from app.api.errors import install
from app.api.middleware import middleware
from app.api.outcomes import journal_failed
from app.api.routes import health, orders, terminal
from app.api.services import ApiServices
from app.errors import JournalError
from otel.http import FASTAPI_TELEMETRY_OFF

TAGS = [
    {"name": "orders", "description": "Open, close, and ask what came of it. Every order is one trace."},
    {"name": "terminal", "description": "What the terminal shows, by MetaTrader's own field names; times in UTC."},
    {"name": "health", "description": "Is it up, is it ready, how does it go."},
]

DESCRIPTION = """A trading API for MetaTrader 5 in which every order is one OpenTelemetry trace.

Every error has the shape `{"detail": {"error": {"code", "message", "details"}}}`. Every answer carries
`X-Response-Time` and `X-Account-Mode`, and `traceresponse` where it is traced."""


def create_api(services: ApiServices) -> FastAPI:
    """Build the application over *services*, which it neither opens nor closes."""
    api: FastAPI = FastAPIOffline(
        title="mt5-otel",
        version=services.version,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        redoc_url=None,
        redirect_slashes=False,  # a redirected order would be sent twice over the wire, to wherever Host says
        middleware=middleware(services),
        telemetry=FASTAPI_TELEMETRY_OFF,
    )
    api.state.services = services
    install(api)
    api.add_exception_handler(JournalError, journal_failed)
    for router in (health.open_router, health.router, terminal.router, orders.router):
        api.include_router(router)
    api.add_api_route("/", _to_docs, include_in_schema=False)
    return api


async def _to_docs() -> RedirectResponse:
    return RedirectResponse("/docs")
