"""What changed between two looks at the terminal, as values told to whoever listens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.domain.account import PendingOrder, Position
from app.domain.connection import Connection
from app.domain.deals import Deal
from app.domain.orders import Order, Outcome
from app.watch.state import Snapshot

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PositionOpened:
    """A position that was not there before, whoever opened it."""

    position: Position


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """Volume, stop-loss or take-profit of a position changed."""

    before: Position
    position: Position


@dataclass(frozen=True, slots=True)
class PositionClosed:
    """A position is gone; as it was last seen."""

    position: Position


@dataclass(frozen=True, slots=True)
class OrdersChanged:
    """The pending orders are others, or have other prices."""

    orders: tuple[PendingOrder, ...]


@dataclass(frozen=True, slots=True)
class DealSeen:
    """A deal is in the journal now, once; `order_id` names the order of ours that it belongs to."""

    deal: Deal
    order_id: str | None
    opened: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class OrderDecided:
    """An order of ours came to its outcome; `trace_id` is empty while telemetry is off."""

    order: Order
    outcome: Outcome
    trace_id: str


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The terminal cannot be asked any more."""

    connection: Connection
    at_ns: int


@dataclass(frozen=True, slots=True)
class ConnectionRestored:
    """The terminal can be asked again, after `away_s`."""

    at_ns: int
    away_s: float


@dataclass(frozen=True, slots=True)
class TradingChanged:
    """Algorithmic trading was allowed or forbidden while connected."""

    allowed: bool
    connection: Connection


@dataclass(frozen=True, slots=True)
class FeedChanged:
    """Prices stand still (`frozen`), or move again."""

    frozen: bool
    quiet_s: float


Change = (
    PositionOpened
    | PositionChanged
    | PositionClosed
    | OrdersChanged
    | DealSeen
    | OrderDecided
    | ConnectionLost
    | ConnectionRestored
    | TradingChanged
    | FeedChanged
)
Listener = Callable[[Change], None]


class Changes:
    """Tells each change to everybody who listens, in order; what a listener raises is logged and stops nobody."""

    def __init__(self) -> None:
        self._listeners: dict[int, Listener] = {}
        self._number = 0

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call *listener*, which must not block, with every change from now on; returns how to stop that."""
        self._number += 1
        number = self._number
        self._listeners[number] = listener
        return lambda: self._listeners.pop(number, None) and None

    def tell(self, change: Change) -> None:
        """Tell it."""
        for listener in tuple(self._listeners.values()):
            try:
                listener(change)
            except Exception:
                log.exception("A listener failed on %s", type(change).__name__)


def changes_between(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    """What the later look shows that the earlier one did not; nothing of the very first look is news."""
    if not before.fresh_ns:
        return
    yield from _connection_changes(before, after)
    if not after.connection.connected:
        return
    yield from _position_changes(before, after)
    if _pending(before) != _pending(after):
        yield OrdersChanged(after.orders)
    if before.frozen != after.frozen:
        yield FeedChanged(after.frozen, after.quiet_s(after.looked_ns) or 0.0)


def _connection_changes(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    was, is_now = before.connection, after.connection
    if was.connected and not is_now.connected:
        yield ConnectionLost(is_now, after.looked_ns)
    elif not was.connected and is_now.connected:
        yield ConnectionRestored(after.looked_ns, (after.looked_ns - before.fresh_ns) / 1e9)
    elif was.connected and was.trading != is_now.trading:
        yield TradingChanged(is_now.trading, is_now)


def _position_changes(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    known = {position.ticket: position for position in before.positions}
    for position in after.positions:
        earlier = known.pop(position.ticket, None)
        if earlier is None:
            yield PositionOpened(position)
        elif (earlier.volume, earlier.sl, earlier.tp) != (position.volume, position.sl, position.tp):
            yield PositionChanged(earlier, position)
    for gone in known.values():
        yield PositionClosed(gone)


def _pending(snapshot: Snapshot) -> list[tuple[int, float, float, float, float]]:
    return [(order.ticket, order.volume, order.price_open, order.sl, order.tp) for order in snapshot.orders]
