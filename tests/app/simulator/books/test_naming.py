"""What a ledger's symbols are called, and which starts may use it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.books.faults import FaultBook
from app.simulator.vocabulary.symbols import SYMBOLS, SymbolSpec
from tests.app.simulator.conftest import FakeClock

Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path, clock: FakeClock) -> Start:
    """Makes a module on always the same ledger, its symbols called so."""

    def start(suffix: str = "", symbols: Iterable[SymbolSpec] = SYMBOLS) -> Any:
        return SimulatorModule(ledger=tmp_path / "l.sqlite", clock=clock, symbol_suffix=suffix, symbols=symbols)

    return start


def test_another_ending_is_refused(start: Start) -> None:
    """The first start's ending is the broker's for good: another is told so, and the right one goes on as before."""
    mt5 = start(".r")
    assert mt5.initialize()
    assert mt5.Buy("EURUSD.r", 0.1).retcode == mt5.TRADE_RETCODE_DONE
    mt5.shutdown()

    other = start()
    assert other.initialize() is False
    code, text = other.last_error()
    assert code == -10003
    assert text.endswith("the symbols in its books end in '.r', and those of this start have no ending")
    assert other.account_info() is None
    assert mt5.initialize()
    assert mt5.account_info().profit != 0
    mt5.shutdown()


def test_symbols_that_are_traded_must_be_there(start: Start) -> None:
    """A start without the symbol of an open position is refused by its name, and takes the books once it is closed."""
    mt5 = start()
    assert mt5.initialize()
    assert mt5.Sell("GBPUSD", 0.1).retcode == mt5.TRADE_RETCODE_DONE

    few = start(symbols=[spec for spec in SYMBOLS if spec.name == "EURUSD"])
    assert few.initialize() is False
    assert few.last_error()[1].endswith("symbols that are not there: GBPUSD")
    mt5.Close("GBPUSD")
    mt5.shutdown()
    assert few.initialize()
    few.shutdown()


def test_a_trade_in_no_symbol_is_dropped(
    start: Start, tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody else's trade that was asked for under a wrong name, before any start, is logged and breaks nothing."""
    FaultBook(tmp_path / "l.sqlite", clock).add("external_trade", symbol="EURUSD", side="buy", volume=0.1)
    mt5 = start(".r")
    assert mt5.initialize()

    assert mt5.positions_total() == 0
    assert "no EURUSD here" in caplog.text
    assert FaultBook(tmp_path / "l.sqlite", clock).active() == []
    mt5.shutdown()
