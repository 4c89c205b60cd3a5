"""A clock that a test moves."""

from __future__ import annotations

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
