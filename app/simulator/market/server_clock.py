"""The wall clock of the broker's server: what MetaTrader's times are, told as if they were UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Literal, get_args

import numpy as np

from .arrays import Ints

SummerTime = Literal["none", "europe", "new_york"]
_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S
_YEARS = range(1970, 2100)


@dataclass(frozen=True, slots=True)
class ServerClock:
    """A clock that is `winter_offset_s` ahead of UTC, and an hour more in the summer of its rule.

    `europe` changes with the European Union, `new_york` with New York, as most brokers' clocks do: with two hours of
    winter offset the day ends when New York closes, and a week of foreign exchange is five whole days.

    Where the clock shows an hour twice, that hour means the second one; where it leaves one out, all of that hour means
    the instant of the change, so that who shows later is never earlier.
    """

    winter_offset_s: int = 7200
    summer_time: SummerTime = "none"

    def __post_init__(self) -> None:
        if self.winter_offset_s % 60:
            raise ValueError(f"utc_offset_s must be whole minutes, not {self.winter_offset_s} s")
        if self.summer_time not in get_args(SummerTime):
            raise ValueError(f"summer_time must be one of {', '.join(get_args(SummerTime))}, not {self.summer_time!r}")

    def offset_s(self, utc_s: int) -> int:
        """How far the clock is ahead of UTC at this second UTC."""
        changed = np.searchsorted(_changes(self.summer_time), utc_s, side="right") % 2 if self._has_summer else 0
        return self.winter_offset_s + _HOUR_S * int(changed)

    def to_server_msc(self, utc_msc: int) -> int:
        """What the clock shows at an instant; both in milliseconds."""
        return utc_msc + 1000 * self.offset_s(utc_msc // 1000)

    def to_server_s(self, utc_s: int) -> int:
        """What the clock shows at a second."""
        return utc_s + self.offset_s(utc_s)

    def to_utc_s(self, server_s: int) -> int:
        """The second in which the clock shows this; the last one if there are two."""
        winter = server_s - self.winter_offset_s
        # Asked of winter time first, so that the hour shown twice is the second one.
        return winter if self.offset_s(winter) == self.winter_offset_s else self._in_summer(winter)

    def to_first_utc_s(self, server_s: int) -> int:
        """The same; the first one if there are two."""
        winter = server_s - self.winter_offset_s
        is_summer = self.offset_s(winter - _HOUR_S) != self.winter_offset_s
        return winter - _HOUR_S if is_summer else self.to_utc_s(server_s)

    def _in_summer(self, winter_s: int) -> int:
        """The second UTC of what in winter would be this one, by which summer has begun."""
        changes = _changes(self.summer_time)
        return max(winter_s - _HOUR_S, int(changes[np.searchsorted(changes, winter_s, side="right") - 1]))

    def to_utc_msc(self, server_msc: int) -> int:
        """The same in milliseconds, of which an hour left out has none."""
        utc_s = self.to_utc_s(server_msc // 1000)
        is_shown = self.to_server_s(utc_s) == server_msc // 1000
        return utc_s * 1000 + (server_msc % 1000 if is_shown else 0)

    def to_server_many(self, utc_s: Ints) -> Ints:
        """What the clock shows at many seconds."""
        return utc_s + self.offsets(utc_s)

    def to_utc_many(self, server_s: Ints) -> Ints:
        """The seconds in which the clock shows these."""
        winter = server_s - self.winter_offset_s
        if not self._has_summer:
            return winter
        changes = _changes(self.summer_time)
        # Only where it is summer is this looked at; before the first of all changes it is not.
        began = changes[np.searchsorted(changes, winter, side="right") - 1]
        is_winter = self.offsets(winter) == self.winter_offset_s
        return np.where(is_winter, winter, np.maximum(winter - _HOUR_S, began))

    def offsets(self, utc_s: Ints) -> Ints:
        """How far the clock is ahead of UTC at many seconds."""
        if not self._has_summer:
            return np.full_like(utc_s, self.winter_offset_s)
        changed = np.searchsorted(_changes(self.summer_time), utc_s, side="right") % 2
        return np.asarray(self.winter_offset_s + _HOUR_S * changed, dtype=np.int64)

    @property
    def _has_summer(self) -> bool:
        return self.summer_time != "none"


@cache
def _changes(summer_time: SummerTime) -> Ints:
    """The seconds UTC at which summer begins and ends, in turn."""
    changes = []
    for year in _YEARS:
        if summer_time == "europe":
            changes += [_sunday(year, 3, last=True) + _HOUR_S, _sunday(year, 10, last=True) + _HOUR_S]
        else:
            # Two in the morning by the clock that is about to change. The rule of 2007 holds for all years here.
            changes += [_sunday(year, 3) + 7 * _DAY_S + 7 * _HOUR_S, _sunday(year, 11) + 6 * _HOUR_S]
    return np.array(changes, dtype=np.int64)


def _sunday(year: int, month: int, *, last: bool = False) -> int:
    """The first second of a month's first or last Sunday."""
    first = int(datetime(year, month, 25 if last else 1, tzinfo=UTC).timestamp())
    # March and October have 31 days, so their last Sunday is the first on or after the 25th. 1970 began on Thursday.
    weekday = (first // _DAY_S + 4) % 7
    return first + (-weekday % 7) * _DAY_S
