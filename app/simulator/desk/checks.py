"""What a trade server looks at before it takes a request, from cheap to dear; the first objection is its answer."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..books.records import Order, Position
from ..vocabulary import constants as mt5
from ..vocabulary.order_types import BUY, LIMITS, SELL, STOP_LIMITS, is_market, order_side
from ..vocabulary.retcodes import HEDGE_PROHIBITED
from ..vocabulary.structs import Struct
from ..vocabulary.symbols import FILLING_BOC, FILLING_FOK, FILLING_IOC, SymbolSpec
from .case import CLOSE_BY, DEAL, MODIFY, PENDING, REMOVE, SLTP, Case

_FILLING_BITS = {
    mt5.ORDER_FILLING_FOK: FILLING_FOK,
    mt5.ORDER_FILLING_IOC: FILLING_IOC,
    mt5.ORDER_FILLING_BOC: FILLING_BOC,
}
_ENTRY_REFUSED = {
    (mt5.SYMBOL_TRADE_MODE_LONGONLY, SELL): mt5.TRADE_RETCODE_LONG_ONLY,
    (mt5.SYMBOL_TRADE_MODE_SHORTONLY, BUY): mt5.TRADE_RETCODE_SHORT_ONLY,
    (mt5.SYMBOL_TRADE_MODE_CLOSEONLY, BUY): mt5.TRADE_RETCODE_CLOSE_ONLY,
    (mt5.SYMBOL_TRADE_MODE_CLOSEONLY, SELL): mt5.TRADE_RETCODE_CLOSE_ONLY,
}
_AT_A_PRICE = (mt5.SYMBOL_TRADE_EXECUTION_REQUEST, mt5.SYMBOL_TRADE_EXECUTION_INSTANT)
# The bits of order_mode, which the package does not name.
_MARKET, _LIMIT, _STOP, _STOP_LIMIT, _SL, _TP, _BY = 1, 2, 4, 8, 16, 32, 64
_ORDER_BITS = {
    **dict.fromkeys((BUY, SELL), _MARKET),
    **dict.fromkeys(LIMITS, _LIMIT),
    **dict.fromkeys((mt5.ORDER_TYPE_BUY_STOP, mt5.ORDER_TYPE_SELL_STOP), _STOP),
    **dict.fromkeys(STOP_LIMITS, _STOP_LIMIT),
}


def objection(case: Case) -> int:
    """The code with which the server refuses a request, or 0."""
    return next((code for check in _CHECKS if (code := check(case))), 0)


def misses(request: Struct) -> int:
    """The code for a request that names no symbol there is: 10013, or that its object is gone."""
    if request.symbol or not _is_whole(request):
        return mt5.TRADE_RETCODE_INVALID
    missing = {SLTP: mt5.TRADE_RETCODE_POSITION_CLOSED, CLOSE_BY: mt5.TRADE_RETCODE_POSITION_CLOSED}
    missing |= {MODIFY: mt5.TRADE_RETCODE_INVALID_ORDER, REMOVE: mt5.TRADE_RETCODE_INVALID_ORDER}
    return missing.get(request.action, mt5.TRADE_RETCODE_INVALID)


def _is_whole(request: Struct) -> bool:
    """Whether the request says what its action needs."""
    match request.action:
        case mt5.TRADE_ACTION_DEAL:
            return request.type in (BUY, SELL)
        case mt5.TRADE_ACTION_PENDING:
            return request.type in _ORDER_BITS and request.type not in (BUY, SELL)
        case mt5.TRADE_ACTION_SLTP:
            return bool(request.position or request.symbol)
        case mt5.TRADE_ACTION_MODIFY | mt5.TRADE_ACTION_REMOVE:
            return bool(request.order)
        case mt5.TRADE_ACTION_CLOSE_BY:
            return bool(request.position and request.position_by)
    return False


def _account(case: Case) -> int:
    if not case.account.trade_expert:
        return mt5.TRADE_RETCODE_SERVER_DISABLES_AT
    return 0 if case.account.trade_allowed else mt5.TRADE_RETCODE_TRADE_DISABLED


def _request(case: Case) -> int:
    request = case.request
    if not _is_whole(request) or (request.action == SLTP and case.account.hedging and not request.position):
        return mt5.TRADE_RETCODE_INVALID
    if request.action in (DEAL, PENDING) and not case.spec.order_mode & _ORDER_BITS[request.type]:
        return mt5.TRADE_RETCODE_INVALID_ORDER
    if request.action == CLOSE_BY and not (case.account.hedging and case.spec.order_mode & _BY):
        return mt5.TRADE_RETCODE_INVALID
    return 0


def _trade_mode(case: Case) -> int:
    mode = case.spec.trade_mode
    if mode == mt5.SYMBOL_TRADE_MODE_DISABLED:
        return mt5.TRADE_RETCODE_TRADE_DISABLED
    # A deal that names a position means to close it, whatever is wrong with that.
    if not case.enters or (case.request.action == DEAL and case.request.position):
        return 0
    return _ENTRY_REFUSED.get((mode, order_side(case.request.type)), 0)


def _filling(case: Case) -> int:
    """Which filling an execution mode takes; RETURN has no bit, and pending orders may always use it."""
    request, spec = case.request, case.spec
    if request.action not in (DEAL, PENDING):
        return 0
    filling, pending = request.type_filling, request.action == PENDING
    if filling == mt5.ORDER_FILLING_RETURN:
        taken = pending or spec.trade_exemode == mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE
    elif filling == mt5.ORDER_FILLING_BOC:
        taken = bool(spec.filling_mode & FILLING_BOC) and request.type in (*LIMITS, *STOP_LIMITS)
    elif filling == mt5.ORDER_FILLING_FOK and not pending and spec.trade_exemode in _AT_A_PRICE:
        taken = True
    else:
        taken = bool(spec.filling_mode & _FILLING_BITS.get(filling, 0))
    return 0 if taken else mt5.TRADE_RETCODE_INVALID_FILL


def _volume(case: Case) -> int:
    if case.request.action not in (DEAL, PENDING) or case.spec.takes_volume(case.request.volume):
        return 0
    return mt5.TRADE_RETCODE_INVALID_VOLUME


def _session(case: Case) -> int:
    is_open = case.market.is_open(case.spec.name, case.now_msc)
    return 0 if is_open else mt5.TRADE_RETCODE_MARKET_CLOSED


def _prices(case: Case) -> int:
    wants = (case.enters and not case.priced) or (case.request.action == DEAL and case.blank)
    return mt5.TRADE_RETCODE_PRICE_OFF if wants or case.quote is None else 0


def _target(case: Case) -> int:
    """What the request is about must be there, and in nobody's hands."""
    match case.request.action:
        case mt5.TRADE_ACTION_DEAL:
            return _closed_deal(case, case.position) if case.request.position else 0
        case mt5.TRADE_ACTION_SLTP:
            return _stopped_position(case, case.position)
        case mt5.TRADE_ACTION_CLOSE_BY:
            return _closed_by(case, case.position, case.opposite)
        case mt5.TRADE_ACTION_MODIFY | mt5.TRADE_ACTION_REMOVE:
            return _changed_order(case, case.order)
    return 0


