"""What hedged positions tie up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.simulator.books.records import Position
from app.simulator.market.conversion import Rates
from app.simulator.market.feed import Quote
from app.simulator.positions.portfolio import Worth, symbol_margin
from app.simulator.vocabulary.order_types import BUY, SELL
from app.simulator.vocabulary.symbols import SYMBOLS

EURUSD = SYMBOLS[0]
RATES = Rates("USD", {}, lambda symbol: Quote(0, 0, 0))


def held(side: int, lots: float, price: float) -> Position:
    """A position with nothing but side, size and price."""
    return Position(0, 0, 0, side, 0, 0, 0, lots, price, 0, "EURUSD", "")


@pytest.mark.parametrize(
    ("positions", "margin"),
    [
        ([], 0.0),
        ([held(BUY, 1.0, 1.1)], 1100.0),
        ([held(BUY, 1.0, 1.1), held(BUY, 1.0, 1.2)], 2300.0),
        ([held(BUY, 1.0, 1.1), held(SELL, 1.0, 1.1)], 1100.0),
        ([held(BUY, 1.0, 1.1), held(SELL, 1.0, 1.3)], 1200.0),
        ([held(BUY, 3.0, 1.1), held(SELL, 1.0, 1.1)], 3300.0),
        ([held(SELL, 0.3, 1.0), held(BUY, 0.1, 1.0), held(BUY, 0.2, 1.0)], 300.0),
    ],
)
def test_hedged_lots_cost_once(positions: list[Position], margin: float) -> None:
    """What both sides have in common is charged once, at the mean price; the rest in full."""
    assert symbol_margin(EURUSD, 100, positions, RATES) == pytest.approx(margin)


def test_a_symbol_may_charge_less_for_hedged_lots() -> None:
    """Hedged lots are charged `margin_hedged`, which a broker may set below the contract size."""
    lenient = replace(EURUSD, margin_hedged=25_000.0)
    positions = [held(BUY, 2.0, 1.0), held(SELL, 1.0, 1.0)]

    assert symbol_margin(lenient, 100, positions, RATES) == pytest.approx(1000.0 + 250.0)


def test_totals_as_documented() -> None:
    """The example of order_check: free margin is equity less margin, the level is equity in percent of it."""
    worth = Worth(balance_cents=101_300_53, profit_cents=-32_981_00, margin_cents=51_193_67)

    assert worth.equity_cents == 68_319_53
    assert worth.free_cents == 17_125_86
    assert worth.level == pytest.approx(133.45308121101692, abs=1e-12)


def test_credit_is_equity_and_not_balance() -> None:
    """What the broker lends counts as equity; without margin there is no level."""
    worth = Worth(balance_cents=1_000_00, credit_cents=500_00, profit_cents=-1_00, margin_cents=0)

    assert (worth.equity_cents, worth.free_cents, worth.level) == (1_499_00, 1_499_00, 0.0)
