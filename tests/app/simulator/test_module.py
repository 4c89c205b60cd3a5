"""The module as a whole: its surface, its options, its manners."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import app.simulator
from app.simulator import SimulatorModule, open_module
from app.simulator.vocabulary.constants import CONSTANTS
from app.simulator.vocabulary.structs import STRUCTS

ROOT = Path(__file__).parents[3]
FUNCTIONS = {
    "initialize", "login", "shutdown", "version", "last_error", "terminal_info", "account_info", "symbols_total",
    "symbols_get", "symbol_info", "symbol_info_tick", "symbol_select", "copy_rates_from", "copy_rates_from_pos",
    "copy_rates_range", "copy_ticks_from", "copy_ticks_range", "orders_total", "orders_get", "positions_total",
    "positions_get", "history_orders_total", "history_orders_get", "history_deals_total", "history_deals_get",
    "order_calc_margin", "order_calc_profit", "order_check", "order_send", "Buy", "Sell", "Close",
    "market_book_add", "market_book_get", "market_book_release",
}  # fmt: skip


def test_surface(unconnected: SimulatorModule) -> None:
    """Functions, types and constants are there, and no other public name."""
    names = {name for name in vars(unconnected) if not name.startswith("__")}
    assert names == FUNCTIONS | CONSTANTS.keys() | STRUCTS.keys()
    assert (unconnected.__name__, unconnected.__version__) == ("MetaTrader5", "5.0.6231")
    assert unconnected.ORDER_TYPE_SELL == 1


def test_unknown_names_are_missing_as_from_a_module(unconnected: SimulatorModule) -> None:
    """A name that is not there raises a module's AttributeError."""
    with pytest.raises(AttributeError, match="module 'MetaTrader5' has no attribute 'SYMBOL_FILLING_FOK'"):
        _ = unconnected.SYMBOL_FILLING_FOK
    assert not hasattr(unconnected, "TRADE_RETCODE_HEDGE_PROHIBITED")
    assert repr(unconnected) == "<module 'MetaTrader5' (simulator)>"


def test_functions_can_be_replaced(mt5: Any) -> None:
    """An instrumentor may put a wrapper in a function's place."""
    original = mt5.symbol_info
    mt5.symbol_info = lambda name: ("wrapped", original(name).name)

    assert mt5.symbol_info("EURUSD") == ("wrapped", "EURUSD")


def test_options_are_plain_values(tmp_path: Path) -> None:
    """What open_module takes crosses a pickle, and works on the real clock."""
    options = {"ledger": str(tmp_path / "l.sqlite"), "seed": 2, "utc_offset_s": 10800, "latency_s": {}}
    mt5: Any = open_module(pickle.loads(pickle.dumps(options)))
    assert mt5.initialize()
    tick = mt5.symbol_info_tick("EURUSD")
    mt5.shutdown()

    assert abs(tick.time - 10800 - time.time()) < 120


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "option `ledger`"),
        ({"ledger": "x", "sede": 1}, "unknown simulator options: sede"),
        ({"ledger": "x", "utc_offset_s": 90}, "whole minutes"),
    ],
)
def test_options_that_are_wrong(options: dict[str, Any], message: str) -> None:
    """A missing, unknown or impossible option is named at once."""
    with pytest.raises(ValueError, match=message):
        open_module(options)


def test_nothing_is_opened_before_initialize(tmp_path: Path) -> None:
    """Building the module touches no file."""
    open_module({"ledger": str(tmp_path / "l.sqlite")})

    assert list(tmp_path.iterdir()) == []


def test_latency_is_per_function(tmp_path: Path, clock: Any) -> None:
    """Named functions take their time before they look at the market; others take none."""
    mt5: Any = SimulatorModule(
        ledger=tmp_path / "l.sqlite", clock=clock, latency_s={"order_send": 90.0}, sleep=clock.advance
    )
    mt5.initialize()
    before = clock.now_s
    mt5.account_info()
    assert clock.now_s == before
    result = mt5.order_send(action=1, symbol="EURUSD", volume=0.1, type=0)
    assert clock.now_s == before + 90
    assert mt5.history_deals_get(ticket=result.deal)[0].time_msc == int(clock.now_s * 1000) + 7_200_000
    mt5.shutdown()


def test_seed_and_offset_reach_the_market(tmp_path: Path, clock: Any) -> None:
    """Another seed quotes other prices; another offset shows the same ones at another hour."""
    ticks = []
    for seed, offset in ((1, 7200), (2, 7200), (1, 0)):
        mt5: Any = SimulatorModule(ledger=tmp_path / "l.sqlite", clock=clock, seed=seed, utc_offset_s=offset)
        mt5.initialize()
        ticks.append(mt5.symbol_info_tick("GBPUSD"))
        mt5.shutdown()

    assert ticks[0].bid != ticks[1].bid
    assert (ticks[0].bid, ticks[0].time_msc) == (ticks[2].bid, ticks[2].time_msc + 7_200_000)


@pytest.mark.parametrize(("imported", "loaded"), [("module", "['app', 'numpy']"), ("books.faults", "['app']")])
def test_import_needs_numpy_at_most(imported: str, loaded: str) -> None:
    """The simulator loads nothing else of the product, and from outside NumPy alone; its faults not even that."""
    script = (
        f"import sys; before = set(sys.modules); import app.simulator.{imported}\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)\n"
        "new -= {'cython_runtime'}  # NumPy 1's own\n"
        "ours = {name for name in sys.modules if name.startswith('app.')}\n"
        "print(sorted(name for name in new if name in ('app', 'numpy') or not name.startswith('_')))\n"
        "print(all(name.startswith('app.simulator') for name in ours))"
    )
    told = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout

    assert told.splitlines() == [loaded, "True"]


@pytest.mark.parametrize("name", app.simulator.__all__)
def test_what_the_package_names_is_there(name: str) -> None:
    """Every public name is found in the module that it is looked up in."""
    assert getattr(app.simulator, name).__name__ == name
