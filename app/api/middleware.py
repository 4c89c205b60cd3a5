"""What lies around every route, outermost first. Plain ASGI: nothing here changes the task or its context."""

from __future__ import annotations

import asyncio
import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.hosts import Hosts
from app.api.auth import HEADER, Authentication
from app.api.counting import CountRequests, Templates
from app.api.errors import PayloadTooLarge, error, too_large
from app.api.limits import Limits
from app.api.services import ApiServices
from app.domain.clock import Clock
from app.domain.events import SecurityEvent, SecurityType, TellSecurity
from app.monitoring.status import Watching

log = logging.getLogger(__name__)

TIME_HEADER, MODE_HEADER = "X-Response-Time", "X-Account-Mode"
HOST_TOLD_LENGTH = 100
TRACE_HEADERS = ("traceparent", "tracestate", "baggage")


def middleware(services: ApiServices, templates: Templates) -> list[Middleware]:
    """The list of it."""
    settings = services.settings
    return [
        Middleware(Stamp, clock=services.clock, watch=services.watch),
        Middleware(
            CountRequests,
            ledger=services.monitor.ledger,
            tell_error=services.monitor.notes.tell_error,
            templates=templates,
            clock=services.clock,
        ),
        Middleware(
            Cors,
            allow_origins=settings.cors.allow_origins,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=(HEADER, "Idempotency-Key", *TRACE_HEADERS),
            expose_headers=(TIME_HEADER, MODE_HEADER, "traceresponse", "Retry-After"),
        ),
        Middleware(CatchFaults),
        Middleware(
            HostCheck,
            hosts=Hosts(settings.http.host, settings.http.allowed_hosts),
            tell=services.monitor.notes.tell_security,
            clock=services.clock,
        ),
        Middleware(
            Authentication,
            keys=services.keys,
            sessions=services.sessions,
            limits=Limits(settings.limits, clock=services.clock),
            anonymous_read=settings.anonymous_read,
            tell=services.monitor.notes.tell_security,
            count=services.monitor.notes.authenticated,
            clock=services.clock,
        ),
        Middleware(BodyLimit, bytes_max=settings.http.body_bytes_max),
    ]


class Stamp:
    """Notes when a request arrived; says on every answer how long it took and whose money this is."""

    def __init__(self, app: ASGIApp, *, clock: Clock, watch: Watching) -> None:
        self._app = app
        self._clock = clock
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        arrived = self._clock.monotonic()
        scope.setdefault("state", {})["arrived"] = arrived

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[TIME_HEADER] = f"{(self._clock.monotonic() - arrived) * 1_000:.2f}ms"
                headers[MODE_HEADER] = self._watch.latest.mode
            await send(message)

        await self._app(scope, receive, stamped)


class Cors(CORSMiddleware):
    """Starlette's, with a refused preflight in the one shape of errors."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer whether the page may send what it is about to."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        message = f"{bytes(answer.body).decode()}; cors.allow_origins names who may call."
        return error("ORIGIN_NOT_ALLOWED", message, headers={"Vary": answer.headers["Vary"]})


class HostCheck:
    """Refuses a request that names a host which is not ours: a page elsewhere may have had its own name point here.

    Args:
        app: what lies within.
        hosts: ours.
        tell: told of each refusal.
        clock: stamps.
    """

    def __init__(self, app: ASGIApp, *, hosts: Hosts, tell: TellSecurity, clock: Clock) -> None:
        self._app = app
        self._hosts = hosts
        self._tell = tell
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, if it is meant for us."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(named) == 1 and self._hosts.takes(named[0]):
            await self._app(scope, receive, send)
            return
        self._tell(
            SecurityEvent(
                at_ns=self._clock.time_ns(),
                type=SecurityType.HOST_REFUSED,
                client=scope["client"][0] if scope.get("client") else "",
                details=ascii(", ".join(named)[:HOST_TOLD_LENGTH]),
            )
        )
        message = "This API is not called under this name; http.allowed_hosts names those that it may be called under."
        await error("HOST_REFUSED", message)(scope, receive, send)


class CatchFaults:
    """Answers a fault of ours with 500 and logs it, inside everything that has a header to add to the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and answer for it if it fails."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if started or scope["type"] != "http":
                raise
            log.exception("%s %s failed", scope["method"], getattr(scope.get("route"), "path", "(no route)"))
            await error("INTERNAL")(scope, receive, send)
        except asyncio.CancelledError:
            # The program is being stopped, and this took longer than running requests may.
            if started or scope["type"] != "http":
                raise
            await error("MT5_UNAVAILABLE", "The program is being stopped; nothing was sent.")(scope, receive, send)


class BodyLimit:
    """Refuses a body that is too large: by its declared length unread, else as soon as it is.

    Starlette's own limit answers in plain text, over our answer too.
    """

    def __init__(self, app: ASGIApp, *, bytes_max: int) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as long as its body is not too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._bytes_max:
            await too_large(self._bytes_max)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._bytes_max:
                raise PayloadTooLarge(self._bytes_max)
            return message

        await self._app(scope, counted, send)
