"""One typed status from the facts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.domain.connection import Connection
from app.monitoring.status import Condition, Health, Monitor, Status
from app.watch.state import Snapshot

UP = Connection(worker=True, terminal=True, broker=True, account=True, trading=True, reason="", next_step="")
DOWN = replace(UP, broker=False, account=False, trading=False, reason="no broker")
READ_ONLY = replace(UP, trading=False, reason="algorithmic trading is off")


@dataclass
class FixedClock:
    """Always the same moment."""

    def time_ns(self) -> int:
        """Nanoseconds."""
        return 5

    def monotonic(self) -> float:
        """Seconds."""
        return 1.0


@dataclass
class FakeWatch:
    """Saw this."""

    latest: Snapshot


@dataclass
class FakeJournal:
    """Its health."""

    error: str | None = None

    def health(self) -> str | None:
        """Why it cannot be written."""
        return self.error


def monitor(directory: Path, connection: Connection = UP, journal_error: str | None = None) -> Monitor:
    """A monitor of one directory."""
    watch = FakeWatch(Snapshot(connection=connection))
    return Monitor(watch=watch, journal=FakeJournal(journal_error), directories=(directory,), clock=FixedClock())


def test_healthy_without_an_issue(tmp_path: Path) -> None:
    """With everything up there is no issue, nothing is missing, and the moment is the clock's."""
    status = monitor(tmp_path).status()
    assert (status.health, status.issues, status.missing, status.at_ns) == (Health.HEALTHY, (), (), 5)


@pytest.mark.parametrize(
    ("connection", "unwritable", "journal_error", "health", "issues"),
    [
        (DOWN, (), None, Health.DEGRADED, (Condition.MT5_DISCONNECTED,)),
        (READ_ONLY, (), None, Health.DEGRADED, (Condition.TRADING_DISABLED,)),
        (UP, ("data",), None, Health.DEGRADED, (Condition.DIRECTORIES_NOT_WRITABLE,)),
        (UP, ("data",), "full", Health.DEGRADED, (Condition.DIRECTORIES_NOT_WRITABLE, Condition.JOURNAL_FAILING)),
        (
            DOWN,
            ("data",),
            "full",
            Health.UNHEALTHY,
            (Condition.MT5_DISCONNECTED, Condition.DIRECTORIES_NOT_WRITABLE, Condition.JOURNAL_FAILING),
        ),
    ],
)
def test_health_counts_issues(
    connection: Connection,
    unwritable: tuple[str, ...],
    journal_error: str | None,
    health: Health,
    issues: tuple[Condition, ...],
) -> None:
    """One or two issues are degraded, three unhealthy; a lost terminal is not told a second time as no trading."""
    status = Status(at_ns=0, connection=connection, unwritable=unwritable, journal_error=journal_error)
    assert (status.health, status.issues) == (health, issues)


def test_missing_names_every_layer_lowest_first(tmp_path: Path) -> None:
    """What is missing for an order are the layers that are down, then directories, then the journal."""
    status = monitor(tmp_path / "gone", DOWN, "disk full").status()
    assert status.missing == ("broker", "account", "trading", "data_directories", "journal")


def test_directory_that_is_gone_is_not_writable(tmp_path: Path) -> None:
    """A directory that does not exist, or is a file, is named."""
    (tmp_path / "logs").write_text("", encoding="utf-8")
    assert monitor(tmp_path / "journal").status().unwritable == ("journal",)
    assert monitor(tmp_path / "logs").status().unwritable == ("logs",)
