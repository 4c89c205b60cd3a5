"""The live page: its files, and the stream it reads. No request figure counts these, and no trace tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from app.api.auth import caller_of, still_may
from app.api.errors import error
from app.api.services import Services
from app.api.streams import StreamAnswer
from app.dashboard.assets import INDEX, Asset

router = APIRouter(include_in_schema=False)

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; manifest-src 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""On every file of the page: nothing inline, nothing evaluated, nothing from elsewhere, in nobody's frame."""

NOT_BUILT: Final = """The live page is not built, so there is nothing to show here. The API works: see /docs.

Build the page once, in the checkout that mt5-otel was installed from, and restart:

    mt5-otel page build
"""


@router.get("/")
async def page(services: Services, request: Request) -> Response:
    """The page, or how to build it."""
    asset = services.assets.get(INDEX)
    if asset is None:
        return PlainTextResponse(NOT_BUILT, status_code=503, headers={"Cache-Control": "no-store"})
    return _answer(asset, request)


@router.get("/assets/{name}")
async def asset(services: Services, request: Request, name: str) -> Response:
    """A file of the page."""
    found = services.assets.get(f"assets/{name}")
    return error("NOT_FOUND", "The page has no such file.") if found is None else _answer(found, request)


@router.get("/api/stream")
async def stream(services: Services, request: Request) -> Response:
    """How things stand, once a second, as server-sent events: `full` first, then `delta`; `ended` with the log-in."""
    message = "As many pages are open as the setting page.streams_max allows."
    lasts = partial(still_may, caller_of(request), services.keys, services.sessions)
    return StreamAnswer(partial(services.feed.listen, lasts), full=message)


def _answer(asset: Asset, request: Request) -> Response:
    headers = {**HEADERS, "Cache-Control": "no-cache", "ETag": asset.etag, "Vary": "Accept-Encoding"}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.compressed, media_type=asset.content_type, headers=headers)
    return Response(asset.body, media_type=asset.content_type, headers=headers)
