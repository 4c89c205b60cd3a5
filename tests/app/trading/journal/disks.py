"""File systems that misbehave on request, over a real one."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

from app.trading.journal.files import AppendFile, SystemFiles


class FaultyFiles(SystemFiles):
    """The real file system, with faults that the test switches on.

    Attributes:
        room: bytes that still fit; None for a disk without end.
        fsync_fails: how many of the next `fsync` fail.
        truncate_fails: whether cutting an open file fails.
        fsyncs: how many were asked for, by file name.
        fsync_goes_on: cleared, it holds every `fsync`; `fsync_reached` says that one is held.
    """

    def __init__(self) -> None:
        self.room: int | None = None
        self.fsync_fails = 0
        self.truncate_fails = False
        self.fsyncs: list[str] = []
        self.fsync_goes_on = threading.Event()
        self.fsync_goes_on.set()
        self.fsync_reached = threading.Event()

    def create(self, path: Path) -> AppendFile:
        """Create a file on this disk."""
        return FaultyFile(super().create(path), path.name, self)


class FaultyFile:
    """A file on a faulty disk."""

    def __init__(self, file: AppendFile, name: str, disk: FaultyFiles) -> None:
        self._file = file
        self._name = name
        self._disk = disk

    def append(self, data: bytes) -> None:
        """Take what fits."""
        room = self._disk.room
        if room is None:
            self._file.append(data)
            return
        self._file.append(data[:room])
        self._disk.room = max(0, room - len(data))
        if len(data) > room:
            raise OSError(errno.ENOSPC, "No space left on device")

    def fsync(self) -> None:
        """Count, wait if held, fail if told to."""
        self._disk.fsyncs.append(self._name)
        self._disk.fsync_reached.set()
        self._disk.fsync_goes_on.wait()
        if self._disk.fsync_fails > 0:
            self._disk.fsync_fails -= 1
            raise OSError(errno.EIO, "Input/output error")
        self._file.fsync()

    def truncate(self, size: int) -> None:
        """Cut the file unless told to fail."""
        if self._disk.truncate_fails:
            raise OSError(errno.EIO, "Input/output error")
        self._file.truncate(size)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
