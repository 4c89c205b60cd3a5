"""The functions of trading: the account, its positions and history, calculations, and orders."""

from __future__ import annotations

from typing import Any, TypeVar

from ..books.records import Deal, Order, Position
from ..desk.desk import refused, unchecked
from ..positions.money import Stake, margin, profit
from ..positions.portfolio import appraise
from ..vocabulary.constants import TRADE_RETCODE_CLIENT_DISABLES_AT, TRADE_RETCODE_CONNECTION
from ..vocabulary.order_types import BUY, SELL
from ..vocabulary.structs import Struct
from ..vocabulary.symbols import SymbolSpec
from . import views
from .calls import (
    GROUP_MAX,
    Arguments,
    BadArguments,
    Keywords,
    first_filter,
    invalid_params,
    take,
    take_action,
    take_date,
    take_float,
    take_text,
)
from .groups import group_filter
from .requests import take_request
from .terminal import Terminal


def account_info(terminal: Terminal, args: Arguments, kwargs: Keywords) -> Struct:
    """Return the account's terms and money."""
    del args, kwargs
    ledger = terminal.books()
    with ledger.reading():
        account, positions = ledger.account(), ledger.positions()
    worth = appraise(account, positions, terminal.rates())
    if wrong := terminal.fault("wrong_account"):
        account = account._replace(login=int(wrong.parameters["value"]))
    return views.account_info(account, worth)


def positions_total(terminal: Terminal, args: Arguments, kwargs: Keywords) -> int:
    """Return the number of open positions."""
    del args, kwargs
    return terminal.books().positions_total()


def positions_get(terminal: Terminal, args: Arguments, kwargs: Keywords) -> tuple[Struct, ...]:
    """Return open positions.

    `positions_get([ticket=] | [symbol=] | [group=]) → tuple of TradePosition`
    """
    chosen = _take_filter(args, kwargs, ("ticket", "symbol", "group"))
    ledger = terminal.books()
    match chosen:
        case ("ticket", number):
            held = ledger.positions(ticket=number)
        case ("symbol", name):
            held = ledger.positions(symbol=name) if name in terminal.market.specs else []
        case ("group", group):
            held = _in_group(ledger.positions(), group)
        case _:
            held = ledger.positions()
    rates, clock = terminal.rates(), terminal.server_clock
    return tuple(views.position(each, rates, clock) for each in held)


def orders_total(terminal: Terminal, args: Arguments, kwargs: Keywords) -> int:
    """Return the number of active orders."""
    del args, kwargs
    return terminal.books().active_orders_total()


def orders_get(terminal: Terminal, args: Arguments, kwargs: Keywords) -> tuple[Struct, ...]:
    """Return active orders.

    `orders_get([ticket=] | [symbol=] | [group=]) → tuple of TradeOrder`
    """
    chosen = _take_filter(args, kwargs, ("ticket", "symbol", "group"))
    ledger = terminal.books()
    match chosen:
        case ("ticket", number):
            active = ledger.active_orders(ticket=number)
        case ("symbol", name):
            active = ledger.active_orders(symbol=name) if name in terminal.market.specs else []
        case ("group", group):
            active = _in_group(ledger.active_orders(), group)
        case _:
            active = ledger.active_orders()
    rates, clock = terminal.rates(), terminal.server_clock
    return tuple(views.active_order(each, rates, clock) for each in active)


def history_orders_total(terminal: Terminal, args: Arguments, kwargs: Keywords) -> int:
    """Return how many orders were done.

    `history_orders_total(date_from, date_to)`
    """
    del kwargs
    period = _take_period(terminal, take(args, 2))
    return len(_arrived(terminal, terminal.books().orders(**period)))


def history_orders_get(terminal: Terminal, args: Arguments, kwargs: Keywords) -> tuple[Struct, ...]:
    """Return done orders.

    `history_orders_get(date_from, date_to, [group=])` or `(ticket=)` or `(position=)`
    """
    period, chosen = _take_history(terminal, args, kwargs)
    ledger = terminal.books()
    found = _arrived(terminal, ledger.orders(**period) if period else ledger.orders_of(**chosen))
    if "group" in chosen:
        found = _in_group(found, chosen["group"])
    return tuple(views.order(each, terminal.server_clock) for each in found)


def history_deals_total(terminal: Terminal, args: Arguments, kwargs: Keywords) -> int:
    """Return how many deals were made.

    `history_deals_total(date_from, date_to)`
    """
    del kwargs
    period = _take_period(terminal, take(args, 2))
    return len(_arrived(terminal, terminal.books().deals(**period)))


def history_deals_get(terminal: Terminal, args: Arguments, kwargs: Keywords) -> tuple[Struct, ...]:
    """Return deals.

    `history_deals_get(date_from, date_to, [group=])` or `(ticket=)` or `(position=)`
    """
    period, chosen = _take_history(terminal, args, kwargs)
    ledger = terminal.books()
    found = _arrived(terminal, ledger.deals(**period) if period else ledger.deals_of(**chosen))
    if "group" in chosen:
        found = _in_group(found, chosen["group"])
    return tuple(views.deal(each, terminal.server_clock) for each in found)


