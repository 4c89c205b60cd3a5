"""The broker's dealing desk: checks a request, fills it at the market, and enters it in the books."""

from __future__ import annotations

from itertools import count

from app.simulator import constants as mt5
from app.simulator.exchange import Exchange
from app.simulator.ledger import Account, Deal, Ledger, Order, Position
from app.simulator.market import Quote
from app.simulator.money import BUY, SELL
from app.simulator.portfolio import Worth, appraise, cents, closing_price, floating_profit
from app.simulator.structs import OrderCheckResult, OrderSendResult, Struct
from app.simulator.symbols import FILLING_FOK, FILLING_IOC, SymbolSpec

# Comments as terminals show them, for every code this desk answers.
COMMENTS = {
    mt5.TRADE_RETCODE_DONE: "Request executed",
    mt5.TRADE_RETCODE_INVALID: "Invalid request",
    mt5.TRADE_RETCODE_INVALID_VOLUME: "Invalid volume",
    mt5.TRADE_RETCODE_TRADE_DISABLED: "Trade is disabled",
    mt5.TRADE_RETCODE_NO_MONEY: "No money",
    mt5.TRADE_RETCODE_PRICE_OFF: "No prices",
    mt5.TRADE_RETCODE_INVALID_FILL: "Unsupported filling mode",
    mt5.TRADE_RETCODE_POSITION_CLOSED: "Position closed",
    mt5.TRADE_RETCODE_INVALID_CLOSE_VOLUME: "Invalid close volume",
    mt5.TRADE_RETCODE_LONG_ONLY: "Only long positions allowed",
    mt5.TRADE_RETCODE_SHORT_ONLY: "Only short positions allowed",
    mt5.TRADE_RETCODE_CLOSE_ONLY: "Only position closing allowed",
}
_FILLING_BITS = {mt5.ORDER_FILLING_FOK: FILLING_FOK, mt5.ORDER_FILLING_IOC: FILLING_IOC}
_ENTRY_REFUSED = {
    (mt5.SYMBOL_TRADE_MODE_LONGONLY, SELL): mt5.TRADE_RETCODE_LONG_ONLY,
    (mt5.SYMBOL_TRADE_MODE_SHORTONLY, BUY): mt5.TRADE_RETCODE_SHORT_ONLY,
    (mt5.SYMBOL_TRADE_MODE_CLOSEONLY, BUY): mt5.TRADE_RETCODE_CLOSE_ONLY,
    (mt5.SYMBOL_TRADE_MODE_CLOSEONLY, SELL): mt5.TRADE_RETCODE_CLOSE_ONLY,
}
_STEP_TOLERANCE = 1e-7


