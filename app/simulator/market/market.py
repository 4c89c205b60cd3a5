"""All symbols' prices, at the simulator's own clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import get_args

from ..vocabulary.symbols import DEPOSIT_CURRENCY, SYMBOLS, SymbolSpec
from .bar_files import read_minutes, symbols_in
from .conversion import Rates, require_rates
from .cross_feed import CrossFeed
from .feed import Feed, Quote
from .figures import load_figures
from .lap_feed import LapFeed
from .laps import generated_lap, recorded_lap
from .recorded_feed import RecordedFeed, leads_on
from .server_clock import ServerClock
from .sessions import Sessions, calendar
from .ticks import TickMaker

RECORDED = "EURUSD"
# Crosses and their legs; a cross in points is the product of its legs' points over this.
CROSSES = {"EURJPY": ("EURUSD", "USDJPY", 10**5), "GBPJPY": ("GBPUSD", "USDJPY", 10**5)}
_TERMS = {spec.root: spec for spec in SYMBOLS}


class Market:
    """Symbols, their feeds and the clock (seconds UTC) that says which of their prices have been.

    `server_clock` is the wall clock of the broker's server: what its times and the cut of its days are told by.
    With `sessions` "real" symbols trade at their hours, with "loop" around the clock. `bars` is a folder of minute
    bars (bar_files.py): symbols that it has are played from it at its own times, and lead on from its end.

    Raises:
        ValueError: nothing makes a symbol's prices, or gives its rate to the deposit currency.
    """

    def __init__(
        self,
        *,
        seed: int,
        clock: Callable[[], float],
        server_clock: ServerClock | None = None,
        sessions: Sessions = "loop",
        bars: Path | None = None,
        symbols: Iterable[SymbolSpec] = SYMBOLS,
    ) -> None:
        self.seed = seed
        self.server_clock = server_clock or ServerClock()
        self.specs = {spec.name: spec for spec in symbols}
        require_rates(self.specs, DEPOSIT_CURRENCY)
        self._makers = _Makers(seed, self.server_clock, sessions, bars)
        self.feeds = {name: self._makers.feed(spec.root) for name, spec in self.specs.items()}
        self._clock = clock
        self._newest: dict[str, tuple[int, Quote | None]] = {}

    def now_msc(self) -> int:
        """The time in milliseconds UTC."""
        return int(self._clock() * 1000)

    def is_open(self, symbol: str, now_msc: int) -> bool:
        """Whether the symbol trades at this instant."""
        return self.feeds[symbol].is_open(now_msc)

    def quote(self, symbol: str, now_msc: int) -> Quote | None:
        """The symbol's last tick at or before this instant; None before all history."""
        known = self._newest.get(symbol)
        if known is None or known[0] != now_msc:
            # Of one instant every price is asked for several times.
            known = self._newest[symbol] = now_msc, self.feeds[symbol].tick_at(now_msc)
        return known[1]

    def quote_or_raise(self, symbol: str, now_msc: int) -> Quote:
        """The same where there must be one, for what is traded."""
        quote = self.quote(symbol, now_msc)
        if quote is None:
            raise LookupError(f"no price of {symbol} at {now_msc}: the clock stands before all history")
        return quote

    def rates(self, currency: str, now_msc: int) -> Rates:
        """All prices of this instant, and what currencies are worth in this one by them."""
        return Rates(currency, self.specs, cache(lambda symbol: self.quote_or_raise(symbol, now_msc)))


class _Makers:
    """Makes feeds by the symbols' own names, each once: crosses share theirs with their legs."""

    def __init__(self, seed: int, clock: ServerClock, sessions: Sessions, bars: Path | None) -> None:
        if sessions not in get_args(Sessions):
            raise ValueError(f"sessions must be one of {', '.join(get_args(Sessions))}, not {sessions!r}")
        self._seed, self._clock, self._sessions, self._bars = seed, clock, sessions, bars
        self._recorded = symbols_in(bars) if bars else set()
        self._made: dict[str, Feed] = {}

    def feed(self, root: str) -> Feed:
        """The feed of this name."""
        if root not in _TERMS:
            raise ValueError(f"there are no prices of {root}: a symbol's root must be one of {', '.join(_TERMS)}")
        if root not in self._made:
            generated = self._cross(root) if root in CROSSES else self._lap(root)
            self._made[root] = self._played(root, generated) if root in self._recorded else generated
        return self._made[root]

    def _played(self, root: str, later: Feed) -> Feed:
        """The recorded bars of this name, and the generated ones led on from there."""
        assert self._bars
        figures = load_figures().get(root)
        maker = TickMaker(self._seed, root, figures.widening) if figures else TickMaker(self._seed, root)
        minutes = read_minutes(self._bars, root, _TERMS[root].digits, maker.widest, self._clock)
        if isinstance(later, LapFeed):
            later = later.scaled(leads_on(minutes, later))
        return RecordedFeed(minutes, maker, later)

    def _cross(self, root: str) -> Feed:
        first, second, divisor = CROSSES[root]
        return CrossFeed(self.feed(first), self.feed(second), divisor)

    def _lap(self, root: str) -> LapFeed:
        spec, figures = _TERMS[root], load_figures()[root]
        lap = recorded_lap() if root == RECORDED else generated_lap(root, self._seed, figures, spec.point)
        return LapFeed(root, self._seed, lap, figures, calendar(self._sessions, spec.hours, self._clock))