def _closed_deal(case: Case, held: Position | None) -> int:
    request = case.request
    if held is None:
        return mt5.TRADE_RETCODE_POSITION_CLOSED
    if held.symbol != case.spec.name or (case.account.hedging and held.type == request.type):
        return mt5.TRADE_RETCODE_INVALID
    if case.account.hedging and case.lots > held.volume:
        return mt5.TRADE_RETCODE_INVALID_CLOSE_VOLUME
    return mt5.TRADE_RETCODE_CLOSE_ORDER_EXIST if _is_closing(case, held) else 0


def _stopped_position(case: Case, held: Position | None) -> int:
    if held is None:
        return mt5.TRADE_RETCODE_POSITION_CLOSED
    if held.symbol != case.spec.name:
        return mt5.TRADE_RETCODE_INVALID
    if _is_closing(case, held):
        return mt5.TRADE_RETCODE_LOCKED
    return mt5.TRADE_RETCODE_NO_CHANGES if case.stops() == (held.sl, held.tp) else 0


def _closed_by(case: Case, held: Position | None, opposite: Position | None) -> int:
    if held is None or opposite is None:
        return mt5.TRADE_RETCODE_POSITION_CLOSED
    if held.type == opposite.type or {held.symbol, opposite.symbol} != {case.spec.name}:
        return mt5.TRADE_RETCODE_INVALID
    closing = _is_closing(case, held) or _is_closing(case, opposite)
    return mt5.TRADE_RETCODE_CLOSE_ORDER_EXIST if closing else 0


