"""Open pages and whoever polls, in a process of their own: what they cost is the program's, not the client's."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

from bench.results import BenchError

HOST: Final = "127.0.0.1"
STREAM: Final = "/api/stream"
READY_S: Final = 20.0
END_S: Final = 10.0
CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchers:
    """Who looks on.

    Attributes:
        port: of the program, on loopback.
        key: theirs.
        streams: how many pages are open.
        polled: paths asked for, each by one client.
        every_s: pause between an answer and the next question.
    """

    port: int
    key: str
    streams: int
    polled: Sequence[str] = ()
    every_s: float = 1.0


@contextmanager
def watching(watchers: Watchers) -> Iterator[None]:
    """Let them look on while the block runs, from the moment when each page has its first frame.

    Raises:
        BenchError: not every page got one, or a stream or a poll ended otherwise than by us.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_watch, args=(theirs, watchers), daemon=True)
    process.start()
    theirs.close()
    try:
        _expect(ours, "begun")
        yield
        ours.send("end")
        _expect(ours, "ended")
    finally:
        ours.close()
        process.join(END_S)
        if process.is_alive():
            process.kill()


def _expect(pipe: Connection, word: str) -> None:
    try:
        answer = pipe.recv() if pipe.poll(READY_S) else "nothing was heard of them"
    except (EOFError, OSError):
        answer = "their process ended"
    if answer != word:
        raise BenchError(f"open pages: {answer}")


def _watch(pipe: Connection, watchers: Watchers) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the other end of the pipe says so, or is closed
    with contextlib.suppress(OSError):  # the other end is gone
        try:
            asyncio.run(_run(pipe, watchers))
        except Exception as error:  # told where somebody reads it
            pipe.send(f"{type(error).__name__}: {error}")
        else:
            pipe.send("ended")


async def _run(pipe: Connection, watchers: Watchers) -> None:
    """Return when the other end says so; raise whatever ends one of them before that."""
    first_frames = [asyncio.Event() for _ in range(watchers.streams)]
    tasks = [asyncio.create_task(_read(watchers, first)) for first in first_frames]
    tasks += [asyncio.create_task(_poll(watchers, path)) for path in watchers.polled]
    tasks.append(asyncio.create_task(_talk(pipe, first_frames)))
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    for task in done:
        task.result()


async def _talk(pipe: Connection, first_frames: Sequence[asyncio.Event]) -> None:
    for first in first_frames:
        await first.wait()
    pipe.send("begun")
    with contextlib.suppress(EOFError):
        await asyncio.to_thread(pipe.recv)


async def _read(watchers: Watchers, first: asyncio.Event) -> None:
    """Read a stream as fast as it comes and look at nothing of it."""
    async with _asked(watchers, STREAM) as answer:
        while await answer.read(CHUNK):
            first.set()
    raise BenchError("a stream ended")


async def _poll(watchers: Watchers, path: str) -> None:
    while True:
        async with _asked(watchers, path) as answer:
            await answer.read()
        await asyncio.sleep(watchers.every_s)


@asynccontextmanager
async def _asked(watchers: Watchers, path: str) -> AsyncIterator[StreamReader]:
    """What follows the head of a good answer, on a connection of its own."""
    writer: StreamWriter
    reader, writer = await asyncio.open_connection(HOST, watchers.port)
    try:
        head = (f"GET {path} HTTP/1.1", f"Host: {HOST}", f"X-API-Key: {watchers.key}", "Connection: close")
        writer.write("\r\n".join((*head, "", "")).encode())
        answered = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[0]
        if " 200" not in answered:
            raise BenchError(f"{path} was answered {answered}")
        yield reader
    finally:
        writer.close()
