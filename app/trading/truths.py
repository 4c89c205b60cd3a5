"""Finds out what came of orders whose outcome was unknown, from what the terminal shows of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from app.broker.gateway import Gateway
from app.domain.account import BrokerOrder, PastOrder, PendingOrder, Unavailable
from app.domain.clock import Clock
from app.domain.orders import Action, Filled, Order, Outcome, Placed, Unknown
from app.trading.journal.journal import Journal
from app.trading.journal.records import OrderRecord
from app.trading.kinship import PRICE, Kinship, bears_tag, placement
from app.watch.poller import Watch

log = logging.getLogger(__name__)

READ_WAIT_S = 1.0
"""How long one order is waited for."""
READS_PER_LOOK = 3
ASKED_FOR_NS = 24 * 3_600 * 10**9
"""For how long after a change or cancellation the terminal is asked about it."""


class Truths:
    """Amends the journal for orders that were unknown at first, as soon as something proves what came of them.

    A market order is proved by its deals, a placement by its order at the broker or a deal of that, a change by the
    order as it stands, a cancellation by the terminal's history. That something does not show proves nothing: it may
    come later.
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
        """Compare each unknown order with the latest look."""
        waiting = {order.ticket: order for order in self._watch.latest.orders}
        changes = []
        for record in self._journal.doubtful():
            if record.outcome is None:
                continue
            if record.order.pending is None:
                await self._amend(record, self._by_deals(record) or self._by_order(record, waiting))
            elif self._may_be_done(record, waiting.get(record.order.pending)):
                changes.append(record)
        # One that the terminal never tells of keeps no other waiting.
        changes.sort(key=lambda record: self._asked.get(record.order.order_id, 0))
        self._looks += 1
        for record in changes[:READS_PER_LOOK]:
            self._asked[record.order.order_id] = self._looks
            await self._amend(record, await self._by_history(record))

    async def _amend(self, record: OrderRecord, found: tuple[Outcome, str] | None) -> None:
        if found is None or found[0] == record.current:
            return
        outcome, reason = found
        order_id = record.order.order_id
        await self._journal.amend(order_id, outcome, reason=reason)
        log.info("Order %s, whose outcome was unknown, is %s: %s", order_id, outcome.name, reason)

    def _by_deals(self, record: OrderRecord) -> tuple[Outcome, str] | None:
        dealt = [dealt.deal for dealt in self._journal.deals_of(record.order.order_id)]
        if not dealt:
            return None
        tagged = [deal for deal in dealt if bears_tag(record, deal.comment)]
        # Of those that only fit, the first was taken for its own, and with it those of the same order.
        first = (tagged or dealt)[0]
        deals = [deal for deal in dealt if deal.order == first.order]
        reason = "a deal bears its tag" if tagged else "a deal fits it, and no other order"
        order = record.order
        if order.action is Action.PLACE:
            return Placed(order=first.order, retcode=_retcode(record)), reason
        volume = round(sum(deal.volume for deal in deals), 8)
        filled = Filled(
            order=first.order,
            deal=first.ticket,
            position=first.position,
            volume=volume,
            price=sum(deal.volume * deal.price for deal in deals) / volume if len(deals) > 1 else first.price,
            retcode=_retcode(record),
            remaining=round(max(0.0, order.volume - volume), 8),
        )
        return filled, reason

    def _by_order(self, record: OrderRecord, waiting: Mapping[int, PendingOrder]) -> tuple[Outcome, str] | None:
        """A placement whose order waits at the broker: the one that bears its tag, else the only one that fits."""
        if not isinstance(record.current, Unknown):
            return None
        claims = {ticket: placement(record, order) for ticket, order in waiting.items()}
        tagged = [ticket for ticket, claim in claims.items() if claim is Kinship.YES]
        fitting = [ticket for ticket, claim in claims.items() if claim is Kinship.PERHAPS]
        if tagged:
            return Placed(order=tagged[0], retcode=_retcode(record)), "an order at the broker bears its tag"
        if (
            len(fitting) == 1
            and self._journal.owner(fitting[0]) is None
            and not self._rivals(record, waiting[fitting[0]])
        ):
            return Placed(order=fitting[0], retcode=_retcode(record)), "an order at the broker fits it, and no other"
        return None

    def _rivals(self, record: OrderRecord, order: PendingOrder) -> bool:
        """Whether the order may as well be that of another placement, one under way perhaps."""
        return any(
            other.order.order_id != record.order.order_id
            and (other.current is None or isinstance(other.current, Unknown))
            and placement(other, order) is not Kinship.NO
            for other in self._journal.doubtful()
        )

    def _may_be_done(self, record: OrderRecord, waiting: PendingOrder | None) -> bool:
        """Whether asking about the order that a change or cancellation names can prove anything."""
        order = record.order
        young = self._clock.time_ns() - record.started_ns <= ASKED_FOR_NS
        if not isinstance(record.current, Unknown) or order.order_id in self._beyond_proof or not young:
            return False
        if waiting is None:
            return True
        return order.action is Action.MODIFY and _is_as_asked(order, waiting)

    async def _by_history(self, record: OrderRecord) -> tuple[Outcome, str] | None:
        """A change or cancellation held against the order as it is now, which the last look may not have seen."""
        order, ticket = record.order, record.order.pending or 0
        deadline = self._clock.monotonic() + READ_WAIT_S
        waiting = await self._gateway.orders(ticket, deadline=deadline)
        if isinstance(waiting, Unavailable):
            return None
        found = waiting[0] if waiting else await self._gateway.past_order(ticket, deadline=deadline)
        if found is None or isinstance(found, Unavailable):
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
    alike = all(abs(price - (wanted or 0.0)) < PRICE for price, wanted in zip(there, asked, strict=True))
    return alike and found.expiration == (order.expiration or 0)


def _retcode(record: OrderRecord) -> int:
    """What the broker answered at first; 0 where it answered nothing."""
    return (isinstance(record.outcome, Unknown) and record.outcome.retcode) or 0
