"""Reads the facts that others keep and says how it goes: the one place where that is decided."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from app.domain.clock import Clock
from app.domain.events import SecurityType
from app.monitoring.conditions import Facts, judge
from app.monitoring.figures import Figures, Journalled
from app.monitoring.keeper import Keeper, TellTurn
from app.monitoring.ledger import Ledger
from app.monitoring.notes import Notes
from app.monitoring.status import Status, Watching
from app.settings import MonitoringSettings


def tell_nobody(_: object) -> None:
    """Take what is told, and let it be."""


class Monitor:
    """How it goes, asked from memory and of the file system's permissions; never of the terminal.

    Args:
        watch: the terminal, as seen last.
        journal: orders, deals and whether they can be written down.
        directories: the data folder and its folder of logs: what must be writable.
        clock: stamps the status.
        limits: when something counts as wrong.
        ledger: requests and events, counted.
        tell_turn: told when a condition begins or ends.
    """

    def __init__(
        self,
        *,
        watch: Watching,
        journal: Journalled,
        directories: Sequence[Path],
        clock: Clock,
        limits: MonitoringSettings | None = None,
        ledger: Ledger | None = None,
        notes: Notes | None = None,
        tell_turn: TellTurn = tell_nobody,
    ) -> None:
        self.watch = watch
        self.clock = clock
        self.directories = tuple(directories)
        self.limits = limits or MonitoringSettings()
        self.ledger = ledger or Ledger(clock=clock)
        self.notes = notes or Notes(self.ledger)
        self.figures = Figures(journal=journal, watch=watch, ledger=self.ledger, clock=clock)
        self.keeper = Keeper(tell_turn)
        self._journal = journal
        self._started_s = clock.monotonic()

    def status(self) -> Status:
        """How it goes now."""
        at_ns = self.clock.time_ns()
        facts = self._facts(at_ns)
        findings = judge(facts, self.limits)
        since_ns = self.keeper.since_ns
        return Status(
            at_ns=at_ns,
            connection=facts.connection,
            findings=findings,
            since_ns={finding.condition: since_ns.get(finding.condition, at_ns) for finding in findings},
            unwritable=facts.unwritable,
            journal_error=facts.journal_error,
            error_rate=facts.request_errors / facts.requests if facts.requests else 0.0,
        )

    def judge(self) -> Status:
        """Look, and take note of which conditions began or ended since the last time."""
        status = self.status()
        self.keeper.update(status.findings, status.at_ns)
        return status

    def reset(self) -> None:
        """Begin anew with what the monitoring endpoints count; exported counters never do."""
        self.ledger.reset(self.figures.ever().counts())

    @property
    def uptime_s(self) -> float:
        """Seconds since this process began to watch."""
        return max(0.0, self.clock.monotonic() - self._started_s)

    def _facts(self, at_ns: int) -> Facts:
        seen, limits = self.watch.latest, self.limits
        answers = self.ledger.answers(limits.error_rate_window_s)
        invalid = self.notes.security_by_type(limits.invalid_keys_window_s)
        return Facts(
            connection=seen.connection,
            requests=answers.requests,
            request_errors=answers.errors,
            errors=sum(self.notes.errors_by_scope(limits.errors_window_s).values()),
            invalid_keys=invalid.get(SecurityType.INVALID_API_KEY_ATTEMPT, 0),
            orders_failed=self.figures.failed_within(limits.orders_failed_window_s),
            quiet_s=seen.quiet_s(at_ns),
            untradable=tuple(seen.untradable),
            unwritable=tuple(path.name for path in self.directories if not _is_writable(path)),
            journal_error=self._journal.health(),
        )


def _is_writable(path: Path) -> bool:
    return path.is_dir() and os.access(path, os.W_OK | os.X_OK)
