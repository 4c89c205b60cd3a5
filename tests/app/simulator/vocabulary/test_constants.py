"""The constants: names, values, and nothing besides."""

from __future__ import annotations

import pytest

from app.simulator.vocabulary.constants import CONSTANTS


def test_there_are_as_many_as_in_the_package() -> None:
    """All 223 names are there and no more."""
    assert len(CONSTANTS) == 223


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIMEFRAME_M1", 1),
        ("TIMEFRAME_H4", 16388),
        ("TIMEFRAME_D1", 16408),
        ("TIMEFRAME_W1", 32769),
        ("TIMEFRAME_MN1", 49153),
        ("COPY_TICKS_ALL", -1),
        ("ORDER_FILLING_BOC", 3),
        ("DEAL_TAX", 17),
        ("DEAL_ENTRY_OUT_BY", 3),
        ("TRADE_ACTION_CLOSE_BY", 10),
        ("SYMBOL_CALC_MODE_SERV_COLLATERAL", 64),
        ("ACCOUNT_MARGIN_MODE_RETAIL_HEDGING", 2),
        ("TRADE_RETCODE_INVALID_CLOSE_VOLUME", 10038),
        ("RES_E_INTERNAL_FAIL_TIMEOUT", -10005),
    ],
)
def test_values_are_the_packages(name: str, value: int) -> None:
    """A constant has the package's value."""
    assert CONSTANTS[name] == value


@pytest.mark.parametrize(
    "name", ["SYMBOL_FILLING_FOK", "SYMBOL_ORDER_MARKET", "SYMBOL_EXPIRATION_GTC", "TRADE_RETCODE_HEDGE_PROHIBITED"]
)
def test_what_the_package_lacks_is_lacking(name: str) -> None:
    """Names that bots must hard-code are not added, so that `hasattr` answers as on the package."""
    assert name not in CONSTANTS


def test_counts_by_group() -> None:
    """Each group has as many names as the package's."""
    counts = {
        prefix: sum(name.startswith(prefix) for name in CONSTANTS)
        for prefix in ("TIMEFRAME_", "TRADE_RETCODE_", "RES_", "ORDER_STATE_", "DEAL_REASON_", "SYMBOL_CALC_MODE_")
    }
    assert counts == {
        "TIMEFRAME_": 21,
        "TRADE_RETCODE_": 40,
        "RES_": 15,
        "ORDER_STATE_": 10,
        "DEAL_REASON_": 10,
        "SYMBOL_CALC_MODE_": 14,
    }
