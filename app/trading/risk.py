"""Our own checks before anything is sent: what the broker would refuse anyway, said with the numbers."""

from __future__ import annotations

import math

from app.domain.account import Symbol
from app.domain.lots import rounded_lots
from app.domain.orders import Denied, Order
from app.domain.text import number

STEP_TOLERANCE = 1e-7
"""In steps: 0.30000000000000004 lots is three steps of 0.1."""


def check(order: Order, symbol: Symbol) -> Denied | None:
    """Why the order must not be sent, else None.

    A volume above the maximum is left to the broker, whose limit may have changed since it was read.
    """
    if order.volume < symbol.volume_min - symbol.volume_step * STEP_TOLERANCE:
        return Denied(
            reason="VOLUME_TOO_SMALL",
            message=f"{number(order.volume)} lots is below the minimum of {symbol.name}, "
            f"{number(symbol.volume_min)} lots.",
            details={"volume": order.volume, "volume_min": symbol.volume_min, "symbol": symbol.name},
        )
    steps = order.volume / symbol.volume_step
    if not math.isfinite(steps):
        return None
    if abs(steps - round(steps)) > STEP_TOLERANCE:
        below = rounded_lots(int(steps) * symbol.volume_step)
        above = rounded_lots((int(steps) + 1) * symbol.volume_step)
        return Denied(
            reason="RISK_BLOCK",
            message=f"{number(order.volume)} lots of {symbol.name} is no multiple of its volume step, "
            f"{number(symbol.volume_step)} lots; the nearest are {number(below)} and {number(above)}.",
            details={
                "check": "volume_step",
                "volume": order.volume,
                "volume_step": symbol.volume_step,
                "nearest": [below, above],
                "symbol": symbol.name,
            },
        )
    return None
