"""Everything the journal asks of a file system, behind one small object that tests can replace."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path
from typing import Protocol


class AppendFile(Protocol):
    """A file that one writer extends. Every operation may raise `OSError`."""

    def append(self, data: bytes) -> None:
        """Write *data* at the end; when it raises, any part of it may have been written."""

    def fsync(self) -> None:
        """Return once everything appended survives a loss of power."""

    def truncate(self, size: int) -> None:
        """Cut the file to *size* bytes; the next append goes there."""

    def close(self) -> None:
        """Let go of the file."""


class Files(Protocol):
    """A file system. Every operation may raise `OSError`."""

    def list(self, directory: Path) -> list[str]:
        """Return the names in *directory*; none if there is no such directory."""

    def read(self, path: Path) -> bytes:
        """Return all of a file."""

    def create(self, path: Path) -> AppendFile:
        """Create a file that is not there yet, in a directory that may be missing; its name is durable."""

    def truncate(self, path: Path, size: int) -> None:
        """Cut a closed file to *size* bytes, durably."""

    def replace(self, path: Path, data: bytes) -> None:
        """Make *data* the content of *path*, durably and at once: readers see the old or the new, never a part."""


class SystemFiles:
    """The machine's own file system."""

    def list(self, directory: Path) -> list[str]:
        """Return the names in *directory*; none if there is no such directory."""
        return [path.name for path in directory.iterdir()] if directory.exists() else []

    def read(self, path: Path) -> bytes:
        """Return all of a file."""
        return path.read_bytes()

    def create(self, path: Path) -> AppendFile:
        """Create a file that is not there yet."""
        path.parent.mkdir(parents=True, exist_ok=True)
        file = SystemAppendFile(io.FileIO(path, "xb"))
        _sync_directory(path.parent)
        return file

    def truncate(self, path: Path, size: int) -> None:
        """Cut a closed file to *size* bytes."""
        with path.open("rb+") as file:
            file.truncate(size)
            os.fsync(file.fileno())

    def replace(self, path: Path, data: bytes) -> None:
        """Write a file beside *path*, close it and put it in its place."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".new")
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_directory(path.parent)


class SystemAppendFile:
    """A real file, unbuffered: what was appended survives a killed process even before `fsync`."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file

    def append(self, data: bytes) -> None:
        """Write *data* at the end."""
        while data:
            taken = self._file.write(data)
            if not taken:
                raise OSError(errno.EIO, "the file takes nothing more")
            data = data[taken:]

    def fsync(self) -> None:
        """Return once everything appended survives a loss of power."""
        os.fsync(self._file.fileno())

    def truncate(self, size: int) -> None:
        """Cut the file to *size* bytes."""
        self._file.truncate(size)
        self._file.seek(size)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _sync_directory(directory: Path) -> None:
    """Make a new name durable; Windows does that by itself and cannot open directories."""
    if sys.platform != "win32":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
