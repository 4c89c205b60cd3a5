"""The fitted figures: how each symbol moves inside a day (data/figures.json; made by data/build.py)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from app.simulator.noise import Floats

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One symbol's figures; arrays run over the 24 hours of the server's day, spreads are in points."""

    price: float
    sigma: Floats
    ticks: Floats
    ticks_range_elasticity: float
    ticks_log_sd: float
    hour_spread: Floats
    minute_spread: Floats
    spread_quantiles: Floats
    minute_shadow: float
    minute_ticks_log_sd: float
    open_repeats_close: float


def _numeric(value: Any) -> Any:
    return np.array(value) if isinstance(value, list) else value


@cache
def load_figures() -> dict[str, Figures]:
    """Read the figures of every fitted symbol, once."""
    document = json.loads((DATA / "figures.json").read_text(encoding="utf-8"))
    quantiles = np.array(document["spread_quantiles"])
    return {
        symbol: Figures(spread_quantiles=quantiles, **{name: _numeric(value) for name, value in fitted.items()})
        for symbol, fitted in document["symbols"].items()
    }
