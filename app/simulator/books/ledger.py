"""The broker's books: one SQLite file that several processes may use at once.

What is in it was committed to disk before anyone was told (write-ahead log, synchronous=FULL unless told otherwise),
so a process that is killed finds the same accounts again. Times are milliseconds UTC and money is whole cents; how a
terminal shows them (its server's clock, floats) is not the ledger's business.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ..vocabulary.constants import DEAL_TYPE_BALANCE, DEAL_TYPE_CREDIT, ORDER_STATE_FILLED, ORDER_STATE_PARTIAL
from . import schema
from .accounts import DEFAULT, INITIAL_CENTS
from .fault_rows import FaultRows
from .naming import Naming
from .records import Account, Deal, Order, Position, Pulse, Scheduled
from .rows import ACCOUNTS, DEALS, ORDERS, POSITIONS, Table, to_account, to_key, to_records, to_row

LEDGER = "simulator.sqlite"  # what the file is called where only its folder is named
# Orders and deals are numbered apart, from the same start: whoever mixes them up finds a wrong record soon.
_FIRST_NUMBER = 100_001

_EXECUTED = (ORDER_STATE_FILLED, ORDER_STATE_PARTIAL)


class Ledger:
    """One connection to the books, as one account's. Not for two threads at once; processes have their own.

    What is asked and entered is that account's (`login`), unless it says otherwise. To its investor, who may only
    look, the account says that it does not trade.
    """

    login: int
    investor: bool = False

    def __init__(self, path: str, now_msc: int, *, synced: bool = True) -> None:
        """Open the file, or make it: an account with its first deposit, dated `now_msc`.

        Without `synced` nothing waits for the disk: several times faster, and a power cut may cost all of the books.
        """
        self._connection = schema.connect(path, partial(_populate, now_msc=now_msc), synced=synced)
        self.file = Path(path).absolute()  # the program may change its folder
        self.faults, self.naming = FaultRows(self._connection), Naming(self._connection)
        self.login = self.default_login()
        # The account of each login as this transaction has read it, and after how many changes of rows.
        self._accounts: dict[int, tuple[int, Account]] = {}

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def of(self, login: int, *, investor: bool = False) -> Ledger:
        """The same connection, as another account's; to be closed only once."""
        if (login, investor) == (self.login, self.investor):
            return self
        other = object.__new__(Ledger)
        other._connection, other.faults, other._accounts = self._connection, self.faults, self._accounts
        other.naming, other.file = self.naming, self.file
        other.login, other.investor = login, investor
        return other

    def writing(self) -> AbstractContextManager[None]:
        """Everything inside is on disk when this ends, or nothing is; other processes wait meanwhile."""
        self._accounts.clear()
        return schema.writing(self._connection)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Everything read inside belongs to one moment."""
        self._accounts.clear()
        try:
            self._connection.execute("BEGIN")
            yield
        finally:
            self.roll_back()

    def roll_back(self) -> None:
        """End a transaction that was left open: nothing of it was done."""
        schema.roll_back(self._connection)

    def version(self) -> tuple[int, int]:
        """What is another whenever the books may be other than they were; of this connection alone."""
        return self._connection.execute("PRAGMA data_version").fetchone()[0], self._connection.total_changes

    def pulse(self) -> Pulse:
        """What a call must know before it looks at anything else; cheap."""
        row = self._connection.execute(
            """SELECT EXISTS (SELECT 1 FROM positions), EXISTS (SELECT 1 FROM positions WHERE sl <> 0 OR tp <> 0),
                EXISTS (SELECT 1 FROM orders WHERE time_done_msc = 0) OR EXISTS (SELECT 1 FROM scheduled),
                EXISTS (SELECT 1 FROM faults), starts, watch
            FROM terminal"""
        ).fetchone()
        return Pulse(bool(row[0]), bool(row[1]), bool(row[2]), bool(row[3]), row[4], row[5])

    def market_watch(self) -> dict[str, bool]:
        """Symbols that somebody has shown in the Market Watch (True) or hidden; all others are as at the start."""
        rows = self._connection.execute("SELECT symbol, shown FROM market_watch")
        return {symbol: bool(shown) for symbol, shown in rows}

    def show_symbol(self, symbol: str, *, shown: bool) -> None:
        """Show or hide a symbol in the Market Watch of everyone."""
        self._connection.execute("INSERT OR REPLACE INTO market_watch VALUES (?, ?)", (symbol, shown))
        self._connection.execute("UPDATE terminal SET watch = watch + 1")

    def account(self) -> Account:
        """The account with its money; asked for several times in a transaction that changes nothing between."""
        changes = self._connection.total_changes
        known = self._accounts.get(self.login) if self._connection.in_transaction else None
        if known is None or known[0] != changes:
            known = self._accounts[self.login] = changes, self.accounts(self.login)[0]
        return known[1]._replace(trade_allowed=False) if self.investor else known[1]

    def accounts(self, login: int | None = None) -> list[Account]:
        """All accounts, or the one of this number if there is one."""
        if login is None:
            rows = self._connection.execute(f"{ACCOUNTS.select} ORDER BY login")
        else:
            rows = self._connection.execute(f"{ACCOUNTS.select} WHERE login = ?", (to_key(login),))
        return [to_account(row) for row in rows]

    def open_account(self, account: Account, deposit_cents: int, now_msc: int) -> None:
        """Open an account with its first deposit."""
        _open_account(self._connection, account, deposit_cents, now_msc)

    def default_login(self) -> int:
        """The account to which a terminal logs in when none is asked for."""
        return int(self._connection.execute("SELECT login FROM terminal").fetchone()[0])

    def set_default_login(self, login: int, *, investor: bool = False) -> None:
        """Name the account to which a terminal logs in when none is asked for, and whose password it keeps."""
        self._connection.execute("UPDATE terminal SET login = ?", (login,))
        self._connection.execute("UPDATE accounts SET kept_investor = ? WHERE login = ?", (investor, login))

    def kept_investor(self, login: int) -> bool:
        """Whether the password that the terminal has kept for this account is the investor's."""
        row = self._connection.execute(
            "SELECT kept_investor FROM accounts WHERE login = ?", (to_key(login),)
        ).fetchone()
        return row is not None and bool(row[0])

    def newest_msc(self) -> int:
        """The latest instant that anything in the books has: of a deal, an order, a position."""
        return int(
            self._connection.execute(
                """SELECT max(msc) FROM (SELECT max(changed_msc) AS msc FROM accounts
                UNION ALL SELECT max(max(time_setup_msc, time_done_msc, active_msc)) FROM orders
                UNION ALL SELECT max(max(time_msc, time_update_msc, stops_msc, swapped_msc)) FROM positions)"""
            ).fetchone()[0]
        )

    def not_before(self, now_msc: int) -> int:
        """This instant, or the newest in the books: kept at another speed, they may be ahead of the caller's clock."""
        return max(now_msc, self.newest_msc())

    def add_order(self, order: Order) -> int:
        """Enter an order and return its number. An executed one without a position opens the one with its number."""
        ticket = self._insert(ORDERS, order)
        if order.position_id == 0 and order.state in _EXECUTED:
            self._connection.execute("UPDATE orders SET position_id = ticket WHERE ticket = ?", (ticket,))
        return ticket

    def change_order(self, order: Order) -> None:
        """Enter what has become of the order of this number."""
        self._update(ORDERS, order, order.ticket)

    def add_deal(self, deal: Deal) -> int:
        """Enter a deal, move the account's balance (or credit) by its money, and return its number."""
        column = "credit_cents" if deal.type == DEAL_TYPE_CREDIT else "balance_cents"
        self._connection.execute(
            f"UPDATE accounts SET {column} = {column} + ?, changed_msc = max(changed_msc, ?) WHERE login = ?",  # noqa: S608
            (deal.money_cents, deal.time_msc, deal.login or self.login),
        )
        return self._insert(DEALS, deal)

    def open_position(self, position: Position) -> None:
        """Enter a position."""
        self._insert(POSITIONS, position)

    def change_position(self, ticket: int, position: Position) -> None:
        """Enter what has become of a position, its ticket included (a reversal brings another)."""
        self._update(POSITIONS, position, ticket)

    def remove_position(self, ticket: int) -> None:
        """Take away a position that is closed."""
        self._connection.execute("DELETE FROM positions WHERE ticket = ?", (ticket,))

    def set_stops(self, ticket: int, sl: float, tp: float, now_msc: int) -> None:
        """Give a position other stops; they hold for the ticks after now."""
        self._connection.execute(
            "UPDATE positions SET sl = ?, tp = ?, stops_msc = ?, time_update_msc = ? WHERE ticket = ?",
            (sl, tp, now_msc, now_msc, ticket),
        )

    def positions(self, *, ticket: int | None = None, symbol: str | None = None) -> list[Position]:
        """Open positions, oldest first: all, one, or a symbol's."""
        if ticket is not None:
            return self._positions("login = ? AND ticket = ?", self.login, to_key(ticket))
        if symbol is not None:
            return self._positions("login = ? AND symbol = ?", self.login, symbol)
        return self._positions("login = ?", self.login)

    def positions_with_stops(self) -> list[Position]:
        """All accounts' open positions that may close by themselves, oldest first."""
        return self._positions("sl <> 0 OR tp <> 0")

    def swaps_entered_msc(self) -> int | None:
        """Until when all open positions have their swaps, whoever's they are; None where there are none."""
        entered: int | None = self._connection.execute("SELECT min(swapped_msc) FROM positions").fetchone()[0]
        return entered

    def positions_without_swap(self, midnight_msc: int) -> list[Position]:
        """All accounts' open positions that have had no swap for the night from this midnight on, oldest first."""
        return self._positions("swapped_msc < ?", midnight_msc)

    def logins_with_positions(self) -> list[int]:
        """The accounts that have open positions."""
        rows = self._connection.execute("SELECT DISTINCT login FROM positions ORDER BY login")
        return [int(row[0]) for row in rows]

    def positions_anywhere(self, ticket: int) -> list[Position]:
        """The open position of this number, whoever's it is."""
        return self._positions("ticket = ?", to_key(ticket))

    def positions_total(self) -> int:
        """How many positions are open."""
        return self._count("positions WHERE login = ?")

    def active_orders(self, *, ticket: int | None = None, symbol: str | None = None) -> list[Order]:
        """Orders that are not done, oldest first: all, one, or a symbol's."""
        return self._orders(
            "time_done_msc = 0 AND login = ?1 AND (?2 IS NULL OR ticket = ?2) AND (?3 IS NULL OR symbol = ?3)",
            self.login, to_key(ticket), symbol,
        )  # fmt: skip

    def all_active_orders(self) -> list[Order]:
        """All accounts' orders that are not done, oldest first."""
        return self._orders("time_done_msc = 0")

    def active_orders_total(self) -> int:
        """How many orders are not done."""
        return self._count("orders WHERE time_done_msc = 0 AND login = ?")

    def orders(self, *, since_msc: int, until_msc: int) -> list[Order]:
        """Orders done in [since, until), in order of their numbers."""
        return self._orders(
            "time_done_msc >= ? AND time_done_msc < ? AND time_done_msc <> 0 AND login = ?",
            since_msc, until_msc, self.login,
        )  # fmt: skip

    def orders_of(self, *, ticket: int | None = None, position: int | None = None) -> list[Order]:
        """The done order of a number, or those of a position."""
        column, number = ("ticket", ticket) if position is None else ("position_id", position)
        return self._orders(f"{column} = ? AND time_done_msc <> 0 AND login = ?", to_key(number), self.login)

    def deals(self, *, since_msc: int, until_msc: int) -> list[Deal]:
        """Deals made in [since, until), in order of their numbers."""
        return self._deals("time_msc >= ? AND time_msc < ? AND login = ?", since_msc, until_msc, self.login)

    def deals_of(self, *, ticket: int | None = None, position: int | None = None) -> list[Deal]:
        """The deal of a number (a deal's, not an order's), or those of a position."""
        column, number = ("ticket", ticket) if position is None else ("position_id", position)
        return self._deals(f"{column} = ? AND login = ?", to_key(number), self.login)

    def schedule(self, due_msc: int, what: str, parameters: Mapping[str, Any]) -> int:
        """Have the server do something for this account at its time; returns the row's number."""
        cursor = self._connection.execute(
            "INSERT INTO scheduled (login, due_msc, what, parameters) VALUES (?, ?, ?, ?)",
            (self.login, due_msc, what, json.dumps(parameters)),
        )
        return int(cursor.lastrowid or 0)

    def scheduled(self, until_msc: int) -> list[Scheduled]:
        """What has come due for any account, in order of time."""
        rows = self._connection.execute(
            """SELECT id, login, due_msc, what, parameters FROM scheduled WHERE due_msc <= ?
            ORDER BY due_msc, id""",
            (until_msc,),
        )
        return [Scheduled(row[0], row[1], row[2], row[3], json.loads(row[4])) for row in rows]

    def unschedule(self, number: int) -> None:
        """Take something off the schedule: it is done, or not wanted any more."""
        self._connection.execute("DELETE FROM scheduled WHERE id = ?", (number,))

    def _insert(self, table: Table, record: Order | Deal | Position) -> int:
        return int(self._connection.execute(table.insert, to_row(record, self.login)).lastrowid or 0)

    def _update(self, table: Table, record: Order | Position, key: int) -> None:
        self._connection.execute(table.update, to_row(record, self.login) | {"key": key})

    def _count(self, rows: str) -> int:
        return int(self._connection.execute(f"SELECT count(*) FROM {rows}", (self.login,)).fetchone()[0])  # noqa: S608

    def _positions(self, where: str, *values: Any) -> list[Position]:
        rows = self._connection.execute(f"{POSITIONS.select} WHERE {where} ORDER BY ticket", values)
        return to_records(Position, rows)

    def _orders(self, where: str, *values: Any) -> list[Order]:
        rows = self._connection.execute(f"{ORDERS.select} WHERE {where} ORDER BY ticket", values)
        return to_records(Order, rows)

    def _deals(self, where: str, *values: Any) -> list[Deal]:
        rows = self._connection.execute(f"{DEALS.select} WHERE {where} ORDER BY ticket", values)
        return to_records(Deal, rows)


def _populate(connection: sqlite3.Connection, *, now_msc: int) -> None:
    """Enter what new books begin with: an account with its first deposit."""
    for table in ("orders", "deals"):
        connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, _FIRST_NUMBER - 1))
    _open_account(connection, DEFAULT, INITIAL_CENTS, now_msc)
    connection.execute("UPDATE terminal SET login = ?", (DEFAULT.login,))


def _open_account(connection: sqlite3.Connection, account: Account, deposit_cents: int, now_msc: int) -> None:
    opened = account._replace(balance_cents=deposit_cents, credit_cents=0, changed_msc=now_msc)
    connection.execute(ACCOUNTS.insert, opened._asdict())
    deposit = Deal(
        ticket=0,
        time_msc=now_msc,
        type=DEAL_TYPE_BALANCE,
        profit_cents=deposit_cents,
        comment="Initial deposit",
        login=account.login,
    )
    connection.execute(DEALS.insert, deposit._asdict())
