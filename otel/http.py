"""Server spans and HTTP metrics for a FastAPI application; the only module that knows that instrumentation."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.propagators import TraceResponsePropagator, set_global_response_propagator
from opentelemetry.instrumentation.utils import suppress_http_instrumentation
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Span

from otel.pipeline import Pipeline

CALLERS_TEXT_LENGTH_MAX: Final = 1024
"""Characters of what a caller sent (path, query, user agent) that a server span holds, with a key or without."""
_QUERY_READ: Final = 2 * CALLERS_TEXT_LENGTH_MAX
_OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

FASTAPI_TELEMETRY_OFF: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
"""For `FastAPI(telemetry=...)`: the framework's own telemetry would tell everything a second time."""


def instrument_app(
    app: FastAPI, pipeline: Pipeline, *, untraced_paths: Iterable[str] = (), untraced_prefixes: Iterable[str] = ()
) -> None:
    """Give every request of *app* a server span and its metrics, and a `traceresponse` header to the answer.

    Requests whose path is one of *untraced_paths* or begins with one of *untraced_prefixes* get neither. Only the
    path decides: the instrumentation's own `excluded_urls` looks at a URL that begins with the caller's Host header,
    which could then be made to hide an order.

    Call it once per application, before its first request. The conventions and the response header are set for the
    whole process.
    """
    _speak_stable_conventions()
    set_global_response_propagator(TraceResponsePropagator())  # type: ignore[no-untyped-call] # untyped upstream
    FastAPIInstrumentor.instrument_app(
        app,
        server_request_hook=_put_right(pipeline),
        tracer_provider=pipeline.tracer_provider,
        meter_provider=pipeline.meter_provider,
        excluded_urls="",
        exclude_spans=["receive", "send"],
    )
    build_instrumented = app.build_middleware_stack
    paths, prefixes = frozenset(untraced_paths), tuple(untraced_prefixes)

    def build_middleware_stack() -> Application:
        return _Untraced(build_instrumented(), paths, prefixes)

    # The same seam that the instrumentation uses; this has to lie around it.
    app.build_middleware_stack = build_middleware_stack  # type: ignore[method-assign]


class _Untraced:
    """Outermost middleware: switches the instrumentation off for some paths."""

    def __init__(self, app: Application, paths: frozenset[str], prefixes: tuple[str, ...]) -> None:
        self._app = app
        self._paths = paths
        self._prefixes = prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path in self._paths or path.startswith(self._prefixes):
            with suppress_http_instrumentation():
                await self._app(scope, receive, send)
        else:
            await self._app(_readable(scope), receive, send)


def _readable(scope: Scope) -> Scope:
    """Percent-encode a query string that is not text: the instrumentation would fail on it, and the order with it."""
    query: bytes = scope.get("query_string", b"")
    if query.isascii():
        return scope
    return {**scope, "query_string": b"".join(b"%%%02X" % byte if byte > 127 else bytes([byte]) for byte in query)}


def _put_right(pipeline: Pipeline) -> Callable[[Span, dict[str, Any]], None]:
    """Overwrite `url.query` as soon as the span has it, so that it never holds a value that may not leave.

    And `server.address`, which the instrumentation writes with the port behind it: the conventions want the host.
    And whatever is long: anybody may send it, and it waits in memory.
    """

    def short(text: str) -> str:
        return pipeline.redaction.shortened(text, CALLERS_TEXT_LENGTH_MAX)

    def hook(span: Span, scope: dict[str, Any]) -> None:
        if not span.is_recording():
            return
        query: bytes = scope.get("query_string", b"")
        if query:
            span.set_attribute("url.query", short(pipeline.redaction.query(query[:_QUERY_READ].decode("latin-1"))))
        if scope.get("server"):
            span.set_attribute("server.address", scope["server"][0])
        if isinstance(span, ReadableSpan):
            for name, value in dict(span.attributes or {}).items():
                if isinstance(value, str) and len(value) > CALLERS_TEXT_LENGTH_MAX:
                    span.set_attribute(name, short(value))

    return hook


def _speak_stable_conventions() -> None:
    """Opt in to the stable HTTP conventions; the instrumentation reads this once, at the first use in a process."""
    opted = [part.strip() for part in os.environ.get(_OPT_IN, "").split(",") if part.strip()]
    kept = [part for part in opted if part != "http/dup"]
    os.environ[_OPT_IN] = ",".join(dict.fromkeys([*kept, "http"]))
