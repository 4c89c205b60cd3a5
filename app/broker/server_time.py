"""MetaTrader's times are the broker's wall clock written as if it were UTC; here they become UTC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

QUARTER_S = 900
"""Offsets of the world's time zones are multiples of a quarter of an hour."""
SLACK_S = 60
TIME_FIELDS: tuple[str, ...] = ("time", "time_update", "time_setup", "time_done", "time_expiration")


class ServerTime:
    """The broker's offset from UTC, given or learnt from prices that move.

    Args:
        utc_offset_s: the offset where the operator knows it; None learns it.
    """

    def __init__(self, utc_offset_s: int | None = None) -> None:
        self._fixed = utc_offset_s is not None
        self._offset_s = utc_offset_s or 0
        self._last: dict[str, tuple[int, int]] = {}
        self.known = self._fixed

    @property
    def offset_s(self) -> int:
        """Seconds by which the broker's clock is ahead of UTC; 0 until it is `known`."""
        return self._offset_s

    def observe(self, symbol: str, tick_msc: int, now_ns: int) -> None:
        """Learn from the raw broker time (ms) of a symbol's last tick, looked at now.

        A tick that has come since the symbol was looked at a moment ago is moments old, so its distance from UTC is
        the offset; what is no whole number of quarters of an hour, give or take a minute, is no offset.
        """
        before_msc, looked_ns = self._last.get(symbol, (0, 0))
        self._last[symbol] = tick_msc, now_ns
        moments_ago = now_ns - looked_ns <= SLACK_S * 10**9
        if self._fixed or not (moments_ago and 0 < before_msc < tick_msc):
            return
        ahead_s = tick_msc / 1_000 - now_ns / 1e9
        offset_s = round(ahead_s / QUARTER_S) * QUARTER_S
        if abs(ahead_s - offset_s) <= SLACK_S:
            self._offset_s = offset_s
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
