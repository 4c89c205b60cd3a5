"""What orders, deals and positions come to, and by what they are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class OrderKey(NamedTuple):
    """By what orders are counted: the labels of `mt5.orders`, in this order."""

    action: str
    side: str
    outcome: str
    symbol: str


class DealKey(NamedTuple):
    """By what deals are counted: the labels of `mt5.deals`, in this order."""

    entry: str
    reason: str
    origin: str
    symbol: str


class PositionKey(NamedTuple):
    """By what opened and closed positions are counted: the labels of `mt5.positions.opened` and `….closed`."""

    symbol: str
    side: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DealSums:
    """What the deals since a moment come to; `pnl` in account currency, money paid in or out left aside."""

    since_ns: int
    deals: int = 0
    opened: int = 0
    closed: int = 0
    pnl: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trades:
    """The closed positions of a symbol: how many, how many of them won money, the last one's end (ns)."""

    total: int = 0
    won: int = 0
    last_ns: int = 0
