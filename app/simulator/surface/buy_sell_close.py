"""Buy, Sell and Close: the package's own three functions in Python, which call the others through the module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..vocabulary import constants as mt5

DEVIATION = 10
TRIES = 10
# A market that has moved on meanwhile is asked again.
_ASK_AGAIN = (mt5.TRADE_RETCODE_REQUOTE, mt5.TRADE_RETCODE_PRICE_OFF)


def buy_sell_close(module: Any) -> dict[str, Callable[..., Any]]:
    """Return the three for this module. They look its functions up at each call, so that a wrapper there is met."""

    def Buy(symbol: str, volume: float, price: Any = None, *, comment: Any = None, ticket: Any = None) -> Any:
        """Buy at a price, or at the market's; `ticket` closes a sold position. Returns the last OrderSendResult."""
        order = _Order(module, mt5.ORDER_TYPE_BUY, symbol, volume).with_optional(comment, ticket)
        return order.at(price) if price is not None else _repeated(lambda: order.at(order.tick().ask))

    def Sell(symbol: str, volume: float, price: Any = None, *, comment: Any = None, ticket: Any = None) -> Any:
        """Sell at a price, or at the market's; `ticket` closes a bought position. Returns the last OrderSendResult."""
        order = _Order(module, mt5.ORDER_TYPE_SELL, symbol, volume).with_optional(comment, ticket)
        return order.at(price) if price is not None else _repeated(lambda: order.at(order.tick().bid))

    def Close(symbol: str, *, comment: Any = None, ticket: Any = None) -> Any:
        """Close a symbol's positions, or one: True if all are, "Partially", False if none, None if a call failed."""
        chosen = {"symbol": symbol} if ticket is None else {"ticket": ticket}
        results = []
        for position in module.positions_get(**chosen):
            if position.type not in (mt5.POSITION_TYPE_BUY, mt5.POSITION_TYPE_SELL):
                continue
            result = _closed(module, symbol, position, comment)
            if result is None:
                return None
            results.append(result.retcode)
        done = results.count(mt5.TRADE_RETCODE_DONE)
        return "Partially" if 0 < done < len(results) else done > 0

    made: dict[str, Callable[..., Any]] = {"Buy": Buy, "Sell": Sell, "Close": Close}
    for name, function in made.items():
        function.__qualname__, function.__module__ = name, module.__name__
    return made


class _Order:
    """A market order, but for its price."""

    def __init__(self, module: Any, side: int, symbol: str, volume: float) -> None:
        self._module = module
        self._symbol = symbol
        self._request = {"action": mt5.TRADE_ACTION_DEAL, "symbol": symbol, "volume": volume, "type": side}

    def with_optional(self, comment: Any, ticket: Any) -> _Order:
        given = {"comment": comment, "position": ticket}
        self._request |= {name: value for name, value in given.items() if value is not None}
        return self

    def tick(self) -> Any:
        return self._module.symbol_info_tick(self._symbol)

    def at(self, price: Any) -> Any:
        return self._module.order_send({**self._request, "price": price, "deviation": DEVIATION})


def _closed(module: Any, symbol: str, position: Any, comment: Any) -> Any:
    """Close one position at the market's price; None if a call failed."""
    bought = position.type == mt5.POSITION_TYPE_BUY
    side = mt5.ORDER_TYPE_SELL if bought else mt5.ORDER_TYPE_BUY
    order = _Order(module, side, symbol, position.volume).with_optional(comment, position.ticket)

    def attempt() -> Any:
        tick = order.tick()
        return None if tick is None else order.at(tick.bid if bought else tick.ask)

    return _repeated(attempt)


def _repeated(attempt: Callable[[], Any]) -> Any:
    """Try until the answer is another than that the price has gone, ten times at most."""
    result = None
    for _ in range(TRIES):
        result = attempt()
        if result is None or result.retcode not in _ASK_AGAIN:
            break
    return result
