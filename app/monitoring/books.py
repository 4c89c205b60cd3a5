"""What monitoring keeps on disk: the ledger's lines, the turns of conditions, and the five tables under logs/."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

import orjson

from app.domain.clock import Clock
from app.history.csv_files import CsvTable, Row
from app.history.csv_rows import (
    DEALS_COLUMNS,
    ERRORS_COLUMNS,
    METRICS_COLUMNS,
    ORDERS_COLUMNS,
    SECURITY_COLUMNS,
    error_from,
    error_row,
    ns_from,
)
from app.history.follow import Deals, DealsFile, Orders, OrdersFile
from app.monitoring.keeper import Turn
from app.monitoring.ledger import Ledger
from app.monitoring.notes import Notes
from app.monitoring.refusals import KEPT
from app.monitoring.security_file import SecurityFile
from app.monitoring.windows import DAY_S
from app.settings import MonitoringSettings
from otel.retention import Caps, Retention
from otel.segments import SegmentWriter, iterate

NS: Final = 10**9
LEDGER_KEPT_S: Final = DAY_S + 3_600
LEDGER_SEGMENT_S: Final = 3_600.0
TURNS_KEPT_S: Final = 90 * DAY_S
ALL_COUNTS_EVERY_S: Final = 900
"""How often the ledger's files say how much there was ever, so that older ones may go."""
UNDER_WAY: Final = "security.csv"
"""Beside the ledger: what the present minute will add to logs/security.csv."""

Trouble = tuple[str, OSError]
"""Which file could not be written, and why."""


class Kept(Orders, Deals, Protocol):
    """The journal, as far as files are made of it."""


class Books:
    """The files of monitoring. Every method blocks and belongs in a worker thread, one at a time.

    Args:
        folder: the data folder.
        clock: stamps, ages and weeks.
        limits: how long files are kept.
    """

    def __init__(self, folder: Path, *, clock: Clock, limits: MonitoringSettings) -> None:
        self._clock = clock
        self._keep_days = limits.files_keep_days
        self.ledger = Ledger(clock=clock)
        self.notes = Notes(self.ledger)
        self.folder = folder
        logs = folder / "logs"
        self.metrics = self._table(logs, "metrics", METRICS_COLUMNS)
        self._errors = self._table(logs, "errors", ERRORS_COLUMNS)
        self._security = self._table(logs, "security", SECURITY_COLUMNS)
        self._security_file = SecurityFile(self._security, folder / "monitoring" / UNDER_WAY, clock=clock)
        self._orders = self._table(logs, "orders", ORDERS_COLUMNS)
        self._deals = self._table(logs, "deals", DEALS_COLUMNS)
        self._followers: list[tuple[str, Callable[[], None]]] = []
        self._requests_dir = folder / "monitoring" / "requests"
        self._turns_dir = folder / "monitoring" / "conditions"
        self._request_lines: SegmentWriter | None = None
        self._turn_lines: SegmentWriter | None = None
        self._all_counts_at_s = 0.0
        self.damaged_lines = 0

    def open(self) -> None:
        """Read what an earlier process left, and get ready to write; to be called before anything is counted.

        Raises:
            OSError: a folder or file cannot be used.
        """
        for table in self._tables():
            table.open()
            table.forget_old()
        self.damaged_lines = self.ledger.restore(line.data for line in iterate(self._requests_dir))
        since_ns = self._clock.time_ns() - DAY_S * NS
        errors = filter(None, map(error_from, islice(self._errors.newest(), KEPT)))
        self.notes.restore(
            [error for error in errors if error.at_ns >= since_ns][::-1], self._security_file.open(since_ns)
        )
        self._request_lines = self._writer(self._requests_dir, LEDGER_KEPT_S, max_age_s=LEDGER_SEGMENT_S)
        self._turn_lines = self._writer(self._turns_dir, TURNS_KEPT_S, max_age_s=7.0 * DAY_S)

    def turns(self) -> Iterator[bytes]:
        """The turns of conditions that an earlier process wrote, oldest first."""
        return (line.data for line in iterate(self._turns_dir))

    def follow(self, journal: Kept) -> None:
        """Have orders.csv and deals.csv follow *journal* from the next `write` on."""
        since_ns = self._clock.time_ns() - int(self._keep_days * DAY_S) * NS
        self._followers = [
            ("orders.csv", OrdersFile(self._orders, journal, since_ns=since_ns).follow),
            ("deals.csv", DealsFile(self._deals, journal, since_ns=since_ns).follow),
        ]

    def write(self, turns: Iterable[Turn] = (), *, ending: bool = False) -> tuple[list[Turn], list[Trouble]]:
        """Write what has come up; return the turns that could not be written, and what went wrong.

        Whatever could not be written is kept, in bounds, and comes with the next `write`. With *ending* nothing waits
        for the end of its minute.
        """
        errors = self.notes.take_errors()
        security = self.notes.take_security(self._clock.time_ns(), ending=ending)
        steps: list[tuple[str, Callable[[], None]]] = [
            ("monitoring/requests", self._write_ledger),
            ("errors.csv", lambda: self._errors.append(map(error_row, errors))),
            ("security.csv", lambda: self._security_file.write(security)),
            *self._followers,
        ]
        left = list(turns)
        steps.append(("monitoring/conditions", lambda: self._write_turns(left)))
        troubles = []
        for name, step in steps:
            try:
                step()
            except OSError as error:
                troubles.append((name, error))
        return left, troubles

    def snapshot(self, row: Row) -> None:
        """Add a row to metrics.csv.

        Raises:
            OSError: it could not be written; it waits for the next one.
        """
        self.metrics.append([row])

    def last_snapshot_ns(self) -> int | None:
        """When the last row was added to metrics.csv; None without any."""
        for row in self.metrics.newest():
            try:
                return ns_from(row["ts_utc"])
            except ValueError:
                continue
        return None

    def close(self) -> None:
        """Let go of the files."""
        for writer in (self._request_lines, self._turn_lines):
            if writer is not None:
                writer.close()

    def _write_ledger(self) -> None:
        assert self._request_lines is not None
        now_s = self._clock.time_ns() / NS
        due = now_s - self._all_counts_at_s >= ALL_COUNTS_EVERY_S
        lines = self.ledger.take(all_counts=due)
        for number, line in enumerate(lines):
            try:
                self._request_lines.append(line)
            except OSError:
                self.ledger.put_back(lines[number:])
                raise
        if due:
            self._all_counts_at_s = now_s

    def _write_turns(self, turns: list[Turn]) -> None:
        assert self._turn_lines is not None
        while turns:
            self._turn_lines.append(orjson.dumps(turns[0].to_json()))
            turns.pop(0)

    def _writer(self, directory: Path, kept_s: float, *, max_age_s: float) -> SegmentWriter:
        retention = Retention(directory, Caps(max_age_s=kept_s))
        return SegmentWriter(directory, max_age_s=max_age_s, enforce_retention=retention.enforce)

    def _table(self, logs: Path, name: str, columns: tuple[str, ...]) -> CsvTable:
        return CsvTable(logs, name, columns, clock=self._clock, keep_days=self._keep_days)

    def _tables(self) -> tuple[CsvTable, ...]:
        return (self.metrics, self._errors, self._security, self._orders, self._deals)
