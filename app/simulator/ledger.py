"""The broker's books: one SQLite file that several processes may use at once.

What is in it was committed to disk before anyone was told (write-ahead log, synchronous=FULL), so a process that is
killed finds the same account again. Times are milliseconds UTC and money is whole cents; how a terminal shows them
(its server's clock, floats) is not the ledger's business.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from typing import Any, NamedTuple, TypeVar

from app.simulator import schema
from app.simulator.fault_rows import FaultRows

BALANCE = 2  # DEAL_TYPE_BALANCE
INITIAL_CENTS = 100_000_00

# Orders and deals are numbered apart, from the same start: whoever mixes them up finds a wrong record soon.
_FIRST_NUMBER = 100_001
_ADD_DEAL = """INSERT INTO deals ("order", time_msc, type, entry, magic, position_id, reason, volume, price,
    commission_cents, swap_cents, profit_cents, fee_cents, symbol, comment)
VALUES (:order, :time_msc, :type, :entry, :magic, :position_id, :reason, :volume, :price,
    :commission_cents, :swap_cents, :profit_cents, :fee_cents, :symbol, :comment)"""


class Account(NamedTuple):
    """The account's terms; `trade_mode` and `margin_mode` are MT5's numbers (0 demo, 2 hedging)."""

    login: int = 5_100_001
    name: str = "Simulated Trader"
    server: str = "MT5-OTEL-Simulator"
    company: str = "MT5-OTEL Simulated Markets"
    currency: str = "USD"
    leverage: int = 100
    trade_mode: int = 0
    margin_mode: int = 2
    balance_cents: int = 0


class Order(NamedTuple):
    """An order in the books; `ticket` 0 until it is there. Volumes are lots, prices are the symbol's."""

    ticket: int
    time_setup_msc: int
    time_done_msc: int
    type: int
    type_time: int
    type_filling: int
    state: int
    magic: int
    position_id: int
    reason: int
    volume_initial: float
    volume_current: float
    price_open: float
    price_current: float
    symbol: str
    comment: str
    sl: float = 0.0
    tp: float = 0.0


class Deal(NamedTuple):
    """A deal in the books, or a change of the balance; `ticket` 0 until it is there."""

    ticket: int
    time_msc: int
    type: int
    order: int = 0
    entry: int = 0
    magic: int = 0
    position_id: int = 0
    reason: int = 0
    volume: float = 0.0
    price: float = 0.0
    commission_cents: int = 0
    swap_cents: int = 0
    profit_cents: int = 0
    fee_cents: int = 0
    symbol: str = ""
    comment: str = ""


class Position(NamedTuple):
    """An open position; its ticket is the number of the order that opened it.

    `sl` and `tp` (0: none) hold for the ticks after `stops_msc`.
    """

    ticket: int
    time_msc: int
    time_update_msc: int
    type: int
    magic: int
    identifier: int
    reason: int
    volume: float
    price_open: float
    swap_cents: int
    symbol: str
    comment: str
    sl: float = 0.0
    tp: float = 0.0
    stops_msc: int = 0


class Pulse(NamedTuple):
    """Whether anything may happen by itself, and how often the terminal was started; asked with every call."""

    stops: bool
    faults: bool
    starts: int


_Record = TypeVar("_Record", Order, Deal, Position)


