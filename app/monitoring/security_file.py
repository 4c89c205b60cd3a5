"""security.csv: rows by the minute, bounded between two rotations, exact over a kill, read back from its end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from app.access.clients import network_of
from app.domain.clock import Clock, rfc3339
from app.domain.events import REFUSALS, SecurityEvent
from app.history.csv_files import CsvTable, Row, decode, encode
from app.history.csv_rows import SECURITY_COLUMNS, security_from, security_row
from app.monitoring.refusals import MINUTE_NS, SecurityRows

READ_MAX: Final = 512
"""So many of the last rows are looked at when the program starts: more than a minute can have."""
BYTES_MAX: Final = 16_000_000
"""The file takes no more refusals beyond, until it is put aside."""
FULL: Final = "file_full"
"""`event_type` of the row that says so."""


class SecurityFile:
    """The table, and beside it the minute under way, so that a kill loses no count. Every method blocks.

    Args:
        table: security.csv.
        under_way: the file of what the present minute has more so far; as rows, without a head.
        clock: stamps.
        bytes_max: how large the table's file may become.
    """

    def __init__(self, table: CsvTable, under_way: Path, *, clock: Clock, bytes_max: int = BYTES_MAX) -> None:
        self._table = table
        self._path = under_way
        self._clock = clock
        self._bytes_max = bytes_max
        self._kept = b""
        self._left: list[SecurityEvent] = []
        self._full = False

    def open(self, since_ns: int) -> list[SecurityEvent]:
        """The last events since a moment, oldest first; those of a minute that a kill cut short get their rows now.

        Raises:
            OSError: what a kill left cannot be read.
        """
        written = list(filter(None, map(security_from, islice(self._table.newest(), READ_MAX))))
        if self._path.exists():
            self._kept = self._path.read_bytes()
        left = filter(None, map(security_from, decode(self._kept, SECURITY_COLUMNS)))
        self._left = [event for event in left if not any(_tells(row, event) for row in written)]
        return [event for event in (*reversed(written), *self._left) if event.at_ns >= since_ns]

    def write(self, rows: SecurityRows) -> None:
        """Add the rows that are due, and keep what the present minute has so far.

        Raises:
            OSError: something could not be written; the rows wait for the next time.
        """
        events = [(event, False) for event in rows.firsts]
        events += [(event, True) for event in (*self._left, *rows.rests)]
        events.sort(key=lambda found: found[0].at_ns)
        self._left = []
        try:
            self._table.append(self._fitting(events))
        finally:
            self._keep(encode(security_row(event, more=True) for event in rows.under_way))

    def _fitting(self, events: Sequence[tuple[SecurityEvent, bool]]) -> list[Row]:
        """The rows that there is room for, and the one that says that there is none left."""
        if not events:
            return []
        size = self._table.size()
        self._full = size >= self._bytes_max or (self._full and self._table.waiting > 0)
        rows = [
            security_row(event, more=more) for event, more in events if not self._full or event.type not in REFUSALS
        ]
        if self._full or size + len(encode(rows)) < self._bytes_max:
            return rows
        self._full = True
        says = f"{self._bytes_max / 1e6:g} MB: refusals are counted, and written down again from the next file on"
        return [*rows, (rfc3339(self._clock.time_ns()), FULL, "", says, "")]

    def _keep(self, rows: bytes) -> None:
        if rows == self._kept:
            return
        beside = self._path.with_name(f"{self._path.name}.new")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(rows)
        beside.replace(self._path)
        self._kept = rows


def _tells(row: SecurityEvent, event: SecurityEvent) -> bool:
    """Whether *row* is what was written of *event* when its minute ended."""
    return (
        (row.type, network_of(row.client), row.key_id) == (event.type, network_of(event.client), event.key_id)
        and row.at_ns // MINUTE_NS == event.at_ns // MINUTE_NS
        and row.at_ns >= event.at_ns
        and row.count >= event.count
    )
