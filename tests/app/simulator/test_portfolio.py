"""What hedged positions tie up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.simulator.market import Quote
from app.simulator.money import BUY, SELL, Rates
from app.simulator.portfolio import symbol_margin
from app.simulator.records import Position
from app.simulator.symbols import SYMBOLS

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
