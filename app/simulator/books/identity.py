"""Which ledger it is: one that was deleted and made anew numbers its orders and deals from the start again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def opened_msc(ledger: Path) -> int | None:
    """When the ledger's account had its first deposit, ms since 1970; None where there is no such ledger.

    No two ledgers of one folder share it, and nothing changes it.

    Raises:
        sqlite3.Error: the file is no ledger.
    """
    if not ledger.exists():
        return None
    with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        row = connection.execute("SELECT time_msc FROM deals ORDER BY ticket LIMIT 1").fetchone()
    return None if row is None else int(row[0])
