"""Numbers that the package's documentation prints for a USD account at 1:100."""

from __future__ import annotations

from typing import Any

import pytest

from app.simulator.money import convert
from app.simulator.symbols import SYMBOLS, SymbolSpec


@pytest.mark.parametrize(
    ("symbol", "price", "margin"), [("EURUSD", 1.0991, 109.91), ("GBPUSD", 1.2273, 122.73), ("USDCAD", 1.41, 100.0)]
)
def test_margin_of_a_tenth_of_a_lot(mt5: Any, symbol: str, price: float, margin: float) -> None:
    """Margin is the base currency's, whatever the quote when that is the dollar."""
    assert mt5.order_calc_margin(mt5.ORDER_TYPE_BUY, symbol, 0.1, price) == margin
    assert mt5.order_calc_margin(mt5.ORDER_TYPE_SELL, symbol, 0.1, price) == margin


@pytest.mark.parametrize(("symbol", "price"), [("EURUSD", 1.1), ("GBPUSD", 1.3)])
def test_profit_of_300_points(mt5: Any, symbol: str, price: float) -> None:
    """One lot over 300 points is 300 dollars both ways, and a loss the other way."""
    away = price + 0.003

    assert mt5.order_calc_profit(mt5.ORDER_TYPE_BUY, symbol, 1.0, price, away) == 300.0
    assert mt5.order_calc_profit(mt5.ORDER_TYPE_SELL, symbol, 1.0, away, price) == 300.0
    assert mt5.order_calc_profit(mt5.ORDER_TYPE_SELL, symbol, 1.0, price, away) == -300.0


def test_profit_in_a_foreign_currency(mt5: Any) -> None:
    """Canadian dollars are converted at the price that closes the trade, so the two sides differ."""
    buy = mt5.order_calc_profit(mt5.ORDER_TYPE_BUY, "USDCAD", 1.0, 1.4, 1.403)
    sell = mt5.order_calc_profit(mt5.ORDER_TYPE_SELL, "USDCAD", 1.0, 1.403, 1.4)

    assert (buy, sell) == (round(300 / 1.403, 2), round(300 / 1.4, 2))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0, "NOPE", 0.1, 1.1), (-4, "Terminal: Not found")),
        ((2, "EURUSD", 0.1, 1.1), (-2, "Terminal: Invalid params")),
        ((0, "EURUSD", 0.1, 0.0), (-2, "Terminal: Invalid params")),
        ((0, "EURUSD", 0.1), (-2, "Invalid arguments")),
    ],
)
def test_margin_that_cannot_be_calculated(mt5: Any, arguments: tuple[Any, ...], error: tuple[int, str]) -> None:
    """What cannot be calculated is None with a reason."""
    assert mt5.order_calc_margin(*arguments) is None
    assert mt5.last_error() == error


def test_action_is_masked_to_32_bits(mt5: Any) -> None:
    """The package looks at the low half of an action."""
    assert mt5.order_calc_margin(2**32, "EURUSD", 0.1, 1.0991) == 109.91


def test_a_cross_is_refused_loudly() -> None:
    """A symbol without the dollar has no rate yet; guessing one would falsify the books."""
    cross = SymbolSpec(name="EURGBP", description="", base="EUR", profit="GBP")

    with pytest.raises(LookupError, match="cross"):
        convert(1.0, "GBP", cross, 0.85)


def test_point_and_price() -> None:
    """A price is the double nearest to its decimal text."""
    assert SYMBOLS[0].point == 1e-05
    assert SYMBOLS[0].price(112098) == 1.12098
