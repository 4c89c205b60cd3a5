"""Waiting as the vendor's functions do: in C, with the interpreter's lock held, so that no other thread runs meanwhile.

A program that calls MetaTrader from a thread beside others stands still as a whole while its terminal hangs; what it
would do then, a deadline that another thread or asyncio keeps, comes too late. On a simulator that slept, or that let
go of the lock for a moment now and then, it would seem to be in time.
"""

from __future__ import annotations

import ctypes
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from operator import itemgetter
from pathlib import Path
from typing import Protocol

STEP_S = 0.1  # how often a held call looks for its sign
_GONE = -1  # what the systems say of a file that is not there


class Wait(Protocol):
    """How calls are held: so long, or until a file that is the sign for it is gone. Returns how long it was."""

    def __call__(self, seconds: float, sign: Path | None = None, /) -> float:
        """Wait."""
        ...


def hold(seconds: float, sign: Path | None = None, /) -> float:
    """Wait without letting go of the interpreter's lock."""
    begun_s = time.monotonic()
    gone = False
    # A signal cuts C's sleep short.
    while not gone and (left_s := begun_s + seconds - time.monotonic()) > 0:
        steps = math.ceil(left_s / STEP_S)
        sleeps = map(_sleep, repeat(math.ceil(left_s / steps * _UNITS), steps))
        looks = repeat(0) if sign is None else _looks(sign)
        # A chain of C from end to end: between two steps of Python the lock would go to another thread.
        gone = any(map(_GONE.__eq__, map(itemgetter(1), zip(sleeps, looks, strict=False))))
    return time.monotonic() - begun_s


def by_steps(sleep: Callable[[float], None]) -> Wait:
    """Wait by another function; where there is a sign, for a short time, and whoever put it up looks himself."""

    def wait(seconds: float, sign: Path | None = None, /) -> float:
        step_s = seconds if sign is None else min(STEP_S, seconds)
        sleep(step_s)
        return step_s

    return wait


# The system's own functions by way of PyDLL, which keeps the lock where the other kinds of library let go of it.
if sys.platform == "win32":
    _kernel = ctypes.PyDLL("kernel32")
    _sleep, _UNITS = _kernel.Sleep, 1e3

    def _looks(sign: Path) -> Iterator[int]:
        return map(_kernel.GetFileAttributesW, repeat(str(sign)))
else:
    _libc = ctypes.PyDLL(None)
    _sleep, _UNITS = _libc.usleep, 1e6  # which POSIX lets refuse a second and more

    def _looks(sign: Path) -> Iterator[int]:
        return map(_libc.access, repeat(os.fsencode(sign)), repeat(os.F_OK))
