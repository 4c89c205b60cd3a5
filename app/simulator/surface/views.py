"""The books as a terminal shows them: the server's clock for UTC, floats for cents, live prices beside old ones."""

from __future__ import annotations

from ..books.records import Account, Deal, Order, Position
from ..market.conversion import Rates
from ..market.feed import Quote
from ..market.history import tick_flags
from ..market.server_clock import ServerClock
from ..positions.portfolio import Worth, closing_price, floating_profit
from ..vocabulary import structs
from ..vocabulary.order_types import order_side
from ..vocabulary.structs import Struct
from ..vocabulary.symbols import SymbolSpec


def account_info(account: Account, worth: Worth) -> Struct:
    """The account's terms and what it is worth now."""
    return structs.AccountInfo(
        [
            account.login, account.trade_mode, account.leverage, account.limit_orders, account.stopout_mode,
            account.trade_allowed, account.trade_expert, account.margin_mode, 2, account.fifo_close,
            account.balance_cents / 100, account.credit_cents / 100, worth.profit_cents / 100,
            worth.equity_cents / 100, worth.margin_cents / 100, worth.free_cents / 100, worth.level,
            account.margin_call_level, account.stopout_level, 0.0, 0.0, 0.0, 0.0, 0.0,
            account.name, account.server, account.currency, account.company,
        ]
    )  # fmt: skip


def tick(quote: Quote, spec: SymbolSpec, clock: ServerClock) -> Struct:
    """The last tick."""
    time_msc = clock.to_server_msc(quote.time_msc)
    flags = tick_flags(quote.bid_moved, quote.ask_moved)
    bid, ask = spec.price(quote.bid), spec.price(quote.ask)
    return structs.Tick([time_msc // 1000, bid, ask, 0.0, 0, time_msc, flags, 0.0])


def no_tick() -> Struct:
    """The tick of a symbol for which none has arrived."""
    return structs.Tick([0, 0.0, 0.0, 0.0, 0, 0, 0, 0.0])


def position(held: Position, rates: Rates, clock: ServerClock) -> Struct:
    """An open position at the current price."""
    price = closing_price(rates.specs[held.symbol], held.type, rates.quote(held.symbol))
    opened, updated = (clock.to_server_msc(time_msc) for time_msc in (held.time_msc, held.time_update_msc))
    return structs.TradePosition(
        [
            held.ticket, opened // 1000, opened, updated // 1000, updated, held.type, held.magic, held.identifier,
            held.reason, held.volume, held.price_open, held.sl, held.tp, price,
            held.swap_cents / 100, floating_profit(held, rates), held.symbol, held.comment, "",
        ]
    )  # fmt: skip


def active_order(waiting: Order, rates: Rates, clock: ServerClock) -> Struct:
    """An order that is not done, beside the price at which its side trades now."""
    points = rates.quote(waiting.symbol).entry(order_side(waiting.type))
    return order(waiting._replace(price_current=rates.specs[waiting.symbol].price(points)), clock)


def order(done: Order, clock: ServerClock) -> Struct:
    """An order as it is in the books; a time that has not come is 0."""
    setup, finished, ends = (
        clock.to_server_msc(time_msc) if time_msc else 0
        for time_msc in (done.time_setup_msc, done.time_done_msc, done.time_expiration_msc)
    )
    return structs.TradeOrder(
        [
            done.ticket, setup // 1000, setup, finished // 1000, finished, ends // 1000, done.type, done.type_time,
            done.type_filling, done.state, done.magic, done.position_id, done.position_by_id, done.reason,
            done.volume_initial, done.volume_current, done.price_open, done.sl, done.tp, done.price_current,
            done.price_stoplimit, done.symbol, done.comment, "",
        ]
    )  # fmt: skip


def deal(made: Deal, clock: ServerClock) -> Struct:
    """A deal out of history."""
    time_msc = clock.to_server_msc(made.time_msc)
    return structs.TradeDeal(
        [
            made.ticket, made.order, time_msc // 1000, time_msc, made.type, made.entry, made.magic,
            made.position_id, made.reason, made.volume, made.price, made.commission_cents / 100,
            made.swap_cents / 100, made.profit_cents / 100, made.fee_cents / 100, made.symbol, made.comment, "",
        ]
    )  # fmt: skip
