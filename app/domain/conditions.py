"""What may be wrong: the conditions that status, alerts and the gauge `mt5.monitoring.issue` are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Condition(StrEnum):
    """Its name, as alerts and the gauge `mt5.monitoring.issue` have it, the worst first."""

    MT5_DISCONNECTED = "mt5_disconnected"
    JOURNAL_FAILING = "journal_failing"
    DIRECTORIES_NOT_WRITABLE = "directories_not_writable"
    TRADING_DISABLED = "trading_disabled"
    FEED_FROZEN = "feed_frozen"
    ERROR_RATE_HIGH = "error_rate_high"
    ERROR_COUNT_HIGH = "error_count_high"
    SECURITY_THREATS = "security_threats"
    TRADING_FAILURES = "trading_failures"

    @property
    def traits(self) -> Traits:
        """What is fixed about it."""
        return TRAITS[self]


class Severity(StrEnum):
    """How soon somebody has to look: at once, within the hour, some time."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Category(StrEnum):
    """What it is about."""

    SYSTEM = "system"
    PERFORMANCE = "performance"
    ERRORS = "errors"
    SECURITY = "security"
    TRADING = "trading"


@dataclass(frozen=True, slots=True)
class Traits:
    """What is fixed about a condition; `issue` is its text among the issues, None where it is an alert only."""

    severity: Severity
    category: Category
    issue: str | None


TRAITS: Final[Mapping[Condition, Traits]] = {
    Condition.MT5_DISCONNECTED: Traits(Severity.CRITICAL, Category.SYSTEM, "MT5 disconnected"),
    Condition.JOURNAL_FAILING: Traits(Severity.CRITICAL, Category.SYSTEM, "Order journal cannot be written"),
    Condition.DIRECTORIES_NOT_WRITABLE: Traits(Severity.CRITICAL, Category.SYSTEM, "Data directories not writable"),
    Condition.TRADING_DISABLED: Traits(Severity.WARNING, Category.TRADING, "Trading disabled"),
    Condition.FEED_FROZEN: Traits(Severity.WARNING, Category.SYSTEM, "Price feed frozen"),
    Condition.ERROR_RATE_HIGH: Traits(Severity.WARNING, Category.PERFORMANCE, "High error rate"),
    Condition.ERROR_COUNT_HIGH: Traits(Severity.WARNING, Category.ERRORS, "High error count"),
    Condition.SECURITY_THREATS: Traits(Severity.WARNING, Category.SECURITY, "Multiple invalid API key attempts"),
    Condition.TRADING_FAILURES: Traits(Severity.WARNING, Category.TRADING, None),
}
