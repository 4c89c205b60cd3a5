"""Deals: what was executed on the account, whoever asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.orders import Side

ENTRY_IN, ENTRY_OUT, ENTRY_INOUT, ENTRY_OUT_BY = 0, 1, 2, 3
REASON_EXPERT = 3

ENTRIES: Mapping[int, str] = {ENTRY_IN: "in", ENTRY_OUT: "out", ENTRY_INOUT: "inout", ENTRY_OUT_BY: "out_by"}
"""DEAL_ENTRY_*: what a deal does to its position."""
REASONS: Mapping[int, str] = {
    0: "client",
    1: "mobile",
    2: "web",
    REASON_EXPERT: "expert",
    4: "sl",
    5: "tp",
    6: "so",
    7: "rollover",
    8: "vmargin",
    9: "split",
    10: "corporate_action",
}
"""DEAL_REASON_*: who or what caused a deal."""
SIDES: Mapping[int, Side] = {0: Side.BUY, 1: Side.SELL}
"""DEAL_TYPE_BUY and DEAL_TYPE_SELL; every other type trades nothing."""
BALANCE_TYPES: frozenset[int] = frozenset({2, 3, 4, 5, 6})
"""DEAL_TYPE_BALANCE, CREDIT, CHARGE, CORRECTION and BONUS: money that came or went, neither won nor lost."""

OTHER, NO_ENTRY, NO_SYMBOL = "other", "none", "_NONE"
ENTRY_NAMES: tuple[str, ...] = (*ENTRIES.values(), NO_ENTRY, OTHER)
REASON_NAMES: tuple[str, ...] = (*REASONS.values(), OTHER)
ORIGINS: tuple[str, ...] = ("ours", "external", "balance")
"""Whose deal it is: of an order in the journal, of somebody else, or no trade at all."""
CAUSES: tuple[str, ...] = ("own", *REASON_NAMES)
"""What opened or closed a position: an order of ours, else the deal's reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One execution, or a change of the balance.

    `type`, `entry` and `reason` are MetaTrader's numbers; `volume` in lots, amounts in account currency,
    `time_msc` in ms since 1970 UTC.
    """

    ticket: int
    order: int
    position: int
    symbol: str
    type: int
    entry: int
    reason: int
    volume: float
    price: float
    profit: float
    commission: float
    swap: float
    fee: float
    time_msc: int
    magic: int
    comment: str

    @property
    def side(self) -> Side | None:
        """Buy or sell; None where nothing was traded."""
        return SIDES.get(self.type)

    @property
    def is_trade(self) -> bool:
        """Whether something was traded."""
        return self.type in SIDES

    @property
    def net(self) -> float:
        """What it won or lost, costs included; 0 for money that was paid in or out."""
        return 0.0 if self.type in BALANCE_TYPES else self.booked

    @property
    def booked(self) -> float:
        """By how much it changed what is on the account, whatever for."""
        return self.profit + self.swap + self.commission + self.fee

    @property
    def time_ns(self) -> int:
        """When it was made, in ns since 1970."""
        return self.time_msc * 1_000_000

    @property
    def entry_name(self) -> str:
        """The entry in a word; `none` where nothing was traded."""
        return ENTRIES.get(self.entry, OTHER) if self.is_trade else NO_ENTRY

    @property
    def reason_name(self) -> str:
        """The reason in a word."""
        return REASONS.get(self.reason, OTHER)


def mean_price(deals: Sequence[Deal]) -> float:
    """The price of several deals by their volumes; that of a single one to the bit."""
    if len(deals) == 1:
        return deals[0].price
    return sum(deal.volume * deal.price for deal in deals) / sum(deal.volume for deal in deals)
