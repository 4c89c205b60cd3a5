"""Which simulator the settings ask for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from app.broker.specs import simulator_spec
from app.errors import StartupError
from app.settings import Settings
from app.simulator import open_module


def settings(folder: Path, **simulator: Any) -> Settings:
    """Settings of a simulator."""
    return Settings.load(None, {"data_dir": folder, "simulator": simulator}, {})


def test_the_settings_reach_the_module(tmp_path: Path) -> None:
    """Every wish about the market is one of the module that the worker opens."""
    chosen = settings(tmp_path, sessions="real", summer_time="europe", symbol_suffix=".x", utc_offset_minutes=60)
    mt5: Any = open_module(simulator_spec(chosen).options)
    assert mt5.initialize()

    assert mt5.symbol_info("EURUSD.x").name == "EURUSD.x"
    mt5.shutdown()


def test_a_folder_of_bars_that_is_not_there(tmp_path: Path) -> None:
    """The start says that there is no such folder, before a worker fails on it."""
    with pytest.raises(StartupError, match=r"simulator.bars: there is no folder .*nowhere"):
        simulator_spec(settings(tmp_path, bars=tmp_path / "nowhere"))


def test_bars_without_their_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start says what to install; with it the folder's whole path goes to the worker."""
    pytest.importorskip("pyarrow")
    chosen = settings(tmp_path, bars=tmp_path)
    assert simulator_spec(chosen).options["bars"] == str(tmp_path)

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(StartupError, match=r"mt5-otel\[bars\]"):
        simulator_spec(chosen)
