"""One typed status, from facts that others keep; whoever says how it goes reads this."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from app.domain.clock import Clock
from app.domain.connection import Connection
from app.watch.state import Snapshot


class Condition(StrEnum):
    """What may be wrong; the text is the one that people read."""

    MT5_DISCONNECTED = "MT5 disconnected"
    TRADING_DISABLED = "Trading disabled"
    DIRECTORIES_NOT_WRITABLE = "Data directories not writable"
    JOURNAL_FAILING = "Order journal cannot be written"


class Health(StrEnum):
    """Without an issue, with one or two, with three or more."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How it goes at one moment (`at_ns`, ns since 1970).

    `unwritable` names the directories that cannot be written, `journal_error` says why the order journal cannot.
    """

    at_ns: int
    connection: Connection
    unwritable: tuple[str, ...] = ()
    journal_error: str | None = None

    @property
    def issues(self) -> tuple[Condition, ...]:
        """What is wrong, the worst first."""
        found = {
            Condition.MT5_DISCONNECTED: not self.connection.connected,
            Condition.TRADING_DISABLED: self.connection.connected and not self.connection.trading,
            Condition.DIRECTORIES_NOT_WRITABLE: bool(self.unwritable),
            Condition.JOURNAL_FAILING: self.journal_error is not None,
        }
        return tuple(condition for condition, holds in found.items() if holds)

    @property
    def health(self) -> Health:
        """The issues in one word."""
        count = len(self.issues)
        return Health.HEALTHY if not count else Health.DEGRADED if count < 3 else Health.UNHEALTHY

    @property
    def missing(self) -> tuple[str, ...]:
        """What must be up before an order is accepted, and is not: layers of the connection, lowest first."""
        directories = ("data_directories",) if self.unwritable else ()
        journal = ("journal",) if self.journal_error is not None else ()
        return (*self.connection.missing(), *directories, *journal)


class Watching(Protocol):
    """Keeps the latest look at the terminal."""

    @property
    def latest(self) -> Snapshot:
        """What was seen last."""


class JournalHealth(Protocol):
    """Can say whether orders can be written down."""

    def health(self) -> str | None:
        """Why the journal cannot be written, else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """Reads the facts and says how it goes.

    Args:
        watch: the terminal, as seen last.
        journal: where orders are written down.
        directories: what must be writable.
        clock: stamps the status.
    """

    watch: Watching
    journal: JournalHealth
    directories: Sequence[Path]
    clock: Clock

    def status(self) -> Status:
        """How it goes now; asks the file system and memory, never the terminal."""
        return Status(
            at_ns=self.clock.time_ns(),
            connection=self.watch.latest.connection,
            unwritable=tuple(path.name for path in self.directories if not _is_writable(path)),
            journal_error=self.journal.health(),
        )


def _is_writable(path: Path) -> bool:
    return path.is_dir() and os.access(path, os.W_OK | os.X_OK)
