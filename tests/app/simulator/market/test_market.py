"""Which sets of symbols a market can be made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.vocabulary import constants as mt5
from app.simulator.vocabulary.symbols import SYMBOLS, SymbolSpec
from tests.app.simulator.conftest import FakeClock

SPECS = {spec.name: spec for spec in SYMBOLS}
EURUSD = SPECS["EURUSD"]
SWAPS_IN_BASE = mt5.SYMBOL_SWAP_MODE_CURRENCY_SYMBOL


def _module(*symbols: SymbolSpec, **options: Any) -> Any:
    return SimulatorModule(ledger=Path(":memory:"), clock=FakeClock(), symbols=symbols, **options)


@pytest.mark.parametrize(
    ("symbols", "said"),
    [
        ([EURUSD, SPECS["EURJPY"]], "EURJPY needs a rate from JPY to USD, .* not there: USDJPY"),
        ([SPECS["EURJPY"]], "EURJPY needs a rate from EUR to USD, .* not there: EURUSD"),
        ([EURUSD, SPECS["GBPJPY"], SPECS["USDJPY"]], "GBPJPY needs a rate from GBP to USD, .* not there: GBPUSD"),
        ([replace(EURUSD, profit="NOK")], "EURUSD needs a rate from EUR to USD"),
        ([replace(SPECS["XAUUSD"], profit="NOK")], "XAUUSD needs a rate from NOK to USD, .* one of NOK in USD"),
        ([EURUSD, replace(SPECS["XAUUSD"], profit="EUR", base="GBP", swap_mode=SWAPS_IN_BASE)], "GBP to .* GBPUSD"),
        ([replace(EURUSD, name="GER40", root="GER40")], "no prices of GER40: a symbol's root must be one of EURUSD, "),
    ],
)
def test_symbols_that_make_no_market(symbols: list[SymbolSpec], said: str) -> None:
    """A set of symbols that would fail in the midst of trading is refused at once, and what it lacks is named."""
    with pytest.raises(ValueError, match=said):
        _module(*symbols)


def test_a_cross_with_what_it_needs() -> None:
    """With the symbols that convert its margin and its profit, a cross is valued and traded."""
    module = _module(EURUSD, SPECS["USDJPY"], replace(SPECS["EURJPY"], watched=True))
    assert module.initialize()

    assert module.symbol_info("EURJPY").trade_tick_value > 0
    assert module.Buy("EURJPY", 0.1).retcode == mt5.TRADE_RETCODE_DONE
    assert module.account_info().margin > 0
    module.shutdown()


@pytest.mark.parametrize(("suffix", "names"), [("", ("EURUSD", "EURUSDm")), (".r", ("EURUSD.r", "EURUSDm.r"))])
def test_a_name_of_its_own(suffix: str, names: tuple[str, ...]) -> None:
    """A symbol may have another name than the one that its prices are made by, and both may be there."""
    module = _module(EURUSD, replace(EURUSD, name="EURUSDm"), symbol_suffix=suffix)
    assert module.initialize()

    assert tuple(info.name for info in module.symbols_get()) == names
    assert module.symbol_info_tick(names[0]) == module.symbol_info_tick(names[1])
    module.shutdown()
