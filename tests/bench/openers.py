"""Variants for the processes that measure: one that counts, one that fails, one that cannot be opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from bench.rounds import Round


@contextmanager
def adding(start: int) -> Iterator[Round]:
    """Says how many things it has done in all, beginning with *start*."""
    done = start

    def run(count: int) -> float:
        nonlocal done
        done += count
        return done

    yield run


@contextmanager
def failing() -> Iterator[Round]:
    """Cannot do a single thing."""

    def run(count: int) -> float:
        raise ValueError(f"{count} are too many")

    yield run


@contextmanager
def unopened() -> Iterator[Round]:
    """Lacks what it needs."""
    nothing: dict[str, Round] = {}
    yield nothing["not here"]


@contextmanager
def dying() -> Iterator[Round]:
    """Ends its process without a word."""

    def run(count: int) -> float:
        os._exit(count)

    yield run


@contextmanager
def environment() -> Iterator[Round]:
    """Counts the variables that would set up this program or OpenTelemetry."""
    yield lambda count: float(sum(name.startswith(("OTEL_", "MT5_OTEL_")) for name in os.environ))
