"""Lots are as exact as the server keeps them."""

from __future__ import annotations

import pytest

from app.domain.lots import LOTS_TOLERANCE, rounded_lots


def test_lots_that_were_added_are_those_that_were_meant() -> None:
    """Sums and remainders lose what doubles put behind them, and keep the smallest part of a lot that there is."""
    assert [rounded_lots(lots) for lots in (0.1 + 0.2, 1.0 - 0.9, 3 * 0.00000001)] == [0.3, 0.1, 0.00000003]


@pytest.mark.parametrize("lots", [0.00000001, 0.3, 500.0, 100_000.0])
def test_volumes_are_told_apart_by_the_last_place(lots: float) -> None:
    """One hundred-millionth more or less is another volume, what doubles put behind one is not, small or large."""
    assert abs(sum([lots / 10] * 10) - lots) < LOTS_TOLERANCE
    assert abs(lots + 0.00000001 - lots) > LOTS_TOLERANCE
