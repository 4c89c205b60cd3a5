"""The script that makes the data files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from app.simulator.data import build
from app.simulator.market.figures import DATA

CSV = """Time,Open,High,Low,Close,Volume
01.01.2017 22:00:00.000,1.05236,1.05253,1.05221,1.05227,143539993.3
01.01.2017 23:00:00.000,1.05227,1.05426,1.05226,1.05282,253139999.4
"""


def test_a_recording_is_packed(tmp_path: Path) -> None:
    """Times become unix seconds and prices whole points, from the command line."""
    source, target = tmp_path / "hours.csv", tmp_path / "hours.npz"
    source.write_text(CSV)
    subprocess.run([sys.executable, build.__file__, "recording", str(source), str(target)], check=True, timeout=60)

    with np.load(target) as packed:
        assert packed["time"].tolist() == [1483308000, 1483311600]
        assert packed["ohlc"].tolist() == [[105236, 105253, 105221, 105227], [105227, 105426, 105226, 105282]]


def test_the_carried_recording_begins_with_these_hours(tmp_path: Path) -> None:
    """What is carried was made by this script from that file."""
    source = tmp_path / "hours.csv"
    source.write_text(CSV)
    assert build.pack_recording(source, tmp_path / "hours.npz") == 2

    with np.load(tmp_path / "hours.npz") as packed, np.load(DATA / "eurusd_h1.npz") as carried:
        assert carried["time"][:2].tolist() == packed["time"].tolist()
        assert carried["ohlc"][:2].tolist() == packed["ohlc"].tolist()
        assert carried["ohlc"].dtype == packed["ohlc"].dtype


def simulated_minutes(days: int, sigma: float) -> build.Columns:
    """Minutes of a driftless market whose hours have this volatility, with 40 ticks each and a spread of 3."""
    random = np.random.default_rng(5)
    steps = random.normal(0, sigma / 3600**0.5, (days * 1440, 60))
    path = np.exp(np.cumsum(steps.reshape(-1))).reshape(-1, 60)
    count = len(path)
    return {
        "time": np.arange(count) * 60,
        "open": path[:, 0],
        "high": path.max(axis=1),
        "low": path.min(axis=1),
        "close": path[:, -1],
        "tick_volume": np.full(count, 40),
        "spread": np.full(count, 3),
    }


def test_the_fit_finds_what_was_put_in() -> None:
    """From minutes of known volatility, tick rate and spread, the figures tell just these."""
    fitted = build.fit(simulated_minutes(30, 0.001))

    np.testing.assert_allclose(fitted["sigma"], 0.001, rtol=0.25)
    assert abs(np.mean(fitted["sigma"]) - 0.001) < 0.0001
    np.testing.assert_allclose(fitted["ticks"], 2400, rtol=0.01)
    assert abs(fitted["ticks_range_elasticity"]) < 0.01
    assert fitted["hour_spread"] == fitted["minute_spread"] == [[3.0] * 5] * 24
    assert fitted["minute_ticks_log_sd"] == 0.0


def test_figures_are_written_one_to_a_line() -> None:
    """The file is JSON, holds what was fitted, and changes line by line."""
    text = build.to_json("somewhere", {"EURUSD": {"price": 1.1, "sigma": [1, 2]}, "GBPUSD": {"price": 1.3}})

    assert json.loads(text)["symbols"] == {"EURUSD": {"price": 1.1, "sigma": [1, 2]}, "GBPUSD": {"price": 1.3}}
    assert '  "sigma": [1, 2]\n' in text
