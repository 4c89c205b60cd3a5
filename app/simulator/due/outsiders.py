"""Trades of somebody else on the account, as faults ask for them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from ..books.fault_rows import Fault
from ..books.ledger import Ledger
from ..books.records import Position
from ..market.market import Market
from ..positions.booking import Fill, book, worth_after
from ..vocabulary.faults import EXTERNAL_TRADE, REASONS, SIDES
from .events import Event, Rank
from .stops import stop_comment
from .triggers import first_tick

_log = logging.getLogger(__name__)


class Outsiders:
    """Trades that the terminal has not asked for, while their market is open; what cannot be done is left."""

    def __init__(self, ledger: Ledger, market: Market) -> None:
        self._ledger = ledger
        self._market = market

    def due(self, until_msc: int) -> Iterable[Event]:
        """Trades that were begun and not made yet."""
        for fault in self._ledger.faults.at_work(until_msc):
            if fault.fault == EXTERNAL_TRADE and (due := self._due(fault, until_msc)):
                yield Event(due.since_msc, Rank.TRADE, fault.id, partial(self._trade, due))

    def _due(self, fault: Fault, until_msc: int) -> Fault | None:
        """The trade as of when it can be made: at once, or at the first tick after its market was closed."""
        held = self._held(fault)
        symbol = held.symbol if held else fault.parameters["symbol"]
        if symbol in self._market.specs and not self._market.is_open(symbol, fault.since_msc):
            tick = first_tick(self._market.feeds[symbol], fault.since_msc, until_msc)
            return fault._replace(since_msc=tick.time_msc) if tick else None
        return fault if fault.since_msc <= until_msc else None

    def _held(self, fault: Fault) -> Position | None:
        """The position that it closes."""
        ticket = fault.parameters["position"]
        return next(iter(self._ledger.positions_anywhere(ticket)), None) if ticket else None

    def _trade(self, fault: Fault) -> None:
        self._ledger.faults.end(fault.id)
        if held := self._held(fault):
            self._close(fault, held)
        elif not fault.parameters["position"]:
            self._open(fault)

    def _close(self, fault: Fault, held: Position) -> None:
        reason, lots = fault.parameters["reason"], fault.parameters["volume"] or held.volume
        fill = self._fill(fault, held.symbol, 1 - held.type, min(lots, held.volume))
        level = {"sl": held.sl, "tp": held.tp}.get(reason, 0.0) or fill.price
        comments = {name: stop_comment(name, level, fill.spec) for name in ("sl", "tp")} | {"so": "so"}
        book(self._ledger.of(held.login), self._market, replace(fill, comment=comments.get(reason, "")), held)

    def _open(self, fault: Fault) -> None:
        wanted, ledger = fault.parameters, self._ledger.of(self._ledger.default_login())
        if wanted["symbol"] not in self._market.specs:
            # It was asked for before any start had said what the symbols are called.
            _log.warning("simulator: no %s here, so nobody else trades it (fault %d)", wanted["symbol"], fault.id)
            return
        fill = self._fill(fault, wanted["symbol"], SIDES[wanted["side"]], wanted["volume"])
        if worth_after(ledger, self._market, fill, None).free_cents >= 0:
            book(ledger, self._market, fill, None)
        else:
            _log.warning(
                "simulator: no money for somebody else's %g %s (fault %d)", fill.volume, fill.spec.name, fault.id
            )

    def _fill(self, fault: Fault, symbol: str, side: int, volume: float) -> Fill:
        spec = self._market.specs[symbol]
        return Fill(
            spec=spec,
            side=side,
            volume=spec.lots(volume),
            quote=self._market.quote_or_raise(symbol, fault.since_msc),
            time_msc=fault.since_msc,
            reason=REASONS[fault.parameters["reason"]],
        )
