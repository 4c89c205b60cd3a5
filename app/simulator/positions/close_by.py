"""Closing a position by one of the other side: both give up what they have in common, at no spread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..books.ledger import Ledger
from ..books.records import Deal, Order, Position
from ..market.conversion import Rates
from ..market.market import Market
from ..vocabulary import constants as mt5
from .booking import Booked, Fill, filled_order, without
from .money import Stake, cents, profit
from .portfolio import Worth, appraise


class _Side(NamedTuple):
    """One of the two positions, what is left of it, and the money of its deal in cents."""

    held: Position
    left: Position | None
    profit_cents: int
    swap_cents: int
    fee_cents: int

    @property
    def money_cents(self) -> int:
        """What its deal adds to the balance."""
        return self.profit_cents + self.swap_cents + self.fee_cents


def book_close_by(ledger: Ledger, market: Market, fill: Fill, held: Position, opposite: Position) -> Booked:
    """Close a position by an opposite one: one order, and a deal out of each, of which the first is told.

    Both deals are made at the opening price of the opposite one, so that all the profit is on the first. What the
    larger one has beyond stays as it is. Of the fill, time, reason, magic and comment count.
    """
    lots, price = min(held.volume, opposite.volume), opposite.price_open
    order = ledger.add_order(_order(fill, lots, held, opposite))
    rates = market.rates(ledger.account().currency, fill.time_msc)
    deals = []
    for side in _sides(fill, held, opposite, rates):
        if side.left is None:
            ledger.remove_position(side.held.ticket)
        else:
            ledger.change_position(side.held.ticket, side.left)
        deals.append(
            ledger.add_deal(
                Deal(
                    ticket=0,
                    order=order,
                    time_msc=fill.time_msc,
                    type=1 - side.held.type,
                    entry=mt5.DEAL_ENTRY_OUT_BY,
                    magic=fill.magic,
                    position_id=side.held.identifier,
                    reason=fill.reason,
                    volume=lots,
                    price=price,
                    swap_cents=side.swap_cents,
                    profit_cents=side.profit_cents,
                    fee_cents=side.fee_cents,
                    symbol=fill.spec.name,
                    comment=fill.comment,
                )
            )
        )
    return Booked(order, deals[0])


def worth_after_close_by(ledger: Ledger, market: Market, fill: Fill, held: Position, opposite: Position) -> Worth:
    """The account's worth if the two were closed by each other now."""
    account = ledger.account()
    rates = market.rates(account.currency, fill.time_msc)
    sides = list(_sides(fill, held, opposite, rates))
    money = sum(side.money_cents for side in sides)
    others = [each for each in ledger.positions() if each.ticket not in (held.ticket, opposite.ticket)]
    kept = [side.left for side in sides if side.left]
    return appraise(account._replace(balance_cents=account.balance_cents + money), [*others, *kept], rates)


def _sides(fill: Fill, held: Position, opposite: Position, rates: Rates) -> Iterator[_Side]:
    lots = min(held.volume, opposite.volume)
    fee = -cents(fill.spec.fee_per_lot * lots)
    for position in (held, opposite):
        left = without(position, lots, fill.time_msc)
        gained = profit(Stake(fill.spec, position.type, lots), position.price_open, opposite.price_open, rates)
        yield _Side(position, left, cents(gained), position.swap_cents - (left.swap_cents if left else 0), fee)


def _order(fill: Fill, lots: float, held: Position, opposite: Position) -> Order:
    return filled_order(fill, position_id=held.identifier)._replace(
        type=mt5.ORDER_TYPE_CLOSE_BY,
        type_time=mt5.ORDER_TIME_GTC,
        state=mt5.ORDER_STATE_FILLED,
        volume_initial=lots,
        volume_current=0.0,
        price_open=opposite.price_open,
        price_current=opposite.price_open,
        sl=0.0,
        tp=0.0,
        position_by_id=opposite.identifier,
    )
