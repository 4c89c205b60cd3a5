"""Who may call what, and how often: one rule by method, so that a route added later is closed until it is opened."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from fastapi import Request
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.access.keys import KeyStore
from app.access.records import Key
from app.access.records import Scope as KeyScope
from app.access.sessions import Session, Sessions, is_token
from app.api.errors import error
from app.api.limits import FREE_PATHS, FREE_PREFIXES, LOOKS, Limits
from app.domain.clock import Clock
from app.domain.events import SecurityEvent, SecurityType, TellSecurity

HEADER: Final = "X-API-Key"
CSRF_HEADER: Final = "X-CSRF-Token"
COOKIE: Final = "mt5_otel_"
SESSION_PATH: Final = "/api/session"
OPEN_PATHS: Final = frozenset({*FREE_PATHS, "/api/health", SESSION_PATH} - {"/api/stream"})
KEYLESS_FROM_HERE: Final = frozenset({"/api/monitoring/metrics/snapshot", "/api/monitoring/metrics/reset"})
"""Writes that need no key from this machine, as reads do: unless a page sends them, which `Origin` gives away."""
ADMIN_PREFIXES: Final = ("/api/simulator/", "/api/keys")
_HOST: Final = re.compile(r"(?P<name>\[(?P<v6>[0-9A-Fa-f:.]+)\]|[^:]+)(?::[0-9]+)?")
PROXY_HEADERS: Final = frozenset({"forwarded", "via", "x-real-ip"})
PROXY_PREFIX: Final = "x-forwarded-"

CountAuthentication = Callable[[bool], None]
"""Told of every key that was shown: whether it was a valid one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: from where, and with which key or session, if any."""

    address: str
    key: Key | None = None
    session: Session | None = None


def caller_of(request: Request) -> Caller:
    """Who makes this request, as found before its route."""
    return cast(Caller, request.state.caller)


def still_may(caller: Caller, keys: KeyStore, sessions: Sessions) -> bool:
    """Whether what let this caller in lasts: the log-in, or the key; who needed neither needs neither now."""
    if caller.session is not None:
        return sessions.lasts(caller.session)
    return caller.key is None or keys.lasts(caller.key)


class Authentication:
    """Lets a request through if its key, its session or its coming from this machine allows it.

    And if it is not one too many.

    Args:
        app: what lies within.
        keys: who may call.
        sessions: the page's log-ins.
        limits: how often.
        anonymous_read: whether whoever calls from this machine may look without a key.
        tell: told of everybody who is refused.
        count: told of every key that is shown.
        clock: stamps.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: KeyStore,
        sessions: Sessions,
        limits: Limits,
        anonymous_read: bool,
        tell: TellSecurity,
        count: CountAuthentication,
        clock: Clock,
    ) -> None:
        self._app = app
        self._keys = keys
        self._sessions = sessions
        self._limits = limits
        self._anonymous_read = anonymous_read
        self._tell = tell
        self._count = count
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it through, or answer it."""
        await (self._refusal(scope) or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        if scope["type"] == "http":
            return self._http_refusal(scope)
        # There are no WebSockets here; one that is added must not come in past the keys.
        return None if scope["type"] == "lifespan" else WebSocketClose(code=1008)

    def _http_refusal(self, scope: Scope) -> Response | None:
        asked = _Asked(scope, self._limits)
        caller = self._caller(asked)
        if isinstance(caller, Response):
            return caller
        scope.setdefault("state", {})["caller"] = caller
        key = caller.key
        again_s = self._limits.take(asked.name, asked.address, key)
        if again_s is not None:
            return self._too_many(asked, again_s, key.id if key else "")
        if key is None or asked.is_open or asked.needed in key.scopes:
            return None
        if asked.changes and self._needs_no_key(asked):
            return None
        self._told(asked, SecurityType.SCOPE_DENIED, key.id)
        message = f"The API key lacks the scope {asked.needed}."
        return error("FORBIDDEN", message, {"scope": asked.needed})

    def _caller(self, asked: _Asked) -> Caller | Response:
        """Who it is, or the answer to somebody who may not call."""
        if text := asked.headers.get(HEADER):
            # A wrong key is told of even where none is needed, or its owner would learn it with the first order.
            key = self._keys.authenticate(text)
            if key is not None or not asked.is_open or asked.path.startswith("/api/"):
                self._count(key is not None)
                return Caller(address=asked.address, key=key) if key else self._wrong_key(asked, text)
        elif (session := self._session(asked)) is not None:
            if asked.changes and not _is_ours(asked.headers, session):
                self._told(asked, SecurityType.SCOPE_DENIED, session.key.id, "session without its token")
                return error("FORBIDDEN", f"A log-in's calls need {CSRF_HEADER} and this page's own Origin.")
            return Caller(address=asked.address, key=session.key, session=session)
        if asked.is_open or self._needs_no_key(asked):
            return Caller(address=asked.address)
        message = f"This call needs an API key, in the header {HEADER}."
        return self._unauthorized(asked, SecurityType.MISSING_API_KEY, message)

    def _wrong_key(self, asked: _Asked, text: str) -> Response:
        kind = SecurityType.INVALID_API_KEY_ATTEMPT
        return self._unauthorized(asked, kind, "The API key is not valid.", self._keys.tell_tale(text))

    def _session(self, asked: _Asked) -> Session | None:
        token = asked.cookie()
        return None if token is None else self._sessions.find(token)

    def _needs_no_key(self, asked: _Asked) -> bool:
        return self._anonymous_read and asked.is_keyless and is_local(asked.scope, asked.headers)

    def _unauthorized(self, asked: _Asked, kind: SecurityType, message: str, key_id: str = "") -> Response:
        again_s = self._limits.take_refusal(asked.address)
        if again_s is not None:
            return self._too_many(asked, again_s, key_id)
        self._told(asked, kind, key_id)
        return error("UNAUTHORIZED", message, headers={"WWW-Authenticate": f"ApiKey header={HEADER}"})

    def _too_many(self, asked: _Asked, again_s: int, key_id: str) -> Response:
        self._told(asked, SecurityType.RATE_LIMITED, key_id)
        message = f"Too many calls; the next one is taken in {again_s} s."
        details = {"retry_after_s": again_s}
        return error("RATE_LIMITED", message, details, headers={"Retry-After": str(again_s)})

    def _told(self, asked: _Asked, kind: SecurityType, key_id: str, more: str = "") -> None:
        details = "; ".join(part for part in (asked.name or asked.method, more) if part)
        at_ns = self._clock.time_ns()
        self._tell(SecurityEvent(at_ns=at_ns, type=kind, client=asked.address, details=details, key_id=key_id))


class _Asked:
    """What a request asks for, as far as it matters here."""

    __slots__ = ("address", "changes", "headers", "is_keyless", "is_open", "method", "name", "needed", "path", "scope")

    def __init__(self, scope: Scope, limits: Limits) -> None:
        self.scope = scope
        self.headers = Headers(scope=scope)
        self.path: str = scope["path"]
        self.method: str = scope["method"]
        self.name = limits.find(self.method, self.path)
        self.address: str = scope["client"][0] if scope.get("client") else ""
        self.is_open = self.path in OPEN_PATHS or self.path.startswith(FREE_PREFIXES)
        looks = self.method in LOOKS
        administers = self.path.startswith(ADMIN_PREFIXES)
        keyless = self.path in KEYLESS_FROM_HERE
        self.is_keyless = (looks and not administers) or (keyless and "origin" not in self.headers)
        self.changes = not looks and (self.method, self.path) != ("POST", SESSION_PATH)
        self.needed = _needed(looks=looks, administers=administers or (keyless and not looks))

    def cookie(self) -> str | None:
        """The value of our cookie."""
        sent = self.headers.get("cookie")
        return None if sent is None else cookie_parser(sent).get(cookie_name(self.scope))


def _needed(*, looks: bool, administers: bool) -> KeyScope:
    if administers:
        return KeyScope.ADMIN
    return KeyScope.READ if looks else KeyScope.TRADE


def cookie_name(scope: Scope) -> str:
    """The cookie's name: with the port, since a browser keeps one jar for all ports of a machine."""
    return f"{COOKIE}{(scope.get('server') or ('', 0))[1]}"


