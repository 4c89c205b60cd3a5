"""Counts every answer by its route, and tells those of 500 and above as errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson
from fastapi import APIRouter
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.clock import Clock
from app.domain.events import ErrorEvent, TellError
from app.domain.events import Scope as ErrorScope
from app.monitoring.ledger import UNMATCHED, Ledger
from app.telemetry.monitoring import current_trace_id

STREAMS: Final = frozenset({"/events", "/api/stream"})
NOT_AN_ERROR: Final = ("/api/ready", 503)
"""It says that orders are not accepted, which is what it was asked."""

RESET: Final = "/api/monitoring/metrics/reset"
"""It begins the count, and is none of what is counted."""

SCOPES: Final = {
    "MT5_UNAVAILABLE": ErrorScope.TERMINAL,
    "OUTCOME_UNKNOWN": ErrorScope.BROKER,
    "JOURNAL_UNAVAILABLE": ErrorScope.JOURNAL,
}
"""Where an error happened by the code it was answered with; elsewhere it is the API's own."""

_BODY_BYTES_MAX: Final = 16_384


class Templates:
    """The routes of the API by method and template.

    A request that was answered before it reached its route (without a key, say) is counted under it all the same.
    """

    def __init__(self, routers: Iterable[APIRouter]) -> None:
        self._routes = [route for router in routers for route in router.routes if isinstance(route, Route)]

    def find(self, scope: Scope) -> str | None:
        """The template that the request is for; None where there is none of this method and path."""
        reached = scope.get("route")
        if isinstance(reached, Route):
            return reached.path if scope["method"] in (reached.methods or ()) else None
        for route in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                return route.path
        return None


class CountRequests:
    """Tells the ledger of every answer: outermost but for the stamp, so that it sees each.

    Streams, files of the page and `/metrics` are in no figure, nor are a browser's preflights.

    Args:
        app: what lies within.
        ledger: counts.
        tell_error: told of every answer of 500 and above.
        templates: the routes.
        clock: durations and stamps.
    """

    def __init__(
        self, app: ASGIApp, *, ledger: Ledger, tell_error: TellError, templates: Templates, clock: Clock
    ) -> None:
        self._app = app
        self._ledger = ledger
        self._tell_error = tell_error
        self._templates = templates
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and count how it was answered."""
        if scope["type"] != "http" or _is_preflight(scope):
            await self._app(scope, receive, send)
            return
        answer = _Answer()

        async def watched(message: Message) -> None:
            answer.take(message)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            if answer.status:
                self._count(scope, answer, self._clock.monotonic() - scope["state"]["arrived"])

    def _count(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        template = self._templates.find(scope)
        if template is None:
            if answer.status >= 400:
                self._ledger.request(UNMATCHED, seconds=seconds, error=False, client_error=False)
            return
        if not _is_counted(template) or (template == RESET and answer.status < 400):
            return
        error = answer.status >= 500 and (template, answer.status) != NOT_AN_ERROR
        endpoint = f"{scope['method']} {template}"
        self._ledger.request(endpoint, seconds=seconds, error=error, client_error=400 <= answer.status < 500)
        if error:
            self._tell_error(answer.as_error(endpoint, self._clock.time_ns()))


class _Answer:
    """What is known of an answer once it is sent: its status, and the body of a failed one."""

    def __init__(self) -> None:
        self.status = 0
        self._body = b""
        self._trace_id = ""

    def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            # Here, and not later: the request's span may be over once the answer is out.
            self._trace_id = current_trace_id() if self.status >= 500 else ""
        elif self.status >= 500 and len(self._body) < _BODY_BYTES_MAX:
            self._body += message.get("body", b"")

    def as_error(self, endpoint: str, at_ns: int) -> ErrorEvent:
        error = self._error()
        details = error.get("details")
        details = details if isinstance(details, dict) else {}
        return ErrorEvent(
            at_ns=at_ns,
            scope=SCOPES.get(str(error.get("code")), ErrorScope.API),
            message=f"{endpoint}: {self.status} {error.get('code', '')}: {error.get('message', '')}",
            last_error=_last_error(details.get("last_error")),
            details=str(details.get("order_id", "")),
            trace_id=self._trace_id,
        )

    def _error(self) -> dict[str, Any]:
        try:
            error = orjson.loads(self._body)["detail"]["error"]
        except (ValueError, KeyError, TypeError):
            return {}
        return error if isinstance(error, dict) else {}


def _last_error(last_error: Any) -> str:
    return f"{last_error.get('code')} {last_error.get('text')}" if isinstance(last_error, dict) else ""


def _is_counted(template: str) -> bool:
    return template == "/health" or (template.startswith("/api/") and template not in STREAMS)


def _is_preflight(scope: Scope) -> bool:
    return scope["method"] == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )
