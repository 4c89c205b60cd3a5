"""What happens in the books by itself: at which instant, in which order, and what is entered then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import NamedTuple, Protocol


class Rank(IntEnum):
    """What comes first of all that happens in one instant."""

    TRADE = 0  # of somebody else
    EXPIRY = 1
    SWAP = 2
    FILL = 3  # of an order that was under way
    STOP = 4
    ORDER = 5  # that waited for its price
    STOP_OUT = 6


class Event(NamedTuple):
    """One thing that has come due; `number` is that of the order, position or row it is about.

    Entering it takes its cause away: it is not found again.
    """

    time_msc: int
    rank: Rank
    number: int
    enter: Callable[[], object]


class Source(Protocol):
    """Something that makes events come due."""

    def due(self, until_msc: int) -> Iterable[Event]:
        """What has come due by this instant (milliseconds UTC), as the books are now; enters nothing."""
        ...
