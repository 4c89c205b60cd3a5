"""Numbered files of JSON lines: one writer, any number of readers, in this process or beside it.

A directory holds `00000001.jsonl`, `00000002.jsonl` and so on. A file is created once, appended to by one writer,
never renamed and never reopened for writing; once a higher number exists, it is final. A line is one JSON document.
Readers take complete lines only, so a line that is just being written, or that a crash cut short, is not seen.
"""

from __future__ import annotations

import errno
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, Protocol, Self

MIB: Final = 1024 * 1024
_SUFFIX: Final = ".jsonl"
_DIGITS: Final = 8
_BLOCK: Final = 64 * 1024


class Position(NamedTuple):
    """A place between two lines: a segment's number and a byte offset in it."""

    segment: int
    offset: int


class Line(NamedTuple):
    """One document, without its newline, and the position after it."""

    data: bytes
    end: Position


class SegmentFile(Protocol):
    """The few operations a writer needs of an open file."""

    def write(self, data: bytes, /) -> int | None:
        """Append *data* or its beginning; return how many bytes were taken."""

    def seek(self, offset: int, /) -> int:
        """Continue at *offset*."""

    def truncate(self, size: int, /) -> int:
        """Cut the file to *size* bytes."""

    def close(self) -> None:
        """Let go of the file."""


def create_file(path: Path) -> SegmentFile:
    """Create *path* for one writer, unbuffered; `FileExistsError` if it is there already."""
    return io.FileIO(path, "xb")


class SegmentWriter:
    """Appends lines to the segments of one directory; safe to use from several threads.

    Opening cuts a line that a crash left unfinished (`recovered` says how many bytes went) and begins a new segment
    with the first line, so that no file ever has two writers. One process at a time may write a directory; who
    opens it sees to that.

    Args:
        directory: made if it is missing.
        max_bytes: a segment that would grow beyond this is followed by a new one (a longer line stands alone).
        max_age_s: a segment older than this is followed by a new one at the next line.
        clock: seconds, for the age.
        enforce_retention: called when opening and at each new segment. Only for a directory that nothing ships: a
            shipper enforces its retention itself, between two requests.
        create: makes the file of a segment.
    """

    def __init__(
        self,
        directory: Path,
        *,
        max_bytes: int = 8 * MIB,
        max_age_s: float = 3600.0,
        clock: Callable[[], float] = time.time,
        enforce_retention: Callable[[], object] | None = None,
        create: Callable[[Path], SegmentFile] = create_file,
    ) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._clock = clock
        self._enforce_retention = enforce_retention
        self._create = create
        self._lock = threading.Lock()
        self._file: SegmentFile | None = None
        self._size = 0
        self._created_at = 0.0
        self._closed = False
        directory.mkdir(parents=True, exist_ok=True)
        numbers = segment_numbers(directory)
        self._number = numbers[-1] if numbers else 0
        self.recovered = cut_torn_line(segment_path(directory, self._number)) if numbers else 0
        self._enforce()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, line: bytes) -> None:
        """Append one document and its newline: wholly, or not at all and with an `OSError`."""
        if b"\n" in line:
            raise ValueError("a line holds exactly one document and no newline")
        data = line + b"\n"
        with self._lock:
            if self._closed:
                raise ValueError("this writer is closed")
            file = self._file_for(len(data))
            try:
                _write_all(file, data)
            except OSError:
                self._undo(file)
                raise
            self._size += len(data)

    def close(self) -> None:
        """Let go of the current segment; idempotent."""
        with self._lock:
            self._closed = True
            self._finish()

    def _file_for(self, length: int) -> SegmentFile:
        full = self._size > 0 and self._size + length > self._max_bytes
        if self._file is not None and (full or self._clock() - self._created_at >= self._max_age_s):
            self._finish()
        if self._file is None:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._number = max(self._number, *segment_numbers(self._directory), 0) + 1
            self._file = self._create(segment_path(self._directory, self._number))
            self._size = 0
            self._created_at = self._clock()
            self._enforce()
        return self._file

    def _undo(self, file: SegmentFile) -> None:
        try:
            file.truncate(self._size)
            file.seek(self._size)
        except OSError:
            # The half line stays the last of its segment, where readers skip it.
            self._finish()

    def _finish(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _enforce(self) -> None:
        if self._enforce_retention is not None:
            self._enforce_retention()


def segment_path(directory: Path, number: int) -> Path:
    """Return where segment *number* of *directory* lies."""
    return directory / f"{number:0{_DIGITS}d}{_SUFFIX}"


def segment_numbers(directory: Path) -> list[int]:
    """Return the numbers of the segments that exist, ascending; none if there is no such directory."""
    try:
        names = os.listdir(directory)  # noqa: PTH208 -- no Path object per file: a reader asks several times a second
    except FileNotFoundError:
        return []
    stems = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    return sorted(int(stem) for stem in stems if len(stem) == _DIGITS and stem.isascii() and stem.isdigit())


def read(directory: Path, start: Position, max_bytes: int) -> list[Line]:
    """Return the next complete lines from *start* on, all of one segment; an empty list if there are none yet.

    At most *max_bytes* of them, but never less than one line. Works while the segment is being written.
    """
    # Listed before reading: whatever has a successor in this list was final before we look into it.
    for number in segment_numbers(directory):
        if number < start.segment:
            continue
        offset = start.offset if number == start.segment else 0
        lines = _read_segment(directory, Position(number, offset), max_bytes)
        if lines:
            return lines
    return []


def resume_at(directory: Path, position: Position) -> Position:
    """Return where to read on from a *position* that was kept while the files may have changed.

    Segments that are gone (deleted, or lost in a power cut) leave their numbers to be used again: a position behind
    all that is there becomes the beginning of the next segment.
    """
    highest = max(segment_numbers(directory), default=0)
    return position if position.segment <= highest else Position(highest + 1, 0)


def iterate(directory: Path, *, newest_first: bool = False) -> Iterator[Line]:
    """Yield every complete line there is, oldest or newest first, one segment in memory at a time."""
    numbers = segment_numbers(directory)
    for number in reversed(numbers) if newest_first else numbers:
        path = segment_path(directory, number)
        try:
            size = path.stat().st_size
        except FileNotFoundError:  # deleted by retention since the listing
            continue
        lines = _read_segment(directory, Position(number, 0), max(size, 1))
        yield from reversed(lines) if newest_first else lines


def cut_torn_line(path: Path) -> int:
    """Cut a last line that has no newline; return how many bytes that were. Only for files nobody writes."""
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        end = size
        while end > 0:
            begin = max(0, end - _BLOCK)
            file.seek(begin)
            newline = file.read(end - begin).rfind(b"\n")
            if newline >= 0:
                end = begin + newline + 1
                break
            end = begin
        if end < size:
            file.truncate(end)
        return size - end


def _read_segment(directory: Path, start: Position, max_bytes: int) -> list[Line]:
    try:
        with segment_path(directory, start.segment).open("rb") as file:
            file.seek(start.offset)
            data = file.read(max_bytes)
            if b"\n" not in data and len(data) == max_bytes:
                data += file.readline()
    except FileNotFoundError:
        return []
    lines = []
    offset = start.offset
    for line in data.split(b"\n")[:-1]:
        offset += len(line) + 1
        lines.append(Line(line, Position(start.segment, offset)))
    return lines


def _write_all(file: SegmentFile, data: bytes) -> None:
    while data:
        taken = file.write(data)
        if not taken:
            raise OSError(errno.EIO, "the file takes nothing more")
        data = data[taken:]
