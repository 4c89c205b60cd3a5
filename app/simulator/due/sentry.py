"""Watches the feeds for positions and orders that wait for a price."""

from __future__ import annotations

from ..market.feed import Quote
from ..market.market import Market
from .triggers import Corridor, Window

_Watch = tuple[str, Corridor, int]


class Sentry:
    """Tells when a symbol's price first leaves a corridor; what it has ruled out it does not look at again.

    What it remembers saves time and decides nothing. A watch that is not asked about for a whole round is forgotten.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        # For each watch: until when the price is known to have stayed inside, and the tick that left.
        self._known: dict[_Watch, tuple[int, Quote | None]] = {}
        self._asked: dict[_Watch, tuple[int, Quote | None]] = {}
        self._windows: dict[tuple[str, int, int], Window] = {}

    def begin_round(self) -> None:
        """Forget what was not asked about since this was called last."""
        self._known, self._asked, self._windows = self._asked, {}, {}

    def touch(self, symbol: str, corridor: Corridor, after_msc: int, until_msc: int) -> Quote | None:
        """The first tick in (after, until] that leaves the corridor."""
        watch = (symbol, corridor, after_msc)
        inside_msc, tick = self._asked.get(watch) or self._known.get(watch) or (after_msc, None)
        if tick is None and inside_msc < until_msc:
            tick = self._window(symbol, inside_msc, until_msc).first_outside(corridor)
            inside_msc = until_msc
        self._asked[watch] = inside_msc, tick
        return tick if tick is not None and tick.time_msc <= until_msc else None

    def _window(self, symbol: str, after_msc: int, until_msc: int) -> Window:
        key = (symbol, after_msc, until_msc)
        if key not in self._windows:
            self._windows[key] = Window(self._market.feeds[symbol], after_msc, until_msc)
        return self._windows[key]
