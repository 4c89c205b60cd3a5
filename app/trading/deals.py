"""Writes each deal of the account down once, and says whose it is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from app.broker.gateway import Gateway
from app.domain.account import PastOrder, Unavailable
from app.domain.clock import Clock
from app.domain.deals import ENTRY_IN, ENTRY_INOUT, Deal
from app.domain.orders import TAG_MARK, Action, Kind, Unknown
from app.domain.trace import TraceRef
from app.errors import JournalError
from app.telemetry.deals import DealTelemetry
from app.trading.journal.index import OrderIndex
from app.trading.journal.journal import Journal
from app.trading.journal.records import Dealt, OrderRecord
from app.trading.kinship import LOTS_TOLERANCE, fits, resembles
from app.watch.changes import Change, ConnectionLost, ConnectionRestored, DealSeen
from app.watch.poller import Watch

log = logging.getLogger(__name__)

UNOPENED_S = 60.0
"""How long a deal that closes more than is known to be open waits for the one that opened it to show."""
UNDER_WAY_NS = 30 * 10**9
"""An order is answered well before; one that is open for longer has lost its outcome."""
UNREAD_S = 60.0
"""How long a deal that may be ours waits for its order in the history; after that it is told without."""
READ_WAIT_S = 1.0
"""So long one look waits for the orders of all deals together."""
OWNER_AGE_NS = 24 * 3_600 * 10**9
"""A deal without a tag is held against orders no older than this."""


@dataclass(frozen=True, slots=True)
class _Owner:
    """The order that a deal belongs to, and whether that is certain."""

    record: OrderRecord
    proved: bool


@dataclass(frozen=True, slots=True)
class _Volume:
    """Lots of a position before and after a deal; below 0 where more was closed than is known to have been opened."""

    before: float
    after: float


class DealKeeper:
    """Keeps the account's deals in the journal, each once, whoever caused it.

    A deal that may belong to an order still under way waits for that order's outcome; one that cannot be written
    or explained now is tried again at the next look. Also puts down when the connection is lost and comes back.

    A deal is ours by the number of its order or by the tag in its comment or in that of its order. One without any
    tag is counted as ours where one market order only may have made it; that proves nothing of the order.
    """

    def __init__(
        self, *, gateway: Gateway, journal: Journal, watch: Watch, telemetry: DealTelemetry, clock: Clock
    ) -> None:
        self._gateway = gateway
        self._journal = journal
        self._watch = watch
        self._telemetry = telemetry
        self._clock = clock
        self._waiting: dict[int, Deal] = {}
        self._unopened_since: dict[int, float] = {}
        self._unread_since: dict[int, float] = {}
        self._read_until = 0.0
        self._told: dict[int, TraceRef] = {}
        watch.subscribe(self.keep)
        watch.changes.subscribe(self._note_connection)

    async def keep(self) -> None:
        """Write the new deals down; called after each look that the terminal answered."""
        for deal in self._watch.latest.new_deals:
            if self._journal.deal(deal.ticket) is None:
                self._waiting[deal.ticket] = deal
        self._read_until = self._clock.monotonic() + READ_WAIT_S
        for ticket in sorted(self._waiting):
            await self._keep(self._waiting[ticket])

    async def _keep(self, deal: Deal) -> None:
        found = await self._owner(deal) if deal.is_trade else None
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
        self._unread_since.pop(deal.ticket, None)
        self._told.pop(deal.ticket, None)
        self._watch.changes.tell(DealSeen(deal, ours, dealt.opened, dealt.closed))

    async def _owner(self, deal: Deal) -> _Owner | Unavailable | None:
        """The order that a deal belongs to, None where it is none of ours; `Unavailable` where that is open yet."""
        known = self._journal.owner(deal.order)
        if known is not None and known.is_at(deal.order):
            return _Owner(known, proved=True)
        if (tagged := self._tagged(deal.comment, deal)) is not None:
            return tagged
        if known is not None:  # by an earlier deal of the same order
            return _Owner(known, proved=False)
        perhaps = [
            record
            for record in self._journal.undecided(deal.time_ns - OWNER_AGE_NS)
            if resembles(record, deal) and not self._journal.deals_of(record.order.order_id)
        ]
        # One that is under way tells its own numbers soon; until then an older one must not have its deal.
        now_ns = self._clock.time_ns()
        if any(record.outcome is None and now_ns - record.started_ns < UNDER_WAY_NS for record in perhaps):
            return Unavailable(reason="an order under way may turn out to be its own")
        return await self._by_its_order(perhaps, deal) if perhaps else None

    def _tagged(self, comment: str, deal: Deal) -> _Owner | None:
        record = self._journal.tagged(comment)
        return _Owner(record, proved=True) if record is not None and fits(record.order, deal) else None

    async def _by_its_order(self, perhaps: Sequence[OrderRecord], deal: Deal) -> _Owner | Unavailable | None:
        """Whose a deal without a tag is: by the tag of its order, else of the only market order that it fits."""
        found = await self._order_of(deal)
        if isinstance(found, Unavailable):
            return found
        asked = deal.volume
        if found is not None:
            if (tagged := self._tagged(found.comment, deal)) is not None:
                return tagged
            if TAG_MARK in found.comment or found.kind_and_side != (Kind.MARKET, deal.side):
                return None
            asked = found.volume_asked  # of which the deal may be a part
            perhaps = [record for record in perhaps if _is_market_order_of(record, asked)]
        if len(perhaps) != 1 or not _is_market_order_of(perhaps[0], asked):
            return None
        return _Owner(perhaps[0], proved=False)

    async def _order_of(self, deal: Deal) -> PastOrder | Unavailable | None:
        """The broker's order of a deal; None where the history shows none, or could not be read for long."""
        now_s = self._clock.monotonic()
        if now_s - self._unread_since.setdefault(deal.ticket, now_s) >= UNREAD_S:
            return None
        return await self._gateway.past_order(deal.order, deadline=self._read_until)

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


def _is_market_order_of(record: OrderRecord, volume: float) -> bool:
    """Whether it is a market order of so many lots."""
    return record.order.action is not Action.PLACE and abs(record.order.volume - volume) < LOTS_TOLERANCE


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
    return round(after, 8)


def _log_failure(done: Future[None]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.error("A change of the connection could not be journalled: %s", error)
