"""Whether what the terminal shows belongs to an order of ours whose numbers are not known."""

from __future__ import annotations

from app.domain.account import BrokerOrder
from app.domain.deals import REASON_EXPERT, Deal
from app.domain.lots import LOTS_TOLERANCE
from app.domain.orders import TAG_MARK, Action, Order
from app.trading.journal.records import OrderRecord

PRICE_TOLERANCE = 1e-8
"""Prices that differ by less are the same."""
CLOCK_SLACK_NS = 60 * 10**9
"""How far the server's clock may stand from ours."""


def fits(order: Order, deal: Deal) -> bool:
    """Whether a deal that bears an order's tag may be its own; whatever its time, the server's clock may be wrong."""
    return (
        order.pending is None  # changing or cancelling an order trades nothing
        and deal.symbol == order.symbol
        and deal.side is order.side
        and deal.volume <= order.volume + LOTS_TOLERANCE
        and (order.position is None or order.position == deal.position)
    )


def resembles(record: OrderRecord, deal: Deal) -> bool:
    """Whether a deal without any tag looks like an order's: brokers rewrite comments.

    It proves nothing. A pending order may wait long for its price, so its deal may be of any later time.
    """
    order = record.order
    late_ns = deal.time_ns - record.started_ns
    return (
        fits(order, deal)
        and deal.reason == REASON_EXPERT
        and deal.magic == order.magic
        and TAG_MARK not in deal.comment
        and late_ns >= -CLOCK_SLACK_NS
        and (order.action is Action.PLACE or late_ns <= CLOCK_SLACK_NS)
    )


def is_placed(order: Order, found: BrokerOrder) -> bool:
    """Whether an order at the broker that bears the tag of this one is what it placed."""
    return (
        order.action is Action.PLACE
        and found.symbol == order.symbol
        and found.kind_and_side == (order.kind, order.side)
    )
