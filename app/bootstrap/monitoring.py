"""Monitoring put together: its files, its conditions, its metrics."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.domain.clock import Clock
from app.errors import StartupError
from app.monitoring.books import Books
from app.monitoring.faults import Faults
from app.monitoring.keeper import Turn
from app.monitoring.monitor import Monitor
from app.monitoring.service import Monitoring
from app.settings import MonitoringSettings
from app.telemetry.instruments import instruments
from app.telemetry.monitoring import condition_turned, observe_issues, observe_notes
from app.telemetry.names import AUTHENTICATIONS, ERRORS, SECURITY_EVENTS
from app.trading.journal.journal import Journal
from app.watch.poller import Watch
from otel import Pipeline


async def open_books(folder: Path, limits: MonitoringSettings, clock: Clock) -> Books:
    """The files of monitoring, with what an earlier process left in them.

    Raises:
        StartupError: they cannot be read or written.
    """
    books = Books(folder, clock=clock, limits=limits)
    try:
        await asyncio.to_thread(books.open)
    except OSError as error:
        raise StartupError(
            f"The files of monitoring cannot be opened: {error}. "
            f"Look at {folder / 'logs'} and {folder / 'monitoring'}, and close what has them open."
        ) from error
    return books


def build_monitoring(
    books: Books,
    journal: Journal,
    watch: Watch,
    pipeline: Pipeline,
    limits: MonitoringSettings,
    *,
    version: str,
    clock: Clock,
) -> Monitoring:
    """What says how it goes, its metrics observed, not begun yet."""
    ledger, notes = books.ledger, books.notes
    monitor = Monitor(
        watch=watch,
        journal=journal,
        directories=(books.folder, books.folder / "logs"),
        clock=clock,
        limits=limits,
        ledger=ledger,
        notes=notes,
        tell_turn=_tell_turn,
    )
    books.follow(journal)
    _, meter = instruments(pipeline, version)
    for metric in (ERRORS, SECURITY_EVENTS, AUTHENTICATIONS):
        pipeline.set_start_time(metric.name, lambda: ledger.since_ns)
    observe_issues(meter, lambda: monitor.status().gauge())
    observe_notes(
        meter, errors=notes.errors_ever, security=notes.security_ever, authentications=notes.authentications_ever
    )
    return Monitoring(
        monitor,
        books,
        Faults(
            notes.tell_error,
            clock=clock,
            telemetry_lost=lambda: telemetry_lost(pipeline),
            workers=lambda: watch.latest.workers,
            looks=lambda: (watch.latest.faults, watch.latest.fault),
        ),
    )


def telemetry_lost(pipeline: Pipeline) -> int:
    """Spans, log records and points that this process has lost."""
    return sum(sum(account.snapshot().dropped.values()) for account in pipeline.accounts.values())


def _tell_turn(turn: Turn) -> None:
    traits = turn.condition.traits
    condition_turned(
        turn.condition.value,
        began=turn.began,
        severity=traits.severity.value,
        category=traits.category.value,
        message=turn.message,
        held_s=(turn.at_ns - turn.since_ns) / 1e9,
    )
