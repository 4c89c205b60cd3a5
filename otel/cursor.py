"""How far a directory's lines have been shipped, in a small file that survives a kill at any moment."""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path
from typing import Final

from otel.segments import Position

_SLOT: Final = 64
_SLOTS: Final = 2


class Cursor:
    """Keeps a position on disk.

    Two slots of text are overwritten in turn, each with a sequence number and a checksum, so that at any moment one
    of them is whole. Nothing is renamed (Windows refuses that while anyone looks at the file) and, once there, the
    file never needs room on a full disk.

    Attributes:
        damaged: the file was there and neither slot was readable, so the position is lost.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644), "r+")
        content = self._file.read(_SLOT * _SLOTS)
        slots = [_parse(content[at : at + _SLOT]) for at in range(0, len(content), _SLOT)]
        readable = [slot for slot in slots if slot is not None]
        self._sequence = 0
        self._position: Position | None = None
        if readable:
            self._sequence, self._position = max(readable)
        self.damaged = bool(content) and not readable

    @property
    def position(self) -> Position | None:
        """The last position saved; None before the first one, or after damage."""
        return self._position

    def save(self, position: Position) -> None:
        """Write *position* and wait until it is on disk; an `OSError` leaves the one before on disk."""
        self._position = position
        self._sequence += 1
        text = f"{self._sequence:020d} {position.segment:010d} {position.offset:016d}"
        slot = f"{text} {zlib.crc32(text.encode()):08x}".ljust(_SLOT - 1) + "\n"
        self._file.seek(self._sequence % _SLOTS * _SLOT)
        self._file.write(slot.encode())
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _parse(slot: bytes) -> tuple[int, Position] | None:
    text, _, checksum = slot.decode("ascii", "replace").strip().rpartition(" ")
    fields = text.split(" ")
    if len(fields) != 3 or checksum != f"{zlib.crc32(text.encode()):08x}":
        return None
    sequence, segment, offset = (int(field) for field in fields)
    return sequence, Position(segment, offset)
