"""The broker's books: one SQLite file that several processes may use at once.

What is in it was committed to disk before anyone was told (write-ahead log, synchronous=FULL), so a process that is
killed finds the same account again. Times are milliseconds UTC and money is whole cents; how a terminal shows them
(its server's clock, floats) is not the ledger's business.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple, TypeVar

BALANCE = 2  # DEAL_TYPE_BALANCE
BUSY_TIMEOUT_S = 10.0
INITIAL_CENTS = 100_000_00

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    login INTEGER PRIMARY KEY, name TEXT NOT NULL, server TEXT NOT NULL, company TEXT NOT NULL,
    currency TEXT NOT NULL, leverage INTEGER NOT NULL, trade_mode INTEGER NOT NULL, margin_mode INTEGER NOT NULL,
    balance_cents INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS orders (
    ticket INTEGER PRIMARY KEY AUTOINCREMENT, time_setup_msc INTEGER NOT NULL, time_done_msc INTEGER NOT NULL,
    type INTEGER NOT NULL, type_time INTEGER NOT NULL, type_filling INTEGER NOT NULL, state INTEGER NOT NULL,
    magic INTEGER NOT NULL, position_id INTEGER NOT NULL, reason INTEGER NOT NULL, volume_initial REAL NOT NULL,
    volume_current REAL NOT NULL, price_open REAL NOT NULL, price_current REAL NOT NULL, symbol TEXT NOT NULL,
    comment TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deals (
    ticket INTEGER PRIMARY KEY AUTOINCREMENT, "order" INTEGER NOT NULL, time_msc INTEGER NOT NULL,
    type INTEGER NOT NULL, entry INTEGER NOT NULL, magic INTEGER NOT NULL, position_id INTEGER NOT NULL,
    reason INTEGER NOT NULL, volume REAL NOT NULL, price REAL NOT NULL, commission_cents INTEGER NOT NULL,
    swap_cents INTEGER NOT NULL, profit_cents INTEGER NOT NULL, fee_cents INTEGER NOT NULL, symbol TEXT NOT NULL,
    comment TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS positions (
    ticket INTEGER PRIMARY KEY, time_msc INTEGER NOT NULL, time_update_msc INTEGER NOT NULL, type INTEGER NOT NULL,
    magic INTEGER NOT NULL, identifier INTEGER NOT NULL, reason INTEGER NOT NULL, volume REAL NOT NULL,
    price_open REAL NOT NULL, swap_cents INTEGER NOT NULL, symbol TEXT NOT NULL, comment TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_done ON orders (time_done_msc);
CREATE INDEX IF NOT EXISTS orders_position ON orders (position_id);
CREATE INDEX IF NOT EXISTS deals_time ON deals (time_msc);
CREATE INDEX IF NOT EXISTS deals_position ON deals (position_id);
"""
# Orders and deals are numbered apart, from the same start: whoever mixes them up finds a wrong record soon.
_FIRST_NUMBER = 100_001


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
    """An open position; its ticket is the number of the order that opened it."""

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


_Record = TypeVar("_Record", Order, Deal, Position)


