"""All symbols' prices, at the simulator's own clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.simulator.figures import load_figures
from app.simulator.laps import generated_lap, recorded_lap
from app.simulator.market import Feed, Quote
from app.simulator.money import Rates
from app.simulator.server_clock import ServerClock
from app.simulator.symbols import SYMBOLS, SymbolSpec

RECORDED = "EURUSD"


class Exchange:
    """Symbols, their feeds and the clock (seconds UTC) that says which of their prices have been.

    `server_clock` is the wall clock of the broker's server: what its times and the cut of its days are told by.
    """

    def __init__(
        self,
        *,
        seed: int,
        clock: Callable[[], float],
        server_clock: ServerClock | None = None,
        symbols: Iterable[SymbolSpec] = SYMBOLS,
    ) -> None:
        self.server_clock = server_clock or ServerClock()
        self.specs = {spec.name: spec for spec in symbols}
        self.feeds = {name: _feed(spec, seed) for name, spec in self.specs.items()}
        self._clock = clock

    def now_msc(self) -> int:
        """The time in milliseconds UTC."""
        return int(self._clock() * 1000)

    def is_open(self, symbol: str, now_msc: int) -> bool:
        """Whether the symbol trades at this instant."""
        del symbol, now_msc
        return True

    def quote(self, symbol: str, now_msc: int) -> Quote | None:
        """The symbol's last tick at or before this instant; None before all history."""
        return self.feeds[symbol].tick_at(now_msc)

    def market(self, symbol: str, now_msc: int) -> Quote:
        """The same where there must be one, for what is traded."""
        quote = self.quote(symbol, now_msc)
        if quote is None:
            raise LookupError(f"no price of {symbol} at {now_msc}: the clock stands before all history")
        return quote

    def rates(self, currency: str, now_msc: int) -> Rates:
        """All prices of this instant, and what currencies are worth in this one by them."""
        known: dict[str, Quote] = {}

        def quote(symbol: str) -> Quote:
            if symbol not in known:
                known[symbol] = self.market(symbol, now_msc)
            return known[symbol]

        return Rates(currency, self.specs, quote)


def _feed(spec: SymbolSpec, seed: int) -> Feed:
    figures = load_figures()[spec.name]
    lap = recorded_lap() if spec.name == RECORDED else generated_lap(spec.name, seed, figures, spec.point)
    return Feed(spec.name, seed, lap, figures)
