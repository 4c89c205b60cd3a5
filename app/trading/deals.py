"""Writes each deal of the account down once."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from dataclasses import dataclass

from app.broker.gateway import Gateway
from app.domain.account import Unavailable
from app.domain.clock import Clock
from app.domain.deals import ENTRY_IN, ENTRY_INOUT, Deal
from app.domain.lots import LOTS_TOLERANCE, rounded_lots
from app.domain.orders import Action, Unknown
from app.domain.trace import TraceRef
from app.errors import JournalError
from app.telemetry.deals import DealTelemetry
from app.trading.journal.index import OrderIndex
from app.trading.journal.journal import Journal
from app.trading.journal.records import Dealt, OrderRecord
from app.trading.owners import Owners
from app.watch.changes import Change, ConnectionLost, ConnectionRestored, DealSeen
from app.watch.poller import Watch

log = logging.getLogger(__name__)

UNOPENED_S = 60.0
"""How long a deal that closes more than is known to be open waits for the one that opened it to show."""


@dataclass(frozen=True, slots=True)
class _Volume:
    """Lots of a position before and after a deal; below 0 where more was closed than is known to have been opened."""

    before: float
    after: float


class DealKeeper:
    """Keeps the account's deals in the journal, each once, whoever caused it.

    Whose a deal is, `Owners` says; one that cannot be written or explained now is tried again at the next look. Also
    puts down when the connection is lost and comes back.
    """

    def __init__(
        self, *, gateway: Gateway, journal: Journal, watch: Watch, telemetry: DealTelemetry, clock: Clock
    ) -> None:
        self._gateway = gateway
        self._journal = journal
        self._watch = watch
        self._telemetry = telemetry
        self._clock = clock
        self._owners = Owners(gateway=gateway, journal=journal, clock=clock)
        self._waiting: dict[int, Deal] = {}
        self._unopened_since: dict[int, float] = {}
        self._told: dict[int, TraceRef] = {}
        watch.subscribe(self.keep)
        watch.changes.subscribe(self._note_connection)

    async def keep(self) -> None:
        """Write the new deals down; called after each look that the terminal answered."""
        for deal in self._watch.latest.new_deals:
            if self._journal.deal(deal.ticket) is None:
                self._waiting[deal.ticket] = deal
        self._owners.begin_look()
        for ticket in sorted(self._waiting):
            await self._keep(self._waiting[ticket])

    async def _keep(self, deal: Deal) -> None:
        found = await self._owners.of(deal) if deal.is_trade else None
        if isinstance(found, Unavailable):
            return
        owner = None if found is None else found.record
        volume = await self._volume(deal) if deal.is_trade else _Volume(0.0, 0.0)
        if isinstance(volume, Unavailable) or (volume.after < -LOTS_TOLERANCE and self._may_be_opened_yet(deal)):
            return
        ours = None if owner is None else owner.order.order_id
        # The span of an order that waited for its price ended long before, and one that lost its answer knows nothing.
        told_by_its_order = (
            owner is not None and owner.order.action is not Action.PLACE and not isinstance(owner.outcome, Unknown)
        )
        dealt = Dealt(
            deal=deal,
            ours=ours,
            opened=_opens(deal, volume),
            closed=self._closes(deal, volume),
            left=volume.after,
            trace=TraceRef() if told_by_its_order else self._tell(deal, owner),
            proved=found is not None and found.proved,
        )
        try:
            await self._journal.dealt(dealt)
        except JournalError as error:
            log.error("Deal %d could not be journalled and is tried again: %s", deal.ticket, error)
            return
        del self._waiting[deal.ticket]
        self._unopened_since.pop(deal.ticket, None)
        self._owners.forget(deal.ticket)
        self._told.pop(deal.ticket, None)
        self._watch.changes.tell(DealSeen(deal, ours, dealt.opened, dealt.closed))

    def _may_be_opened_yet(self, deal: Deal) -> bool:
        """Whether to wait for the deal before it: some terminals show the later one first."""
        now_s = self._clock.monotonic()
        return now_s - self._unopened_since.setdefault(deal.ticket, now_s) < UNOPENED_S

    def _closes(self, deal: Deal, volume: _Volume) -> bool:
        """Whether it leaves nothing of its position; an opening deal closes nothing, in whatever order they show."""
        if deal.entry == ENTRY_INOUT:
            return True
        is_closing = deal.is_trade and deal.entry != ENTRY_IN
        return is_closing and volume.after < LOTS_TOLERANCE and not self._goes_on(deal, volume)

    def _goes_on(self, deal: Deal, volume: _Volume) -> bool:
        """Whether a part was closed of a position whose opening never showed: the terminal still has the rest."""
        return volume.after < -LOTS_TOLERANCE and any(
            position.ticket == deal.position for position in self._watch.latest.positions
        )

    def _tell(self, deal: Deal, owner: OrderRecord | None) -> TraceRef:
        """The span of a deal that comes by itself, linked to its order and to those of its position; made once."""
        if deal.ticket not in self._told:
            ours = None if owner is None else owner.order.order_id
            links = [order.trace for order in concerned(self._journal, deal, ours)]
            self._told[deal.ticket] = self._telemetry.by_itself(
                deal, links, self._watch.latest.mode, ours=owner is not None
            )
        return self._told[deal.ticket]

    async def _volume(self, deal: Deal) -> _Volume | Unavailable:
        """Lots before and after; of a position from before the journal began, by the terminal's own history."""
        before = self._journal.left_of(deal.position)
        if before is None and deal.entry == ENTRY_IN and deal.position == deal.order:
            before = 0.0
        if before is None:
            deals = await self._gateway.deals_of_position(deal.position)
            if isinstance(deals, Unavailable):
                return deals
            before = 0.0
            for earlier in deals:
                if earlier.ticket < deal.ticket:
                    before = _after(before, earlier)
        return _Volume(before, _after(before, deal))

    def _note_connection(self, change: Change) -> None:
        if isinstance(change, ConnectionLost):
            self._turned(False, change.connection.reason, change.at_ns)
        elif isinstance(change, ConnectionRestored):
            self._turned(True, f"back after {change.away_s:.1f} s", change.at_ns)

    def _turned(self, connected: bool, reason: str, at_ns: int) -> None:
        try:
            self._journal.turned(connected, reason, at_ns=at_ns).add_done_callback(_log_failure)
        except JournalError as error:
            log.error("A change of the connection could not be journalled: %s", error)


