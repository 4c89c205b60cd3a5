"""The page's log-in: a key or a one-time code becomes a cookie that no script can read; and the keys there are."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from app.access.records import Key
from app.access.records import Scope as KeyScope
from app.access.sessions import LoggedIn, Session
from app.api import examples
from app.api.auth import SESSION_PATH, caller_of, cookie_name, is_local, is_own_origin
from app.api.errors import Json, error
from app.api.routes import keyed_router
from app.api.schemas import LogIn
from app.api.services import ApiServices, Services
from app.domain.clock import rfc3339
from app.domain.events import SecurityEvent, SecurityType

open_router = APIRouter(tags=["session"])
router = keyed_router("session")

NO_STORE = {"Cache-Control": "no-store"}
EXAMPLE = {
    "authenticated": True,
    "name": "operator",
    "scopes": ["admin", "read", "trade"],
    "csrf": "q3v5…",
    "reads": True,
}
NOBODY = {"authenticated": False, "name": "", "scopes": [], "csrf": "", "reads": True}
KEY_EXAMPLE = {
    "id": "1f2e3d4c",
    "name": "operator",
    "scopes": ["admin", "read", "trade"],
    "created": "2026-01-05T10:00:00.000000Z",
    "last_used": "2026-01-05T10:00:00.000000Z",
    "limits": {"writes": None, "reads": None},
}


@open_router.get(SESSION_PATH, summary="Who is logged in?", responses=examples.answers(EXAMPLE))
async def who(services: Services, request: Request) -> Response:
    """Nobody is an answer too; `csrf` is what a log-in's calls repeat in the header `X-CSRF-Token`.

    `reads` says whether this caller may look: also without a log-in, from this machine and if so set.
    """
    caller = caller_of(request)
    if caller.key is None:
        return Json(_nobody(services, request), headers=NO_STORE)
    return Json(_told(caller.key, caller.session), headers=NO_STORE)


@open_router.post(
    SESSION_PATH, summary="Log in", responses=examples.answers(EXAMPLE, "VALIDATION_ERROR", "PAYLOAD_TOO_LARGE")
)
async def log_in(services: Services, request: Request, wanted: Annotated[LogIn, Body()]) -> Response:
    """By key, or by the code of the link that is printed at the start: it is good once, and for ten minutes."""
    if "origin" in request.headers and not is_own_origin(request.headers):
        return error("FORBIDDEN", "Only this API's own page logs in here.")
    sessions = services.sessions
    made = sessions.log_in(wanted.key) if wanted.key is not None else sessions.redeem(wanted.code or "")
    services.monitor.notes.authenticated(made is not None)
    if made is None:
        _tell_refused(services, request, wanted)
        return error("UNAUTHORIZED", "The key or code is not valid.", headers=NO_STORE)
    answer = Json(_told(made.session.key, made.session), headers=NO_STORE)
    _set_cookie(answer, request, made, int(sessions.length_s))
    return answer


@open_router.delete(SESSION_PATH, summary="Log out", responses=examples.answers(NOBODY))
async def log_out(services: Services, request: Request) -> Response:
    """Ends the session that the cookie stands for."""
    name = cookie_name(request.scope)
    services.sessions.end(request.cookies.get(name, ""))
    answer = Json(_nobody(services, request), headers=NO_STORE)
    answer.delete_cookie(name, path="/", httponly=True, samesite="strict", secure=_is_secure(request))
    return answer


@router.get("/api/keys", summary="The keys there are", responses=examples.answers([KEY_EXAMPLE]))
async def keys(services: Services) -> Response:
    """Oldest first, with their last use and their own limits; needs the scope `admin`. The keys are kept nowhere."""
    store = services.keys
    return Json(
        [
            {
                "id": key.id,
                "name": key.name,
                "scopes": sorted(key.scopes),
                "created": key.created,
                "last_used": None if (at_ns := store.last_use.get(key.id)) is None else rfc3339(at_ns),
                "limits": key.limits.to_json(),
            }
            for key in store.kept
        ],
        headers=NO_STORE,
    )


def _told(key: Key, session: Session | None) -> dict[str, object]:
    csrf = session.csrf if session else ""
    reads = KeyScope.READ in key.scopes
    return {"authenticated": True, "name": key.name, "scopes": sorted(key.scopes), "csrf": csrf, "reads": reads}


def _nobody(services: ApiServices, request: Request) -> dict[str, object]:
    return {**NOBODY, "reads": services.settings.anonymous_read and is_local(request.scope, request.headers)}


def _set_cookie(answer: Response, request: Request, made: LoggedIn, length_s: int) -> None:
    answer.set_cookie(
        cookie_name(request.scope),
        made.token,
        max_age=length_s,
        path="/",
        httponly=True,
        samesite="strict",
        secure=_is_secure(request),
    )


def _is_secure(request: Request) -> bool:
    return str(request.scope["scheme"]) == "https"


def _tell_refused(services: ApiServices, request: Request, wanted: LogIn) -> None:
    tried = wanted.key if wanted.key is not None else wanted.code or ""
    services.monitor.notes.tell_security(
        SecurityEvent(
            at_ns=services.clock.time_ns(),
            type=SecurityType.INVALID_API_KEY_ATTEMPT,
            client=caller_of(request).address,
            details=f"POST {SESSION_PATH}; {'key' if wanted.key is not None else 'one-time code'}",
            key_id=services.keys.tell_tale(tried),
        )
    )
