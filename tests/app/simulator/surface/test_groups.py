"""The group filter, case by case."""

from __future__ import annotations

import pytest

from app.simulator.surface.groups import group_filter


@pytest.mark.parametrize(
    ("group", "symbol", "holds"),
    [
        ("*", "EURUSD", True),
        ("", "EURUSD", False),
        ("EURUSD", "EURUSD", True),
        ("EUR", "EURUSD", False),
        ("EUR*", "EURUSD", True),
        ("*USD", "EURUSD", True),
        ("E*U*D", "EURUSD", True),
        ("*,!EURUSD", "EURUSD", False),
        ("!EURUSD,*", "EURUSD", False),
        ("!GBPUSD", "EURUSD", False),
        ("*, !GBP* ", "GBPUSD", False),
        ("*,! EURUSD", "EURUSD", True),
        ("*,!", "EURUSD", False),
        ("eurusd", "EURUSD", False),
        ("EURUS?", "EURUSD", False),
        ("E.RUSD", "EURUSD", False),
        ("GBPUSD,EURUSD", "EURUSD", True),
    ],
)
def test_group(group: str, symbol: str, holds: bool) -> None:
    """A group holds what an include names and no exclude does; names are literal but for the star."""
    assert group_filter(group)(symbol) is holds
