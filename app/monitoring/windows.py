"""Sums over the last so many seconds, up to 24 hours, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final, Generic, TypeVar

DAY_S: Final = 86_400
SECONDS_KEPT: Final = 600
"""For so long back every second is known; before that whole minutes are."""

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
        merge: adds the second slot to the first.
    """

    def __init__(self, new: Callable[[], Slot], merge: Callable[[Slot, Slot], None]) -> None:
        self._new = new
        self._merge = merge
        self._kept: dict[int, dict[int, Slot]] = {1: {}, 60: {}, 3_600: {}}
        self._kept_s = {1: SECONDS_KEPT, 60: DAY_S + 60, 3_600: DAY_S + 3_600}

    def at(self, second: int) -> tuple[Slot, ...]:
        """The slots that what happens at *second* is to be added to."""
        return tuple(self._slot(step, second) for step in self._kept)

    def total(self, window_s: float, now_s: int) -> Slot:
        """The sum of the last *window_s* seconds, the present one included."""
        total = self._new()
        for step, begin in self._steps(window_s, now_s):
            if (slot := self._kept[step].get(begin)) is not None:
                self._merge(total, slot)
        return total

    def clear(self) -> None:
        """Forget everything."""
        for tier in self._kept.values():
            tier.clear()

    def _steps(self, window_s: float, now_s: int) -> Iterator[tuple[int, int]]:
        """The fewest slots that make up the window; nothing lies beyond the present second."""
        begin = now_s - int(min(window_s, DAY_S)) + 1
        if window_s > SECONDS_KEPT:
            begin = (begin - 1) // 60 * 60
        while begin <= now_s:
            step = 3_600 if begin % 3_600 == 0 else 60 if begin % 60 == 0 else 1
            yield step, begin
            begin += step

    def _slot(self, step: int, second: int) -> Slot:
        tier, begin = self._kept[step], second // step * step
        if begin not in tier:
            tier[begin] = self._new()
            oldest = max(tier) - self._kept_s[step]
            for key in [key for key in tier if key < oldest]:
                del tier[key]
        return tier[begin]
