"""Where time and ids come from, so that tests can bring their own."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import ulid


class Clock(Protocol):
    """Wall time for stamps, monotonic time for durations and deadlines."""

    def time_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back; comparable between processes of one machine."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clocks."""

    def time_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


class Ids(Protocol):
    """Makes order ids."""

    def order_id(self) -> str:
        """A new ULID (26 characters, sortable by time)."""


@dataclass(frozen=True, slots=True)
class SystemIds:
    """ULIDs from the clock and the system's randomness."""

    clock: Clock = field(default_factory=SystemClock)

    def order_id(self) -> str:
        """A new ULID."""
        millis = self.clock.time_ns() // 1_000_000
        return str(ulid.ULID(millis.to_bytes(6, "big") + os.urandom(10)))


def rfc3339(time_ns: int) -> str:
    """A moment as RFC 3339 in UTC with microseconds, as logs and the journal write it."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
