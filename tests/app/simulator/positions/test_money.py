"""Margin, profit and swaps: numbers that the package's documentation prints, every mode of calculation, every rate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.simulator.market.conversion import Rates
from app.simulator.market.feed import Quote
from app.simulator.positions.money import Stake, margin, profit, swap
from app.simulator.vocabulary import constants as mt5_constants
from app.simulator.vocabulary.order_types import BUY, SELL
from app.simulator.vocabulary.symbols import SYMBOLS, SymbolSpec

FOREX = {
    name: SymbolSpec(name=name, description="", base=name[:3], profit=name[3:], digits=3 if "JPY" in name else 5)
    for name in ("EURUSD", "GBPUSD", "USDJPY", "USDCHF", "EURJPY", "GBPJPY")
}
# Bid and ask in points, as in the documentation's examples.
MARKET = {
    "EURUSD": (109_908, 109_910), "GBPUSD": (122_724, 122_730), "USDJPY": (108_179, 108_183),
    "USDCHF": (97_100, 97_104), "EURJPY": (118_000, 118_006), "GBPJPY": (132_000, 132_008),
}  # fmt: skip


def rates(currency: str = "USD", specs: dict[str, SymbolSpec] | None = None) -> Rates:
    """Rates by the quotes above."""
    return Rates(currency, FOREX if specs is None else specs, lambda name: Quote(0, *MARKET[name]))


@pytest.mark.parametrize(
    ("symbol", "price", "expected"),
    [
        ("EURUSD", 1.0991, 109.91),
        ("GBPUSD", 1.2273, 122.73),
        ("USDJPY", 108.183, 100.0),
        ("USDCHF", 0.97104, 100.0),
        ("EURJPY", 118.006, 109.91),
        ("GBPJPY", 132.008, 122.73),
    ],
)
def test_margin_of_a_tenth_of_a_lot_as_documented(symbol: str, price: float, expected: float) -> None:
    """A buyer's margin is the base currency's worth at the ask, a cross's too, whatever the cross's own price is."""
    assert round(margin(Stake(FOREX[symbol], BUY, 0.1), 100, price, rates()), 2) == expected


def test_a_seller_of_a_cross_ties_up_the_bid() -> None:
    """The margin of a sale is converted at the bid."""
    assert round(margin(Stake(FOREX["EURJPY"], SELL, 0.1), 100, 118.0, rates()), 3) == 109.908


@pytest.mark.parametrize(
    ("symbol", "opened", "bought", "sold"),
    [("EURUSD", (1.0991, 1.09908), 300.0, 300.0), ("GBPUSD", (1.2273, 1.22724), 300.0, 300.0),
     ("USDJPY", (108.183, 108.179), 276.54, 278.09)],
)  # fmt: skip
def test_profit_of_300_points_as_documented(
    symbol: str, opened: tuple[float, float], bought: float, sold: float
) -> None:
    """One lot over 300 points; foreign money is converted at the price that closes the trade, so the sides differ."""
    spec = FOREX[symbol]
    away = 300 * spec.point

    assert profit(Stake(spec, BUY, 1.0), opened[0], opened[0] + away, rates()) == bought
    assert profit(Stake(spec, SELL, 1.0), opened[1], opened[1] - away, rates()) == sold
    assert profit(Stake(spec, SELL, 1.0), opened[0], opened[0] + away, rates()) == -bought


def test_a_cross_is_converted_at_the_side_that_costs() -> None:
    """Yen earned on EURJPY buy dollars at the ask; yen lost are bought back at the bid."""
    stake = Stake(FOREX["EURJPY"], BUY, 1.0)

    assert profit(stake, 118.0, 118.3, rates()) == round(30_000 / 108.183, 2)
    assert profit(stake, 118.3, 118.0, rates()) == -round(30_000 / 108.179, 2)


def test_a_currency_may_be_reached_by_way_of_the_dollar() -> None:
    """A euro account's francs have no symbol of their own: francs to dollars at the ask, dollars to euros likewise."""
    earned = profit(Stake(FOREX["USDCHF"], BUY, 1.0), 0.97, 0.971, rates("EUR"))

    assert earned == round(100 / 0.97104 / 1.0991, 2)


def test_no_way_to_a_currency_is_a_fault() -> None:
    """Without a rate nothing is guessed; it would falsify the books."""
    with pytest.raises(LookupError, match="no symbol gives a rate from GBP to USD"):
        rates(specs={}).convert(1.0, "GBP", dear=False)


