"""Who may call what: one rule by method, so that a route added later is closed until somebody opens it."""

from __future__ import annotations

import ipaddress

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.keys import KeyStore
from app.access.keys import Scope as KeyScope
from app.api.errors import error

HEADER = "X-API-Key"
LOOKS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = frozenset({"/", "/docs", "/docs/oauth2-redirect", "/openapi.json", "/api/health"})
DOCS_ASSETS = "/static-offline-docs/"
"""Below it lie the scripts and styles of the documentation page."""
PROXY_HEADERS = ("forwarded", "x-forwarded-for")


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
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
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
    """Whether the caller is on this machine; one that a proxy speaks for may be anywhere."""
    if not scope.get("client") or any(name in headers for name in PROXY_HEADERS):
        return False
    try:
        return ipaddress.ip_address(scope["client"][0]).is_loopback
    except ValueError:
        return False


def _unauthorized(message: str) -> Response:
    return error("UNAUTHORIZED", message, headers={"WWW-Authenticate": f"ApiKey header={HEADER}"})


def _forbidden(needed: KeyScope) -> Response:
    return error("FORBIDDEN", f"The API key lacks the scope {needed}.", {"scope": needed})
