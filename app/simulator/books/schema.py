"""The tables of the books, and how those of an earlier release become them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

BUSY_TIMEOUT_S = 10.0

_TABLES = """
CREATE TABLE account (
    login INTEGER PRIMARY KEY, name TEXT NOT NULL, server TEXT NOT NULL, company TEXT NOT NULL,
    currency TEXT NOT NULL, leverage INTEGER NOT NULL, trade_mode INTEGER NOT NULL, margin_mode INTEGER NOT NULL,
    balance_cents INTEGER NOT NULL
);
CREATE TABLE orders (
    ticket INTEGER PRIMARY KEY AUTOINCREMENT, time_setup_msc INTEGER NOT NULL, time_done_msc INTEGER NOT NULL,
    type INTEGER NOT NULL, type_time INTEGER NOT NULL, type_filling INTEGER NOT NULL, state INTEGER NOT NULL,
    magic INTEGER NOT NULL, position_id INTEGER NOT NULL, reason INTEGER NOT NULL, volume_initial REAL NOT NULL,
    volume_current REAL NOT NULL, price_open REAL NOT NULL, price_current REAL NOT NULL, symbol TEXT NOT NULL,
    comment TEXT NOT NULL
);
CREATE TABLE deals (
    ticket INTEGER PRIMARY KEY AUTOINCREMENT, "order" INTEGER NOT NULL, time_msc INTEGER NOT NULL,
    type INTEGER NOT NULL, entry INTEGER NOT NULL, magic INTEGER NOT NULL, position_id INTEGER NOT NULL,
    reason INTEGER NOT NULL, volume REAL NOT NULL, price REAL NOT NULL, commission_cents INTEGER NOT NULL,
    swap_cents INTEGER NOT NULL, profit_cents INTEGER NOT NULL, fee_cents INTEGER NOT NULL, symbol TEXT NOT NULL,
    comment TEXT NOT NULL
);
CREATE TABLE positions (
    ticket INTEGER PRIMARY KEY, time_msc INTEGER NOT NULL, time_update_msc INTEGER NOT NULL, type INTEGER NOT NULL,
    magic INTEGER NOT NULL, identifier INTEGER NOT NULL, reason INTEGER NOT NULL, volume REAL NOT NULL,
    price_open REAL NOT NULL, swap_cents INTEGER NOT NULL, symbol TEXT NOT NULL, comment TEXT NOT NULL
);
CREATE INDEX orders_done ON orders (time_done_msc);
CREATE INDEX orders_position ON orders (position_id);
CREATE INDEX deals_time ON deals (time_msc);
CREATE INDEX deals_position ON deals (position_id)
"""
_STOPS_AND_FAULTS = """
ALTER TABLE orders ADD COLUMN sl REAL NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN tp REAL NOT NULL DEFAULT 0;
ALTER TABLE positions ADD COLUMN sl REAL NOT NULL DEFAULT 0;
ALTER TABLE positions ADD COLUMN tp REAL NOT NULL DEFAULT 0;
ALTER TABLE positions ADD COLUMN stops_msc INTEGER NOT NULL DEFAULT 0;
CREATE INDEX positions_stops ON positions (ticket) WHERE sl <> 0 OR tp <> 0;
CREATE TABLE faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, fault TEXT NOT NULL, parameters TEXT NOT NULL, since_msc INTEGER NOT NULL,
    until_msc INTEGER, calls_left INTEGER, held_until_msc INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE terminal (starts INTEGER NOT NULL);
