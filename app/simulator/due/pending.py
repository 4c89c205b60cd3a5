"""Orders that wait: for their price, for their end, or for the broker to get round to them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ..books.ledger import Ledger
from ..books.records import Order, Position, Scheduled
from ..market.feed import Quote
from ..market.market import Market
from ..positions.booking import Fill, book, worth_after
from ..vocabulary import constants as mt5
from ..vocabulary.order_types import BUY, LIMITS, STOP_LIMITS, is_market, order_side
from ..vocabulary.symbols import SymbolSpec
from .events import Event, Rank
from .sentry import Sentry
from .triggers import Corridor, above, below

FILL_ORDER = "fill_order"  # what a scheduled row asks for; its parameters: {"order": ticket}


def waiting_corridor(spec: SymbolSpec, order_type: int, price: float) -> Corridor:
    """Where the price may go while such an order waits: a buy is held against the ask, a sell against the bid."""
    buys = order_side(order_type) == BUY
    falls = buys == (order_type in LIMITS)
    return below(spec, price, on_ask=buys) if falls else above(spec, price, on_ask=buys)


class Waiting:
    """Executes pending orders at the first tick that reaches their price, and ends those whose time is over."""

    def __init__(self, ledger: Ledger, market: Market) -> None:
        self._ledger = ledger
        self._market = market
        self._sentry = Sentry(market)

    def due(self, until_msc: int) -> Iterable[Event]:
        """Orders whose price has been reached or whose time is over, and those that the broker gets round to."""
        self._sentry.begin_round()
        for order in self._ledger.all_active_orders():
            if 0 < order.time_expiration_msc <= until_msc:
                yield Event(order.time_expiration_msc, Rank.EXPIRY, order.ticket, partial(self._expire, order))
            if not is_market(order.type) and (touch := self._touch(order, until_msc)):
                yield Event(touch.time_msc, Rank.ORDER, order.ticket, partial(self._activate, order, touch))
        for row in self._ledger.scheduled(until_msc):
            if row.what == FILL_ORDER:
                yield Event(row.due_msc, Rank.FILL, row.id, partial(self._fill_scheduled, row))

    def _touch(self, order: Order, until_msc: int) -> Quote | None:
        corridor = waiting_corridor(self._market.specs[order.symbol], order.type, order.price_open)
        return self._sentry.touch(order.symbol, corridor, order.active_msc, until_msc)

    def _expire(self, order: Order) -> None:
        end_order(self._ledger.of(order.login), order, mt5.ORDER_STATE_EXPIRED, order.time_expiration_msc)

    def _activate(self, order: Order, touch: Quote) -> None:
        ledger = self._ledger.of(order.login)
        if order.type in STOP_LIMITS:
            ledger.change_order(
                order._replace(
                    type=STOP_LIMITS[order.type],
                    price_open=order.price_stoplimit,
                    price_stoplimit=0.0,
                    active_msc=touch.time_msc,
                )
            )
        else:
            execute_order(ledger, self._market, order, touch, touch.time_msc)

    def _fill_scheduled(self, row: Scheduled) -> None:
        ledger = self._ledger.of(row.login)
        ledger.unschedule(row.id)
        for order in ledger.active_orders(ticket=row.parameters["order"]):
            quote = self._market.quote_or_raise(order.symbol, row.due_msc)
            execute_order(ledger, self._market, order, quote, row.due_msc)


def end_order(ledger: Ledger, order: Order, state: int, now_msc: int) -> None:
    """Put an active order into history without a deal."""
    ledger.change_order(order._replace(state=state, time_done_msc=now_msc))


def execute_order(ledger: Ledger, market: Market, order: Order, quote: Quote, now_msc: int) -> None:
    """Fill what is left of an active order at a quote; reject it where that cannot be done any more."""
    fill = Fill(
        spec=market.specs[order.symbol],
        side=order_side(order.type),
        volume=order.volume_current,
        quote=quote,
        time_msc=now_msc,
        reason=order.reason,
        magic=order.magic,
        comment=order.comment,
        sl=order.sl,
        tp=order.tp,
        order=order,
    )
    # Where positions are netted, an order that has met one before is for the symbol's, whatever that has become.
    closes = ledger.account().hedging and order.position_id not in (0, order.ticket)
    found = ledger.positions(ticket=order.position_id) if closes else []
    held = found[0] if found else None
    if market.is_open(order.symbol, now_msc) and (
        _is_there(fill, held) if closes else _may_enter(ledger, market, fill)
    ):
        book(ledger, market, fill, held)
    else:
        end_order(ledger, order, mt5.ORDER_STATE_REJECTED, now_msc)


def _is_there(fill: Fill, held: Position | None) -> bool:
    return held is not None and held.type != fill.side and held.volume >= fill.volume


def _may_enter(ledger: Ledger, market: Market, fill: Fill) -> bool:
    """Whether rules, money and room allow a fill; one that makes a netted position smaller needs none of them."""
    account, same = ledger.account(), ledger.positions(symbol=fill.spec.name)
    if not account.hedging and any(_is_there(fill, held) for held in same):
        return True
    if account.hedging and account.hedge_prohibited and any(held.type != fill.side for held in same):
        return False
    opens = fill.order is None or not ledger.positions(ticket=fill.order.ticket) if account.hedging else not same
    if opens and account.limit_positions and ledger.positions_total() >= account.limit_positions:
        return False
    return worth_after(ledger, market, fill, None).free_cents >= 0