def _changed_order(case: Case, order: Order | None) -> int:
    if order is None:
        return mt5.TRADE_RETCODE_INVALID_ORDER
    if order.symbol != case.spec.name:
        return mt5.TRADE_RETCODE_INVALID
    if is_market(order.type):
        return mt5.TRADE_RETCODE_LOCKED
    same = case.request.action == MODIFY and case.terms() == (
        order.price_open, order.price_stoplimit, order.sl, order.tp, order.type_time, order.time_expiration_msc,
    )  # fmt: skip
    return mt5.TRADE_RETCODE_NO_CHANGES if same else 0


def _is_closing(case: Case, held: Position) -> bool:
    """Whether an order that closes the position is under way."""
    return any(
        order.position_id == held.identifier and is_market(order.type) and order_side(order.type) != held.type
        for order in case.ledger.active_orders(symbol=held.symbol)
    )


def _price(case: Case) -> int:
    if case.request.action == DEAL and case.spec.trade_exemode in _AT_A_PRICE:
        return _dealt_price(case)
    return _waiting_price(case) if case.request.action in (PENDING, MODIFY) else 0


def _dealt_price(case: Case) -> int:
    """Where the trader names the price, the market must not have left it by more than the deviation."""
    price = case.price
    if not (math.isfinite(price) and price > 0):
        return mt5.TRADE_RETCODE_INVALID_PRICE
    away = abs(case.spec.points(price) - case.checked_quote().entry(case.request.type))
    return mt5.TRADE_RETCODE_REQUOTE if away > case.request.deviation else 0


def _waiting_price(case: Case) -> int:
    """A pending order must wait, on its side of the market; what a stop-limit order becomes must wait once more."""
    terms, kind, spec = case.terms(), case.order_type, case.spec
    prices = (terms.price, terms.stoplimit) if kind in STOP_LIMITS else (terms.price,)
    if not all(math.isfinite(price) and price > 0 for price in prices):
        return mt5.TRADE_RETCODE_INVALID_PRICE
    upwards = 1 if order_side(kind) == BUY else -1
    price = spec.points(terms.price)
    away = upwards * (price - _entry_points(case, kind)) * (-1 if kind in LIMITS else 1)
    if kind in STOP_LIMITS:
        away = min(away, upwards * (price - spec.points(terms.stoplimit)))
    return 0 if away >= max(spec.stops_level, 1) else mt5.TRADE_RETCODE_INVALID_PRICE


def _entry_points(case: Case, kind: int) -> int:
    """Where an order of this type would be filled now."""
    return case.checked_quote().entry(order_side(kind))


def _stops(case: Case) -> int:
    action, spec = case.request.action, case.spec
    if action not in (DEAL, SLTP, PENDING, MODIFY) or case.closing is not None:
        return 0
    sl, tp = case.stops()
    # Less than half a point would be no stop, where one was asked for.
    if bool(sl) != bool(case.request.sl) or bool(tp) != bool(case.request.tp):
        return mt5.TRADE_RETCODE_INVALID_STOPS
    if (sl and not spec.order_mode & _SL) or (tp and not spec.order_mode & _TP):
        return mt5.TRADE_RETCODE_INVALID_STOPS
    if action in (PENDING, MODIFY):
        side = order_side(case.order_type)
        price = spec.points(case.terms().stoplimit if case.order_type in STOP_LIMITS else case.terms().price)
    else:
        side = case.position.type if action == SLTP and case.position else case.request.type
        price = case.checked_quote().exit(side)
    return 0 if _stops_fit(spec, side, price, sl, tp) else mt5.TRADE_RETCODE_INVALID_STOPS


def _stops_fit(spec: SymbolSpec, side: int, price: int, sl: float, tp: float) -> bool:
    """Whether the stops leave room: a buy's below and above the price that closes it, a sell's above and below."""
    if not all(math.isfinite(level) and level >= 0 for level in (sl, tp)):
        return False
    below, above = (sl, tp) if side == BUY else (tp, sl)
    room = max(spec.stops_level, 1)
    fits_below = not below or price - spec.points(below) >= room
    return fits_below and (not above or spec.points(above) - price >= room)