INSERT INTO terminal VALUES (1)
"""
# Nothing reads `identity` any more; it stays, so that an earlier release finds what it knows.
_ACCOUNTS_AND_ORDERS = """
ALTER TABLE account RENAME TO accounts;
ALTER TABLE accounts ADD COLUMN credit_cents INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN password_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN investor_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN stopout_mode INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN margin_call_level REAL NOT NULL DEFAULT 100;
ALTER TABLE accounts ADD COLUMN stopout_level REAL NOT NULL DEFAULT 50;
ALTER TABLE accounts ADD COLUMN limit_orders INTEGER NOT NULL DEFAULT 200;
ALTER TABLE accounts ADD COLUMN limit_positions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN commission_per_lot REAL;
ALTER TABLE accounts ADD COLUMN trade_allowed INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN trade_expert INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN fifo_close INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN hedge_prohibited INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN changed_msc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN login INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN time_expiration_msc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN price_stoplimit REAL NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN position_by_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN active_msc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deals ADD COLUMN login INTEGER NOT NULL DEFAULT 0;
ALTER TABLE positions ADD COLUMN login INTEGER NOT NULL DEFAULT 0;
ALTER TABLE positions ADD COLUMN swapped_msc INTEGER NOT NULL DEFAULT 0;
UPDATE orders SET login = (SELECT login FROM accounts);
UPDATE deals SET login = (SELECT login FROM accounts);
UPDATE positions SET login = (SELECT login FROM accounts), swapped_msc = time_msc;
UPDATE accounts SET changed_msc = (SELECT coalesce(max(time_msc), 0) FROM deals);
ALTER TABLE terminal ADD COLUMN login INTEGER NOT NULL DEFAULT 0;
UPDATE terminal SET login = coalesce((SELECT login FROM accounts), 0);
CREATE INDEX orders_active ON orders (login, ticket) WHERE time_done_msc = 0;
CREATE INDEX positions_symbol ON positions (login, symbol);
CREATE TABLE scheduled (
    id INTEGER PRIMARY KEY AUTOINCREMENT, login INTEGER NOT NULL, due_msc INTEGER NOT NULL, what TEXT NOT NULL,
    parameters TEXT NOT NULL
);
CREATE INDEX scheduled_due ON scheduled (due_msc);
CREATE TABLE identity (id TEXT NOT NULL);
INSERT INTO identity VALUES (lower(hex(randomblob(16))))
"""
_MARKET_WATCH = """
CREATE TABLE market_watch (symbol TEXT PRIMARY KEY, shown INTEGER NOT NULL);
ALTER TABLE terminal ADD COLUMN watch INTEGER NOT NULL DEFAULT 0
"""
_TERMINAL_KEEPS = """
ALTER TABLE accounts ADD COLUMN kept_investor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE terminal ADD COLUMN symbol_suffix TEXT
"""
# What leads from each version to the next; one step more is one version more.
_STEPS = (_TABLES, _STOPS_AND_FAULTS, _ACCOUNTS_AND_ORDERS, _MARKET_WATCH, _TERMINAL_KEEPS)
_VERSION = len(_STEPS)


def connect(path: str, populate: Callable[[sqlite3.Connection], None], *, synced: bool = True) -> sqlite3.Connection:
    """Open the books, or make them; `populate` fills new ones. Either all of that is on disk or nothing is.

    What is committed outlives the process in any case. If the books are `synced` it outlives the machine's power; else
    nothing ever waits for the disk, and a power cut may cost all of them.
    """
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        _use_write_ahead_log(connection)
        connection.execute(f"PRAGMA synchronous={'FULL' if synced else 'OFF'}")
        if _version(connection) != _VERSION:
            with writing(connection):
                _upgrade(connection, populate)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything inside is on disk when this ends, or nothing is; other processes wait meanwhile."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """Undo what a transaction has begun, if there is one."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _upgrade(connection: sqlite3.Connection, populate: Callable[[sqlite3.Connection], None]) -> None:
    made_by = _version(connection)
    if made_by > _VERSION:
        raise sqlite3.DatabaseError(f"ledger of version {made_by}; this simulator reads up to {_VERSION}")
    for step in _STEPS[made_by:]:
        for statement in step.split(";"):
            connection.execute(statement)
    if made_by == 0:
        populate(connection)
    connection.execute(f"PRAGMA user_version = {_VERSION}")


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
