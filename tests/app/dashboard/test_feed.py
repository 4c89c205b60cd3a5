"""The feed: one frame for everybody, the newest one, nothing while nobody listens, over at once at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import orjson
import pytest

from app.dashboard.feed import ENDED, Feed
from app.dashboard.frame import Frame

EVERY_S = 0.01


class Counted:
    """Says how often it was looked at."""

    def __init__(self) -> None:
        self.looks = 0
        self.fault: Exception | None = None

    def __call__(self) -> Frame:
        """A frame in which one field moves and one stands."""
        self.looks += 1
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        return Frame(at_ms=self.looks, sections={"a": {"moves": self.looks, "stands": 1}, "b": {"stands": 2}})


@pytest.fixture
def look() -> Counted:
    """Where the frames come from."""
    return Counted()


@pytest.fixture
async def feed(look: Counted) -> AsyncIterator[Feed]:
    """A quick one."""
    feed = Feed(look, every_s=EVERY_S, streams_max=3)
    yield feed
    await feed.close()


Listen = Callable[..., AsyncGenerator[bytes, None]]


@pytest.fixture
def listen(feed: Feed) -> Iterator[Listen]:
    """Opens a page's stream, which keeps its place until the test is over."""
    with ExitStack() as places:

        def listen(lasts: Callable[[], bool] = lambda: True) -> AsyncGenerator[bytes, None]:
            stream = places.enter_context(feed.listen(lasts))
            assert stream is not None
            return stream

        yield listen


def parsed(message: bytes) -> tuple[str, dict[str, Any]]:
    """Name and data of a server-sent event."""
    name, data = message.decode().rstrip("\n").split("\n")
    return name.removeprefix("event: "), orjson.loads(data.removeprefix("data: "))


async def test_a_page_gets_everything_once_and_then_changes(listen: Listen) -> None:
    """`full` first; each `delta` follows the frame before and holds nothing that stayed."""
    stream = listen()
    name, full = parsed(await anext(stream))
    assert (name, full["a"], full["b"]) == ("full", {"moves": 1, "stands": 1}, {"stands": 2})
    name, delta = parsed(await anext(stream))
    assert name == "delta"
    assert delta["number"] == full["number"] + 1
    assert delta["a"] == {"moves": delta["at_ms"]}
    assert "b" not in delta


async def test_everybody_is_sent_the_same_bytes_of_one_look(listen: Listen, look: Counted) -> None:
    """Three pages cost as many looks as one."""
    streams = [listen() for _ in range(3)]
    first = [await anext(stream) for stream in streams]
    second = [await anext(stream) for stream in streams]
    assert all(message is second[0] for message in second[1:]) or len({parsed(m)[1]["number"] for m in second}) > 1
    assert look.looks <= max(parsed(message)[1]["number"] for message in (*first, *second)) + 1


async def test_a_place_is_taken_before_the_first_frame_and_given_back_without_one(feed: Feed) -> None:
    """As many pages as may be, even if all ask in one moment; one that goes unheard leaves its place to the next."""
    with ExitStack() as places:
        for _ in range(3):
            assert places.enter_context(feed.listen()) is not None
        with feed.listen() as stream:
            assert stream is None
        assert (feed.is_open, feed.listeners) == (False, 3)
    assert (feed.is_open, feed.listeners) == (True, 0)


async def test_a_listener_who_may_no_longer_is_told_so_and_hears_no_more(listen: Listen) -> None:
    """Asked before each frame: after a log-out there is one word, and the stream is over; others go on."""
    allowed = [True]
    stream, other = listen(lambda: allowed[0]), listen()
    assert parsed(await anext(stream))[0] == "full"
    allowed[0] = False
    assert [message async for message in stream] == [ENDED]
    assert parsed(await anext(other))[0] == "full"


async def test_a_slow_page_gets_the_newest_frame_whole(listen: Listen, look: Counted) -> None:
    """Nothing is queued: who missed frames is sent the last one, as `full`."""
    stream = listen()
    await anext(stream)
    quick = listen()
    seen = look.looks
    while look.looks < seen + 4:
        await anext(quick)
    name, frame = parsed(await anext(stream))
    assert (name, frame["at_ms"]) == ("full", look.looks)


async def test_nothing_is_done_while_nobody_listens(feed: Feed, look: Counted) -> None:
    """The last page that goes ends the looking, and the next one begins with a fresh frame."""
    with feed.listen() as stream:
        assert stream is not None
        await anext(stream)
    await asyncio.sleep(EVERY_S * 2)
    looks = look.looks
    await asyncio.sleep(EVERY_S * 5)
    assert look.looks == looks
    with feed.listen() as again:
        assert again is not None
        name, frame = parsed(await anext(again))
    assert (name, frame["at_ms"]) == ("full", looks + 1)


async def test_stopping_ends_open_streams_at_once(look: Counted) -> None:
    """A stream that waits for a frame due in an hour ends when the program does."""
    feed = Feed(look, every_s=3_600)
    with feed.listen() as stream:
        assert stream is not None
        await anext(stream)
        waiting = asyncio.ensure_future(anext(stream, None))
        await asyncio.sleep(0)
        feed.stop()
        async with asyncio.timeout(1):
            assert await waiting is None
    assert not feed.is_open
    await feed.close()


async def test_a_frame_that_fails_is_not_the_end(
    listen: Listen, look: Counted, caplog: pytest.LogCaptureFixture
) -> None:
    """The fault is logged, and the next frame comes."""
    look.fault = RuntimeError("no figures")
    async with asyncio.timeout(1):
        name, _ = parsed(await anext(listen()))
    assert name == "full"
    assert "no figures" in caplog.text
