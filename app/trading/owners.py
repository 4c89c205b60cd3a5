"""To which order of ours a deal of the account belongs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.broker.gateway import Gateway
from app.domain.account import PastOrder, Unavailable
from app.domain.clock import Clock
from app.domain.deals import Deal
from app.domain.lots import LOTS_TOLERANCE
from app.domain.orders import TAG_MARK, Action, Kind
from app.trading.journal.journal import Journal
from app.trading.journal.records import OrderRecord
from app.trading.kinship import fits, resembles

UNDER_WAY_NS = 30 * 10**9
"""An order is answered well before; one that is open for longer has lost its outcome."""
UNREAD_S = 60.0
"""How long a deal that may be ours waits for its order in the history; after that it is told without."""
READ_WAIT_S = 1.0
"""So long one look waits for the orders of all deals together."""
OWNER_AGE_NS = 24 * 3_600 * 10**9
"""A deal without a tag is held against orders no older than this."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The order that a deal belongs to, and whether that is certain."""

    record: OrderRecord
    proved: bool


class Owners:
    """Finds the order that a deal belongs to.

    A deal is ours by the number of its order or by the tag in its comment or in that of its order. One without any
    tag is counted as ours where one market order only may have made it; that proves nothing of the order. One that may
    belong to an order still under way waits for that order's outcome.
    """

    def __init__(self, *, gateway: Gateway, journal: Journal, clock: Clock) -> None:
        self._gateway = gateway
        self._journal = journal
        self._clock = clock
        self._unread_since: dict[int, float] = {}
        self._read_until = 0.0

    def begin_look(self) -> None:
        """From here on the terminal is waited for as long as one look may take."""
        self._read_until = self._clock.monotonic() + READ_WAIT_S

    def forget(self, ticket: int) -> None:
        """Keep nothing of a deal that is written down."""
        self._unread_since.pop(ticket, None)

    async def of(self, deal: Deal) -> Owner | Unavailable | None:
        """The order that a deal belongs to, None where it is none of ours; `Unavailable` where that is open yet."""
        known = self._journal.owner(deal.order)
        if known is not None and known.is_at(deal.order):
            return Owner(known, proved=True)
        if (tagged := self._tagged(deal.comment, deal)) is not None:
            return tagged
        if known is not None:  # by an earlier deal of the same order
            return Owner(known, proved=False)
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

    def _tagged(self, comment: str, deal: Deal) -> Owner | None:
        record = self._journal.tagged(comment)
        return Owner(record, proved=True) if record is not None and fits(record.order, deal) else None

    async def _by_its_order(self, perhaps: Sequence[OrderRecord], deal: Deal) -> Owner | Unavailable | None:
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
        return Owner(perhaps[0], proved=False)

    async def _order_of(self, deal: Deal) -> PastOrder | Unavailable | None:
        """The broker's order of a deal; None where the history shows none, or could not be read for long."""
        now_s = self._clock.monotonic()
        if now_s - self._unread_since.setdefault(deal.ticket, now_s) >= UNREAD_S:
            return None
        return await self._gateway.past_order(deal.order, deadline=self._read_until)


def _is_market_order_of(record: OrderRecord, volume: float) -> bool:
    """Whether it is a market order of so many lots."""
    return record.order.action is not Action.PLACE and abs(record.order.volume - volume) < LOTS_TOLERANCE
