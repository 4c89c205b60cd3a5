"""Stop-losses and take-profits that are touched."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ..books.ledger import Ledger
from ..books.records import Position
from ..market.feed import Quote
from ..market.market import Market
from ..positions.booking import Fill, book
from ..vocabulary import constants as mt5
from ..vocabulary.order_types import BUY
from ..vocabulary.symbols import SymbolSpec
from .events import Event, Rank
from .sentry import Sentry
from .triggers import between_stops


class Stops:
    """Closes positions at the first tick beyond one of their stops."""

    def __init__(self, ledger: Ledger, market: Market) -> None:
        self._ledger = ledger
        self._market = market
        self._sentry = Sentry(market)

    def due(self, until_msc: int) -> Iterable[Event]:
        """Positions whose stops have been touched."""
        self._sentry.begin_round()
        for held in self._ledger.positions_with_stops():
            corridor = between_stops(self._market.specs[held.symbol], held.type, held.sl, held.tp)
            if touch := self._sentry.touch(held.symbol, corridor, held.stops_msc, until_msc):
                yield Event(touch.time_msc, Rank.STOP, held.ticket, partial(self._close, held, touch))

    def _close(self, held: Position, touch: Quote) -> None:
        spec, price = self._market.specs[held.symbol], touch.exit(held.type)
        lost = held.sl and (price <= spec.points(held.sl) if held.type == BUY else price >= spec.points(held.sl))
        name, level = ("sl", held.sl) if lost else ("tp", held.tp)
        fill = Fill(
            spec=spec,
            side=1 - held.type,
            volume=held.volume,
            quote=touch,
            time_msc=touch.time_msc,
            reason=mt5.DEAL_REASON_SL if lost else mt5.DEAL_REASON_TP,
            magic=held.magic,
            comment=stop_comment(name, level, spec),
        )
        book(self._ledger.of(held.login), self._market, fill, held)


def stop_comment(name: str, level: float, spec: SymbolSpec) -> str:
    """What a deal says that a stop has caused: `[sl 1.10000]`."""
    return f"[{name} {level:.{spec.digits}f}]"