class Ledger:
    """One connection to the books. Not for two threads at once; any number of processes may have their own."""

    def __init__(self, path: str, now_msc: int) -> None:
        """Open the file, or make it: an account with its first deposit, dated `now_msc`."""
        self._connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(now_msc)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Everything inside is on disk when this ends, or nothing is; other processes wait meanwhile."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Everything read inside belongs to one moment."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    def account(self) -> Account:
        """The account with its balance."""
        row = self._connection.execute(
            """SELECT login, name, server, company, currency, leverage, trade_mode, margin_mode, balance_cents
            FROM account"""
        ).fetchone()
        return Account(*row)

    def add_order(self, order: Order) -> int:
        """Enter an order and return its number. An order without a position opens the one that bears its number."""
        ticket = self._insert(
            """INSERT INTO orders (time_setup_msc, time_done_msc, type, type_time, type_filling, state, magic,
                position_id, reason, volume_initial, volume_current, price_open, price_current, symbol, comment)
            VALUES (:time_setup_msc, :time_done_msc, :type, :type_time, :type_filling, :state, :magic,
                :position_id, :reason, :volume_initial, :volume_current, :price_open, :price_current, :symbol,
                :comment)""",
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
        return self._insert(
            """INSERT INTO deals ("order", time_msc, type, entry, magic, position_id, reason, volume, price,
                commission_cents, swap_cents, profit_cents, fee_cents, symbol, comment)
            VALUES (:order, :time_msc, :type, :entry, :magic, :position_id, :reason, :volume, :price,
                :commission_cents, :swap_cents, :profit_cents, :fee_cents, :symbol, :comment)""",
            deal,
        )

    def open_position(self, position: Position) -> None:
        """Enter a position."""
        self._insert(
            """INSERT INTO positions (ticket, time_msc, time_update_msc, type, magic, identifier, reason, volume,
                price_open, swap_cents, symbol, comment)
            VALUES (:ticket, :time_msc, :time_update_msc, :type, :magic, :identifier, :reason, :volume,
                :price_open, :swap_cents, :symbol, :comment)""",
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

    def positions(self, *, ticket: int | None = None, symbol: str | None = None) -> list[Position]:
        """Open positions, oldest first: all, one, or a symbol's."""
        rows = self._connection.execute(
            """SELECT ticket, time_msc, time_update_msc, type, magic, identifier, reason, volume, price_open,
                swap_cents, symbol, comment
            FROM positions WHERE (?1 IS NULL OR ticket = ?1) AND (?2 IS NULL OR symbol = ?2) ORDER BY ticket""",
            (_to_key(ticket), symbol),
        )
        return [_unsigned(Position(*row)) for row in rows]

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

    def _orders(self, where: str, *values: Any) -> list[Order]:
        columns = """ticket, time_setup_msc, time_done_msc, type, type_time, type_filling, state, magic, position_id,
            reason, volume_initial, volume_current, price_open, price_current, symbol, comment"""
        query = f"SELECT {columns} FROM orders WHERE {where} ORDER BY ticket"  # noqa: S608  # both parts are ours
        rows = self._connection.execute(query, values)
        return [_unsigned(Order(*row)) for row in rows]

    def _deals(self, where: str, *values: Any) -> list[Deal]:
        columns = """ticket, time_msc, type, "order", entry, magic, position_id, reason, volume, price,
            commission_cents, swap_cents, profit_cents, fee_cents, symbol, comment"""
        query = f"SELECT {columns} FROM deals WHERE {where} ORDER BY ticket"  # noqa: S608  # both parts are ours
        rows = self._connection.execute(query, values)
        return [_unsigned(Deal(*row)) for row in rows]

    def _insert(self, statement: str, record: Account | Order | Deal | Position) -> int:
        values = record._asdict()
        if "magic" in values:
            values["magic"] = _signed(values["magic"])
        with closing(self._connection.execute(statement, values)) as cursor:
            return int(cursor.lastrowid or 0)

    def _prepare(self, now_msc: int) -> None:
        _use_write_ahead_log(self._connection)
        self._connection.execute("PRAGMA synchronous=FULL")
        with self.writing():
            made_by = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if made_by > _VERSION:
                raise sqlite3.DatabaseError(f"ledger of version {made_by}; this simulator reads up to {_VERSION}")
            for statement in _SCHEMA.split(";"):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {_VERSION}")
            if self._connection.execute("SELECT count(*) FROM account").fetchone()[0] == 0:
                self._found(now_msc)

    def _found(self, now_msc: int) -> None:
        self._insert(
            """INSERT INTO account VALUES (:login, :name, :server, :company, :currency, :leverage, :trade_mode,
                :margin_mode, :balance_cents)""",
            Account(),
        )
        for table in ("orders", "deals"):
            self._connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, _FIRST_NUMBER - 1))
        self.add_deal(
            Deal(ticket=0, time_msc=now_msc, type=BALANCE, profit_cents=INITIAL_CENTS, comment="Initial deposit")
        )


# Magic numbers use all 64 bits unsigned; SQLite's integers are signed.
def _signed(magic: int) -> int:
    return magic if magic < 2**63 else magic - 2**64


def _unsigned(record: _Record) -> _Record:
    return record if record.magic >= 0 else record._replace(magic=record.magic + 2**64)


def _to_key(number: int | None) -> int | None:
    # Tickets are as wide, but no number beyond was ever given out.
    return number if number is None or number < 2**63 else -1


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file over. SQLite does not wait for others here, whatever the timeout says."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
