"""Fills in the books: an order, its deal, and what they do to a position, whoever asked for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.simulator import constants as mt5
from app.simulator.ledger import Ledger
from app.simulator.market import Quote
from app.simulator.money import BUY
from app.simulator.portfolio import Worth, appraise, cents, closing_price, floating_profit
from app.simulator.records import Deal, Order, Position
from app.simulator.symbols import SymbolSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """Lots bought or sold at a quote of the market; `reason` is MT5's number for who asked, or what.

    `order` is the active order that is filled; without one, the order is entered with its fill. It was for `ordered`
    lots, if those are more.
    """

    spec: SymbolSpec
    side: int
    volume: float
    quote: Quote
    time_msc: int
    reason: int
    magic: int = 0
    comment: str = ""
    type_time: int = 0
    type_filling: int = 0
    sl: float = 0.0
    tp: float = 0.0
    order: Order | None = None
    ordered: float = 0.0

    @property
    def price(self) -> float:
        """The price: the ask for who buys, the bid for who sells."""
        return self.spec.price(self.quote.ask if self.side == BUY else self.quote.bid)


@dataclass(frozen=True, slots=True)
class Booked:
    """The numbers of order and deal."""

    order: int
    deal: int


def opened_position(fill: Fill, ticket: int) -> Position:
    """The position that a fill opens."""
    return Position(
        ticket=ticket,
        time_msc=fill.time_msc,
        time_update_msc=fill.time_msc,
        type=fill.side,
        magic=fill.magic,
        identifier=ticket,
        reason=fill.reason,
        volume=fill.volume,
        price_open=closing_price(fill.spec, 1 - fill.side, fill.quote),
        swap_cents=0,
        symbol=fill.spec.name,
        comment=fill.comment,
        sl=fill.sl,
        tp=fill.tp,
        stops_msc=fill.time_msc,
        swapped_msc=fill.time_msc,
    )


def worth_after_opening(
    ledger: Ledger, fill: Fill, specs: Mapping[str, SymbolSpec], quote: Callable[[str], Quote]
) -> Worth:
    """The account's worth if this fill opened a position now, its commission included."""
    account = ledger.account()
    account = account._replace(balance_cents=account.balance_cents + _commission_cents(fill))
    return appraise(account, [*ledger.positions(), opened_position(fill, 0)], specs, quote)


def book_opening(ledger: Ledger, fill: Fill) -> Booked:
    """Enter a fill that opens a position."""
    order = enter_order(ledger, fill, position_id=0)
    add_to_position(ledger, fill, order)
    deal = _deal(fill, order, order, mt5.DEAL_ENTRY_IN)
    return Booked(order, ledger.add_deal(deal._replace(commission_cents=_commission_cents(fill))))


def book_closing(ledger: Ledger, fill: Fill, held: Position) -> Booked:
    """Enter a fill that closes a position, or part of it."""
    gained = cents(floating_profit(fill.spec, held._replace(volume=fill.volume), fill.quote))
    order = enter_order(ledger, fill, position_id=held.identifier)
    ledger.shrink_position(held.ticket, round(held.volume - fill.volume, 8), fill.time_msc)
    deal = _deal(fill, order, held.identifier, mt5.DEAL_ENTRY_OUT)
    return Booked(order, ledger.add_deal(deal._replace(profit_cents=gained)))


def enter_order(ledger: Ledger, fill: Fill, *, position_id: int) -> int:
    """Enter what has become of a fill's order and return its number; 0 is the position of that number."""
    active = fill.order
    if active is None:
        return ledger.add_order(_order(fill, position_id=position_id))
    left = round(active.volume_current - fill.volume, 8)
    ledger.change_order(
        active._replace(
            state=mt5.ORDER_STATE_PARTIAL if left else mt5.ORDER_STATE_FILLED,
            volume_current=left,
            price_current=fill.price,
            time_done_msc=0 if left else fill.time_msc,
            position_id=position_id or active.ticket,
        )
    )
    return active.ticket


def add_to_position(ledger: Ledger, fill: Fill, ticket: int) -> None:
    """Open the position of this number, or add to it what the same order has bought or sold before."""
    opened = opened_position(fill, ticket)
    for held in ledger.positions(ticket=ticket) if fill.order else []:
        volume = round(held.volume + fill.volume, 8)
        price = (held.price_open * held.volume + fill.price * fill.volume) / volume
        ledger.change_position(ticket, held._replace(volume=volume, price_open=price, time_update_msc=fill.time_msc))
        return
    ledger.open_position(opened)


def _commission_cents(fill: Fill) -> int:
    return -cents(fill.spec.commission_per_lot * fill.volume)


def _order(fill: Fill, *, position_id: int) -> Order:
    return Order(
        ticket=0,
        time_setup_msc=fill.time_msc,
        time_done_msc=fill.time_msc,
        type=fill.side,
        type_time=fill.type_time,
        type_filling=fill.type_filling,
        state=mt5.ORDER_STATE_PARTIAL if fill.ordered > fill.volume else mt5.ORDER_STATE_FILLED,
        magic=fill.magic,
        position_id=position_id,
        reason=fill.reason,
        volume_initial=max(fill.ordered, fill.volume),
        volume_current=round(max(fill.ordered - fill.volume, 0.0), 8),
        price_open=fill.price,
        price_current=fill.price,
        symbol=fill.spec.name,
        comment=fill.comment,
        sl=fill.sl,
        tp=fill.tp,
    )


def _deal(fill: Fill, order: int, position_id: int, entry: int) -> Deal:
    return Deal(
        ticket=0,
        order=order,
        time_msc=fill.time_msc,
        type=fill.side,
        entry=entry,
        magic=fill.magic,
        position_id=position_id,
        reason=fill.reason,
        volume=fill.volume,
        price=fill.price,
        symbol=fill.spec.name,
        comment=fill.comment,
    )
