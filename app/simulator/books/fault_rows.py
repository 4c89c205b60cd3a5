"""Faults as rows of the books: they outlive the process that suffers them, and are reached while it hangs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

_AT_WORK = "(until_msc IS NULL OR until_msc > ?1) AND (calls_left IS NULL OR calls_left > 0 OR held_until_msc > ?1)"


class Fault(NamedTuple):
    """A fault at work, with what is left of it: until when, how many calls, until when it holds one."""

    id: int
    fault: str
    parameters: Mapping[str, Any]
    since_msc: int
    until_msc: int | None = None
    calls_left: int | None = None
    held_until_msc: int = 0

    def takes(self, name: str, value: str) -> bool:
        """Whether it concerns this function or symbol: that one, or any."""
        return self.parameters.get(name) in (None, value)

    @property
    def has_calls(self) -> bool:
        """Whether it takes another call."""
        return self.calls_left is None or self.calls_left > 0


class FaultRows:
    """The faults in the books; whoever changes them holds `Ledger.writing()`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def at_work(self, now_msc: int) -> list[Fault]:
        """Those that are not over, oldest first."""
        rows = self._connection.execute(
            f"""SELECT id, fault, parameters, since_msc, until_msc, calls_left, held_until_msc FROM faults
            WHERE {_AT_WORK} ORDER BY id""",  # noqa: S608  # our own condition
            (now_msc,),
        )
        return [Fault(row[0], row[1], json.loads(row[2]), *row[3:]) for row in rows]

    def is_there(self, number: int) -> bool:
        """Whether nobody has ended this fault."""
        found = self._connection.execute("SELECT 1 FROM faults WHERE id = ?", (number,)).fetchone()
        return found is not None

    def add(self, fault: Fault) -> int:
        """Enter a fault and return its number."""
        cursor = self._connection.execute(
            "INSERT INTO faults (fault, parameters, since_msc, until_msc, calls_left) VALUES (?, ?, ?, ?, ?)",
            (fault.fault, json.dumps(fault.parameters), fault.since_msc, fault.until_msc, fault.calls_left),
        )
        return int(cursor.lastrowid or 0)

    def take(self, number: int, held_until_msc: int = 0) -> bool:
        """Use up one of its calls, perhaps holding it for a while; False when somebody was faster."""
        cursor = self._connection.execute(
            """UPDATE faults SET calls_left = calls_left - 1, held_until_msc = max(held_until_msc, ?)
            WHERE id = ? AND (calls_left IS NULL OR calls_left > 0)""",
            (held_until_msc, number),
        )
        return cursor.rowcount == 1

    def release(self, number: int) -> None:
        """Say that it holds no call any more."""
        self._connection.execute("UPDATE faults SET held_until_msc = 0 WHERE id = ?", (number,))

    def end(self, number: int) -> None:
        """Take a fault away."""
        self._connection.execute("DELETE FROM faults WHERE id = ?", (number,))

    def clear(self, now_msc: int) -> None:
        """Take away those that are over."""
        self._connection.execute(f"DELETE FROM faults WHERE NOT ({_AT_WORK})", (now_msc,))  # noqa: S608  # as above

    def restart_terminal(self) -> None:
        """Break every connection that is open to the terminal."""
        self._connection.execute("UPDATE terminal SET starts = starts + 1")
