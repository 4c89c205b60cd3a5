"""The broker's dealing desk: checks a request, fills it at the market, and enters it in the books."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import count

from app.simulator import constants as mt5
from app.simulator.booking import Fill, book, worth_after
from app.simulator.exchange import Exchange
from app.simulator.ledger import Ledger
from app.simulator.market import Quote
from app.simulator.money import BUY, SELL
from app.simulator.portfolio import Worth, appraise
from app.simulator.records import Position
from app.simulator.retcodes import DONE, REFUSALS
from app.simulator.server import Server
from app.simulator.structs import OrderCheckResult, OrderSendResult, Struct
from app.simulator.symbols import FILLING_FOK, FILLING_IOC, STEP_TOLERANCE, SymbolSpec

_FILLING_BITS = {mt5.ORDER_FILLING_FOK: FILLING_FOK, mt5.ORDER_FILLING_IOC: FILLING_IOC}
_ENTRY_REFUSED = {
    (mt5.SYMBOL_TRADE_MODE_LONGONLY, SELL): mt5.TRADE_RETCODE_LONG_ONLY,
    (mt5.SYMBOL_TRADE_MODE_SHORTONLY, BUY): mt5.TRADE_RETCODE_SHORT_ONLY,
    (mt5.SYMBOL_TRADE_MODE_CLOSEONLY, BUY): mt5.TRADE_RETCODE_CLOSE_ONLY,
    (mt5.SYMBOL_TRADE_MODE_CLOSEONLY, SELL): mt5.TRADE_RETCODE_CLOSE_ONLY,
}
_DEAL, _SLTP = mt5.TRADE_ACTION_DEAL, mt5.TRADE_ACTION_SLTP


class Desk:
    """Executes the requests of one terminal against the shared books."""

    def __init__(self, ledger: Ledger, exchange: Exchange, server: Server) -> None:
        self._ledger = ledger
        self._exchange = exchange
        self._server = server
        self._request_ids = count(1)

    def send(self, request: Struct, *, selected: bool, rejected: int = 0) -> Struct:
        """Execute a request; the books are on disk before this returns. A refusal is a result, too.

        `rejected` is the code with which the server has decided to refuse it, whatever it is.
        """
        request_id = next(self._request_ids)
        refusal = rejected or self._refuse(request, self._exchange.now_msc(), selected=selected)
        if refusal:
            return refused(refusal, request, request_id)
        with self._ledger.writing():
            # Read behind the lock, so that deal numbers and deal times run the same way.
            now_msc = self._exchange.now_msc()
            self._server.advance_locked(now_msc)
            position = self._target(request)
            refusal = self._refuse_in_books(request, position, now_msc)
            if refusal:
                return refused(refusal, request, request_id)
            if request.action == _SLTP:
                return self._set_stops(request, request_id, now_msc)
            return self._execute(request, request_id, position, now_msc)

    def check(self, request: Struct, *, selected: bool) -> Struct:
        """Say whether a request would be executed (0) and the account's totals after it."""
        now_msc = self._exchange.now_msc()
        refusal = self._refuse(request, now_msc, selected=selected)
        if refusal:
            return unchecked(refusal, request)
        self._server.advance(now_msc)
        with self._ledger.reading():
            position = self._target(request)
            refusal = self._refuse_position(request, position) or self._refuse_stops(request, position, now_msc)
            if refusal:
                return unchecked(refusal, request)
            worth = self._worth_after(request, position, now_msc)
        if position is None and worth.free_cents < 0:
            refusal = mt5.TRADE_RETCODE_NO_MONEY
        money = (worth.balance_cents, worth.equity_cents, worth.profit_cents, worth.margin_cents, worth.free_cents)
        totals = [value / 100 for value in money]
        return OrderCheckResult([refusal, *totals, worth.level, REFUSALS.get(refusal, "Done"), request])

    def _refuse(self, request: Struct, now_msc: int, *, selected: bool) -> int:
        """Return the first retcode that needs no look into the books, cheap before dear, or 0."""
        spec = self._exchange.specs.get(request.symbol)
        # Market deals and their stops so far; pending orders are refused.
        if spec is None or not _is_supported(request):
            return mt5.TRADE_RETCODE_INVALID
        if spec.trade_mode == mt5.SYMBOL_TRADE_MODE_DISABLED:
            return mt5.TRADE_RETCODE_TRADE_DISABLED
        if request.action == _DEAL and (refusal := _refuse_deal(request, spec)):
            return refusal
        if not selected or self._exchange.quote(spec.name, now_msc) is None:
            return mt5.TRADE_RETCODE_PRICE_OFF
        return 0

    def _target(self, request: Struct) -> Position | None:
        held = self._ledger.positions(ticket=request.position) if request.position else []
        return held[0] if held else None

    def _refuse_in_books(self, request: Struct, position: Position | None, now_msc: int) -> int:
        return (
            self._refuse_position(request, position)
            or self._refuse_stops(request, position, now_msc)
            or self._refuse_money(request, position, now_msc)
        )

    def _refuse_position(self, request: Struct, position: Position | None) -> int:
        """Check the position that a request wants to close or to give other stops."""
        if not request.position:
            return 0
        if position is None:
            return mt5.TRADE_RETCODE_POSITION_CLOSED
        if position.symbol != request.symbol:
            return mt5.TRADE_RETCODE_INVALID
        if request.action == _SLTP:
            spec = self._exchange.specs[position.symbol]
            unchanged = _stops(request, spec) == (position.sl, position.tp)
            return mt5.TRADE_RETCODE_NO_CHANGES if unchanged else 0
        if position.type == request.type:
            return mt5.TRADE_RETCODE_INVALID
        if request.volume > position.volume + STEP_TOLERANCE:
            return mt5.TRADE_RETCODE_INVALID_CLOSE_VOLUME
        return 0

    def _refuse_stops(self, request: Struct, position: Position | None, now_msc: int) -> int:
        """Check that stops lie on their sides of the price that will touch them; closing deals ignore theirs."""
        if request.action == _DEAL and position is not None:
            return 0
        side = request.type if position is None else position.type
        spec, quote = self._exchange.specs[request.symbol], self._exchange.market(request.symbol, now_msc)
        return 0 if _stops_fit(spec, side, quote, request.sl, request.tp) else mt5.TRADE_RETCODE_INVALID_STOPS

    def _refuse_money(self, request: Struct, position: Position | None, now_msc: int) -> int:
        if position is not None:
            return 0
        return mt5.TRADE_RETCODE_NO_MONEY if self._worth_after(request, None, now_msc).free_cents < 0 else 0

    def _worth_after(self, request: Struct, position: Position | None, now_msc: int) -> Worth:
        """The account's worth if the request were executed now, its commission included."""
        if request.action == _SLTP:
            account = self._ledger.account()
            return appraise(account, self._ledger.positions(), self._exchange.rates(account.currency, now_msc))
        return worth_after(self._ledger, self._exchange, self._fill(request, now_msc), position)

    def _execute(self, request: Struct, request_id: int, closing: Position | None, now_msc: int) -> Struct:
        fill = self._fill(request, now_msc)
        if closing:
            fill = replace(fill, sl=0.0, tp=0.0)
        booked = book(self._ledger, self._exchange, fill, closing)
        prices = fill.price, fill.spec.price(fill.quote.bid), fill.spec.price(fill.quote.ask)
        return OrderSendResult(
            [mt5.TRADE_RETCODE_DONE, booked.deal, booked.order, fill.volume, *prices, DONE, request_id, 0, request]
        )

    def _set_stops(self, request: Struct, request_id: int, now_msc: int) -> Struct:
        sl, tp = _stops(request, self._exchange.specs[request.symbol])
        self._ledger.set_stops(request.position, sl, tp, now_msc)
        return OrderSendResult([mt5.TRADE_RETCODE_DONE, 0, 0, 0.0, 0.0, 0.0, 0.0, DONE, request_id, 0, request])

    def _fill(self, request: Struct, now_msc: int) -> Fill:
        spec = self._exchange.specs[request.symbol]
        sl, tp = _stops(request, spec)
        return Fill(
            spec=spec,
            side=request.type,
            volume=round(request.volume, 8),
            quote=self._exchange.market(spec.name, now_msc),
            time_msc=now_msc,
            reason=mt5.DEAL_REASON_EXPERT,
            magic=request.magic,
            comment=_storable(request.comment),
            type_time=request.type_time,
            type_filling=request.type_filling,
            sl=sl,
            tp=tp,
        )