def order_calc_margin(terminal: Terminal, args: Arguments, kwargs: Keywords) -> float:
    """Return the margin of a trade in the deposit currency.

    `order_calc_margin(action, symbol, volume, price)`
    """
    del kwargs
    action, symbol, volume, price = take(args, 4)
    side, lots, at = take_action(action), take_float(volume), take_float(price)
    name = take_text(symbol)
    spec = _calculable(terminal, side, name)
    leverage = terminal.connected().ledger.account().leverage
    return round(margin(Stake(spec, side, lots), leverage, _positive(at), terminal.rates()), 2)


def order_calc_profit(terminal: Terminal, args: Arguments, kwargs: Keywords) -> float:
    """Return a trade's profit.

    `order_calc_profit(action, symbol, volume, price_open, price_close)`
    """
    del kwargs
    action, symbol, volume, price_open, price_close = take(args, 5)
    side = take_action(action)
    lots, opened, closed = (take_float(value) for value in (volume, price_open, price_close))
    name = take_text(symbol)
    spec = _calculable(terminal, side, name)
    return profit(Stake(spec, side, lots), _positive(opened), _positive(closed), terminal.rates())


def order_check(terminal: Terminal, args: Arguments, kwargs: Keywords) -> Struct:
    """Say what a request would lead to.

    `order_check(request) → OrderCheckResult`
    """
    request = take_request(args, kwargs)
    desk = terminal.connected().desk
    if refusal := _kept_back(terminal):
        return unchecked(refusal, request)
    return desk.check(request, priced=terminal.priced())


def order_send(terminal: Terminal, args: Arguments, kwargs: Keywords) -> Struct:
    """Send a trade request.

    `order_send(request) → OrderSendResult`
    """
    request = take_request(args, kwargs)
    desk = terminal.connected().desk
    if refusal := _kept_back(terminal):
        return refused(refusal, request)
    return desk.send(request, priced=terminal.priced())


def _kept_back(terminal: Terminal) -> int:
    """Why the terminal sends no request, or 0."""
    if terminal.fault("autotrading_off"):
        return TRADE_RETCODE_CLIENT_DISABLES_AT
    return TRADE_RETCODE_CONNECTION if terminal.fault("disconnect") else 0


def _take_filter(args: Arguments, kwargs: Keywords, names: tuple[str, ...]) -> tuple[str, Any] | None:
    if args:
        raise BadArguments("Unnamed arguments not allowed")
    return first_filter(kwargs, names)


def _take_history(terminal: Terminal, args: Arguments, kwargs: Keywords) -> tuple[dict[str, int], dict[str, Any]]:
    """Return a period and perhaps a group, or no period and a ticket or position. Two dates win."""
    if len(args) == 2:
        period, chosen = _take_period(terminal, args), {}
        if "group" in kwargs:
            chosen["group"] = take_text(kwargs["group"], 'Invalid "group" argument', GROUP_MAX)
        return period, chosen
    if args and ("ticket" in kwargs or "position" in kwargs):
        raise BadArguments("Unnamed arguments not allowed")
    number = first_filter(kwargs, ("ticket", "position"))
    if number is None:
        raise BadArguments
    return {}, dict([number])


def _take_period(terminal: Terminal, dates: Arguments) -> dict[str, int]:
    """Turn two dates of the server's clock into milliseconds UTC; the second counts in whole."""
    clock = terminal.server_clock
    since, until = (take_date(date, terminal) for date in dates)
    # Of an hour shown twice both count, and of one left out nothing: its seconds are all the one after it.
    end = min(clock.to_utc_s(until) + 1, clock.to_utc_s(until + 1))
    return {"since_msc": clock.to_first_utc_s(since) * 1000, "until_msc": end * 1000}


_Record = TypeVar("_Record", Order, Deal, Position)


def _in_group(records: list[_Record], group: str) -> list[_Record]:
    holds = group_filter(group)
    return [record for record in records if holds(record.symbol)]


_Past = TypeVar("_Past", Order, Deal)


def _arrived(terminal: Terminal, past: list[_Past]) -> list[_Past]:
    """What the terminal has heard of: all, unless its history lags behind."""
    lag = terminal.fault("history_lag")
    if lag is None:
        return past
    until_msc = terminal.market.now_msc() - round(lag.parameters["value"] * 1000)
    return [each for each in past if (each.time_done_msc if isinstance(each, Order) else each.time_msc) <= until_msc]


def _calculable(terminal: Terminal, side: int, name: str) -> SymbolSpec:
    spec = terminal.symbol(name)
    if side not in (BUY, SELL):
        raise invalid_params()
    return spec


def _positive(price: float) -> float:
    if not price > 0:
        raise invalid_params()
    return price
