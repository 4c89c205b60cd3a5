"""What somebody asked for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar


class Side(StrEnum):
    """The direction of an order or position."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        """The side that closes a position of this one."""
        return Side.SELL if self is Side.BUY else Side.BUY


class Action(StrEnum):
    """What an order is meant to do; the values of `mt5.order.action`."""

    OPEN = "open"
    CLOSE = "close"
    PLACE = "place"
    MODIFY = "modify"
    CANCEL = "cancel"


class Kind(StrEnum):
    """When an order is executed: at once, at its price or better, once the price is reached, or as a limit then."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"


TAG_MARK = "~"
"""What the tag of an order begins with."""


def tag_for(order_id: str) -> str:
    """How the comment of an order at the broker ends, and no other order's: `~` and the last 8 characters of its id."""
    return f"{TAG_MARK}{order_id[-8:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """How long a pending order stands, in MetaTrader's own words: ORDER_TIME_*, and seconds of the broker's clock."""

    type: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An authenticated, well-formed request to trade.

    Attributes:
        order_id: our own name for it, a ULID, made before anything is sent.
        action: open a position at the market, close the one named by `position`, place a pending order, modify or
            cancel the one named by `pending`.
        symbol: the broker's name of the instrument.
        side: the side of the deal itself; closing a buy position is a sell.
        volume: lots; of a pending order that is modified or cancelled, what is left of it.
        position: ticket of the position to close; None when opening.
        deviation: tolerated price change in points, where the symbol's execution knows one.
        comment: the caller's comment, whole.
        magic: the caller's expert id, untouched.
        sl: price at which the position is closed with a loss; None for none.
        tp: price at which it is closed with a profit; None for none.
        kind: market, or which pending order it is.
        price: at which a pending order is to be executed, also after a change.
        stop_limit: price of the limit order that a stop-limit order becomes.
        expiration: when a pending order is given up; seconds since 1970 UTC, None for never.
        pending: ticket of the pending order to modify or cancel.
        lifetime: of a pending order that is there, as it was read: sent back as it is. None where `expiration` is
            asked for.
    """

    order_id: str
    action: Action
    symbol: str
    side: Side
    volume: float
    position: int | None = None
    deviation: int = 10
    comment: str = ""
    magic: int = 0
    sl: float | None = None
    tp: float | None = None
    kind: Kind = Kind.MARKET
    price: float | None = None
    stop_limit: float | None = None
    expiration: int | None = None
    pending: int | None = None
    lifetime: Lifetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The broker executed it, wholly or (with `remaining` lots left) in part.

    `volume` and `price` come from the order's deals; where those could not be read in time they are the
    answer's own and `position` is None until the deals are seen.
    """

    name: ClassVar[str] = "filled"
    order: int
    deal: int
    position: int | None
    volume: float
    price: float
    retcode: int
    comment: str = ""
    remaining: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The broker has done as asked with an order that is not executed yet: taken, modified or cancelled it."""

    name: ClassVar[str] = "placed"
    order: int
    retcode: int
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """The request asked for what already is."""

    name: ClassVar[str] = "unchanged"
    retcode: int
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The broker or the terminal refused it: nothing was traded."""

    name: ClassVar[str] = "rejected"
    retcode: int
    comment: str = ""
    bid: float = 0.0
    ask: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """We refused it: nothing was sent.

    Attributes:
        reason: the error code that the caller sees, such as `RISK_BLOCK`.
        message: one sentence with the actual numbers.
        details: the same numbers by name.
    """

    name: ClassVar[str] = "denied"
    reason: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """It certainly never reached the broker, for a technical reason."""

    name: ClassVar[str] = "not_sent"
    reason: str
    last_error: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """It may or may not have been executed. It is looked up, never sent again."""

    name: ClassVar[str] = "unknown"
    reason: str
    retcode: int | None = None
    last_error: tuple[int, str] | None = None


Outcome = Filled | Placed | Unchanged | Rejected | Denied | NotSent | Unknown

OUTCOME_NAMES: tuple[str, ...] = tuple(
    kind.name for kind in (Filled, Placed, Unchanged, Rejected, Denied, NotSent, Unknown)
)
"""Every value of `mt5.order.outcome`."""
