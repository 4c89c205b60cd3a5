"""The records of the books. Times are milliseconds UTC (0: never), money is whole cents, volumes are lots.

In whose books an order, deal or position is: `login`, 0 until it is entered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..vocabulary.constants import ACCOUNT_MARGIN_MODE_RETAIL_HEDGING


class Account(NamedTuple):
    """The account's terms and money; modes are MT5's numbers (trade 0 demo; margin 0 netting, 1 exchange, 2 hedging).

    An empty password hash takes any password. Stop-out levels are percent of margin, or money with `stopout_mode` 1.
    `limit_positions` 0 is no limit; `commission_per_lot` None leaves it to the symbol. `changed_msc` is the time of
    the newest deal.
    """

    login: int = 5_100_001
    name: str = "Simulated Trader"
    server: str = "MT5-OTEL-Simulator"
    company: str = "MT5-OTEL Simulated Markets"
    currency: str = "USD"
    leverage: int = 100
    trade_mode: int = 0
    margin_mode: int = 2
    balance_cents: int = 0
    credit_cents: int = 0
    password_hash: str = ""
    investor_hash: str = ""
    stopout_mode: int = 0
    margin_call_level: float = 100.0
    stopout_level: float = 50.0
    limit_orders: int = 200
    limit_positions: int = 0
    commission_per_lot: float | None = None
    trade_allowed: bool = True
    trade_expert: bool = True
    fifo_close: bool = False
    hedge_prohibited: bool = False
    changed_msc: int = 0

    @property
    def hedging(self) -> bool:
        """Whether a symbol may have several positions."""
        return self.margin_mode == ACCOUNT_MARGIN_MODE_RETAIL_HEDGING


class Order(NamedTuple):
    """An order in the books; `ticket` 0 until it is there, `time_done_msc` 0 while it is active.

    An active order watches the ticks after `active_msc` for its price.
    """

    ticket: int
    time_setup_msc: int
    time_done_msc: int
    type: int
    type_time: int
    type_filling: int
    state: int
    magic: int
    position_id: int
    reason: int
    volume_initial: float
    volume_current: float
    price_open: float
    price_current: float
    symbol: str
    comment: str
    sl: float = 0.0
    tp: float = 0.0
    login: int = 0
    time_expiration_msc: int = 0
    price_stoplimit: float = 0.0
    position_by_id: int = 0
    active_msc: int = 0


class Deal(NamedTuple):
    """A deal in the books, or a change of the balance; `ticket` 0 until it is there."""

    ticket: int
    time_msc: int
    type: int
    order: int = 0
    entry: int = 0
    magic: int = 0
    position_id: int = 0
    reason: int = 0
    volume: float = 0.0
    price: float = 0.0
    commission_cents: int = 0
    swap_cents: int = 0
    profit_cents: int = 0
    fee_cents: int = 0
    symbol: str = ""
    comment: str = ""
    login: int = 0

    @property
    def money_cents(self) -> int:
        """What it adds to the balance, or to the credit."""
        return self.profit_cents + self.commission_cents + self.swap_cents + self.fee_cents


class Position(NamedTuple):
    """An open position; its ticket is the number of the order that opened it, or turned it.

    `identifier` stays through a reversal. `sl` and `tp` (0: none) hold for the ticks after `stops_msc`; swaps are
    entered up to `swapped_msc`.
    """

    ticket: int
    time_msc: int
    time_update_msc: int
    type: int
    magic: int
    identifier: int
    reason: int
    volume: float
    price_open: float
    swap_cents: int
    symbol: str
    comment: str
    sl: float = 0.0
    tp: float = 0.0
    stops_msc: int = 0
    login: int = 0
    swapped_msc: int = 0


class Scheduled(NamedTuple):
    """Something that the server will do at its time: what, and with which values (JSON's)."""

    id: int
    login: int
    due_msc: int
    what: str
    parameters: Mapping[str, Any]


class Pulse(NamedTuple):
    """What there is that things may come of by themselves, and how often the terminal was started.

    `positions` are all, `stops` those with stops, `waiting` the orders that are not done and the schedule; whoever's.
    `watch` is another number after each change of the Market Watch.
    """

    positions: bool
    stops: bool
    waiting: bool
    faults: bool
    starts: int
    watch: int

    @property
    def restless(self) -> bool:
        """Whether anything may happen in the books by itself."""
        return self.positions or self.waiting


def rfc3339(msc: int) -> str:
    """A time of the books for people: `2026-03-10T12:34:56.789Z`."""
    return datetime.fromtimestamp(msc / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