class Desk:
    """Executes the requests of one terminal against the shared books."""

    def __init__(self, ledger: Ledger, exchange: Exchange) -> None:
        self._ledger = ledger
        self._exchange = exchange
        self._request_ids = count(1)

    def send(self, request: Struct, *, selected: bool) -> Struct:
        """Execute a request; the books are on disk before this returns. A refusal is a result, too."""
        request_id = next(self._request_ids)
        refusal = self._refuse(request, self._exchange.now_msc(), selected=selected)
        if refusal:
            return _refused(refusal, request, request_id)
        with self._ledger.writing():
            # Read behind the lock, so that deal numbers and deal times run the same way.
            now_msc = self._exchange.now_msc()
            position = self._target(request)
            refusal = self._refuse_position(request, position) or self._refuse_money(request, position, now_msc)
            if refusal:
                return _refused(refusal, request, request_id)
            return self._execute(request, request_id, position, now_msc)

    def check(self, request: Struct, *, selected: bool) -> Struct:
        """Say whether a request would be executed (0) and the account's totals after it."""
        now_msc = self._exchange.now_msc()
        refusal = self._refuse(request, now_msc, selected=selected)
        if refusal:
            return _unchecked(refusal, request)
        with self._ledger.reading():
            position = self._target(request)
            refusal = self._refuse_position(request, position)
            if refusal:
                return _unchecked(refusal, request)
            worth = self._worth_after(request, position, now_msc)
        if position is None and worth.free_cents < 0:
            refusal = mt5.TRADE_RETCODE_NO_MONEY
        money = (worth.balance_cents, worth.equity_cents, worth.profit_cents, worth.margin_cents, worth.free_cents)
        totals = [value / 100 for value in money]
        return OrderCheckResult([refusal, *totals, worth.level, COMMENTS[refusal] if refusal else "Done", request])

    def _refuse(self, request: Struct, now_msc: int, *, selected: bool) -> int:
        """Return the first retcode that needs no look into the books, cheap before dear, or 0."""
        spec = self._exchange.specs.get(request.symbol)
        # Only market deals so far. Stops are refused with them: a stop that never triggers would be a lie.
        supported = request.action == mt5.TRADE_ACTION_DEAL and request.type in (BUY, SELL)
        if not supported or spec is None or request.sl or request.tp:
            return mt5.TRADE_RETCODE_INVALID
        if spec.trade_mode == mt5.SYMBOL_TRADE_MODE_DISABLED:
            return mt5.TRADE_RETCODE_TRADE_DISABLED
        if not request.position and (spec.trade_mode, request.type) in _ENTRY_REFUSED:
            return _ENTRY_REFUSED[spec.trade_mode, request.type]
        if not spec.filling_mode & _FILLING_BITS.get(request.type_filling, 0):
            return mt5.TRADE_RETCODE_INVALID_FILL
        if not _volume_fits(spec, request.volume):
            return mt5.TRADE_RETCODE_INVALID_VOLUME
        if not selected or self._exchange.quote(spec.name, now_msc) is None:
            return mt5.TRADE_RETCODE_PRICE_OFF
        return 0

    def _target(self, request: Struct) -> Position | None:
        held = self._ledger.positions(ticket=request.position) if request.position else []
        return held[0] if held else None

    def _refuse_position(self, request: Struct, position: Position | None) -> int:
        """Check the position that a request wants to close."""
        if not request.position:
            return 0
        if position is None:
            return mt5.TRADE_RETCODE_POSITION_CLOSED
        if position.symbol != request.symbol or position.type == request.type:
            return mt5.TRADE_RETCODE_INVALID
        if request.volume > position.volume + _STEP_TOLERANCE:
            return mt5.TRADE_RETCODE_INVALID_CLOSE_VOLUME
        return 0

    def _refuse_money(self, request: Struct, position: Position | None, now_msc: int) -> int:
        if position is not None:
            return 0
        return mt5.TRADE_RETCODE_NO_MONEY if self._worth_after(request, None, now_msc).free_cents < 0 else 0

    def _worth_after(self, request: Struct, closing: Position | None, now_msc: int) -> Worth:
        """The account's worth if the request were executed now, its commission included."""
        account, positions = self._ledger.account(), self._ledger.positions()
        if closing is None:
            commission = _commission_cents(self._exchange.specs[request.symbol], request.volume)
            account = account._replace(balance_cents=account.balance_cents + commission)
            positions.append(self._opened(request, 0, now_msc))
        else:
            account, positions = self._after_closing(account, positions, closing, request, now_msc)
        return appraise(account, positions, self._exchange.specs, lambda symbol: self._quote(symbol, now_msc))

    def _after_closing(
        self, account: Account, positions: list[Position], closing: Position, request: Struct, now_msc: int
    ) -> tuple[Account, list[Position]]:
        part = closing._replace(volume=request.volume)
        gained = floating_profit(self._exchange.specs[closing.symbol], part, self._quote(closing.symbol, now_msc))
        left = round(closing.volume - request.volume, 8)
        kept = [position for position in positions if position.ticket != closing.ticket]
        if left > 0:
            kept.append(closing._replace(volume=left))
        return account._replace(balance_cents=account.balance_cents + cents(gained)), kept

    def _execute(self, request: Struct, request_id: int, closing: Position | None, now_msc: int) -> Struct:
        spec, quote = self._exchange.specs[request.symbol], self._quote(request.symbol, now_msc)
        price = spec.price(quote.ask if request.type == BUY else quote.bid)
        volume = round(request.volume, 8)
        order = self._ledger.add_order(
            Order(
                ticket=0,
                time_setup_msc=now_msc,
                time_done_msc=now_msc,
                type=request.type,
                type_time=request.type_time,
                type_filling=request.type_filling,
                state=mt5.ORDER_STATE_FILLED,
                magic=request.magic,
                position_id=closing.identifier if closing else 0,
                reason=mt5.ORDER_REASON_EXPERT,
                volume_initial=volume,
                volume_current=0.0,
                price_open=price,
                price_current=price,
                symbol=spec.name,
                comment=_storable(request.comment),
            )
        )
        deal = self._enter(request, order, closing, price, now_msc)
        bid, ask = spec.price(quote.bid), spec.price(quote.ask)
        done = mt5.TRADE_RETCODE_DONE
        return OrderSendResult([done, deal, order, volume, price, bid, ask, COMMENTS[done], request_id, 0, request])

    def _enter(self, request: Struct, order: int, closing: Position | None, price: float, now_msc: int) -> int:
        """Book the deal and what it does to a position; return the deal's number."""
        spec, volume = self._exchange.specs[request.symbol], round(request.volume, 8)
        deal = Deal(
            ticket=0,
            order=order,
            time_msc=now_msc,
            type=request.type,
            entry=mt5.DEAL_ENTRY_OUT if closing else mt5.DEAL_ENTRY_IN,
            magic=request.magic,
            position_id=closing.identifier if closing else order,
            reason=mt5.DEAL_REASON_EXPERT,
            volume=volume,
            price=price,
            symbol=spec.name,
            comment=_storable(request.comment),
        )
        if closing is None:
            self._ledger.open_position(self._opened(request, order, now_msc))
            return self._ledger.add_deal(deal._replace(commission_cents=_commission_cents(spec, volume)))
        quote = self._quote(spec.name, now_msc)
        gained = cents(floating_profit(spec, closing._replace(volume=volume), quote))
        self._ledger.shrink_position(closing.ticket, round(closing.volume - volume, 8), now_msc)
        return self._ledger.add_deal(deal._replace(profit_cents=gained))

    def _opened(self, request: Struct, ticket: int, now_msc: int) -> Position:
        """The position that a request opens: as if a position of the other side closed at the market."""
        spec, quote = self._exchange.specs[request.symbol], self._quote(request.symbol, now_msc)
        return Position(
            ticket=ticket,
            time_msc=now_msc,
            time_update_msc=now_msc,
            type=request.type,
            magic=request.magic,
            identifier=ticket,
            reason=mt5.POSITION_REASON_EXPERT,
            volume=round(request.volume, 8),
            price_open=closing_price(spec, 1 - request.type, quote),
            swap_cents=0,
            symbol=spec.name,
            comment=_storable(request.comment),
        )

    def _quote(self, symbol: str, now_msc: int) -> Quote:
        quote = self._exchange.quote(symbol, now_msc)
        if quote is None:
            raise LookupError(f"no price of {symbol} at {now_msc}: the clock stands before all history")
        return quote


def _volume_fits(spec: SymbolSpec, volume: float) -> bool:
    steps = volume / spec.volume_step
    # 0.30000000000000004 lots are 0.3; NaN fails every comparison.
    on_step = abs(steps - round(steps)) < _STEP_TOLERANCE if abs(steps) < 1e15 else False
    return on_step and spec.volume_min - _STEP_TOLERANCE <= volume <= spec.volume_max + _STEP_TOLERANCE


def _storable(comment: str) -> str:
    """Half an emoji cannot be stored; it becomes the replacement character."""
    return comment.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _commission_cents(spec: SymbolSpec, volume: float) -> int:
    return -cents(spec.commission_per_lot * volume)


def _unchecked(retcode: int, request: Struct) -> Struct:
    return OrderCheckResult([retcode, *[0.0] * 6, COMMENTS[retcode], request])


def _refused(retcode: int, request: Struct, request_id: int) -> Struct:
    comment = COMMENTS[retcode]
    return OrderSendResult([retcode, 0, 0, 0.0, 0.0, 0.0, 0.0, comment, request_id, 0, request])