def _opens(deal: Deal, volume: _Volume) -> bool:
    """Whether it is the first deal of its position; a closing one opens nothing, in whatever order they show."""
    if deal.entry == ENTRY_INOUT:
        return True
    return deal.is_trade and deal.entry == ENTRY_IN and volume.before < LOTS_TOLERANCE


def concerned(
    journal: OrderIndex, deal: Deal, ours: str | None, *, before_seq: int | None = None
) -> tuple[OrderRecord, ...]:
    """The orders that the span of a deal is linked to: its own, and those of its position.

    Args:
        journal: the orders.
        deal: the deal.
        ours: the id of its own order; None where it has none.
        before_seq: only those that were there before this line of the journal.
    """
    orders = {} if ours is None or (own := journal.get(ours)) is None else {ours: own}
    if deal.position:
        orders |= {order.order.order_id: order for order in journal.find("position", deal.position)}
    return tuple(order for order in orders.values() if before_seq is None or order.intent_seq < before_seq)


def _after(before: float, deal: Deal) -> float:
    """Lots of a position after a deal of it."""
    if not deal.is_trade:
        return before
    if deal.entry == ENTRY_IN:
        after = before + deal.volume
    elif deal.entry == ENTRY_INOUT:
        after = deal.volume - before
    else:
        after = before - deal.volume
    return rounded_lots(after)


def _log_failure(done: Future[None]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.error("A change of the connection could not be journalled: %s", error)
