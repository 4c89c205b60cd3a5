"""The simulator's clock where it is not the machine's: stepped by hand, faster, or somewhere else in time."""

from __future__ import annotations

import time
from collections.abc import Callable


class VirtualClock:
    """Seconds UTC on the market. From `since_s` of the real clock on it shows `start_s` and runs `speed` times as fast.

    Speed 0 stands still until it is stepped: `advance` moves any clock on. Clocks with the same numbers show the same
    in every process, as long as none is stepped.

    Args:
        start_s: what it shows at `since_s`; by default the same.
        speed: market seconds in a real one; not negative.
        since_s: a moment of the real clock, by default now.
        real: seconds UTC.
    """

    def __init__(
        self,
        start_s: float | None = None,
        *,
        speed: float = 1.0,
        since_s: float | None = None,
        real: Callable[[], float] = time.time,
    ) -> None:
        if not 0 <= speed < float("inf"):
            raise ValueError(f"speed must be a number, zero or more, not {speed!r}")
        self._since_s = real() if since_s is None else since_s
        self._start_s = self._since_s if start_s is None else start_s
        self._speed = speed
        self._real = real

    def __call__(self) -> float:
        """The time."""
        return self._start_s + (self._real() - self._since_s) * self._speed

    def advance(self, seconds: float) -> None:
        """Let market time pass at once; it never goes back."""
        if not seconds >= 0:
            raise ValueError(f"a market's time goes forward, not by {seconds!r} s")
        self._start_s += seconds
