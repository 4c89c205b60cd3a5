"""Numbered files of log lines: written by one process, never renamed, so that whoever follows one loses nothing."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

FILE_BYTES_MAX = 5_000_000
FILES_KEPT = 5
_NAME = re.compile(r"mt5-otel-([0-9]{8})\.log")


class LogFiles:
    """Appends to the newest file of a folder, and begins the next one when it is full; for one thread.

    Args:
        folder: made if it is missing.
        bytes_max: a file that would grow beyond this is followed by a new one (a longer line stands alone).
        kept: so many of the newest files stay; older ones are deleted.
    """

    def __init__(self, folder: Path, *, bytes_max: int = FILE_BYTES_MAX, kept: int = FILES_KEPT) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._kept = kept
        self._file: io.FileIO | None = None

    def write(self, line: str) -> None:
        """Append *line*, which ends with its newline.

        Raises:
            OSError: it cannot be written, or not all of it.
        """
        data = line.encode("utf-8", "backslashreplace")
        file = self._file_for(len(data))
        if file.write(data) != len(data):
            raise OSError(f"{file.name!r} takes nothing more")

    def close(self) -> None:
        """Let go of the file; the next line opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _file_for(self, length: int) -> io.FileIO:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = self._open(max(self._numbers(), default=1))
        size = self._file.seek(0, io.SEEK_END)
        if size > 0 and size + length > self._bytes_max:
            self.close()
            self._file = self._open(max(self._numbers(), default=0) + 1)
            self._delete_old()
        return self._file

    def _open(self, number: int) -> io.FileIO:
        return io.FileIO(self._path(number), "ab")

    def _path(self, number: int) -> Path:
        return self._folder / f"mt5-otel-{number:08}.log"

    def _numbers(self) -> list[int]:
        found = (_NAME.fullmatch(path.name) for path in self._folder.iterdir())
        return sorted(int(name[1]) for name in found if name)

    def _delete_old(self) -> None:
        for number in self._numbers()[: -self._kept]:
            with contextlib.suppress(OSError):  # on Windows one that is being read stays until the next turn
                self._path(number).unlink()
