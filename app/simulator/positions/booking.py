"""Fills in the books: an order, its deal, and what they do to a position, whoever asked for it."""

from __future__ import annotations

from dataclasses import dataclass

from ..books.ledger import Ledger
from ..books.records import Account, Deal, Order, Position
from ..market.conversion import Rates
from ..market.feed import Quote
from ..market.market import Market
from ..vocabulary import constants as mt5
from ..vocabulary.symbols import SymbolSpec, rounded_lots
from .money import Stake, cents, profit
from .portfolio import Worth, appraise


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
        return self.spec.price(self.quote.entry(self.side))


@dataclass(frozen=True, slots=True)
class Booked:
    """The numbers of order and deal."""

    order: int
    deal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a fill does to an account: its money in cents, and the position after it.

    No position is left where that is None; one that is new, or turned to the other side, has no ticket yet.
    """

    entry: int
    position: Position | None
    commission_cents: int = 0
    profit_cents: int = 0
    swap_cents: int = 0
    fee_cents: int = 0

    @property
    def money_cents(self) -> int:
        """What it adds to the balance."""
        return self.commission_cents + self.profit_cents + self.swap_cents + self.fee_cents


def effect(account: Account, fill: Fill, held: Position | None, rates: Rates) -> Effect:
    """Work out what a fill does to the position that it meets, or that it opens when it meets none.

    It adds to one of its own side at the mean price. One of the other side it closes, in part or whole, and what it
    has beyond turns it round (which a hedging account's caller does not ask for). Commission is charged on what is
    opened, for the way in and out; the fee on every deal. Swaps leave with the lots that gathered them.
    """
    fee = -cents(fill.spec.fee_per_lot * fill.volume)
    if held is None:
        charged = _commission_cents(account, fill.spec, fill.volume)
        return Effect(
            entry=mt5.DEAL_ENTRY_IN, position=_opened(fill, fill.volume), commission_cents=charged, fee_cents=fee
        )
    if held.type == fill.side:
        charged = _commission_cents(account, fill.spec, fill.volume)
        return Effect(entry=mt5.DEAL_ENTRY_IN, position=_added(fill, held), commission_cents=charged, fee_cents=fee)
    closed, beyond = min(fill.volume, held.volume), rounded_lots(fill.volume - held.volume)
    kept = without(held, closed, fill.time_msc)
    turned = _opened(fill, beyond)._replace(identifier=held.identifier) if beyond > 0 else None
    return Effect(
        entry=mt5.DEAL_ENTRY_INOUT if turned else mt5.DEAL_ENTRY_OUT,
        position=turned or kept,
        commission_cents=_commission_cents(account, fill.spec, beyond) if turned else 0,
        profit_cents=cents(profit(Stake(fill.spec, held.type, closed), held.price_open, fill.price, rates)),
        swap_cents=held.swap_cents - (kept.swap_cents if kept else 0),
        fee_cents=fee,
    )


def worth_after(ledger: Ledger, market: Market, fill: Fill, held: Position | None) -> Worth:
    """The account's worth if this fill were entered at its time, commission included."""
    account = ledger.account()
    held = _met(ledger, account, fill, held)
    rates = market.rates(account.currency, fill.time_msc)
    done = effect(account, fill, held, rates)
    others = [each for each in ledger.positions() if held is None or each.ticket != held.ticket]
    kept = [done.position] if done.position else []
    return appraise(account._replace(balance_cents=account.balance_cents + done.money_cents), [*others, *kept], rates)


def book(ledger: Ledger, market: Market, fill: Fill, held: Position | None) -> Booked:
    """Enter a fill and what it does to the position that it is for (None: to no particular one).

    Where positions are netted it meets the symbol's, otherwise what its own order has opened before.
    """
    account = ledger.account()
    held = _met(ledger, account, fill, held)
    done = effect(account, fill, held, market.rates(account.currency, fill.time_msc))
    order = _book_order(ledger, fill, held)
    _book_position(ledger, held, done.position, order)
    deal = Deal(
        ticket=0,
        order=order,
        time_msc=fill.time_msc,
        type=fill.side,
        entry=done.entry,
        magic=fill.magic,
        position_id=held.identifier if held else order,
        reason=fill.reason,
        volume=fill.volume,
        price=fill.price,
        commission_cents=done.commission_cents,
        swap_cents=done.swap_cents,
        profit_cents=done.profit_cents,
        fee_cents=done.fee_cents,
        symbol=fill.spec.name,
        comment=fill.comment,
    )
    return Booked(order, ledger.add_deal(deal))


def _met(ledger: Ledger, account: Account, fill: Fill, held: Position | None) -> Position | None:
    found: list[Position] = []
    if held is None and not account.hedging:
        found = ledger.positions(symbol=fill.spec.name)
    elif held is None and fill.order:
        found = ledger.positions(ticket=fill.order.ticket)
    return found[0] if found else held


def _opened(fill: Fill, volume: float) -> Position:
    return Position(
        ticket=0,
        time_msc=fill.time_msc,
        time_update_msc=fill.time_msc,
        type=fill.side,
        magic=fill.magic,
        identifier=0,
        reason=fill.reason,
        volume=volume,
        price_open=fill.price,
        swap_cents=0,
        symbol=fill.spec.name,
        comment=fill.comment,
        sl=fill.sl,
        tp=fill.tp,
        stops_msc=fill.time_msc,
        swapped_msc=fill.time_msc,
    )


def _added(fill: Fill, held: Position) -> Position:
    """The position with the fill's lots added. Stops that come with them replace the old ones."""
    volume = rounded_lots(held.volume + fill.volume)
    price = (held.price_open * held.volume + fill.price * fill.volume) / volume
    more = held._replace(volume=volume, price_open=price, time_update_msc=fill.time_msc)
    if fill.sl or fill.tp:
        more = more._replace(sl=fill.sl or held.sl, tp=fill.tp or held.tp, stops_msc=fill.time_msc)
    return more


def without(held: Position, closed: float, time_msc: int) -> Position | None:
    """What is left of a position without so many lots and the swaps they gathered."""
    left = rounded_lots(held.volume - closed)
    if left <= 0:
        return None
    gone = round(held.swap_cents * closed / held.volume)
    return held._replace(volume=left, swap_cents=held.swap_cents - gone, time_update_msc=time_msc)


def _commission_cents(account: Account, spec: SymbolSpec, lots: float) -> int:
    per_lot = spec.commission_per_lot if account.commission_per_lot is None else account.commission_per_lot
    return -cents(per_lot * lots)


def _book_order(ledger: Ledger, fill: Fill, held: Position | None) -> int:
    if fill.order is None:
        return ledger.add_order(filled_order(fill, position_id=held.identifier if held else 0))
    waiting, left = fill.order, max(rounded_lots(fill.order.volume_current - fill.volume), 0.0)
    ledger.change_order(
        waiting._replace(
            state=mt5.ORDER_STATE_PARTIAL if left else mt5.ORDER_STATE_FILLED,
            time_done_msc=0 if left else fill.time_msc,
            volume_current=left,
            price_current=fill.price,
            position_id=held.identifier if held else waiting.ticket,
        )
    )
    return waiting.ticket


def _book_position(ledger: Ledger, held: Position | None, after: Position | None, order: int) -> None:
    """Enter a position as it is after the order of this number: opened, other than it was, turned or gone."""
    if after and held:
        ledger.change_position(held.ticket, after._replace(ticket=after.ticket or order))
    elif after:
        ledger.open_position(after._replace(ticket=order, identifier=order))
    elif held:
        ledger.remove_position(held.ticket)


def filled_order(fill: Fill, *, position_id: int) -> Order:
    """The order of a fill that nothing waited for."""
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
        volume_current=rounded_lots(max(fill.ordered - fill.volume, 0.0)),
        price_open=fill.price,
        price_current=fill.price,
        symbol=fill.spec.name,
        comment=fill.comment,
        sl=fill.sl,
        tp=fill.tp,
    )
