"""Waiting as the vendor's functions do: in C, with the interpreter's lock held, so that no other thread runs meanwhile.

A program that calls MetaTrader from a thread beside others stands still as a whole while its terminal hangs; on a
simulator that merely slept it would seem to go on.
"""

from __future__ import annotations

import ctypes
import math
import sys
import time

LONGEST_S = 0.5  # at a time: POSIX lets usleep refuse a second and more


def hold(seconds: float) -> None:
    """Sleep so long without letting go of the interpreter's lock."""
    until_s = time.monotonic() + seconds
    # A signal cuts C's sleep short.
    while (left_s := until_s - time.monotonic()) > 0:
        _sleep(min(left_s, LONGEST_S))


# C's own sleep by way of PyDLL, which keeps the lock where the other kinds of library let go of it.
if sys.platform == "win32":
    _milliseconds = ctypes.PyDLL("kernel32").Sleep

    def _sleep(seconds: float) -> None:
        _milliseconds(math.ceil(seconds * 1e3))
else:
    _microseconds = ctypes.PyDLL(None).usleep

    def _sleep(seconds: float) -> None:
        _microseconds(math.ceil(seconds * 1e6))