def _freeze(case: Case) -> int:
    """Nothing may be changed that is about to be executed."""
    if not case.spec.freeze_level:
        return 0
    if case.order is not None:
        levels, price = [case.order.price_open], _entry_points(case, case.order.type)
        return mt5.TRADE_RETCODE_FROZEN if _is_near(case.spec, levels, price) else 0
    touched = (case.closing, *((case.position, case.opposite) if case.request.action in (SLTP, CLOSE_BY) else ()))
    frozen = any(
        _is_near(case.spec, [held.sl, held.tp], case.checked_quote().exit(held.type)) for held in touched if held
    )
    return mt5.TRADE_RETCODE_FROZEN if frozen else 0


def _is_near(spec: SymbolSpec, levels: list[float], price: int) -> bool:
    return any(level and abs(spec.points(level) - price) <= spec.freeze_level for level in levels)


def _expiration(case: Case) -> int:
    if case.request.action not in (PENDING, MODIFY):
        return 0
    kind = case.request.type_time
    if kind > mt5.ORDER_TIME_SPECIFIED_DAY or not case.spec.expiration_mode & 1 << kind:
        return mt5.TRADE_RETCODE_INVALID_EXPIRATION
    over = kind != mt5.ORDER_TIME_GTC and case.terms().time_expiration_msc <= case.now_msc
    return mt5.TRADE_RETCODE_INVALID_EXPIRATION if over else 0


def _limits(case: Case) -> int:
    if not case.enters:
        return 0
    account, ledger, spec = case.account, case.ledger, case.spec
    if case.request.action == PENDING and account.limit_orders and ledger.active_orders_total() >= account.limit_orders:
        return mt5.TRADE_RETCODE_LIMIT_ORDERS
    if spec.volume_limit and _lots_one_way(case) > spec.volume_limit + 1e-8:
        return mt5.TRADE_RETCODE_LIMIT_VOLUME
    opens = case.request.action == DEAL and case.position is None
    if opens and account.limit_positions and ledger.positions_total() >= account.limit_positions:
        return mt5.TRADE_RETCODE_LIMIT_POSITIONS
    return 0


def _lots_one_way(case: Case) -> float:
    """Lots of the symbol in the request's direction, held or waited for, with the request's.

    What a deal takes from a netted position of the other side is not held after it.
    """
    side, symbol = order_side(case.request.type), case.spec.name
    positions = case.ledger.positions(symbol=symbol)
    held = sum(each.volume for each in positions if each.type == side)
    turned = case.request.action == DEAL and not case.account.hedging
    closed = sum(each.volume for each in positions if each.type != side) if turned else 0.0
    waiting = (each for each in case.ledger.active_orders(symbol=symbol) if order_side(each.type) == side)
    return float(held + sum(order.volume_current for order in waiting) + case.lots - closed)


def _regulation(case: Case) -> int:
    """Where the law wants it: no positions against each other, and the oldest closed first."""
    account = case.account
    if not account.hedging or not (account.hedge_prohibited or account.fifo_close):
        return 0
    same = case.ledger.positions(symbol=case.spec.name)
    if case.enters and account.hedge_prohibited:
        against = any(held.type != order_side(case.request.type) for held in same)
        return HEDGE_PROHIBITED if against else 0
    if account.fifo_close:
        closed = (case.position, case.opposite) if case.request.action == CLOSE_BY else (case.closing,)
        older = any(each and held.type == each.type and held.ticket < each.ticket for each in closed for held in same)
        return mt5.TRADE_RETCODE_FIFO_CLOSE if older else 0
    return 0


def _money(case: Case) -> int:
    short = case.request.action == DEAL and case.closing is None and case.worth_after().free_cents < 0
    return mt5.TRADE_RETCODE_NO_MONEY if short else 0


_CHECKS: tuple[Callable[[Case], int], ...] = (
    _account, _request, _trade_mode, _filling, _volume, _session, _prices, _target, _price, _stops, _freeze,
    _expiration, _limits, _regulation, _money,
)  # fmt: skip
