"""Clocks that a test moves."""

from __future__ import annotations

import time
from dataclasses import dataclass

NOON_NS = 1_773_144_000 * 10**9
"""Tuesday 2026-03-10 12:00:00 UTC."""


@dataclass
class MovedClock:
    """Stands still until the test moves it."""

    now_ns: int = NOON_NS

    def time_ns(self) -> int:
        """The moment set."""
        return self.now_ns

    def monotonic(self) -> float:
        """The same in seconds."""
        return self.now_ns / 1e9

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ns += int(seconds * 1e9)


@dataclass
class ShiftedClock:
    """The machine's clocks, which a test puts forward where it does not want to wait."""

    ahead_ns: int = 0

    def time_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        return time.time_ns() + self.ahead_ns

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic() + self.ahead_ns / 1e9

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self.ahead_ns += int(seconds * 1e9)
