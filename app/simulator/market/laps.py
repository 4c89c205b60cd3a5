"""The lap of hours each symbol walks, again and again.

A lap is 259 recorded days and a bridge of ten days. It starts at 22:00 UTC, as the recording does, when New York
closes and a server's day begins, so hour 0 of each played day is the hour of the rollover. Week-ends are skipped:
they lie between Friday's last hour and Sunday's first, which makes every recorded week five whole days.

The recording ends 0.15 above its beginning. The bridge leads back: the shape of the first ten days, tilted, so that
the loop has no seam that an open position could not survive. Everything else of EURUSD is exactly as recorded.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from .arrays import Ints
from .figures import DATA, Figures
from .noise import Noise

BRIDGE_HOURS = 240
LAP_HOURS = 259 * 24 + BRIDGE_HOURS
# 2017-01-01 22:00 UTC in hours since 1970: the first recorded hour, and the beginning of all history.
FIRST_HOUR = 1483308000 // 3600
# Christmas Eve and Day: nine thin hours that would shift the hours of the day of all that follow; not played.
_CHRISTMAS = slice(6120, 6129)

OPEN, HIGH, LOW, CLOSE = range(4)


@cache
def recorded_lap() -> Ints:
    """EURUSD's lap: open, high, low and close of the **ask** in points, one row for each hour."""
    with np.load(DATA / "eurusd_h1.npz") as recording:
        hours = np.delete(recording["ohlc"].astype(np.int64), _CHRISTMAS, axis=0)
    return np.concatenate([hours, _bridge(hours)])


def _bridge(hours: Ints) -> Ints:
    shape = hours[:BRIDGE_HOURS]
    start = hours[-1, CLOSE] - shape[0, OPEN]
    end = hours[0, OPEN] - shape[-1, CLOSE]
    lift = np.rint(np.linspace(start, end, BRIDGE_HOURS + 1)).astype(np.int64)
    before, after = lift[:-1], lift[1:]
    lifts = np.stack([before, np.maximum(before, after), np.minimum(before, after), after], axis=1)
    return np.asarray(shape + lifts)


def generated_lap(symbol: str, seed: int, figures: Figures, point: float) -> Ints:
    """Make a lap of **ask** hours in points from fitted volatility; its last close meets its first open."""
    counters = np.arange(LAP_HOURS, dtype=np.int64)
    sigma = figures.sigma[counters % 24]
    moves = sigma * Noise(seed, symbol, "hour move").normal(counters)
    moves -= moves.mean()
    close = np.cumsum(moves)
    opening = close - moves
    # The highest and lowest point of a Brownian motion whose two ends are known (exact, each on its own).
    high, low = (
        np.sqrt(moves**2 + 2 * sigma**2 * Noise(seed, symbol, purpose).exponential(counters))
        for purpose in ("hour high", "hour low")
    )
    middle = (opening + close) / 2
    logs = np.stack([opening, middle + high / 2, middle - low / 2, close], axis=1)
    return np.asarray(np.rint(figures.price / point * np.exp(logs)).astype(np.int64))