INDEX = SymbolSpec(
    name="INDEX", description="", base="USD", profit="USD", digits=2, contract_size=10.0, margin_initial=1500.0,
    tick_size=0.25, tick_value=12.5, face_value=1000.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "tied", "earned"),
    [
        ("FOREX", 2 * 10 / 50, 2 * 10 * 5),
        ("FOREX_NO_LEVERAGE", 2 * 10, 2 * 10 * 5),
        ("CFD", 2 * 10 * 400, 2 * 10 * 5),
        ("CFDLEVERAGE", 2 * 10 * 400 / 50, 2 * 10 * 5),
        ("CFDINDEX", 2 * 10 * 400 * 12.5 / 0.25, 2 * 10 * 5),
        ("FUTURES", 2 * 1500, 2 * 5 / 0.25 * 12.5),
        ("EXCH_FUTURES", 2 * 1500, 2 * 5 / 0.25 * 12.5),
        ("EXCH_STOCKS", 2 * 10 * 400, 2 * 10 * 5),
        ("EXCH_STOCKS_MOEX", 2 * 10 * 400, 2 * 10 * 5),
        ("EXCH_BONDS", 2 * 10 * 1000 * 400 / 100, 2 * 10 * 1000 * 5 / 100),
        ("SERV_COLLATERAL", 0.0, 0.0),
    ],
)
def test_every_mode_of_calculation(mode: str, tied: float, earned: float) -> None:
    """Two lots at 400 with leverage 50, five up: margin and profit by the documented formula of the mode."""
    stake = Stake(replace(INDEX, calc_mode=mt5_constants.CONSTANTS[f"SYMBOL_CALC_MODE_{mode}"]), BUY, 2.0)

    assert margin(stake, 50, 400.0, rates()) == pytest.approx(tied)
    assert profit(stake, 400.0, 405.0, rates()) == pytest.approx(earned)


@pytest.mark.parametrize(
    ("mode", "long", "short"),
    [
        ("DISABLED", 0.0, 0.0),
        ("POINTS", 2 * -3 * 0.01 * 10, 2 * 1.5 * 0.01 * 10),
        ("CURRENCY_SYMBOL", -6.0, 3.0),
        ("CURRENCY_MARGIN", -6.0, 3.0),
        ("CURRENCY_DEPOSIT", -6.0, 3.0),
        ("INTEREST_CURRENT", 2 * -3 / 36_000 * 405 * 10, 2 * 1.5 / 36_000 * 405 * 10),
        ("INTEREST_OPEN", 2 * -3 / 36_000 * 400 * 10, 2 * 1.5 / 36_000 * 400 * 10),
    ],
)
def test_every_mode_of_swap(mode: str, long: float, short: float) -> None:
    """Two lots opened at 400 and now at 405, -3 a night for who is long and +1.5 for who is short."""
    number = mt5_constants.CONSTANTS[f"SYMBOL_SWAP_MODE_{mode}"]
    spec = replace(INDEX, swap_mode=number, swap_long=-3.0, swap_short=1.5)

    assert swap(Stake(spec, BUY, 2.0), 400.0, 405.0, rates()) == pytest.approx(long)
    assert swap(Stake(spec, SELL, 2.0), 400.0, 405.0, rates()) == pytest.approx(short)


@pytest.mark.parametrize(("side", "expected"), [(BUY, -10 / 0.97), (SELL, 10 / 0.97104)])
def test_a_swap_in_points_is_the_profit_currencys(side: int, expected: float) -> None:
    """Francs are converted at the price at which the position would close."""
    spec = replace(FOREX["USDCHF"], swap_mode=1, swap_long=-10.0, swap_short=10.0)

    assert swap(Stake(spec, side, 1.0), 0.96, 0.97 if side == BUY else 0.97104, rates()) == pytest.approx(expected)


def test_a_crosss_swap_is_converted_at_the_side_that_costs() -> None:
    """Yen that a night brings buy dollars at the ask; yen that it costs are bought back at the bid."""
    spec = replace(FOREX["EURJPY"], swap_mode=1, swap_long=-10.0, swap_short=10.0)

    assert swap(Stake(spec, BUY, 1.0), 118.0, 118.0, rates()) == pytest.approx(-1000 / 108.179)
    assert swap(Stake(spec, SELL, 1.0), 118.0, 118.0, rates()) == pytest.approx(1000 / 108.183)


@pytest.mark.parametrize(("symbol", "price", "expected"), [("EURUSD", 1.0991, 109.91), ("USDCAD", 1.41, 100.0)])
def test_margin_by_the_package(mt5: Any, symbol: str, price: float, expected: float) -> None:
    """order_calc_margin is the same, to the cent."""
    assert mt5.order_calc_margin(mt5.ORDER_TYPE_BUY, symbol, 0.1, price) == expected
    assert mt5.order_calc_margin(mt5.ORDER_TYPE_SELL, symbol, 0.1, price) == expected


def test_profit_by_the_package(mt5: Any) -> None:
    """order_calc_profit is the same; Canadian dollars are converted at the price that closes the trade."""
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


def test_point_and_price() -> None:
    """A price is the double nearest to its decimal text."""
    assert SYMBOLS[0].point == 1e-05
    assert SYMBOLS[0].price(112098) == 1.12098
