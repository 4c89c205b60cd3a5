"""Keeping a directory of segments under its caps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from otel.segments import MIB, segment_numbers, segment_path

_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Caps:
    """What a directory may hold: bytes in all, and seconds since the last line of a segment."""

    max_bytes: int = 1024 * MIB
    max_age_s: float = 30 * _DAY_S


class Retention:
    """Finds and deletes the oldest segments over the caps; never the newest one, which may be being written."""

    def __init__(self, directory: Path, caps: Caps, *, clock: Callable[[], float] = time.time) -> None:
        self._directory = directory
        self._caps = caps
        self._clock = clock

    def over_caps(self) -> list[int]:
        """Return the numbers of the segments that have to go, oldest first."""
        numbers = segment_numbers(self._directory)
        sizes = {}
        expired = set()
        for number in numbers:
            try:
                stat = segment_path(self._directory, number).stat()
            except FileNotFoundError:  # gone since the listing
                continue
            sizes[number] = stat.st_size
            if self._clock() - stat.st_mtime > self._caps.max_age_s:
                expired.add(number)
        left = sum(sizes.values())
        doomed = []
        for number in numbers[:-1]:
            if number in sizes and (left > self._caps.max_bytes or number in expired):
                doomed.append(number)
                left -= sizes[number]
        return doomed

    def delete(self, number: int) -> bool:
        """Delete one segment; False if it is still there, as when someone has it open on Windows."""
        try:
            segment_path(self._directory, number).unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def enforce(self) -> None:
        """Delete what is over the caps; what cannot be deleted now is tried again the next time."""
        for number in self.over_caps():
            self.delete(number)