def refused(retcode: int, request: Struct, request_id: int = 0) -> Struct:
    """The result of a refusal; those that never left the terminal have no request id."""
    return OrderSendResult([retcode, 0, 0, 0.0, 0.0, 0.0, 0.0, REFUSALS[retcode], request_id, 0, request])


def unchecked(retcode: int, request: Struct) -> Struct:
    """The result of a check that came to nothing."""
    return OrderCheckResult([retcode, *[0.0] * 6, REFUSALS[retcode], request])


def _is_supported(request: Struct) -> bool:
    if request.action == _SLTP:
        return bool(request.position)
    return request.action == _DEAL and request.type in (BUY, SELL)


def _refuse_deal(request: Struct, spec: SymbolSpec) -> int:
    if not request.position and (spec.trade_mode, request.type) in _ENTRY_REFUSED:
        return _ENTRY_REFUSED[spec.trade_mode, request.type]
    if not spec.filling_mode & _FILLING_BITS.get(request.type_filling, 0):
        return mt5.TRADE_RETCODE_INVALID_FILL
    return 0 if spec.takes_volume(request.volume) else mt5.TRADE_RETCODE_INVALID_VOLUME


def _stops(request: Struct, spec: SymbolSpec) -> tuple[float, float]:
    """The stops of a request as prices of the symbol; the server rounds them."""
    sl, tp = (round(price, spec.digits) if math.isfinite(price) else price for price in (request.sl, request.tp))
    return sl, tp


def _stops_fit(spec: SymbolSpec, side: int, quote: Quote, sl: float, tp: float) -> bool:
    """Whether the stops leave room: a buy's below and above the bid, a sell's above and below the ask."""
    if not all(math.isfinite(price) and price >= 0 for price in (sl, tp)):
        return False
    below, above = (sl, tp) if side == BUY else (tp, sl)
    price, room = quote.bid if side == BUY else quote.ask, max(spec.stops_level, 1)
    fits_below = not below or price - spec.points(below) >= room
    return fits_below and (not above or spec.points(above) - price >= room)


def _storable(comment: str) -> str:
    """Half an emoji cannot be stored; it becomes the replacement character."""
    return comment.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
