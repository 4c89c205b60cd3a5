"""Orders as MetaTrader trade requests."""

from __future__ import annotations

from typing import Any

from app.domain.account import Symbol, Tick
from app.domain.orders import Action, Kind, Lifetime, Order, Side, tag_for

TRADE_ACTION_DEAL, TRADE_ACTION_PENDING, TRADE_ACTION_MODIFY, TRADE_ACTION_REMOVE = 1, 5, 7, 8
ORDER_TYPES = {
    (Kind.MARKET, Side.BUY): 0,
    (Kind.MARKET, Side.SELL): 1,
    (Kind.LIMIT, Side.BUY): 2,
    (Kind.LIMIT, Side.SELL): 3,
    (Kind.STOP, Side.BUY): 4,
    (Kind.STOP, Side.SELL): 5,
    (Kind.STOP_LIMIT, Side.BUY): 6,
    (Kind.STOP_LIMIT, Side.SELL): 7,
}
ORDER_TIME_GTC, ORDER_TIME_SPECIFIED, ORDER_TIME_SPECIFIED_DAY = 0, 2, 3
FILLING_FOK, FILLING_IOC, FILLING_RETURN = 0, 1, 2
SYMBOL_FILLING_FOK, SYMBOL_FILLING_IOC = 1, 2
EXECUTION_REQUEST, EXECUTION_INSTANT, EXECUTION_MARKET, EXECUTION_EXCHANGE = 0, 1, 2, 3

COMMENT_UNITS_MAX = 29
"""The vendor's package refuses a longer comment; counted in UTF-16 units."""
TAG_CALLER_UNITS = 19
"""How much of the caller's comment is left beside the tag."""


def trade_request(
    order: Order, symbol: Symbol, tick: Tick | None, comment: str, *, utc_offset_s: int = 0
) -> dict[str, Any]:
    """The request dict of an order, in the exact Python types that the package demands.

    Args:
        order: what to do.
        symbol: its instrument.
        tick: the last quote, needed where the execution mode looks at the price.
        comment: what is sent as comment.
        utc_offset_s: how far the broker's clock, by which an order expires, is ahead of UTC.
    """
    match order.action:
        case Action.OPEN | Action.CLOSE:
            return _market(order, symbol, tick, comment)
        case Action.PLACE:
            return {
                "action": TRADE_ACTION_PENDING,
                "symbol": symbol.name,
                "volume": float(order.volume),
                "type": ORDER_TYPES[order.kind, order.side],
                "magic": int(order.magic),
                "comment": comment,
                # Taken by every execution mode for an order that waits.
                "type_filling": FILLING_RETURN,
                **_terms(order, utc_offset_s),
            }
        case Action.MODIFY:
            return {"action": TRADE_ACTION_MODIFY, "order": _ticket(order), **_terms(order, utc_offset_s)}
        case Action.CANCEL:
            return {"action": TRADE_ACTION_REMOVE, "order": _ticket(order)}


def _ticket(order: Order) -> int:
    assert order.pending is not None
    return int(order.pending)


def _terms(order: Order, utc_offset_s: int) -> dict[str, Any]:
    """What can be changed about a pending order; 0 stands for none."""
    names = {"price": order.price, "stoplimit": order.stop_limit, "sl": order.sl, "tp": order.tp}
    terms: dict[str, Any] = {name: float(value or 0.0) for name, value in names.items()}
    lifetime = order.lifetime or _lifetime_until(order.expiration, utc_offset_s)
    terms["type_time"] = int(lifetime.type)
    if lifetime.type in (ORDER_TIME_SPECIFIED, ORDER_TIME_SPECIFIED_DAY):
        terms["expiration"] = int(lifetime.until)
    return terms


def _lifetime_until(expiration: int | None, utc_offset_s: int) -> Lifetime:
    if expiration is None:
        return Lifetime(type=ORDER_TIME_GTC, until=0)
    return Lifetime(type=ORDER_TIME_SPECIFIED, until=expiration + utc_offset_s)


def _market(order: Order, symbol: Symbol, tick: Tick | None, comment: str) -> dict[str, Any]:
    price = 0.0 if tick is None else tick.ask if order.side is Side.BUY else tick.bid
    request: dict[str, Any] = {
        "action": TRADE_ACTION_DEAL,
        "symbol": symbol.name,
        "volume": float(order.volume),
        "type": ORDER_TYPES[Kind.MARKET, order.side],
        "price": float(price),
        "deviation": int(order.deviation),
        "magic": int(order.magic),
        "comment": comment,
        "type_time": ORDER_TIME_GTC,
        "type_filling": filling_for(symbol),
    }
    if order.position is not None:
        request["position"] = int(order.position)
    if order.sl is not None:
        request["sl"] = float(order.sl)
    if order.tp is not None:
        request["tp"] = float(order.tp)
    return request


def kind_and_side(order_type: int) -> tuple[Kind, Side] | None:
    """What an order of MetaTrader's ORDER_TYPE_* is; None of one that closes a position by another."""
    return next((found for found, number in ORDER_TYPES.items() if number == order_type), None)


def expires_by_utc(order: Order) -> bool:
    """Whether it names a moment that has to be turned into the broker's time."""
    return order.expiration is not None and order.lifetime is None


def needs_price(order: Order, symbol: Symbol) -> bool:
    """Whether the symbol's execution mode compares the request's price with the market."""
    return order.kind is Kind.MARKET and symbol.execution in (EXECUTION_REQUEST, EXECUTION_INSTANT)


def filling_for(symbol: Symbol) -> int:
    """The filling mode for a market order: what the symbol allows, all-or-nothing first.

    `filling_mode` is a set of bits and no filling mode itself; RETURN has no bit and is for exchanges.
    """
    if symbol.execution == EXECUTION_EXCHANGE:
        return FILLING_RETURN
    if symbol.execution == EXECUTION_MARKET and not symbol.filling_mode & SYMBOL_FILLING_FOK:
        return FILLING_IOC if symbol.filling_mode & SYMBOL_FILLING_IOC else FILLING_FOK
    return FILLING_FOK


def tagged_comment(comment: str, order_id: str, *, tag: bool) -> str:
    """The comment as sent: the caller's first 19 UTF-16 units, and the order's tag.

    Brokers may rewrite comments; what bears the tag is this order's. Without it, the first 29 units.
    """
    if not tag:
        return _cut(comment, COMMENT_UNITS_MAX)
    return _cut(comment, TAG_CALLER_UNITS) + tag_for(order_id)


def _cut(text: str, units: int) -> str:
    """The longest beginning of at most so many UTF-16 units, no surrogate pair split."""
    encoded = text.encode("utf-16-le", errors="replace")[: units * 2]
    return encoded.decode("utf-16-le", errors="ignore")
