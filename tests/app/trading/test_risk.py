"""Our own checks, with the numbers in what they say."""

from __future__ import annotations

import pytest

from app.broker.records import symbol_from
from app.domain.orders import Action, Order, Side
from app.trading.risk import check
from tests.support.terminal import SYMBOL

EURUSD = symbol_from(SYMBOL)


def order(volume: float) -> Order:
    """An order of this volume."""
    return Order(order_id="1", action=Action.OPEN, symbol="EURUSD", side=Side.BUY, volume=volume)


@pytest.mark.parametrize("volume", [0.01, 0.1, 0.30000000000000004, 1, 99.99, 100.0, 100.01, 1e6])
def test_whole_steps_pass(volume: float) -> None:
    """A multiple of the step passes, binary fractions included; the maximum is the broker's to hold."""
    assert check(order(volume), EURUSD) is None


@pytest.mark.parametrize(("volume", "nearest"), [(0.015, [0.01, 0.02]), (0.101, [0.1, 0.11]), (1.2345, [1.23, 1.24])])
def test_a_volume_off_the_step_is_denied_with_its_neighbours(volume: float, nearest: list[float]) -> None:
    """The denial names the step and the nearest volumes."""
    denied = check(order(volume), EURUSD)
    assert denied is not None
    assert (denied.reason, denied.details["nearest"]) == ("RISK_BLOCK", nearest)
    assert all(f"{number:g}" in denied.message for number in (volume, 0.01, *nearest))


@pytest.mark.parametrize("volume", [0.009, 0.001, 1e-12])
def test_a_volume_below_the_minimum_is_denied(volume: float) -> None:
    """Below the minimum the denial has a code of its own."""
    denied = check(order(volume), EURUSD)
    assert denied is not None
    assert denied.reason == "VOLUME_TOO_SMALL"
    assert f"{volume:g}" in denied.message
