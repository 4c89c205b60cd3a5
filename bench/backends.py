"""The real Collector, Jaeger and Prometheus, on free ports, where they have been built."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.settings import StackSettings
from app.stack import Binaries, Stack, up
from bench.rounds import Say

HOW = "the stack is not built; `mt5-otel stack build` builds it"


@contextmanager
def running_backends(folder: Path, say: Say, binaries: Binaries | None = None) -> Iterator[Stack | None]:
    """Run the three with their data in *folder*; None where they are not built, which takes too long for a bench."""
    binaries = binaries or Binaries()
    if binaries.missing():
        yield None
        return
    ports = StackSettings(**dict.fromkeys(StackSettings.model_fields, 0))
    stack = up(ports, folder, say, binaries=binaries)
    try:
        yield stack
    finally:
        stack.stop_all()
