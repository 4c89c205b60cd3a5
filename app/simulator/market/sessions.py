"""When a symbol has prices, and which hour of its lap it then plays.

Hours are counted from 1970, UTC. Weeks and days are the server's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from ..vocabulary.symbols import Hours
from .arrays import Flags, Ints
from .laps import FIRST_HOUR
from .server_clock import ServerClock

Sessions = Literal["loop", "real"]
_HOUR_S = 3600
# The first Monday of all history, in days since 1970: the server's day whose first hour is the lap's first.
_FIRST_MONDAY = 17_168
_TRADING_DAYS = 5


class Calendar(Protocol):
    """What says of any hour whether there are prices in it."""

    def is_open(self, hours: Ints) -> Flags:
        """Which of these hours have prices."""
        ...

    def played(self, hours: Ints) -> Ints:
        """How many hours of its lap a symbol has played when these begin; their remainder by 24 is the hour of day."""
        ...


class Loop:
    """Never closed: the lap is stamped onto the hours as they come, week-ends included."""

    def is_open(self, hours: Ints) -> Flags:
        """Every hour since the beginning of history."""
        return np.asarray(hours >= FIRST_HOUR)

    def played(self, hours: Ints) -> Ints:
        """All hours since then."""
        return hours - FIRST_HOUR


@dataclass(frozen=True, slots=True)
class Week:
    """Five whole days of the server's clock, Monday to Friday; with `has_break`, less the first hour of each."""

    clock: ServerClock
    has_break: bool = False

    def is_open(self, hours: Ints) -> Flags:
        """The hours of working days that the clock does not show again."""
        shown = self._shown(hours)
        is_weekday = (shown // 24 - _FIRST_MONDAY) % 7 < _TRADING_DAYS
        rests = (shown % 24 == 0) & self.has_break
        return np.asarray(is_weekday & ~rests & (hours >= FIRST_HOUR) & ~_shown_again(self.clock, hours))

    def played(self, hours: Ints) -> Ints:
        """Hours of working days: a week's last is followed by the next one's first."""
        shown = self._shown(hours)
        weeks, weekday = np.divmod(shown // 24 - _FIRST_MONDAY, 7)
        return np.asarray((weeks * _TRADING_DAYS + np.minimum(weekday, _TRADING_DAYS - 1)) * 24 + shown % 24)

    def _shown(self, hours: Ints) -> Ints:
        return self.clock.to_server_many(hours * _HOUR_S) // _HOUR_S


@dataclass(frozen=True, slots=True)
class Always:
    """Every day of the week, but for the one hour a year that a clock with summer time shows twice."""

    clock: ServerClock

    def is_open(self, hours: Ints) -> Flags:
        """Every hour since the beginning of history that the clock does not show again."""
        return (hours >= FIRST_HOUR) & ~_shown_again(self.clock, hours)

    def played(self, hours: Ints) -> Ints:
        """All hours since then."""
        return hours - FIRST_HOUR


def calendar(sessions: Sessions, hours: Hours, clock: ServerClock) -> Calendar:
    """The calendar of a symbol that trades at these hours."""
    if sessions == "loop":
        return Loop() if clock.summer_time == "none" else Always(clock)
    return Always(clock) if hours == "always" else Week(clock, has_break=hours == "break")


def _shown_again(clock: ServerClock, hours: Ints) -> Flags:
    """Which hours come once more on the clock: nothing is quoted in them, or bars of two hours would be one."""
    seconds = hours * _HOUR_S
    return np.asarray(clock.offsets(seconds + _HOUR_S) < clock.offsets(seconds))
