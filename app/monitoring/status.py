"""One typed status; whoever says how it goes reads this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.domain.conditions import Condition
from app.domain.connection import Connection
from app.monitoring.conditions import Finding
from app.watch.state import Snapshot


class Health(StrEnum):
    """Without an issue, with one or two, with three or more."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How it goes at one moment (`at_ns`, ns since 1970).

    Attributes:
        connection: the layers that are up.
        findings: the conditions that hold, the worst first.
        since_ns: since when each of them holds.
        unwritable: the directories that cannot be written.
        journal_error: why the order journal cannot be written.
        error_rate: share of requests answered with 500 and above, over the window that the condition looks at.
    """

    at_ns: int
    connection: Connection
    findings: tuple[Finding, ...] = ()
    since_ns: Mapping[Condition, int]
    unwritable: tuple[str, ...] = ()
    journal_error: str | None = None
    error_rate: float = 0.0

    @property
    def issues(self) -> tuple[str, ...]:
        """What is wrong, in the words that people read."""
        texts = (finding.condition.traits.issue for finding in self.findings)
        return tuple(text for text in texts if text is not None)

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

    def gauge(self) -> dict[str, int]:
        """Each condition there is: 1 where it holds, else 0."""
        holding = {finding.condition for finding in self.findings}
        return {condition.value: int(condition in holding) for condition in Condition}


class Watching(Protocol):
    """Keeps the latest look at the terminal."""

    @property
    def latest(self) -> Snapshot:
        """What was seen last."""
