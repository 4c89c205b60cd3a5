"""Mends what an order left open when its caller was answered, as soon as disk and terminal allow it."""

from __future__ import annotations

import asyncio
import logging

from app.broker.gateway import Gateway
from app.domain.clock import Clock
from app.domain.orders import Filled, Outcome
from app.errors import JournalError
from app.trading.journal.journal import Journal
from app.trading.journal.records import OrderRecord
from app.trading.truths import Truths
from app.watch.poller import Watch

log = logging.getLogger(__name__)

SETTLE_WAIT_S = 1.0
"""How long one later look for deals may take."""
SETTLED_PER_LOOK = 3
SETTLE_FOR_NS = 24 * 3600 * 10**9
"""How long the deals of a fill are looked for."""


class Mender:
    """Writes down outcomes that the journal could not take, reads deals that did not show, asks `Truths` of the rest.

    A fill without a position that the journal already has is looked at again after a restart, too.
    """

    def __init__(self, *, gateway: Gateway, journal: Journal, watch: Watch, clock: Clock) -> None:
        self._gateway = gateway
        self._journal = journal
        self._clock = clock
        self._truths = Truths(gateway=gateway, journal=journal, watch=watch, clock=clock)
        self._unwritten: dict[str, tuple[Outcome, int]] = {}
        self._writing_again = asyncio.Lock()
        # Ids in the order in which they are looked at.
        self._unsettled = dict.fromkeys(
            record.order.order_id for record in journal.orders() if _is_unsettled(record) and self._is_young(record)
        )

    def write_later(self, order_id: str, outcome: Outcome, *, ended_ns: int) -> None:
        """Write this outcome down when the journal takes it."""
        self._unwritten[order_id] = outcome, ended_ns

    def settle_later(self, order_id: str) -> None:
        """Look for the deals of this fill again."""
        self._unsettled[order_id] = None

    async def look(self) -> None:
        """Mend what can be mended now; called after each look of `Watch`."""
        await self.write_again()
        await self._settle_again()
        await self._truths.look()

    async def write_again(self) -> None:
        """Write down outcomes that the journal could not take when they came."""
        async with self._writing_again:
            for order_id, (outcome, ended_ns) in tuple(self._unwritten.items()):
                record = self._journal.get(order_id)
                if record is not None and record.outcome is None:
                    try:
                        await self._journal.outcome(order_id, outcome, ended_ns=ended_ns)
                    except JournalError:
                        return
                    log.info("The outcome of order %s is in the journal now", order_id)
                self._unwritten.pop(order_id, None)

    async def _settle_again(self) -> None:
        """Look again for the deals of a few fills whose position is not known."""
        for order_id in tuple(self._unsettled)[:SETTLED_PER_LOOK]:
            # To the end of the line, so that one whose deals never show does not keep the others waiting.
            del self._unsettled[order_id]
            record = self._journal.get(order_id)
            if record is not None and record.outcome is None:
                self.settle_later(order_id)  # its outcome is being written, or will be
            elif record is not None and _is_unsettled(record) and self._is_young(record):
                assert isinstance(record.current, Filled)
                await self._settle_one(order_id, record.current)

    async def _settle_one(self, order_id: str, filled: Filled) -> None:
        self.settle_later(order_id)
        deadline = self._clock.monotonic() + SETTLE_WAIT_S
        settled = await self._gateway.settle(filled, deadline=deadline, again=False)
        if settled.filled.position is not None:
            await self._journal.amend(order_id, settled.filled, reason="deals read later")
            self._unsettled.pop(order_id, None)

    def _is_young(self, record: OrderRecord) -> bool:
        return self._clock.time_ns() - record.started_ns <= SETTLE_FOR_NS


def _is_unsettled(record: OrderRecord) -> bool:
    return isinstance(record.current, Filled) and record.current.position is None
