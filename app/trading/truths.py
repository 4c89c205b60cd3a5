"""Finds out what came of orders whose outcome was unknown, from what the terminal shows of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from app.broker.gateway import Gateway
from app.domain.account import BrokerOrder, PastOrder, PendingOrder, Unavailable
from app.domain.clock import Clock
from app.domain.deals import mean_price
from app.domain.lots import rounded_lots
from app.domain.orders import Action, Filled, Order, Outcome, Placed, Unknown
from app.trading.journal.journal import Journal
from app.trading.journal.records import OrderRecord, tag_of
from app.trading.kinship import PRICE_TOLERANCE, is_placed
from app.watch.poller import Watch

log = logging.getLogger(__name__)

READ_WAIT_S = 1.0
"""How long one look waits for the orders that it asks about."""
READS_PER_LOOK = 3
ASKED_FOR_NS = 24 * 3_600 * 10**9
"""For how long after a change or cancellation the terminal is asked about it."""


class Truths:
    """Amends the journal for orders that were unknown at first, as soon as something proves what came of them.

    Proof is our tag, or a number that is known as ours. A market order is proved by its deals, a placement by its order
    at the broker or a deal of that, a change by the order as it stands, a cancellation by the terminal's history. What
    only looks alike proves nothing, nor does it that something does not show: it may come later.
    """

    def __init__(self, *, gateway: Gateway, journal: Journal, watch: Watch, clock: Clock) -> None:
        self._gateway = gateway
        self._journal = journal
        self._watch = watch
        self._clock = clock
        self._beyond_proof: set[str] = set()  # orders that are gone without having become as asked
        self._looks = 0
        self._asked: dict[str, int] = {}

    async def look(self) -> None:
        """Compare unknown orders with what the latest look brought."""
        for record in self._journal.with_news():
            if record.outcome is not None:
                await self._amend(record, self._by_deals(record))
        for waiting in self._watch.latest.orders:
            await self._placed(waiting)
        await self._look_at_changes()

    async def _placed(self, waiting: PendingOrder) -> None:
        """An order that waits at the broker and bears the tag of a placement is that of the placement."""
        record = self._journal.tagged(waiting.comment)
        if record is not None and isinstance(record.current, Unknown) and is_placed(record.order, waiting):
            outcome = Placed(order=waiting.ticket, retcode=_retcode(record))
            await self._amend(record, (outcome, "an order at the broker bears its tag"))

    async def _look_at_changes(self) -> None:
        waiting = {order.ticket: order for order in self._watch.latest.orders}
        young = self._journal.undecided(self._clock.time_ns() - ASKED_FOR_NS, changes=True)
        changes = [record for record in young if self._may_be_done(record, waiting)]
        # One that the terminal never tells of keeps no other waiting.
        changes.sort(key=lambda record: self._asked.get(record.order.order_id, 0))
        self._looks += 1
        deadline = self._clock.monotonic() + READ_WAIT_S
        for record in changes[:READS_PER_LOOK]:
            self._asked[record.order.order_id] = self._looks
            await self._amend(record, await self._by_history(record, deadline))

    async def _amend(self, record: OrderRecord, found: tuple[Outcome, str] | None) -> None:
        if found is None or found[0] == record.current:
            return
        outcome, reason = found
        order_id = record.order.order_id
        await self._journal.amend(order_id, outcome, reason=reason)
        log.info("Order %s, whose outcome was unknown, is %s: %s", order_id, outcome.name, reason)

    def _by_deals(self, record: OrderRecord) -> tuple[Outcome, str] | None:
        dealt = self._journal.deals_of(record.order.order_id)
        proved = [each.deal for each in dealt if record.proves(each)]
        if not proved:
            return None
        tagged = [deal for deal in proved if tag_of(deal.comment) == record.tag != ""]
        first = (tagged or proved)[0]
        deals = [each.deal for each in dealt if each.deal.order == first.order]
        reason = "a deal bears its tag" if tagged else "a deal is that of its order at the broker"
        order = record.order
        if order.action is Action.PLACE:
            return Placed(order=first.order, retcode=_retcode(record)), reason
        volume = rounded_lots(sum(deal.volume for deal in deals))
        filled = Filled(
            order=first.order,
            deal=first.ticket,
            position=first.position,
            volume=volume,
            price=mean_price(deals),
            retcode=_retcode(record),
            remaining=rounded_lots(max(0.0, order.volume - volume)),
        )
        return filled, reason

    def _may_be_done(self, record: OrderRecord, waiting: Mapping[int, PendingOrder]) -> bool:
        """Whether asking about the order that a change or cancellation names can prove anything."""
        order = record.order
        if record.outcome is None or order.order_id in self._beyond_proof or self._is_overtaken(record):
            return False
        found = waiting.get(order.pending or 0)
        return found is None or (order.action is Action.MODIFY and _is_as_asked(order, found))

    def _is_overtaken(self, record: OrderRecord) -> bool:
        """Whether a later change of the same order may have done what this one asked for."""
        return any(
            later.intent_seq > record.intent_seq
            and later.order.pending == record.order.pending
            and (later.is_undecided or isinstance(later.current, Placed))
            for later in self._journal.find("order", record.order.pending or 0)
        )

    async def _by_history(self, record: OrderRecord, deadline: float) -> tuple[Outcome, str] | None:
        """A change or cancellation held against the order as it is now, which the last look may not have seen."""
        order, ticket = record.order, record.order.pending or 0
        waiting = await self._gateway.orders(ticket, deadline=deadline)
        if isinstance(waiting, Unavailable):
            return None
        found = waiting[0] if waiting else await self._gateway.past_order(ticket, deadline=deadline)
        if found is None or isinstance(found, Unavailable) or self._is_overtaken(record):
            return None
        if order.action is Action.CANCEL and isinstance(found, PastOrder) and found.is_cancelled:
            return Placed(order=ticket, retcode=_retcode(record)), "the order is cancelled"
        if order.action is Action.MODIFY and _is_as_asked(order, found):
            return Placed(order=ticket, retcode=_retcode(record)), "the order is as it was asked for"
        if not waiting:
            self._beyond_proof.add(order.order_id)
        return None


def _is_as_asked(order: Order, found: BrokerOrder) -> bool:
    """Whether an order at the broker has the terms that a change asked for."""
    asked = (order.price, order.stop_limit, order.sl, order.tp)
    there = (found.price_open, found.stop_limit, found.sl, found.tp)
    alike = all(abs(price - (wanted or 0.0)) < PRICE_TOLERANCE for price, wanted in zip(there, asked, strict=True))
    return alike and found.expiration == (order.expiration or 0)


def _retcode(record: OrderRecord) -> int:
    """What the broker answered at first; 0 where it answered nothing."""
    return (isinstance(record.outcome, Unknown) and record.outcome.retcode) or 0
