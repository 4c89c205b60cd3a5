"""A few figures of the last hour, for the small charts beside them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from app.domain.clock import Clock

POINTS_MAX: Final = 240
EVERY_S: Final = 15.0

Figures = Mapping[str, float]
"""Values by their names; the same names each time."""


@dataclass(slots=True, kw_only=True)
class Recent:
    """Keeps a point every 15 s for an hour, whether or not anybody looks.

    Args:
        figures: the values now; None while they are not known.
        clock: stamps the points.
    """

    figures: Callable[[], Figures | None]
    clock: Clock
    _points: deque[tuple[int, Figures]] = field(default_factory=lambda: deque(maxlen=POINTS_MAX))
    _due: float = float("-inf")

    async def sample(self) -> None:
        """Keep a point if one is due; subscribed to the looks at the terminal."""
        now = self.clock.monotonic()
        if now < self._due or (figures := self.figures()) is None:
            return
        self._due = now + EVERY_S
        self._points.append((self.clock.time_ns() // 1_000_000, figures))

    def columns(self) -> dict[str, list[float]]:
        """One list for each figure beside their times (`at_ms`), oldest first."""
        points = list(self._points)
        names = points[-1][1] if points else ()
        return {
            "at_ms": [at_ms for at_ms, _ in points],
            **{name: [figures[name] for _, figures in points] for name in names},
        }
