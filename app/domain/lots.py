"""How exact lots are: a MetaTrader server counts them in whole hundred-millionths, a program in doubles."""

from __future__ import annotations

from typing import Final

LOTS_DIGITS: Final = 8
"""Decimal places of a volume at the server, whatever the symbol's step."""
LOTS_TOLERANCE: Final = 0.5 * 10**-LOTS_DIGITS
"""Half of the last place: volumes that differ by less are the same, and less than this is nothing."""


def rounded_lots(lots: float) -> float:
    """Return lots that were added or multiplied without what doubles put behind them: 0.1 + 0.2 are 0.3."""
    return round(lots, LOTS_DIGITS)
