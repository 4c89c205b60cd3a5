"""Monitoring over facts that a test sets."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.clock import Clock
from app.domain.events import ErrorEvent, Scope
from app.monitoring.books import Books
from app.monitoring.faults import Faults
from app.monitoring.figures import Journalled
from app.monitoring.keeper import Turn
from app.monitoring.monitor import Monitor
from app.monitoring.service import Monitoring
from app.monitoring.status import Watching
from app.settings import MonitoringSettings
from app.trading.journal.counts import DealKey, DealSums, OrderKey, PositionKey
from tests.support.clock import NOON_NS


@dataclass
class CountedJournal:
    """A journal that says what it is told to; `error` is its health, `outcomes` holds for every moment."""

    error: str | None = None
    outcomes: dict[str, int] = field(default_factory=dict)
    sums: DealSums = field(default_factory=lambda: DealSums(since_ns=0))
    opened: int = 0
    closed: int = 0
    deals_ever: int = 0
    failures: int = 0
    asked_since_ns: list[int] = field(default_factory=list)

    def health(self) -> str | None:
        """Why it cannot be written."""
        return self.error

    def totals(self) -> Mapping[OrderKey, int]:
        """Buys of EURUSD."""
        return {OrderKey("open", "buy", name, "EURUSD"): count for name, count in self.outcomes.items()}

    def outcomes_since(self, since_ns: int) -> Mapping[str, int]:
        """The same orders, and what was asked."""
        self.asked_since_ns.append(since_ns)
        return dict(self.outcomes)

    def deal_sums(self, since_ns: int) -> DealSums:
        """The sums."""
        self.asked_since_ns.append(since_ns)
        return self.sums

    def deal_totals(self) -> Mapping[DealKey, int]:
        """Our deals, and one that paid money in."""
        return {
            DealKey("in", "expert", "ours", "EURUSD"): self.deals_ever,
            DealKey("none", "client", "balance", "_NONE"): 1,
        }

    def positions_opened(self) -> Mapping[PositionKey, int]:
        """Our positions."""
        return {PositionKey("EURUSD", "buy", "own"): self.opened}

    def positions_closed(self) -> Mapping[PositionKey, int]:
        """Our positions."""
        return {PositionKey("EURUSD", "buy", "own"): self.closed}

    def connection_failures(self) -> int:
        """Lost connections."""
        return self.failures


def open_monitoring(
    folder: Path,
    *,
    watch: Watching,
    journal: Journalled,
    clock: Clock,
    limits: MonitoringSettings | None = None,
    turns: list[Turn] | None = None,
) -> Monitoring:
    """Monitoring of a data folder, its files open, its tasks not begun."""
    limits = limits or MonitoringSettings()
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    books = Books(folder, clock=clock, limits=limits)
    books.open()
    monitor = Monitor(
        watch=watch,
        journal=journal,
        directories=(folder, folder / "logs"),
        clock=clock,
        limits=limits,
        ledger=books.ledger,
        notes=books.notes,
        tell_turn=([] if turns is None else turns).append,
    )
    monitoring = Monitoring(monitor, books, Faults(books.notes.tell_error, clock=clock))
    # A test ends a process by letting go of it, without a word; its files are closed all the same.
    weakref.finalize(monitoring, books.close)
    return monitoring


def an_error(at_ns: int, message: str = "it broke") -> ErrorEvent:
    """An error of the API."""
    return ErrorEvent(at_ns=at_ns, scope=Scope.API, message=message, trace_id="ab" * 16)


def block(path: Path, at_ns: int = NOON_NS) -> None:
    """Put something in the place of a file of this week that cannot be written."""
    path.mkdir(parents=True)
    os.utime(path, ns=(at_ns, at_ns))
