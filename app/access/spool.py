"""Security events of another process, handed to the API that runs, or to the next one that does."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from app.domain.events import SecurityEvent, SecurityType

log = logging.getLogger(__name__)

LOCK_S: Final = 5.0


class EventSpool:
    """A small file of events, one a line: appended to by whoever changes keys, emptied by the API."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock_path = path.with_name(f"{path.name}.lock")

    def append(self, event: SecurityEvent) -> None:
        """Add an event.

        Raises:
            OSError: the file cannot be written, or another process holds it (`Timeout`).
        """
        line = json.dumps(_to_json(event))
        with FileLock(self._lock_path, timeout=LOCK_S), self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def take(self) -> list[SecurityEvent]:
        """The events, which are in the file no longer; none while another process holds it."""
        if not self._path.exists():
            return []
        try:
            with FileLock(self._lock_path, blocking=False):
                text = self._path.read_text(encoding="utf-8", errors="replace")
                self._path.unlink()
        except (Timeout, OSError):
            return []
        return [event for line in text.splitlines() if (event := _event_from(line)) is not None]


def _to_json(event: SecurityEvent) -> dict[str, Any]:
    return {
        "at_ns": event.at_ns,
        "type": event.type.value,
        "client": event.client,
        "details": event.details,
        "key_id": event.key_id,
    }


def _event_from(line: str) -> SecurityEvent | None:
    try:
        kept = json.loads(line)
        return SecurityEvent(
            at_ns=int(kept["at_ns"]),
            type=SecurityType(kept["type"]),
            client=str(kept["client"]),
            details=str(kept["details"]),
            key_id=str(kept["key_id"]),
        )
    except (ValueError, KeyError, TypeError):
        log.warning("A line of the spool of security events is damaged and passed over")
        return None
