"""What the broker calls its symbols: said by the first start on its books, and for all the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from . import schema


class Naming:
    """The symbols' names in the books of this connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def suffix(self) -> str | None:
        """What all names end with; None where no start has said it yet."""
        suffix: str | None = self._connection.execute("SELECT symbol_suffix FROM terminal").fetchone()[0]
        return suffix

    def refusal(self, suffix: str, names: Collection[str]) -> str:
        """Why a start with these symbols cannot use the books; "" where it can, and its ending is theirs from now on.

        Whoever looks at an account prices all of it: a position in a symbol that is not there would break every call.
        """
        kept = self.suffix()
        if clash := ending_clash(kept, suffix):
            return clash
        if missing := sorted(self._at_work().difference(names)):
            return f"its books have positions or orders in symbols that are not there: {', '.join(missing)}"
        if kept is None:
            with schema.writing(self._connection):
                self._connection.execute("UPDATE terminal SET symbol_suffix = ?", (suffix,))
        return ""

    def _at_work(self) -> set[str]:
        rows = self._connection.execute(
            "SELECT symbol FROM positions UNION SELECT symbol FROM orders WHERE time_done_msc = 0"
        )
        return {row[0] for row in rows}


def ending_clash(kept: str | None, suffix: str) -> str:
    """Why books whose symbols end in *kept* are not for a start whose end in *suffix*; "" where they are."""
    if kept is None or kept == suffix:
        return ""
    return f"the symbols in its books {_called(kept)}, and those of this start {_called(suffix)}"


def _called(suffix: str) -> str:
    return f"end in {suffix!r}" if suffix else "have no ending"
