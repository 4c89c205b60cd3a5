"""What the terminal shows: the account, its positions, symbols and prices.

Each type names the few facts this program reasons about and carries the terminal's whole record (MetaTrader's
own field names, times already true UTC seconds) for those who want all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.orders import Kind, Lifetime, Side

Record = Mapping[str, int | float | str | bool]
"""A MetaTrader structure by its field names; every time field in seconds (or `_msc` milliseconds) UTC."""


class AccountMode(StrEnum):
    """Whose money it is; the values of `mt5.account.mode` and of the X-Account-Mode header."""

    SIMULATED = "simulated"
    DEMO = "demo"
    REAL = "real"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountId:
    """Which account it is; in texts its number stands after `log-in`, by which telemetry knows what to leave out."""

    mode: AccountMode
    server: str
    login: int

    def __str__(self) -> str:
        return f"log-in {self.login} on {self.server} ({self.mode})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account the terminal is logged in to; amounts in its own `currency`."""

    login: int
    server: str
    currency: str
    mode: AccountMode
    balance: float
    equity: float
    margin: float
    margin_free: float
    margin_level: float
    trade_allowed: bool
    record: Record = field(repr=False)

    @property
    def id(self) -> AccountId:
        """Which one it is."""
        return AccountId(mode=self.mode, server=self.server, login=self.login)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An open position; `volume` in lots, `profit` in account currency without swap, `sl` and `tp` 0 for none."""

    ticket: int
    symbol: str
    side: Side
    volume: float
    price_open: float
    profit: float
    magic: int
    record: Record = field(repr=False)
    swap: float = 0.0
    sl: float = 0.0
    tp: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """What is fixed about an instrument: volumes in lots, `point` in price units."""

    name: str
    digits: int
    point: float
    volume_min: float
    volume_max: float
    volume_step: float
    filling_mode: int
    execution: int
    record: Record = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The last quote of a symbol; `time_msc` milliseconds UTC."""

    symbol: str
    bid: float
    ask: float
    time_msc: int
    record: Record = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrder:
    """An order as the broker has it, with what was asked for; prices and `expiration` (seconds UTC) are 0 for none.

    `kind_and_side` is None of one that closes a position by another; `volume_asked` in lots, `stop_limit` the price
    of the limit order that a stop-limit order becomes, `setup_ns` when the broker took it, ns since 1970 UTC.
    """

    ticket: int
    symbol: str
    kind_and_side: tuple[Kind, Side] | None
    volume_asked: float
    price_open: float
    sl: float
    tp: float
    magic: int
    comment: str
    setup_ns: int
    stop_limit: float = 0.0
    expiration: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingOrder(BrokerOrder):
    """An order that waits for its price; `volume` is what is left of it.

    `lifetime` says what `expiration` does by the broker's own clock, which may not be known yet.
    """

    volume: float
    lifetime: Lifetime
    record: Record = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOrder(BrokerOrder):
    """An order that waits no longer, as the terminal's history has it."""

    is_cancelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """The terminal could not be asked, or did not answer: say so, never show an empty account."""

    reason: str
    last_error: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """The terminal answered that there is no such symbol or position."""

    what: str
