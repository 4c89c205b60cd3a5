"""When each key was used last: kept in memory, on disk at most once a minute."""

from __future__ import annotations

import json
from collections.abc import Container
from pathlib import Path
from typing import Final

from app.domain.clock import Clock

WRITE_EVERY_S: Final = 60.0


class LastUse:
    """The moments, in nanoseconds since 1970, by the id of the key.

    Args:
        path: their file, which this process alone writes.
        clock: stamps, and says when it is time to write.
    """

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._at_ns = read_last_use(path)
        self._written = dict(self._at_ns)
        self._written_s = clock.monotonic()

    def note(self, key_id: str) -> None:
        """The key was used just now."""
        self._at_ns[key_id] = self._clock.time_ns()

    def get(self, key_id: str) -> int | None:
        """When it was used last; None if never."""
        return self._at_ns.get(key_id)

    def write(self, ids: Container[str], *, now: bool = False) -> None:
        """Put on disk what is new, if the last time was a minute ago or it must be *now*; only keys among *ids*.

        Raises:
            OSError: the file cannot be written; the next call tries again.
        """
        at_s = self._clock.monotonic()
        if not now and at_s - self._written_s < WRITE_EVERY_S:
            return
        self._written_s = at_s
        kept = {key_id: at_ns for key_id, at_ns in tuple(self._at_ns.items()) if key_id in ids}
        if kept == self._written:
            return
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.write_text(json.dumps(kept), encoding="utf-8")
        beside.replace(self._path)
        self._written = kept


def read_last_use(path: Path) -> dict[str, int]:
    """What the file holds; nothing where it cannot be read: a date that is missing stops nobody."""
    try:
        return {str(key_id): int(at_ns) for key_id, at_ns in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
