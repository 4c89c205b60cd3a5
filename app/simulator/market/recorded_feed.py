"""Prices out of recorded minutes, with ticks that are made to fit; another feed leads on from the last of them."""

from __future__ import annotations

import numpy as np

from .arrays import Flags, Ints
from .feed import Bars, Feed, Ticks, join_bars, join_ticks
from .ticks import TickMaker

_HOUR_S = 3600


class RecordedFeed(Feed):
    """Recorded minutes at their own times, whatever the sessions: an hour without a bar is one without trade."""

    def __init__(self, minutes: Bars, maker: TickMaker, later: Feed) -> None:
        """Play `minutes`; from the hour after the last of them on, `later` has the word."""
        self._minutes = minutes
        self._hours = minutes.aggregate(minutes.start // _HOUR_S * _HOUR_S)
        self._maker = maker
        self._later = later
        self._until_hour = int(self._hours.start[-1]) // _HOUR_S + 1
        super().__init__(int(self._hours.start[0]) // _HOUR_S)

    def open_hours(self, hours: Ints) -> Flags:
        """Those with a recorded minute; later, the other feed's."""
        recorded = np.isin(hours, self._hours.start // _HOUR_S)
        return np.asarray(np.where(hours < self._until_hour, recorded, self._later.open_hours(hours)))

    def hours(self, hours: Ints) -> Bars:
        """The bars of whole hours."""
        recorded, later = self._split(hours)
        return join_bars([self._hours[np.isin(self._hours.start, recorded * _HOUR_S)], self._later.hours(later)])

    def minutes(self, hours: Ints) -> Bars:
        """The minute bars inside these hours, as recorded."""
        recorded, later = self._split(hours)
        inside = self._minutes
        if len(recorded):
            inside = inside.between(int(recorded[0]) * _HOUR_S, int(recorded[-1] + 1) * _HOUR_S)
        inside = inside[np.isin(inside.start // _HOUR_S, recorded)]
        return join_bars([inside, self._later.minutes(later)])

    def ticks_of(self, minutes: Bars) -> Ticks:
        """As many as each bar says."""
        recorded = int(np.searchsorted(minutes.start, self._until_hour * _HOUR_S))
        parts = [self._maker.make(minutes[:recorded])]
        if recorded < len(minutes):
            parts.append(self._later.ticks_of(minutes[recorded:]))
        return join_ticks(parts)

    def _split(self, hours: Ints) -> tuple[Ints, Ints]:
        recorded = int(np.searchsorted(hours, self._until_hour))
        return hours[:recorded], hours[recorded:]


def leads_on(minutes: Bars, later: Feed) -> float:
    """The ratio at which the other feed's prices go on from the last recorded one."""
    hour = int(minutes.start[-1]) // _HOUR_S + 1
    while not later.is_open(hour * _HOUR_S * 1000):
        hour += 1
    opening = later.hours(np.array([hour], dtype=np.int64))
    return float(minutes.close[-1] / opening.open[0])
