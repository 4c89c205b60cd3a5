"""One typed status."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.conditions import Condition
from app.domain.connection import Connection
from app.monitoring.conditions import Finding
from app.monitoring.status import Health, Status

UP = Connection(worker=True, terminal=True, broker=True, account=True, trading=True, reason="", next_step="")
DOWN = replace(UP, broker=False, account=False, trading=False, reason="no broker")


def status(*conditions: Condition, connection: Connection = UP) -> Status:
    """A status in which these conditions hold."""
    findings = tuple(Finding(condition, "so it is") for condition in conditions)
    return Status(at_ns=5, connection=connection, findings=findings, since_ns=dict.fromkeys(conditions, 5))


@pytest.mark.parametrize(
    ("conditions", "health"),
    [
        ((), Health.HEALTHY),
        ((Condition.MT5_DISCONNECTED,), Health.DEGRADED),
        ((Condition.MT5_DISCONNECTED, Condition.ERROR_RATE_HIGH), Health.DEGRADED),
        ((Condition.MT5_DISCONNECTED, Condition.ERROR_RATE_HIGH, Condition.ERROR_COUNT_HIGH), Health.UNHEALTHY),
        ((Condition.TRADING_FAILURES,), Health.HEALTHY),
        ((Condition.FEED_FROZEN, Condition.ERROR_RATE_HIGH, Condition.TRADING_FAILURES), Health.DEGRADED),
    ],
)
def test_health_counts_issues(conditions: tuple[Condition, ...], health: Health) -> None:
    """No issue is healthy, one or two are degraded, three unhealthy; many failed orders are an alert and no issue."""
    assert status(*conditions).health == health


def test_issues_are_the_words_that_clients_know() -> None:
    """The texts of the findings, in their order."""
    found = status(Condition.MT5_DISCONNECTED, Condition.TRADING_FAILURES, Condition.SECURITY_THREATS)
    assert found.issues == ("MT5 disconnected", "Multiple invalid API key attempts")


def test_missing_names_every_layer_lowest_first() -> None:
    """What is missing for an order are the layers that are down, then directories, then the journal."""
    found = replace(status(connection=DOWN), unwritable=("logs",), journal_error="disk full")
    assert found.missing == ("broker", "account", "trading", "data_directories", "journal")


def test_the_gauge_has_every_condition() -> None:
    """1 for those that hold, 0 for all others, so that its absence means that nothing is looked at."""
    gauge = status(Condition.FEED_FROZEN).gauge()
    assert set(gauge) == {condition.value for condition in Condition}
    assert [name for name, holds in gauge.items() if holds] == ["feed_frozen"]
