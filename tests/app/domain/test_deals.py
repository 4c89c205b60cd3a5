"""What several deals of one order come to."""

from __future__ import annotations

import pytest

from app.domain.deals import ENTRY_IN, REASON_EXPERT, Deal, mean_price


def a_deal(volume: float, price: float) -> Deal:
    """A buy that opens a position."""
    return Deal(
        ticket=1, order=2, position=2, symbol="EURUSD", type=0, entry=ENTRY_IN, reason=REASON_EXPERT, volume=volume,
        price=price, profit=0.0, commission=0.0, swap=0.0, fee=0.0, time_msc=0, magic=0, comment="",
    )  # fmt: skip


def test_a_mean_price_goes_by_volumes() -> None:
    """The larger deal counts for more; a single one keeps its price to the bit."""
    assert mean_price([a_deal(0.1, 1.1), a_deal(0.3, 1.2)]) == pytest.approx(1.175)
    assert mean_price([a_deal(0.3, 1.1)]) == 1.1
