"""The stream of events; no request figure counts it, and no trace tells of it."""

from __future__ import annotations

from functools import partial

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from app.api import examples
from app.api.auth import caller_of, still_may
from app.api.routes import keyed_router
from app.api.services import Services
from app.api.streams import StreamAnswer

router = keyed_router("events")


@router.get(
    "/events",
    summary="What happens, as it happens",
    response_class=StreamingResponse,
    responses={
        **examples.answers(None, "OVERLOADED"),
        200: {"description": "Server-sent events.", "content": {"text/event-stream": {"example": examples.EVENT}}},
    },
)
async def events(services: Services, request: Request) -> Response:
    """Server-sent events: `heartbeat` every 5 s, and `ticks`, `orders`, `deals`, `positions`, `alerts`.

    Each one's data is an object with `t` (ms since 1970), `kind` and `time_utc`; a listener that is too slow gets
    `lost` with how many it missed, one whose key is revoked or rotated `ended`, and no more.
    """
    lasts = partial(still_may, caller_of(request), services.keys, services.sessions)
    return StreamAnswer(partial(services.events.listen, lasts), full="As many streams are open as there may be.")
