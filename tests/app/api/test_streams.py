"""Answers that go on: never more than there are places, and each place given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Scope

from app.access.key_book import KeyBook
from app.access.records import KeyLimits
from app.access.records import Scope as KeyScope
from app.api.application import create_api
from app.api.auth import Caller, still_may
from app.api.streams import StreamAnswer
from tests.app.api.fakes import OPERATOR_KEY, Api

SCOPE: Scope = {"type": "http", "asgi": {"spec_version": "2.4"}}


class Places:
    """Two places, whose streams never say anything or fail."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.taken = 0
        self._fault = fault

    @contextmanager
    def listen(self) -> Iterator[AsyncIterator[bytes] | None]:
        """Take a place."""
        if self.taken == 2:
            yield None
            return
        self.taken += 1
        try:
            yield self._silence()
        finally:
            self.taken -= 1

    async def _silence(self) -> AsyncIterator[bytes]:
        if self._fault is not None:
            raise self._fault
        await asyncio.Event().wait()
        yield b""


class Reader:
    """Somebody who asked: what was sent, and when to be gone."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.begun = asyncio.Event()
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        """The end of the connection, once there is one."""
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take what is sent."""
        if self.gone.is_set():
            raise OSError("gone")
        if message["type"] == "http.response.start":
            self.statuses.append(message["status"])
            self.begun.set()


async def begin(places: Places, reader: Reader) -> asyncio.Task[None]:
    """Ask for a stream, and wait until it is answered."""
    answer = StreamAnswer(places.listen, full="all taken")
    task = asyncio.create_task(answer({**SCOPE, "asgi": {"spec_version": "2.3"}}, reader.receive, reader.send))
    async with asyncio.timeout(5):
        await reader.begun.wait()
    return task


async def test_a_burst_opens_no_more_streams_than_there_are_places() -> None:
    """Ten who ask in one moment: two are let in, eight are told to come again."""
    places, readers = Places(), [Reader() for _ in range(10)]
    tasks = await asyncio.gather(*(begin(places, reader) for reader in readers))
    assert sorted(status for reader in readers for status in reader.statuses) == [200] * 2 + [503] * 8
    assert places.taken == 2
    for reader in readers:
        reader.gone.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks)
    assert places.taken == 0


async def test_a_reader_who_is_gone_before_the_first_byte_leaves_his_place() -> None:
    """His place is free again whether nothing can be sent to him or he says goodbye."""
    for version in ("2.3", "2.4"):
        places, reader = Places(), Reader()
        reader.gone.set()
        answer = StreamAnswer(places.listen, full="")
        task = asyncio.create_task(answer({**SCOPE, "asgi": {"spec_version": version}}, reader.receive, reader.send))
        async with asyncio.timeout(5):
            await asyncio.wait([task])
        assert task.exception() is None or isinstance(task.exception(), ClientDisconnect | OSError)
        assert places.taken == 0


async def test_a_stream_that_fails_leaves_its_place() -> None:
    """A fault in it is a fault, and costs no place."""
    places, reader = Places(RuntimeError("broken")), Reader()
    with pytest.raises(RuntimeError, match="broken"):
        await StreamAnswer(places.listen, full="")(SCOPE, reader.receive, reader.send)
    assert places.taken == 0


async def test_one_that_is_cancelled_leaves_its_place() -> None:
    """A stream that is cancelled, as all are at the end of the program, gives its place back."""
    places, reader = Places(), Reader()
    task = await begin(places, reader)
    task.cancel()
    await asyncio.wait([task])
    assert places.taken == 0


@pytest.mark.parametrize("path", ["/api/stream", "/events"])
async def test_a_revoked_or_rotated_key_ends_its_streams(api: Api, tmp_path: Path, path: str) -> None:
    """Over the whole API: one word that it is over, and the answer ends; who needed no key hears on."""
    book = KeyBook(tmp_path, clock=api.services.clock)
    for end in (book.revoke, book.rotate):
        made = book.create("reader", [KeyScope.READ], KeyLimits())
        api.services.keys.refresh()
        reader, body = Reader(), bytearray()

        async def send(message: Message, reader: Reader = reader, body: bytearray = body) -> None:
            await reader.send(message)
            body.extend(message.get("body", b""))

        headers = [(b"host", b"127.0.0.1"), (b"x-api-key", made.text.encode())]
        call = {"method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
        scope = {**SCOPE, **call, "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 80), "scheme": "http"}
        task = asyncio.create_task(create_api(api.services)(scope, reader.receive, send))
        async with asyncio.timeout(15):
            await reader.begun.wait()
            end(made.key.id)
            api.services.keys.refresh()
            await task
        assert body.count(b"event: ended") == 1
        book.revoke(made.key.id)


def test_who_needed_no_key_needs_none_now(api: Api) -> None:
    """Looked at from this machine without a log-in, the page goes on, whatever happens to keys."""
    assert still_may(Caller(address="127.0.0.1"), api.services.keys, api.services.sessions)


def test_a_log_in_lasts_until_it_is_over(api: Api) -> None:
    """Logged out, its key revoked or its time over: the stream's question is answered with no."""
    keys, sessions = api.services.keys, api.services.sessions
    made = sessions.log_in(OPERATOR_KEY)
    assert made is not None
    caller = Caller(address="127.0.0.1", key=made.session.key, session=made.session)
    assert still_may(caller, keys, sessions)
    sessions.end(made.token)
    assert not still_may(caller, keys, sessions)
