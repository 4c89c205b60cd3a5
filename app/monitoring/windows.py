"""Sums over the last so many seconds, up to 24 hours, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final, Generic, TypeVar

DAY_S: Final = 86_400
SECONDS_KEPT: Final = 600
"""For so long back every second is known; before that whole minutes are."""

KEPT_S: Final = {1: SECONDS_KEPT, 60: DAY_S + 60, 3_600: DAY_S + 3_600}
"""How long a slot of so many seconds is kept."""

Slot = TypeVar("Slot")


class Window(StrEnum):
    """The windows that clients may ask for."""

    M5 = "5m"
    H1 = "1h"
    H24 = "24h"

    @property
    def seconds(self) -> int:
        """Its length."""
        return {Window.M5: 300, Window.H1: 3_600, Window.H24: DAY_S}[self]


class Tiers(Generic[Slot]):
    """Slots of a second, a minute and an hour, each kept only as long as a window may need it.

    A window of up to ten minutes ends and begins on a second, a longer one begins on a whole minute: it may hold up
    to 59 s more than asked for, never less.

    Args:
        new: makes an empty slot.
    """

    def __init__(self, new: Callable[[], Slot]) -> None:
        self._new = new
        self._kept: dict[int, dict[int, Slot]] = {step: {} for step in KEPT_S}

    def at(self, second: int, now_s: int) -> Iterator[Slot]:
        """The slots that what happened at *second* is to be added to; none where no window reaches back so far."""
        for step, tier in self._kept.items():
            begin = second // step * step
            if begin < now_s - KEPT_S[step]:
                continue
            if (slot := tier.get(begin)) is None:
                slot = tier[begin] = self._new()
                # Slots come in the order of time, but for a clock that was set back: the oldest stands first.
                while (oldest := next(iter(tier))) < begin - KEPT_S[step]:
                    del tier[oldest]
            yield slot

    def window(self, window_s: float, now_s: int) -> Iterator[Slot]:
        """The fewest slots that make up the last *window_s* seconds, the present one included."""
        begin = now_s - int(min(window_s, DAY_S)) + 1
        if window_s > SECONDS_KEPT:
            begin = (begin - 1) // 60 * 60
        # Nothing lies beyond the present second, so the last slot may well reach there.
        while begin <= now_s:
            step = 3_600 if begin % 3_600 == 0 else 60 if begin % 60 == 0 else 1
            if (slot := self._kept[step].get(begin)) is not None:
                yield slot
            begin += step

    def slots(self) -> Iterator[Slot]:
        """Every slot there is."""
        for tier in self._kept.values():
            yield from tier.values()
