"""Make the market's data files from their sources.

    python build.py recording FOREX_EURUSD_1H_ASK.csv eurusd_h1.npz
    python build.py figures BARS_FOLDER figures.json

`recording` packs the hours that ORIGIN.md describes. `figures` fits how EURUSD, GBPUSD and USDCAD move inside a
day to real MT5 minute bars (`SYMBOL-M1-YYYY-MM.parquet`, needs pyarrow); the bars themselves are not carried.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SYMBOLS = ("EURUSD", "GBPUSD", "USDCAD")
POINT = 1e-5
QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.95)
# E[range] of a Brownian motion over one unit of time, in standard deviations.
BROWNIAN_RANGE = (8 / np.pi) ** 0.5

Columns = dict[str, npt.NDArray[Any]]


def pack_recording(source: Path, target: Path) -> int:
    """Write the recorded hours as open times (unix seconds, UTC) and ask open, high, low, close in points."""
    with source.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    times = [datetime.strptime(row["Time"], "%d.%m.%Y %H:%M:%S.%f").replace(tzinfo=UTC) for row in rows]
    prices = [[float(row[name]) for name in ("Open", "High", "Low", "Close")] for row in rows]
    np.savez_compressed(
        target,
        time=np.array([int(time.timestamp()) for time in times], dtype=np.int64),
        ohlc=np.rint(np.array(prices) / POINT).astype(np.int32),
    )
    return len(rows)


def read_minutes(folder: Path, symbol: str) -> Columns:
    """Read every `SYMBOL-M1-*.parquet` of the folder as columns; `time` is server wall clock in seconds."""
    parquet = importlib.import_module("pyarrow.parquet")
    tables = [parquet.read_table(path) for path in sorted(folder.glob(f"{symbol}-M1-*.parquet"))]
    names = ("time", "open", "high", "low", "close", "tick_volume", "spread")
    columns = {name: np.concatenate([table[name].to_numpy() for table in tables]) for name in names}
    columns["time"] = columns["time"].astype("datetime64[s]").astype(np.int64)
    return columns


def to_hours(minutes: Columns) -> Columns:
    """Aggregate minutes to hours, exactly as the terminal does (spread is the minimum)."""
    hour = minutes["time"] // 3600
    starts = np.flatnonzero(np.r_[True, hour[1:] != hour[:-1]])
    return {
        "hour": hour[starts] % 24,
        "open": minutes["open"][starts],
        "high": np.maximum.reduceat(minutes["high"], starts),
        "low": np.minimum.reduceat(minutes["low"], starts),
        "close": minutes["close"][np.r_[starts[1:] - 1, len(hour) - 1]],
        "ticks": np.add.reduceat(minutes["tick_volume"].astype(np.int64), starts),
        "spread": np.minimum.reduceat(minutes["spread"], starts),
    }


def fit(minutes: Columns) -> dict[str, Any]:
    """Fit one symbol: what an hour of the server's day is like, and what a minute is like inside its hour."""
    hours = to_hours(minutes)
    by_hour = [np.flatnonzero(hours["hour"] == hour) for hour in range(24)]
    minute_hour = minutes["time"] // 3600 % 24
    # Parkinson's estimator: the range says more about volatility than open and close do.
    variance = np.log(hours["high"] / hours["low"]) ** 2 / (4 * np.log(2))
    sigma = np.array([np.sqrt(variance[rows].mean()) for rows in by_hour])
    expected_range = BROWNIAN_RANGE * sigma[hours["hour"]] * hours["open"]
    log_range = np.log(np.maximum(hours["high"] - hours["low"], POINT) / expected_range)
    log_ticks = np.log(hours["ticks"])
    day = np.array([log_ticks[rows].mean() for rows in by_hour])[hours["hour"]]
    elasticity = float(np.polyfit(log_range, log_ticks - day, 1)[0])
    rest = log_ticks - elasticity * log_range
    level = np.array([rest[rows].mean() for rows in by_hour])
    return {
        "price": round(float(minutes["close"].mean()), 5),
        "sigma": [round(float(value), 7) for value in sigma],
        "ticks": [round(float(value), 1) for value in np.exp(level)],
        "ticks_range_elasticity": round(elasticity, 4),
        "ticks_log_sd": round(float(np.std(rest - level[hours["hour"]])), 4),
        "hour_spread": [quantiles(hours["spread"][rows]) for rows in by_hour],
        "minute_spread": [quantiles(minutes["spread"][minute_hour == hour]) for hour in range(24)],
        **fit_minute(minutes),
    }


def fit_minute(minutes: Columns) -> dict[str, Any]:
    """Fit the shape of a minute: shadows in mean bodies, share of opens that repeat the last close, bustle."""
    top, bottom = (pick(minutes["open"], minutes["close"]) for pick in (np.maximum, np.minimum))
    shadow = (minutes["high"] - top + bottom - minutes["low"]).mean() / 2
    hour = minutes["time"] // 3600
    starts = np.flatnonzero(np.r_[True, hour[1:] != hour[:-1]])
    lengths = np.diff(np.r_[starts, len(hour)])
    mean_ticks = np.repeat(np.add.reduceat(minutes["tick_volume"].astype(np.float64), starts) / lengths, lengths)
    return {
        "minute_shadow": round(float(shadow / (top - bottom).mean()), 4),
        "minute_ticks_log_sd": round(float(np.std(np.log(minutes["tick_volume"] / mean_ticks))), 4),
        "open_repeats_close": round(float(np.mean(np.abs(minutes["open"][1:] - minutes["close"][:-1]) < POINT / 2)), 4),
    }


def quantiles(spread: npt.NDArray[Any]) -> list[float]:
    """Quantiles of a spread in points, at QUANTILES; the last five percent (holidays, news) are cut off."""
    return [round(float(value), 1) for value in np.quantile(spread, QUANTILES)]


def to_json(origin: str, fitted: dict[str, Any]) -> str:
    """Render the figures with one line per figure, so that a change of one shows as one line."""
    blocks = [
        f' "{symbol}": {{\n'
        + ",\n".join(f'  "{name}": {json.dumps(value)}' for name, value in figures.items())
        + "\n }"
        for symbol, figures in fitted.items()
    ]
    head = f'"origin": {json.dumps(origin)},\n"spread_quantiles": {json.dumps(QUANTILES)},\n"symbols": {{\n'
    return "{\n" + head + ",\n".join(blocks) + "\n}\n}\n"


def main() -> None:
    """Run one of the two builds from the command line."""
    parser = argparse.ArgumentParser(description="Make the simulated market's data files from their sources.")
    parser.add_argument("what", choices=("recording", "figures"))
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    if given.what == "recording":
        pack_recording(given.source, given.target)
        return
    fitted = {symbol: fit(read_minutes(given.source, symbol)) for symbol in SYMBOLS}
    origin = "Fitted by build.py to MT5 M1 bars of October and November 2025 (see ORIGIN.md); hours are server hours."
    given.target.write_text(to_json(origin, fitted), encoding="utf-8")


if __name__ == "__main__":
    main()
