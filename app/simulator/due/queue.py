"""One queue of all that comes due by itself.

Nobody has to be there when it happens. Whoever looks at the books next enters what has come due, at the time and
price it came due; the books are the same whoever that is and however often they look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from ..books.ledger import Ledger
from ..books.records import Pulse
from ..market.market import Market
from .events import Event, Source
from .operations import Operations
from .outsiders import Outsiders
from .pending import Waiting
from .stop_outs import StopOuts
from .stops import Stops
from .swaps import Swaps


class DueQueue:
    """Enters what has come due in one connection's books."""

    def __init__(self, ledger: Ledger, market: Market) -> None:
        self._ledger = ledger
        # Each with what there must be in the books for anything to come of it.
        self._sources: tuple[tuple[Callable[[Pulse], bool], Source], ...] = (
            (lambda pulse: pulse.waiting, Operations(ledger)),
            (lambda pulse: pulse.faults, Outsiders(ledger, market)),
            (lambda pulse: pulse.stops, Stops(ledger, market)),
            (lambda pulse: pulse.waiting, Waiting(ledger, market)),
            (lambda pulse: pulse.positions, Swaps(ledger, market)),
            (lambda pulse: pulse.positions, StopOuts(ledger, market)),
        )

    def advance(self, until_msc: int) -> None:
        """Enter what has come due by this instant (milliseconds UTC)."""
        if list(self._due(until_msc)):
            with self._ledger.writing():
                self.advance_locked(until_msc)

    def advance_locked(self, until_msc: int) -> None:
        """The same for one who is writing already: one after the other, as each may bring the next about."""
        while event := min(self._due(until_msc), key=lambda event: event[:3], default=None):
            event.enter()

    def _due(self, until_msc: int) -> Iterator[Event]:
        pulse = self._ledger.pulse()
        return chain.from_iterable(source.due(until_msc) for stirs, source in self._sources if stirs(pulse))
