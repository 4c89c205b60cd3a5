"""How much telemetry there was, and what became of it: one account per signal."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Signal = Literal["traces", "logs", "metrics"]
"""What is counted: spans, log records or metric points."""

SIGNALS: Final[tuple[Signal, ...]] = ("traces", "logs", "metrics")

BEFORE_DISK: Final = (
    "queue_full",
    "write_failed",
    "export_failed",
    "overtaken",
    "not_finite",
    "fault",
    "shutdown",
)
"""Reasons for which items are lost before they are in a file.

`overtaken`: with direct delivery, a newer collection of metrics took the place. `not_finite`: a point that is no
number. `fault`: a mistake in the telemetry itself. `shutdown`: there was no time left.
"""

FROM_DISK: Final = ("retention", "refused", "rejected", "too_large", "unreadable")
"""Reasons for which items leave the spool undelivered.

`retention`: deleted to stay under the caps. `refused`: the endpoint will not take this request (400, 413, other
4xx). `rejected`: the endpoint took the request and said by partialSuccess that it left these out. `too_large`: one
item does not fit into a request. `unreadable`: a line that is no document.
"""


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """One consistent view of a signal's account, in items since this process began.

    `emitted + carried == delivered + spooled + sum(dropped) + in_memory`, always.
    """

    emitted: int
    carried: int
    delivered: int
    spooled: int
    in_memory: int
    dropped: Mapping[str, int]


class SignalAccount:
    """Counts the items of one signal on their way; safe to use from any thread.

    Args:
        spooling: True where files are shipped to an endpoint, so that written items wait for their delivery. False
            where writing (or exporting directly) is the delivery.
    """

    def __init__(self, *, spooling: bool = True) -> None:
        self._spooling = spooling
        self._lock = threading.Lock()
        self._emitted = self._carried = self._delivered = self._spooled = self._in_memory = 0
        self._dropped = dict.fromkeys((*BEFORE_DISK, *FROM_DISK), 0)

    def emitted(self, items: int) -> None:
        """Items ended in this process and are on their way."""
        with self._lock:
            self._emitted += items
            self._in_memory += items

    def carried(self, items: int) -> None:
        """Items that an earlier process left undelivered in the files."""
        with self._lock:
            self._carried += items
            self._spooled += items

    def written(self, items: int) -> None:
        """Emitted items are in a file: spooled, or delivered where nothing is shipped."""
        with self._lock:
            self._in_memory -= items
            if self._spooling:
                self._spooled += items
            else:
                self._delivered += items

    def delivered(self, items: int) -> None:
        """The endpoint has taken the items."""
        with self._lock:
            self._delivered += items
            self._take(items, from_disk=self._spooling)

    def dropped(self, items: int, reason: str) -> None:
        """Items are lost; one of `FROM_DISK` takes them from the spool, any other reason from memory."""
        with self._lock:
            self._dropped[reason] = self._dropped.get(reason, 0) + items
            self._take(items, from_disk=reason in FROM_DISK)

    def snapshot(self) -> AccountSnapshot:
        """Return all counts as of one moment; every known reason is there from the start, at zero."""
        with self._lock:
            return AccountSnapshot(
                emitted=self._emitted,
                carried=self._carried,
                delivered=self._delivered,
                spooled=self._spooled,
                in_memory=self._in_memory,
                dropped=MappingProxyType(dict(self._dropped)),
            )

    def _take(self, items: int, *, from_disk: bool) -> None:
        if from_disk:
            self._spooled -= items
        else:
            self._in_memory -= items
