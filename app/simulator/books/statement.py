"""Everything in the books as plain values: what the broker knows, whatever a terminal or an API says.

It is read as it stands: what has come due since (a stop, an expiry, a swap) is entered when a terminal looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ..vocabulary.constants import CONSTANTS, DEAL_TYPE_CREDIT
from .faults import FaultBook
from .ledger import Ledger
from .records import Account, Deal, Order, Position, rfc3339

TABLES = ("accounts", "orders", "deals", "positions", "faults")
_FOREVER_MSC = 2**62
_SECRET = ("password_hash", "investor_hash")
_Row = dict[str, Any]


def statement(ledger: Path, clock: Callable[[], float]) -> dict[str, list[_Row]]:
    """Return every table of these books by its name, oldest rows first; `clock` tells seconds UTC.

    Times are RFC 3339 (None: never), money is in the account's currency, prices and volumes are numbers, and MT5's
    own numbers are words (`buy_limit`). An account's `balance` is what it says, `balance_by_deals` its deals' sum.
    """
    with closing(Ledger(str(ledger), int(clock() * 1000))) as books, books.reading():
        accounts = books.accounts()
        of_each = [books.of(account.login) for account in accounts]
        deals = [deal for each in of_each for deal in each.deals(since_msc=0, until_msc=_FOREVER_MSC)]
        orders = [
            order
            for each in of_each
            for order in (*each.orders(since_msc=0, until_msc=_FOREVER_MSC), *each.active_orders())
        ]
        positions = [position for each in of_each for position in each.positions()]
    return {
        "accounts": [_account(account, deals) for account in accounts],
        "orders": [_order(order) for order in _by_ticket(orders)],
        "deals": [_deal(deal) for deal in _by_ticket(deals)],
        "positions": [_position(position) for position in _by_ticket(positions)],
        "faults": FaultBook(ledger, clock).active(),
    }


def _by_ticket(records: Iterable[Any]) -> list[Any]:
    return sorted(records, key=lambda record: record.ticket)


def _account(account: Account, deals: Iterable[Deal]) -> _Row:
    own = [deal for deal in deals if deal.login == account.login]
    moved = sum(deal.money_cents for deal in own if deal.type != DEAL_TYPE_CREDIT)
    row = _plain(account._asdict(), {"trade_mode": "ACCOUNT_TRADE_MODE", "margin_mode": "ACCOUNT_MARGIN_MODE"})
    row |= {"stopout_mode": _word("ACCOUNT_STOPOUT_MODE", account.stopout_mode), "balance_by_deals": moved / 100}
    return {name: value for name, value in row.items() if name not in _SECRET}


def _order(order: Order) -> _Row:
    words = {"type": "ORDER_TYPE", "type_time": "ORDER_TIME", "type_filling": "ORDER_FILLING"}
    return _plain(order._asdict(), {**words, "state": "ORDER_STATE", "reason": "ORDER_REASON"})


def _deal(deal: Deal) -> _Row:
    return _plain(deal._asdict(), {"type": "DEAL_TYPE", "entry": "DEAL_ENTRY", "reason": "DEAL_REASON"})


def _position(position: Position) -> _Row:
    return _plain(position._asdict(), {"type": "POSITION_TYPE", "reason": "ORDER_REASON"})


def _plain(fields: Mapping[str, Any], words: Mapping[str, str]) -> _Row:
    """The fields of a record for people: login first, words for numbers, whole money, times without their unit."""
    row: _Row = {"login": fields["login"]}
    for name, value in fields.items():
        if name in words:
            row[name] = _word(words[name], value)
        elif name.endswith("_cents"):
            row[name.removesuffix("_cents")] = value / 100
        elif name.endswith("_msc"):
            row[name.removesuffix("_msc")] = rfc3339(value) if value else None
        else:
            row[name] = value
    return row


def _word(prefix: str, number: int) -> str:
    """`buy_limit` for the number of ORDER_TYPE_BUY_LIMIT; an unlisted number as it is."""
    start = f"{prefix}_"
    found = (name for name, value in CONSTANTS.items() if name.startswith(start) and value == number)
    return next(found, start + str(number)).removeprefix(start).lower()
