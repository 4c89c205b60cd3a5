"""Fair turns: each variant in a process of its own, one short round of each after another, several times over.

Instrumentation patches what it touches and leaves threads behind, so variants must not share a process. A machine
is not equally fast all the time, so they must not be measured one after another either.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self, TypeVar

from bench.results import BenchError

Say = Callable[[str], None]
"""Takes a line of progress."""

Round = Callable[[int], float]
"""Does so many things and returns what that took, in seconds."""

Opener = Callable[..., AbstractContextManager[Round]]
"""Sets a variant up in its process. A function of a module, so that another process finds it."""

Variant = tuple[Opener, *tuple[Any, ...]]
"""An opener and what it is given: plain values."""

END_S = 10.0
_T = TypeVar("_T")


class Contestant:
    """A variant in its own process; `with` starts and ends it.

    Args:
        opener: sets it up there.
        arguments: plain values for *opener*.
    """

    def __init__(self, opener: Opener, *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, opener, arguments), daemon=True)
        self._theirs = theirs

    def __enter__(self) -> Self:
        self._process.start()
        self._theirs.close()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._pipe.close()
        self._process.join(END_S)
        if self._process.is_alive():
            self._process.kill()

    def run(self, count: int) -> float:
        """Do one round of *count* and return what it took, in seconds.

        Raises:
            BenchError: the round failed; the message is the other process's own.
        """
        self._pipe.send(count)
        return self._receive()

    def _receive(self) -> float:
        try:
            answer = self._pipe.recv()
        except EOFError:
            raise BenchError("a process that measures has ended; what it printed says why") from None
        if isinstance(answer, str):
            raise BenchError(answer)
        return float(answer)


@contextmanager
def contestants(variants: Mapping[str, Variant], count: int, warm_up: int) -> Iterator[dict[str, Callable[[], float]]]:
    """Start every variant and let it do *warm_up* things; by name, what runs a round of *count*."""
    with ExitStack() as opened:
        started = {name: opened.enter_context(Contestant(*variant)) for name, variant in variants.items()}
        for contestant in started.values():
            contestant.run(warm_up)
        yield {name: partial(contestant.run, count) for name, contestant in started.items()}


def interleave(variants: Mapping[str, Callable[[], _T]], rounds: int, say: Say, doing: str) -> dict[str, list[_T]]:
    """Run a round of each variant in turn, *rounds* times, each time beginning with another one."""
    names = list(variants)
    results: dict[str, list[_T]] = {name: [] for name in names}
    for number in range(rounds):
        say(f"{doing}: round {number + 1} of {rounds}")
        first = number % len(names)
        for name in (*names[first:], *names[:first]):
            results[name].append(variants[name]())
    return results


def clean_environment() -> dict[str, str]:
    """The environment without anything that would set up this program or OpenTelemetry."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("MT5_OTEL_", "OTEL_"))}


def _serve(pipe: Connection, opener: Opener, arguments: tuple[Any, ...]) -> None:
    # Ctrl-C reaches every process of the terminal; this one ends when the measuring one does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in os.environ.keys() - clean_environment().keys():
        del os.environ[name]
    try:
        with opener(*arguments) as run, contextlib.suppress(EOFError):
            while True:  # until the other end is closed
                pipe.send(run(pipe.recv()))
    except Exception as error:  # told where somebody reads it
        pipe.send(f"{type(error).__name__}: {error}")
