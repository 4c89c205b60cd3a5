"""What an order's type says of it: which way it trades, and what it waits for."""

from __future__ import annotations

from . import constants as mt5

# The sides of positions and deals, and the orders that are executed at the market.
BUY, SELL = mt5.ORDER_TYPE_BUY, mt5.ORDER_TYPE_SELL
LIMITS = (mt5.ORDER_TYPE_BUY_LIMIT, mt5.ORDER_TYPE_SELL_LIMIT)
# What each becomes at its price.
STOP_LIMITS = {
    mt5.ORDER_TYPE_BUY_STOP_LIMIT: mt5.ORDER_TYPE_BUY_LIMIT,
    mt5.ORDER_TYPE_SELL_STOP_LIMIT: mt5.ORDER_TYPE_SELL_LIMIT,
}
_BUYS = (
    mt5.ORDER_TYPE_BUY, mt5.ORDER_TYPE_BUY_LIMIT, mt5.ORDER_TYPE_BUY_STOP, mt5.ORDER_TYPE_BUY_STOP_LIMIT,
)  # fmt: skip


def order_side(order_type: int) -> int:
    """Whether such an order buys (0) or sells (1)."""
    return BUY if order_type in _BUYS else SELL


def is_market(order_type: int) -> bool:
    """Whether such an order, while it is active, waits for the broker and not for a price."""
    return order_type in (BUY, SELL)
