"""Whether what the terminal shows belongs to an order of ours whose numbers are not known."""

from __future__ import annotations

from enum import Enum

from app.domain.account import BrokerOrder
from app.domain.deals import REASON_EXPERT, Deal
from app.domain.orders import Action
from app.trading.journal.records import OrderRecord

LOTS = 1e-8
"""Less than this is nothing."""
PRICE = 1e-8
"""Prices that differ by less are the same."""
CLOCK_SLACK_NS = 60 * 10**9
"""How far the server's clock may stand from ours."""
TAGGED_NS = 24 * 3_600 * 10**9
"""How long after a market order a deal may come that bears its tag; an order that waits for its price may wait long."""


class Kinship(Enum):
    """Whether a deal or an order at the broker belongs to an order of ours."""

    NO = 0
    PERHAPS = 1
    YES = 2


def kinship(record: OrderRecord, deal: Deal) -> Kinship:
    """Whether a deal belongs to an order that was sent and whose numbers are not known.

    The tag of its comment proves it. Brokers rewrite comments: without any tag, what was asked for and when must fit.
    A deal does not say which price its order waited for: one that may be a pending order's is `PERHAPS` at any later
    time, and `placement` of the broker's order decides.
    """
    order = record.order
    waits = order.action is Action.PLACE
    late_ns = deal.time_ns - record.started_ns
    fits = (
        order.pending is None  # changing or cancelling an order trades nothing
        and deal.symbol == order.symbol
        and deal.side is order.side
        and deal.volume <= order.volume + LOTS
        and (order.position is None or order.position == deal.position)
        and late_ns >= -CLOCK_SLACK_NS
        and (waits or late_ns <= TAGGED_NS)
    )
    if not fits:
        return Kinship.NO
    if bears_tag(record, deal.comment):
        return Kinship.YES
    alike = (
        deal.reason == REASON_EXPERT
        and deal.magic == order.magic
        and "~" not in deal.comment
        and (waits or late_ns <= CLOCK_SLACK_NS)
    )
    return Kinship.PERHAPS if alike else Kinship.NO


def placement(record: OrderRecord, found: BrokerOrder) -> Kinship:
    """Whether an order at the broker, waiting or past, is that of a placement."""
    order = record.order
    if order.action is not Action.PLACE:
        return Kinship.NO
    if found.symbol != order.symbol or found.kind_and_side != (order.kind, order.side):
        return Kinship.NO
    if bears_tag(record, found.comment):
        return Kinship.YES
    alike = (
        "~" not in found.comment
        and found.magic == order.magic
        and abs(found.volume_asked - order.volume) < LOTS
        and abs(found.price_open - (order.price or 0.0)) < PRICE
        and abs(found.setup_ns - record.started_ns) <= CLOCK_SLACK_NS
    )
    return Kinship.PERHAPS if alike else Kinship.NO


def bears_tag(record: OrderRecord, comment: str) -> bool:
    """Whether the comment of something at the broker ends as the one that was sent with this order."""
    tag = f"~{record.order.order_id[-8:]}"
    return record.comment_sent.endswith(tag) and comment.endswith(tag)