class Ledger:
    """One connection to the books. Not for two threads at once; any number of processes may have their own."""

    def __init__(self, path: str, now_msc: int) -> None:
        """Open the file, or make it: an account with its first deposit, dated `now_msc`."""
        self._connection = schema.connect(path, partial(_found, now_msc=now_msc))
        self.faults = FaultRows(self._connection)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def writing(self) -> AbstractContextManager[None]:
        """Everything inside is on disk when this ends, or nothing is; other processes wait meanwhile."""
        return schema.writing(self._connection)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Everything read inside belongs to one moment."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    def pulse(self) -> Pulse:
        """What a call must know before it looks at anything else; cheap."""
        row = self._connection.execute(
            """SELECT EXISTS (SELECT 1 FROM positions WHERE sl <> 0 OR tp <> 0), EXISTS (SELECT 1 FROM faults),
                (SELECT starts FROM terminal)"""
        ).fetchone()
        return Pulse(bool(row[0]), bool(row[1]), row[2])

    def account(self) -> Account:
        """The account with its balance."""
        row = self._connection.execute(
            """SELECT login, name, server, company, currency, leverage, trade_mode, margin_mode, balance_cents
            FROM account"""
        ).fetchone()
        return Account(*row)

    def add_order(self, order: Order) -> int:
        """Enter an order and return its number. An order without a position opens the one that bears its number."""
        ticket = _insert(
            self._connection,
            """INSERT INTO orders (time_setup_msc, time_done_msc, type, type_time, type_filling, state, magic,
                position_id, reason, volume_initial, volume_current, price_open, price_current, symbol, comment, sl, tp)
            VALUES (:time_setup_msc, :time_done_msc, :type, :type_time, :type_filling, :state, :magic,
                :position_id, :reason, :volume_initial, :volume_current, :price_open, :price_current, :symbol,
                :comment, :sl, :tp)""",
            order,
        )
        if order.position_id == 0:
            self._connection.execute("UPDATE orders SET position_id = ticket WHERE ticket = ?", (ticket,))
        return ticket

    def add_deal(self, deal: Deal) -> int:
        """Enter a deal, move the balance by its money, and return its number."""
        self._connection.execute(
            "UPDATE account SET balance_cents = balance_cents + ?",
            (deal.profit_cents + deal.commission_cents + deal.swap_cents + deal.fee_cents,),
        )
        return _insert(self._connection, _ADD_DEAL, deal)

    def open_position(self, position: Position) -> None:
        """Enter a position."""
        _insert(
            self._connection,
            """INSERT INTO positions (ticket, time_msc, time_update_msc, type, magic, identifier, reason, volume,
                price_open, swap_cents, symbol, comment, sl, tp, stops_msc)
            VALUES (:ticket, :time_msc, :time_update_msc, :type, :magic, :identifier, :reason, :volume,
                :price_open, :swap_cents, :symbol, :comment, :sl, :tp, :stops_msc)""",
            position,
        )

    def shrink_position(self, ticket: int, volume: float, now_msc: int) -> None:
        """Leave `volume` lots of a position, or remove it when that is nothing."""
        if volume > 0:
            self._connection.execute(
                "UPDATE positions SET volume = ?, time_update_msc = ? WHERE ticket = ?", (volume, now_msc, ticket)
            )
        else:
            self._connection.execute("DELETE FROM positions WHERE ticket = ?", (ticket,))

    def set_stops(self, ticket: int, sl: float, tp: float, now_msc: int) -> None:
        """Give a position other stops; they hold for the ticks after now."""
        self._connection.execute(
            "UPDATE positions SET sl = ?, tp = ?, stops_msc = ?, time_update_msc = ? WHERE ticket = ?",
            (sl, tp, now_msc, now_msc, ticket),
        )

    def positions(self, *, ticket: int | None = None, symbol: str | None = None) -> list[Position]:
        """Open positions, oldest first: all, one, or a symbol's."""
        return self._positions("(?1 IS NULL OR ticket = ?1) AND (?2 IS NULL OR symbol = ?2)", _to_key(ticket), symbol)

    def positions_with_stops(self) -> list[Position]:
        """Open positions that may close by themselves, oldest first."""
        return self._positions("sl <> 0 OR tp <> 0")

    def positions_total(self) -> int:
        """How many positions are open."""
        return int(self._connection.execute("SELECT count(*) FROM positions").fetchone()[0])

    def orders(self, *, since_msc: int, until_msc: int) -> list[Order]:
        """Orders done in [since, until), in order of their numbers."""
        return self._orders("time_done_msc >= ? AND time_done_msc < ?", since_msc, until_msc)

    def orders_of(self, *, ticket: int | None = None, position: int | None = None) -> list[Order]:
        """The order of a number, or those of a position."""
        return (
            self._orders("ticket = ?", _to_key(ticket))
            if position is None
            else self._orders("position_id = ?", _to_key(position))
        )

    def deals(self, *, since_msc: int, until_msc: int) -> list[Deal]:
        """Deals made in [since, until), in order of their numbers."""
        return self._deals("time_msc >= ? AND time_msc < ?", since_msc, until_msc)

    def deals_of(self, *, ticket: int | None = None, position: int | None = None) -> list[Deal]:
        """The deal of a number (a deal's, not an order's), or those of a position."""
        return (
            self._deals("ticket = ?", _to_key(ticket))
            if position is None
            else self._deals("position_id = ?", _to_key(position))
        )

    def _positions(self, where: str, *values: Any) -> list[Position]:
        columns = """ticket, time_msc, time_update_msc, type, magic, identifier, reason, volume, price_open, swap_cents,
            symbol, comment, sl, tp, stops_msc"""
        query = f"SELECT {columns} FROM positions WHERE {where} ORDER BY ticket"  # noqa: S608  # both parts are ours
        rows = self._connection.execute(query, values)
        return [_unsigned(Position(*row)) for row in rows]

    def _orders(self, where: str, *values: Any) -> list[Order]:
        columns = """ticket, time_setup_msc, time_done_msc, type, type_time, type_filling, state, magic, position_id,
            reason, volume_initial, volume_current, price_open, price_current, symbol, comment, sl, tp"""
        query = f"SELECT {columns} FROM orders WHERE {where} ORDER BY ticket"  # noqa: S608  # both parts are ours
        rows = self._connection.execute(query, values)
        return [_unsigned(Order(*row)) for row in rows]

    def _deals(self, where: str, *values: Any) -> list[Deal]:
        columns = """ticket, time_msc, type, "order", entry, magic, position_id, reason, volume, price,
            commission_cents, swap_cents, profit_cents, fee_cents, symbol, comment"""
        query = f"SELECT {columns} FROM deals WHERE {where} ORDER BY ticket"  # noqa: S608  # both parts are ours
        rows = self._connection.execute(query, values)
        return [_unsigned(Deal(*row)) for row in rows]


def _found(connection: sqlite3.Connection, *, now_msc: int) -> None:
    """The account with its first deposit."""
    first = Account(balance_cents=INITIAL_CENTS)
    marks = ", ".join("?" * len(first))
    connection.execute(f"INSERT INTO account VALUES ({marks})", first)  # noqa: S608  # question marks
    for table in ("orders", "deals"):
        connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, _FIRST_NUMBER - 1))
    deposit = Deal(ticket=0, time_msc=now_msc, type=BALANCE, profit_cents=INITIAL_CENTS, comment="Initial deposit")
    _insert(connection, _ADD_DEAL, deposit)


def _insert(connection: sqlite3.Connection, statement: str, record: Order | Deal | Position) -> int:
    values = record._asdict() | {"magic": _signed(record.magic)}
    with closing(connection.execute(statement, values)) as cursor:
        return int(cursor.lastrowid or 0)


# Magic numbers use all 64 bits unsigned; SQLite's integers are signed.
def _signed(magic: int) -> int:
    return magic if magic < 2**63 else magic - 2**64


def _unsigned(record: _Record) -> _Record:
    return record if record.magic >= 0 else record._replace(magic=record.magic + 2**64)


def _to_key(number: int | None) -> int | None:
    # Tickets are as wide, but no number beyond was ever given out.
    return number if number is None or number < 2**63 else -1
