"""The stream of events; no request figure counts it, and no trace tells of it."""

from __future__ import annotations

from starlette.responses import Response, StreamingResponse

from app.api import examples
from app.api.errors import error
from app.api.routes import keyed_router
from app.api.services import Services

router = keyed_router("events")

RETRY_S = "5"


@router.get(
    "/events",
    summary="What happens, as it happens",
    response_class=StreamingResponse,
    responses={
        **examples.answers(None, "OVERLOADED"),
        200: {"description": "Server-sent events.", "content": {"text/event-stream": {"example": examples.EVENT}}},
    },
)
async def events(services: Services) -> Response:
    """Server-sent events: `heartbeat` every 5 s, and `ticks`, `orders`, `deals`, `positions`, `alerts`.

    Each one's data is an object with `t` (ms since 1970), `kind` and `time_utc`; a listener that is too slow gets
    `lost` with how many it missed.
    """
    if not services.events.is_open:
        return error("OVERLOADED", "As many streams are open as there may be.", headers={"Retry-After": RETRY_S})
    return StreamingResponse(
        services.events.stream(),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
