"""Who may call what: one rule by method, so that a route added later is closed until somebody opens it."""

from __future__ import annotations

import ipaddress
import re

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.access.keys import KeyStore
from app.access.keys import Scope as KeyScope
from app.api.errors import error

HEADER = "X-API-Key"
LOOKS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = frozenset({"/", "/docs", "/docs/oauth2-redirect", "/openapi.json", "/api/health"})
DOCS_ASSETS = "/static-offline-docs/"
"""Below it lie the scripts and styles of the documentation page."""
_HOST = re.compile(r"(?P<name>\[(?P<v6>[0-9A-Fa-f:.]+)\]|[^:]+)(?::[0-9]+)?")
PROXY_HEADERS = frozenset({"forwarded", "via", "x-real-ip"})
PROXY_PREFIX = "x-forwarded-"


class Authentication:
    """Lets a request through if its key, or its coming from this machine, allows it.

    Args:
        app: what lies within.
        keys: who may call.
        anonymous_read: whether whoever calls from this machine may look without a key.
    """

    def __init__(self, app: ASGIApp, *, keys: KeyStore, anonymous_read: bool) -> None:
        self._app = app
        self._keys = keys
        self._anonymous_read = anonymous_read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it through, or answer it."""
        await (self._refusal(scope) or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        if scope["type"] == "http":
            return self._http_refusal(scope)
        # There are no WebSockets here; one that is added must not come in past the keys.
        return None if scope["type"] == "lifespan" else WebSocketClose(code=1008)

    def _http_refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        is_open = path in OPEN_PATHS or path.startswith(DOCS_ASSETS)
        needed = KeyScope.READ if scope["method"] in LOOKS else KeyScope.TRADE
        if text := headers.get(HEADER):
            # A wrong key is told of even where none is needed, or its owner would learn it with the first order.
            if (key := self._keys.authenticate(text)) is None:
                return None if is_open and not path.startswith("/api/") else _unauthorized("The API key is not valid.")
            return None if is_open or needed in key.scopes else _forbidden(needed)
        if is_open or (needed is KeyScope.READ and self._anonymous_read and _is_local(scope, headers)):
            return None
        return _unauthorized(f"This call needs an API key, in the header {HEADER}.")


def _is_local(scope: Scope, headers: Headers) -> bool:
    """Whether the caller is on this machine; one that a proxy or a page from elsewhere speaks for may be anywhere."""
    if not scope.get("client") or any(name in PROXY_HEADERS or name.startswith(PROXY_PREFIX) for name in headers):
        return False
    return _is_loopback(scope["client"][0]) and _is_meant_for_this_machine(scope, headers)


def _is_meant_for_this_machine(scope: Scope, headers: Headers) -> bool:
    """Whether the caller asked for this machine by a name that can mean no other.

    A page from elsewhere whose own name was made to lead here (DNS rebinding) sends that name as Host; a plain
    reverse proxy mostly the name it was called by. A page of another origin says so in Origin.
    """
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    if len(hosts) != 1 or any(origin.lower() != f"{scope['scheme']}://{hosts[0].lower()}" for origin in origins):
        return False
    name = _HOST.fullmatch(hosts[0])
    return name is not None and (name["name"].lower() == "localhost" or _is_loopback(name["v6"] or name["name"]))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _unauthorized(message: str) -> Response:
    return error("UNAUTHORIZED", message, headers={"WWW-Authenticate": f"ApiKey header={HEADER}"})


def _forbidden(needed: KeyScope) -> Response:
    return error("FORBIDDEN", f"The API key lacks the scope {needed}.", {"scope": needed})
