"""When each condition holds: at its limit not yet, beyond it at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.conditions import TRAITS, Category, Condition, Severity
from app.domain.connection import Connection
from app.monitoring.conditions import Facts, Finding, judge
from app.settings import MonitoringSettings

UP = Connection(worker=True, terminal=True, broker=True, account=True, trading=True, reason="", next_step="")
DOWN = replace(UP, broker=False, account=False, trading=False, reason="no broker", next_step="wait")
READ_ONLY = replace(UP, trading=False, reason="algorithmic trading is off", next_step="press the button")
LIMITS = MonitoringSettings()


def found(facts: Facts, limits: MonitoringSettings = LIMITS) -> list[Condition]:
    """The conditions that hold."""
    return [finding.condition for finding in judge(facts, limits)]


def message(facts: Facts) -> str:
    """The message of the only condition that holds."""
    (only,) = judge(facts, LIMITS)
    return only.message


def test_nothing_is_wrong() -> None:
    """With everything up and nothing counted no condition holds."""
    assert judge(Facts(connection=UP, quiet_s=0.0), LIMITS) == ()


@pytest.mark.parametrize("layer", ["worker", "terminal", "broker", "account"])
def test_each_layer_down_is_disconnected(layer: str) -> None:
    """Any layer but `trading` down is disconnected, with the layer, the reason and a next step."""
    facts = Facts(connection=replace(UP, **{layer: False}, reason="it went", next_step="start it"))
    assert message(facts) == f"{layer} down: it went; start it"
    assert found(facts) == [Condition.MT5_DISCONNECTED]


def test_a_lost_terminal_is_told_once() -> None:
    """Neither trading nor prices are told of while the connection is down."""
    facts = Facts(connection=DOWN, quiet_s=1_000, untradable=("EURUSD",))
    assert found(facts) == [Condition.MT5_DISCONNECTED]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (Facts(connection=READ_ONLY), "algorithmic trading is off; press the button"),
        (Facts(connection=UP, untradable=("EURUSD", "XAUUSD")), "EURUSD, XAUUSD may not be traded"),
    ],
)
def test_trading_disabled(facts: Facts, words: str) -> None:
    """Algo trading off, an account or a symbol that may not be traded."""
    assert found(facts) == [Condition.TRADING_DISABLED]
    assert message(facts) == words


@pytest.mark.parametrize(
    ("at_limit", "beyond", "condition"),
    [
        ({"quiet_s": 60.0}, {"quiet_s": 60.1}, Condition.FEED_FROZEN),
        (
            {"requests": 100, "request_errors": 10},
            {"requests": 100, "request_errors": 11},
            Condition.ERROR_RATE_HIGH,
        ),
        ({"requests": 19, "request_errors": 19}, {"requests": 20, "request_errors": 3}, Condition.ERROR_RATE_HIGH),
        ({"errors": 100}, {"errors": 101}, Condition.ERROR_COUNT_HIGH),
        ({"invalid_keys": 10}, {"invalid_keys": 11}, Condition.SECURITY_THREATS),
        ({"orders_failed": 10}, {"orders_failed": 11}, Condition.TRADING_FAILURES),
        ({}, {"unwritable": ("logs",)}, Condition.DIRECTORIES_NOT_WRITABLE),
        ({}, {"journal_error": "disk full"}, Condition.JOURNAL_FAILING),
    ],
)
def test_limits(at_limit: dict[str, object], beyond: dict[str, object], condition: Condition) -> None:
    """At the limit nothing is wrong; beyond it this condition holds, and no other."""
    quiet = Facts(connection=UP)
    assert found(replace(quiet, **at_limit)) == []  # type: ignore[arg-type]
    assert found(replace(quiet, **beyond)) == [condition]  # type: ignore[arg-type]


def test_a_feed_outside_its_session_is_not_frozen() -> None:
    """Where it is not known for how long there was no price, nothing is said of it."""
    assert found(Facts(connection=UP, quiet_s=None)) == []


def test_messages_hold_the_numbers() -> None:
    """A person sees what was counted, over which time, and the limit."""
    facts = Facts(connection=UP, requests=40, request_errors=10, errors=200, invalid_keys=12, orders_failed=30)
    assert [finding.message for finding in judge(facts, LIMITS)] == [
        "25.0% of 40 requests failed within 1 h (limit 10%)",
        "200 errors within 24 h (limit 100)",
        "12 calls with an invalid API key within 24 h (limit 10)",
        "30 orders failed today (limit 10)",
    ]
    shortened = MonitoringSettings(orders_failed_window_s=30, orders_failed_max=1)
    assert judge(Facts(connection=UP, orders_failed=2), shortened) == (
        Finding(Condition.TRADING_FAILURES, "2 orders failed within 30 s (limit 1)"),
    )


def test_the_worst_comes_first() -> None:
    """Findings stand in the order of the conditions."""
    facts = Facts(connection=DOWN, journal_error="full", errors=1_000, orders_failed=99)
    assert found(facts) == sorted(found(facts), key=list(Condition).index)


def test_traits_are_those_that_clients_know() -> None:
    """Severity, category and issue text of the seven promised conditions."""
    promised = {
        "mt5_disconnected": (Severity.CRITICAL, Category.SYSTEM, "MT5 disconnected"),
        "error_rate_high": (Severity.WARNING, Category.PERFORMANCE, "High error rate"),
        "error_count_high": (Severity.WARNING, Category.ERRORS, "High error count"),
        "security_threats": (Severity.WARNING, Category.SECURITY, "Multiple invalid API key attempts"),
        "trading_failures": (Severity.WARNING, Category.TRADING, None),
        "trading_disabled": (Severity.WARNING, Category.TRADING, "Trading disabled"),
        "feed_frozen": (Severity.WARNING, Category.SYSTEM, "Price feed frozen"),
    }
    for name, traits in promised.items():
        known = Condition(name).traits
        assert (known.severity, known.category, known.issue) == traits
    assert set(TRAITS) == set(Condition)
