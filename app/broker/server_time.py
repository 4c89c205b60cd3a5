"""MetaTrader's times are the broker's wall clock written as if it were UTC; here they become UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

QUARTER_S = 900
"""Offsets of the world's time zones are multiples of a quarter of an hour."""
TIME_FIELDS: tuple[str, ...] = ("time", "time_update", "time_setup", "time_done", "time_expiration")


class ServerTime:
    """The broker's offset from UTC, given or learnt from prices that move.

    Args:
        utc_offset_s: the offset where the operator knows it; None learns it.
    """

    def __init__(self, utc_offset_s: int | None = None) -> None:
        self._fixed = utc_offset_s is not None
        self._offset_s = utc_offset_s or 0
        self._newest_msc = 0
        self.known = self._fixed

    @property
    def offset_s(self) -> int:
        """Seconds by which the broker's clock is ahead of UTC; 0 until it is `known`."""
        return self._offset_s

    def observe(self, ticks_msc: Iterable[int], now_ns: int) -> None:
        """Learn from the raw broker times (ms) of the last ticks, looked at now.

        A tick newer than at the last look is at most moments old, so its distance from UTC is the offset.
        """
        newest = max(ticks_msc, default=0)
        if newest <= self._newest_msc:
            return
        moved, self._newest_msc = self._newest_msc > 0, newest
        if moved and not self._fixed:
            ahead_s = newest / 1_000 - now_ns / 1e9
            self._offset_s = round(ahead_s / QUARTER_S) * QUARTER_S
            self.known = True

    def to_utc(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of a MetaTrader record with every time field in UTC; zeros stay zeros."""
        shifted = dict(record)
        for name in TIME_FIELDS:
            if shifted.get(name):
                shifted[name] -= self._offset_s
            if shifted.get(f"{name}_msc"):
                shifted[f"{name}_msc"] -= self._offset_s * 1_000
        return shifted