def is_own_origin(headers: Headers) -> bool:
    """Whether the call comes from a page that was served under the very address it calls."""
    origin = headers.get("origin", "")
    return origin.partition("://")[2] == headers.get("host") != ""


def _is_ours(headers: Headers, session: Session) -> bool:
    return is_own_origin(headers) and is_token(session, headers.get(CSRF_HEADER, ""))


def is_local(scope: Scope, headers: Headers) -> bool:
    """Whether the caller is on this machine; one that a proxy or a page from elsewhere speaks for may be anywhere."""
    if any(name in PROXY_HEADERS or name.startswith(PROXY_PREFIX) for name in headers):
        return False
    address: str = scope["client"][0] if scope.get("client") else ""
    return _is_loopback(address) and _is_meant_for_this_machine(scope["scheme"], headers)


def _is_meant_for_this_machine(scheme: str, headers: Headers) -> bool:
    """Whether the caller asked for this machine by a name that can mean no other.

    A page from elsewhere whose own name was made to lead here (DNS rebinding) sends that name as Host; a plain
    reverse proxy mostly the name it was called by. A page of another origin says so in Origin.
    """
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    own = f"{scheme}://{hosts[0].lower()}" if len(hosts) == 1 else None
    if own is None or any(origin.lower() != own for origin in origins):
        return False
    name = _HOST.fullmatch(hosts[0])
    return name is not None and (name["name"].lower() == "localhost" or _is_loopback(name["v6"] or name["name"]))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
