"""An answer that goes on: server-sent events, as many streams at once as there are places."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import Final

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.errors import error

RETRY_S: Final = "5"

Listen = Callable[[], AbstractContextManager[AsyncIterator[bytes] | None]]
"""Takes a place as long as its block runs; gives the events, or None where there is no place left."""


class StreamAnswer(Response):
    """Events, from a place that is taken before the first byte and given back however the answer ends.

    Args:
        listen: takes the place.
        full: what is said where there is none left.
    """

    def __init__(self, listen: Listen, *, full: str) -> None:
        super().__init__()
        self._listen = listen
        self._full = full

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until they end or the reader goes."""
        with self._listen() as events:
            answer = self._refused() if events is None else _streamed(events)
            await answer(scope, receive, send)

    def _refused(self) -> Response:
        return error("OVERLOADED", self._full, headers={"Retry-After": RETRY_S})


def _streamed(events: AsyncIterator[bytes]) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
