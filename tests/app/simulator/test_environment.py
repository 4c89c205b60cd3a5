"""The simulator as environment variables set it up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from app.simulator.books.ledger import LEDGER
from app.simulator.environment import Setup, VariableRefused, module_from, take_symbols
from app.simulator.importable import FOLDER
from app.simulator.vocabulary.symbols import SYMBOLS
from tests.support.program import clean_environment


def test_nothing_set_is_the_usual_market(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without variables the books are temporary, the clock is the machine's and the symbols have their own names."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    mt5: Any = module_from({})
    assert mt5.initialize()
    assert abs(mt5.symbol_info_tick("EURUSD").time - 7200 - time.time()) < 600
    assert mt5.symbols_total() == len(SYMBOLS)
    assert Path(mt5.terminal_info().data_path).parent == tmp_path
    mt5.shutdown()


def test_what_a_setup_says_arrives(tmp_path: Path) -> None:
    """Folder, seed, symbols, speed and strict come through the variables."""
    since_s = time.time() - 1000
    setup = Setup(data_dir=tmp_path, seed=9, symbols="XAUUSD.p,EURUSD.p", speed=100.0, strict=True)
    mt5: Any = module_from(setup.variables(since_s))
    assert mt5.initialize()

    assert {symbol.name for symbol in mt5.symbols_get() if symbol.select} == {"EURUSD.p", "XAUUSD.p"}
    assert mt5.symbol_info_tick("EURUSD.p").time - 7200 > since_s + 99_000
    empty: dict[str, Any] = {}
    assert mt5.order_send({}, **empty) is None
    assert setup.ledger == tmp_path / LEDGER
    assert setup.ledger.is_file()
    mt5.shutdown()


def test_seeds_differ(tmp_path: Path) -> None:
    """Another seed quotes another price at the same instant."""
    bids: list[list[float]] = []
    for seed in (1, 2, 1):
        mt5: Any = module_from(
            {"MT5_SIMULATOR_DATA_DIR": str(tmp_path / str(len(bids))), "MT5_SIMULATOR_SEED": str(seed)}
        )
        assert mt5.initialize()
        bids.append(mt5.copy_ticks_range("GBPUSD", 1_773_146_096, 1_773_146_396, -1)["bid"].tolist())
        mt5.shutdown()
    assert bids[0] == bids[2] != bids[1]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MT5_SIMULATOR_SEED", "one", "MT5_SIMULATOR_SEED must be a whole number, not 'one'"),
        ("MT5_SIMULATOR_SPEED", "fast", "MT5_SIMULATOR_SPEED must be a number above zero, not 'fast'"),
        ("MT5_SIMULATOR_SPEED", "0", "MT5_SIMULATOR_SPEED must be a number above zero, not '0'"),
        ("MT5_SIMULATOR_SPEED", "nan", "MT5_SIMULATOR_SPEED must be a number above zero, not 'nan'"),
        ("MT5_SIMULATOR_SPEED_SINCE", "noon", "MT5_SIMULATOR_SPEED_SINCE must be seconds since 1970"),
        ("MT5_SIMULATOR_STRICT", "yes", "MT5_SIMULATOR_STRICT must be 1 or 0, not 'yes'"),
        ("MT5_SIMULATOR_SYNCED", "", "MT5_SIMULATOR_SYNCED must be 1 or 0, not ''"),
        ("MT5_SIMULATOR_SYMBOLS", "EURGBP", "MT5_SIMULATOR_SYMBOLS must be names out of EURUSD, GBPUSD"),
    ],
)
def test_a_variable_that_is_wrong(name: str, value: str, expected: str) -> None:
    """The variable is named with what it should be."""
    with pytest.raises(VariableRefused, match=expected):
        module_from({"MT5_SIMULATOR_DATA_DIR": "unused", name: value})


def test_names_of_symbols() -> None:
    """Spaces are taken off, no name is all as they are, one ending is for all."""
    assert take_symbols("") == (SYMBOLS, "")
    symbols, suffix = take_symbols(" EURUSD.r , BTCUSD.r,")
    assert suffix == ".r"
    assert [spec.name for spec in symbols if spec.watched] == ["EURUSD", "BTCUSD"]
    assert len(symbols) == len(SYMBOLS)


@pytest.mark.parametrize(("speed", "newest_s"), [(1.0, 900.0), (2.0, 900.0), (2.0, 1500.0), (0.5, 1500.0)])
def test_a_clock_begins_at_the_newest_deal(speed: float, newest_s: float) -> None:
    """At the start it shows now, or the time of the newest deal where that is ahead."""
    setup = Setup(data_dir=Path(), speed=speed)
    since_s = setup.clock_since(1000.0, newest_s)

    assert since_s + (1000.0 - since_s) * speed == pytest.approx(max(1000.0, newest_s))


def test_a_folder_for_the_books_is_made(tmp_path: Path) -> None:
    """A folder that is not there yet is made, as the command makes it; what can be none is refused by name."""
    folder = tmp_path / "new" / "books"
    mt5: Any = module_from({"MT5_SIMULATOR_DATA_DIR": str(folder)})
    assert mt5.initialize()
    mt5.shutdown()

    with pytest.raises(VariableRefused, match="MT5_SIMULATOR_DATA_DIR must be a folder"):
        module_from({"MT5_SIMULATOR_DATA_DIR": str(folder / LEDGER)})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks there")
def test_a_forks_end_leaves_its_parents_books(tmp_path: Path) -> None:
    """A child that was forked ends as programs do, and its parent trades on."""
    script = """
import os, sys, MetaTrader5 as mt5
mt5.initialize()
if not os.fork():
    sys.exit(0)
os.wait()
print(mt5.Buy("EURUSD", 0.1).retcode, os.path.exists(mt5.terminal_info().data_path))
"""
    environ = {**clean_environment(), "PYTHONPATH": str(FOLDER), "TMPDIR": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("10009 True\n", "")
    assert list(tmp_path.iterdir()) == []


def test_functions_are_pickled_by_their_names(tmp_path: Path) -> None:
    """A pool gets a function as it gets the package's: another process finds its own of that name."""
    script = (
        "import sys, pickle; pickled = sys.argv[1]\n"
        "if pickled:\n"
        "    print(pickle.loads(bytes.fromhex(pickled)) is sys.modules['MetaTrader5'].order_send)\n"
        "else:\n"
        "    import MetaTrader5; print(pickle.dumps(MetaTrader5.order_send).hex())"
    )
    for strict in ("0", "1"):
        environ = {**clean_environment(), "PYTHONPATH": str(FOLDER), "MT5_SIMULATOR_STRICT": strict}
        said = ""
        for _ in range(2):
            command = [sys.executable, "-c", script, said]
            ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
            said = ran.stdout.strip()
        assert (said, ran.stderr) == ("True", "")
