"""A table that people open in a spreadsheet: rows appended to one file, put aside every week, kept for some time.

`orders.csv` holds the present week; when it has passed the file becomes `orders-2026-W48.csv`. No file stays open
between two appends, so that a spreadsheet may have it open meanwhile, on Windows too.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from app.domain.clock import Clock
from app.history.backwards import lines_backwards
from otel.segments import cut_torn_line

Cell = str | int | float | None
Row = Sequence[Cell]

FORMULA_BEGINNINGS: Final = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet would take a text that begins so for a formula."""

NS: Final = 10**9


class CsvTable:
    """One table and its files. Every method but `waiting` touches the disk and belongs in a worker thread.

    Rows that cannot be written wait for the next append, up to `waiting_max`; `lost` counts what had to go.

    Args:
        directory: where its files lie; made if it is missing.
        name: of the table, such as `orders`.
        columns: the first line of each file.
        clock: says which week it is.
        keep_days: how long a file is kept after its week.
        waiting_max: rows that wait at most.
    """

    def __init__(
        self,
        directory: Path,
        name: str,
        columns: Sequence[str],
        *,
        clock: Clock,
        keep_days: float = 90.0,
        waiting_max: int = 50_000,
    ) -> None:
        self.name = name
        self.columns = tuple(columns)
        self.lost = 0
        self._directory = directory
        self._clock = clock
        self._keep_days = keep_days
        self._waiting_max = waiting_max
        self._waiting: list[Row] = []
        self._path = directory / f"{name}.csv"

    @property
    def waiting(self) -> int:
        """How many rows could not be written yet."""
        return len(self._waiting)

    def open(self) -> int:
        """Cut a last line that a crash left unfinished; return how many bytes that were.

        Raises:
            OSError: the file cannot be read or cut.
        """
        return cut_torn_line(self._path) if self._path.exists() else 0

    def append(self, rows: Iterable[Row]) -> None:
        """Write rows behind those that wait: all of them, or none and with an `OSError`."""
        self._waiting.extend(rows)
        over = len(self._waiting) - self._waiting_max
        if over > 0:
            del self._waiting[:over]
            self.lost += over
        if not self._waiting:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        self._rotate()
        self._write()
        self._waiting.clear()

    def rows(self) -> Iterator[dict[str, str]]:
        """Every row there is by its columns, oldest first; a file that another program holds back is left out."""
        for path in self.paths():
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            complete = text[: text.rfind("\n") + 1]
            for row in csv.DictReader(io.StringIO(complete, newline=""), restkey="", restval=""):
                yield {column: unguarded(row.get(column) or "") for column in self.columns}

    def newest(self) -> Iterator[dict[str, str]]:
        """Every row there is, the newest first: no more of the files is read than rows are asked for."""
        for path in reversed(self.paths()):
            try:
                with path.open("rb") as file:
                    names = _cells(file.readline())
                    for line in lines_backwards(file):
                        row = dict(zip(names, _cells(line), strict=False))
                        if line and tuple(row.values()) != tuple(row):
                            yield {column: unguarded(row.get(column, "")) for column in self.columns}
            except OSError:
                continue

    def size(self) -> int:
        """Bytes of the present week's file; 0 where there is none, or one that the next append puts aside."""
        try:
            found = self._path.stat()
        except OSError:
            return 0
        return found.st_size if _week(found.st_mtime_ns) == _week(self._clock.time_ns()) else 0

    def paths(self) -> list[Path]:
        """The files there are, the oldest week first and the present one last."""
        old = sorted((path for path in self._directory.glob(f"{self.name}-*-W*.csv")), key=lambda path: path.name)
        return [*old, *([self._path] if self._path.exists() else [])]

    def forget_old(self) -> None:
        """Delete the files whose week is longer past than they are kept; what cannot be deleted now can be later."""
        today = _day(self._clock.time_ns())
        for path in self._directory.glob(f"{self.name}-*-W*.csv"):
            week_end = _end_of(path.stem.removeprefix(f"{self.name}-"))
            if week_end is not None and (today - week_end).days > self._keep_days:
                try:
                    path.unlink()
                except OSError:
                    continue

    def _rotate(self) -> None:
        """Put the file aside if it is of another week; a program that holds it keeps it where it is, for now."""
        try:
            written_ns = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return
        week = _week(written_ns)
        if week == _week(self._clock.time_ns()):
            return
        try:
            self._path.rename(self._free_path(week))
        except PermissionError:
            return
        self.forget_old()

    def _free_path(self, week: str) -> Path:
        path, number = self._directory / f"{self.name}-{week}.csv", 1
        while path.exists():
            number += 1
            path = self._directory / f"{self.name}-{week}-{number}.csv"
        return path

    def _write(self) -> None:
        data = encode(self._waiting)
        with self._path.open("ab", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size == 0:
                data = encode([self.columns]) + data
            try:
                left = memoryview(data)
                while left:
                    left = left[file.write(left) :]
            except OSError:
                file.truncate(size)
                raise
        # The week of a file is read from here: the clock's own, where tests bring one.
        now_ns = self._clock.time_ns()
        os.utime(self._path, ns=(now_ns, now_ns))


def encode(rows: Iterable[Row]) -> bytes:
    """Rows as UTF-8, one line each."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def decode(data: bytes, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Rows that `encode` made, by *columns*; a line that has other cells is passed over."""
    for line in data.splitlines():
        cells = _cells(line)
        if len(cells) == len(columns):
            yield dict(zip(columns, map(unguarded, cells), strict=True))


def _cells(line: bytes) -> list[str]:
    try:
        return next(csv.reader([line.decode("utf-8", "replace").rstrip("\r\n")]), [])
    except csv.Error:
        return []


def unguarded(text: str) -> str:
    """A cell's text as it was given."""
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA_BEGINNINGS and text[1:] else text


def _cell(cell: Cell) -> str | int | float:
    """A cell that no spreadsheet takes for a formula and that stays on its line; numbers are as they are."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return int(cell)
    if not isinstance(cell, str):
        return cell
    guarded = f"'{cell}" if cell.startswith(FORMULA_BEGINNINGS) else cell
    return guarded.replace("\r", " ").replace("\n", " ").replace("\0", "")


def _day(time_ns: int) -> date:
    return datetime.fromtimestamp(time_ns / NS, UTC).date()


def _week(time_ns: int) -> str:
    year, week, _ = _day(time_ns).isocalendar()
    return f"{year}-W{week:02d}"


def _end_of(week: str) -> date | None:
    """The last day of a week such as `2026-W48`, also of `2026-W48-2`."""
    try:
        year, number = week.split("-W")
        return date.fromisocalendar(int(year), int(number.split("-")[0]), 7)
    except ValueError:
        return None


def number(row: Mapping[str, str], column: str) -> float | None:
    """A cell as a number, None where it is none."""
    try:
        return float(row[column])
    except (KeyError, ValueError):
        return None
