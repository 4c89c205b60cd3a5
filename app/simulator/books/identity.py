"""What a ledger says of itself before it is opened: which one it is, and what it calls its symbols.

One that was deleted and made anew numbers its orders and deals from the start again.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def opened_msc(ledger: Path) -> int | None:
    """When the ledger's account had its first deposit, ms since 1970; None where there is no such ledger.

    No two ledgers of one folder share it, and nothing changes it.

    Raises:
        sqlite3.Error: the file is no ledger.
    """
    found = _first(ledger, "SELECT time_msc FROM deals ORDER BY ticket LIMIT 1")
    return None if found is None else int(found)


def kept_suffix(ledger: Path) -> str | None:
    """What the names of the ledger's symbols end with; None where no start has said it yet.

    Raises:
        sqlite3.Error: the file is no ledger, or one of an older version.
    """
    found = _first(ledger, "SELECT symbol_suffix FROM terminal")
    return None if found is None else str(found)


def _first(ledger: Path, query: str) -> Any:
    if not ledger.exists():
        return None
    with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        row = connection.execute(query).fetchone()
    return None if row is None else row[0]
