"""What the trade server does without being asked: stops that are touched, and trades of somebody else.

Nobody has to be there when it happens. Whoever looks at the books next enters what has come due, at the time and
price it came due; the books are the same whoever that is and however often they look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from app.simulator.booking import Fill, book_closing, book_opening, worth_after_opening
from app.simulator.exchange import Exchange
from app.simulator.fault_rows import Fault
from app.simulator.faults import EXTERNAL_TRADE, REASONS, SIDES
from app.simulator.ledger import Ledger
from app.simulator.market import Quote
from app.simulator.money import BUY
from app.simulator.records import Position
from app.simulator.symbols import SymbolSpec
from app.simulator.triggers import Window, corridor

_Stops = tuple[int, float, float, int]


class _Event(NamedTuple):
    time_msc: int
    number: int
    book: Callable[[], None]


class Server:
    """Enters what has come due in one connection's books."""

    def __init__(self, ledger: Ledger, exchange: Exchange) -> None:
        self._ledger = ledger
        self._exchange = exchange
        # Until when nothing is known to have touched a position's stops; forgetting it costs time, nothing else.
        self._untouched_msc: dict[_Stops, int] = {}

    def advance(self, until_msc: int) -> None:
        """Enter what has come due by this instant (milliseconds UTC)."""
        if self._due(until_msc):
            with self._ledger.writing():
                self.advance_locked(until_msc)

    def advance_locked(self, until_msc: int) -> None:
        """The same for one who is writing already."""
        for event in sorted(self._due(until_msc), key=lambda event: event[:2]):
            event.book()

    def _due(self, until_msc: int) -> list[_Event]:
        return [*self._touched(until_msc), *self._trades(until_msc)]

    def _touched(self, until_msc: int) -> Iterable[_Event]:
        known, self._untouched_msc = self._untouched_msc, {}
        windows: dict[tuple[str, int], Window] = {}
        for held in self._ledger.positions_with_stops():
            stops = (held.ticket, held.sl, held.tp, held.stops_msc)
            after_msc = known.get(stops, held.stops_msc)
            if (held.symbol, after_msc) not in windows:
                windows[held.symbol, after_msc] = Window(self._exchange.feeds[held.symbol], after_msc, until_msc)
            lane = corridor(self._exchange.specs[held.symbol], held.type, held.sl, held.tp)
            touch = windows[held.symbol, after_msc].first_outside(lane)
            self._untouched_msc[stops] = after_msc if touch else max(after_msc, until_msc)
            if touch:
                yield _Event(touch.time_msc, held.ticket, partial(self._stop, held, touch))

    def _trades(self, until_msc: int) -> Iterable[_Event]:
        for fault in self._ledger.faults.at_work(until_msc):
            if fault.fault == EXTERNAL_TRADE and fault.since_msc <= until_msc:
                yield _Event(fault.since_msc, fault.id, partial(self._trade, fault))

    def _stop(self, seen: Position, touch: Quote) -> None:
        held = self._still_held(seen.ticket)
        if held is None:
            return
        spec, price = self._exchange.specs[held.symbol], touch.bid if held.type == BUY else touch.ask
        lost = held.sl and (price <= spec.points(held.sl) if held.type == BUY else price >= spec.points(held.sl))
        name, level = ("sl", held.sl) if lost else ("tp", held.tp)
        fill = Fill(
            spec=spec,
            side=1 - held.type,
            volume=held.volume,
            quote=touch,
            time_msc=touch.time_msc,
            reason=REASONS[name],
            magic=held.magic,
            comment=_stop_comment(name, level, spec),
        )
        book_closing(self._ledger, fill, held)

    def _trade(self, fault: Fault) -> None:
        """Trade as somebody else; what cannot be done any more is left."""
        self._ledger.faults.end(fault.id)
        if ticket := fault.parameters["position"]:
            if held := self._still_held(ticket):
                self._close_as(fault, held)
        else:
            self._open_as(fault)

    def _close_as(self, fault: Fault, held: Position) -> None:
        reason, lots = fault.parameters["reason"], fault.parameters["volume"] or held.volume
        fill = self._foreign(fault, held.symbol, 1 - held.type, min(lots, held.volume))
        level = {"sl": held.sl, "tp": held.tp}.get(reason, 0.0) or fill.price
        comments = {name: _stop_comment(name, level, fill.spec) for name in ("sl", "tp")} | {"so": "so"}
        book_closing(self._ledger, replace(fill, comment=comments.get(reason, "")), held)

    def _open_as(self, fault: Fault) -> None:
        wanted = fault.parameters
        fill = self._foreign(fault, wanted["symbol"], SIDES[wanted["side"]], wanted["volume"])
        quotes = partial(self._exchange.market, now_msc=fault.since_msc)
        if worth_after_opening(self._ledger, fill, self._exchange.specs, quotes).free_cents >= 0:
            book_opening(self._ledger, fill)

    def _foreign(self, fault: Fault, symbol: str, side: int, volume: float) -> Fill:
        return Fill(
            spec=self._exchange.specs[symbol],
            side=side,
            volume=volume,
            quote=self._exchange.market(symbol, fault.since_msc),
            time_msc=fault.since_msc,
            reason=REASONS[fault.parameters["reason"]],
        )

    def _still_held(self, ticket: int) -> Position | None:
        return next(iter(self._ledger.positions(ticket=ticket)), None)


def _stop_comment(name: str, level: float, spec: SymbolSpec) -> str:
    return f"[{name} {level:.{spec.digits}f}]"
