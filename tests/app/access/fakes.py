"""A clock that a test moves, and the key of the tests."""

from __future__ import annotations

from dataclasses import dataclass

GIVEN = "a-key-that-someone-gave"
BEGIN_NS = 1_767_607_200_000_000_000


@dataclass
class HandClock:
    """Stands still until `advance`; `jump_s` is how far the wall clock was set off by hand."""

    at_s: float = 0.0
    jump_s: float = 0.0

    def time_ns(self) -> int:
        """The wall."""
        return BEGIN_NS + int((self.at_s + self.jump_s) * 1e9)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self.at_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.at_s += seconds
