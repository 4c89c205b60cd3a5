"""The feed: one frame for everybody, the newest one, nothing while nobody listens, over at once at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from app.dashboard.feed import Feed
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


def parsed(message: bytes) -> tuple[str, dict[str, Any]]:
    """Name and data of a server-sent event."""
    name, data = message.decode().rstrip("\n").split("\n")
    return name.removeprefix("event: "), orjson.loads(data.removeprefix("data: "))


async def test_a_page_gets_everything_once_and_then_changes(feed: Feed) -> None:
    """`full` first; each `delta` follows the frame before and holds nothing that stayed."""
    stream = feed.stream()
    name, full = parsed(await anext(stream))
    assert (name, full["a"], full["b"]) == ("full", {"moves": 1, "stands": 1}, {"stands": 2})
    name, delta = parsed(await anext(stream))
    assert name == "delta"
    assert delta["number"] == full["number"] + 1
    assert delta["a"] == {"moves": delta["at_ms"]}
    assert "b" not in delta
    await stream.aclose()


async def test_everybody_is_sent_the_same_bytes_of_one_look(feed: Feed, look: Counted) -> None:
    """Three pages cost as many looks as one, and a fourth may not open."""
    streams = [feed.stream() for _ in range(3)]
    first = [await anext(stream) for stream in streams]
    second = [await anext(stream) for stream in streams]
    assert all(message is second[0] for message in second[1:]) or len({parsed(m)[1]["number"] for m in second}) > 1
    assert not feed.is_open
    assert look.looks <= max(parsed(message)[1]["number"] for message in (*first, *second)) + 1
    for stream in streams:
        await stream.aclose()
    assert feed.is_open


async def test_a_slow_page_gets_the_newest_frame_whole(feed: Feed, look: Counted) -> None:
    """Nothing is queued: who missed frames is sent the last one, as `full`."""
    stream = feed.stream()
    await anext(stream)
    quick = feed.stream()
    seen = look.looks
    while look.looks < seen + 4:
        await anext(quick)
    name, frame = parsed(await anext(stream))
    assert (name, frame["at_ms"]) == ("full", look.looks)
    await stream.aclose()
    await quick.aclose()


async def test_nothing_is_done_while_nobody_listens(feed: Feed, look: Counted) -> None:
    """The last page that goes ends the looking, and the next one begins with a fresh frame."""
    stream = feed.stream()
    await anext(stream)
    await stream.aclose()
    await asyncio.sleep(EVERY_S * 2)
    looks = look.looks
    await asyncio.sleep(EVERY_S * 5)
    assert look.looks == looks
    again = feed.stream()
    name, frame = parsed(await anext(again))
    assert (name, frame["at_ms"]) == ("full", looks + 1)
    await again.aclose()


async def test_stopping_ends_open_streams_at_once(look: Counted) -> None:
    """A stream that waits for a frame due in an hour ends when the program does."""
    feed = Feed(look, every_s=3_600)
    stream = feed.stream()
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream, None))
    await asyncio.sleep(0)
    feed.stop()
    async with asyncio.timeout(1):
        assert await waiting is None
    assert not feed.is_open
    await feed.close()


async def test_a_frame_that_fails_is_not_the_end(feed: Feed, look: Counted, caplog: pytest.LogCaptureFixture) -> None:
    """The fault is logged, and the next frame comes."""
    look.fault = RuntimeError("no figures")
    stream = feed.stream()
    async with asyncio.timeout(1):
        name, _ = parsed(await anext(stream))
    assert name == "full"
    assert "no figures" in caplog.text
    await stream.aclose()
