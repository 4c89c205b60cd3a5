"""The fitted figures: how each symbol moves inside a day (data/figures.json; made by data/build.py)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import Floats

DATA = Path(__file__).parents[1] / "data"


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
    # The figures are a raw-spread account's, whose smallest spread is often zero.
    markup: int = 2
    # How far ticks go beyond a bar's spread in the mean, in points.
    widening: float = 1.5


@dataclass(frozen=True, slots=True)
class Likeness:
    """A symbol without bars to fit: another one's day, with its own price, liveliness and spread (points)."""

    like: str
    price: float
    volatility: float
    ticks: float
    markup: int
    widening: float = 1.5
    # What is left of the volatility in the hour in which such a market has its break.
    in_break: float = 1.0


# Assumed: levels of the time of the fitted bars, and how lively such a market is beside the one it is like.
ASSUMED = {
    "USDJPY": Likeness("EURUSD", 152.0, 1.1, 0.9, 3),
    "USDCHF": Likeness("EURUSD", 0.8, 0.9, 0.7, 4),
    "US500": Likeness("EURUSD", 6700.0, 3.0, 1.2, 40, 4.0, 0.1),
    "XAUUSD": Likeness("USDCAD", 4000.0, 5.0, 1.6, 14, 3.0, 0.1),
    "BTCUSD": Likeness("EURUSD", 95_000.0, 7.0, 1.4, 1200, 90.0),
    "ETHUSD": Likeness("EURUSD", 3200.0, 9.0, 1.1, 140, 12.0),
}


def _alike(likeness: Likeness, fitted: Figures) -> Figures:
    sigma = fitted.sigma * likeness.volatility
    sigma[0] *= likeness.in_break
    return replace(
        fitted,
        price=likeness.price,
        sigma=sigma,
        ticks=fitted.ticks * likeness.ticks,
        markup=likeness.markup,
        widening=likeness.widening,
    )


def _numeric(value: Any) -> Any:
    return np.array(value) if isinstance(value, list) else value


@cache
def load_figures() -> dict[str, Figures]:
    """The figures of every symbol that has its own: those fitted, and those like them."""
    document = json.loads((DATA / "figures.json").read_text(encoding="utf-8"))
    quantiles = np.array(document["spread_quantiles"])
    fitted = {
        symbol: Figures(spread_quantiles=quantiles, **{name: _numeric(value) for name, value in figures.items()})
        for symbol, figures in document["symbols"].items()
    }
    return fitted | {symbol: _alike(likeness, fitted[likeness.like]) for symbol, likeness in ASSUMED.items()}
