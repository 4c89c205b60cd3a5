"""Trades of somebody else on the account, as faults ask for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from ..books.fault_rows import Fault
from ..books.faults import EXTERNAL_TRADE, REASONS, SIDES
from ..books.ledger import Ledger
from ..books.records import Position
from ..market.exchange import Exchange
from ..positions.booking import Fill, book, worth_after
from .events import Event, Rank
from .stops import stop_comment


class Outsiders:
    """Trades that the terminal has not asked for; what cannot be done any more is left."""

    def __init__(self, ledger: Ledger, exchange: Exchange) -> None:
        self._ledger = ledger
        self._exchange = exchange

    def due(self, until_msc: int) -> Iterable[Event]:
        """Trades that were begun and not made yet."""
        for fault in self._ledger.faults.at_work(until_msc):
            if fault.fault == EXTERNAL_TRADE and fault.since_msc <= until_msc:
                yield Event(fault.since_msc, Rank.TRADE, fault.id, partial(self._trade, fault))

    def _trade(self, fault: Fault) -> None:
        self._ledger.faults.end(fault.id)
        if ticket := fault.parameters["position"]:
            for held in self._ledger.positions_anywhere(ticket):
                self._close(fault, held)
        else:
            self._open(fault)

    def _close(self, fault: Fault, held: Position) -> None:
        reason, lots = fault.parameters["reason"], fault.parameters["volume"] or held.volume
        fill = self._fill(fault, held.symbol, 1 - held.type, min(lots, held.volume))
        level = {"sl": held.sl, "tp": held.tp}.get(reason, 0.0) or fill.price
        comments = {name: stop_comment(name, level, fill.spec) for name in ("sl", "tp")} | {"so": "so"}
        book(self._ledger.of(held.login), self._exchange, replace(fill, comment=comments.get(reason, "")), held)

    def _open(self, fault: Fault) -> None:
        wanted, ledger = fault.parameters, self._ledger.of(self._ledger.default_login())
        fill = self._fill(fault, wanted["symbol"], SIDES[wanted["side"]], wanted["volume"])
        if worth_after(ledger, self._exchange, fill, None).free_cents >= 0:
            book(ledger, self._exchange, fill, None)

    def _fill(self, fault: Fault, symbol: str, side: int, volume: float) -> Fill:
        spec = self._exchange.specs[symbol]
        return Fill(
            spec=spec,
            side=side,
            volume=spec.lots(volume),
            quote=self._exchange.market(symbol, fault.since_msc),
            time_msc=fault.since_msc,
            reason=REASONS[fault.parameters["reason"]],
        )
