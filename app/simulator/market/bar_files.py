"""Minute bars out of a folder of Parquet files, `SYMBOL-M1-YYYY-MM.parquet`.

Columns: `time` (the bar's open on the server's clock, labelled UTC), `open high low close` (bid), `tick_volume`,
`spread` (the bar's smallest, in points). Reading them needs the extra `bars`.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .arrays import Ints
from .feed import Bars, join_bars
from .server_clock import ServerClock
from .ticks import ticks_needed

_COLUMNS = ("time", "open", "high", "low", "close", "tick_volume", "spread")


class BarsError(ValueError):
    """A folder of bars cannot be used; the text names the file and what is wrong with it."""


def symbols_in(folder: Path) -> set[str]:
    """The symbols that the folder has minute bars of."""
    if not folder.is_dir():
        raise BarsError(f"{folder}: no such folder of bars")
    return {path.name.partition("-")[0] for path in folder.glob("*-M1-*.parquet")}


@cache
def read_minutes(folder: Path, symbol: str, digits: int, widest: int, clock: ServerClock) -> Bars:
    """A symbol's minutes, in points and UTC; single asks may go `widest` points beyond a bar's spread.

    Raises:
        BarsError: a file cannot be read, or its bars cannot be those of ticks.
    """
    paths = sorted(folder.glob(f"{symbol}-M1-*.parquet"))
    bars = join_bars(_read(path, digits, widest, clock) for path in paths)
    if not len(bars):
        raise BarsError(f"{folder}: no bars of {symbol}")
    if (later := np.flatnonzero(np.diff(bars.start) <= 0)).size:
        raise BarsError(
            f"{folder}: {symbol} at {_shown(bars, int(later[0]) + 1, clock)} does not follow the bar before"
        )
    return bars


def _read(path: Path, digits: int, widest: int, clock: ServerClock) -> Bars:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise BarsError(f"{path.parent}: reading bars needs the extra: pip install 'mt5-otel[bars]'") from error
    try:
        table = parquet.read_table(path, columns=list(_COLUMNS))
        columns = {name: table[name].to_numpy() for name in _COLUMNS}
    except (OSError, ValueError, KeyError) as error:
        raise BarsError(f"{path}: cannot be read as bars: {error}") from error
    bars = _to_bars(columns, digits, widest, clock)
    if (wrong := np.flatnonzero(_impossible(bars))).size:
        raise BarsError(f"{path}: no ticks make the bar of {_shown(bars, int(wrong[0]), clock)}")
    return bars


def _to_bars(columns: dict[str, npt.NDArray[Any]], digits: int, widest: int, clock: ServerClock) -> Bars:
    shown: Ints = columns["time"].astype("datetime64[s]").astype(np.int64)
    opened, high, low, close = (
        np.rint(columns[name].astype(np.float64) * 10**digits).astype(np.int64)
        for name in ("open", "high", "low", "close")
    )
    ticks, spread = (columns[name].astype(np.int64) for name in ("tick_volume", "spread"))
    return Bars(clock.to_utc_many(shown), opened, high, low, close, ticks, spread, low + spread, high + spread + widest)


def _impossible(bars: Bars) -> npt.NDArray[np.bool_]:
    inside = (bars.low <= np.minimum(bars.open, bars.close)) & (bars.high >= np.maximum(bars.open, bars.close))
    return np.asarray(
        ~inside | (bars.ticks < ticks_needed(bars)) | (bars.spread < 0) | (bars.low <= 0) | (bars.start % 60 != 0)
    )


def _shown(bars: Bars, row: int, clock: ServerClock) -> str:
    return str(np.datetime64(clock.to_server_s(int(bars.start[row])), "s")).replace("T", " ")
