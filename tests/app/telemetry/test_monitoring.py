"""Conditions, errors and security events as telemetry."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from app.domain.conditions import Condition
from app.domain.events import Scope, SecurityType
from app.telemetry.monitoring import condition_turned, current_trace_id, observe_issues, observe_notes
from otel.testing import InMemoryTelemetry


@pytest.fixture
def telemetry() -> Iterator[InMemoryTelemetry]:
    """Telemetry in memory."""
    with InMemoryTelemetry() as memory:
        yield memory


def test_each_condition_is_one_or_zero(telemetry: InMemoryTelemetry) -> None:
    """The gauge has a series for every condition, whether it holds or not."""
    gauge = {condition.value: 0 for condition in Condition}
    observe_issues(telemetry.pipeline.meter_provider.get_meter("t"), lambda: gauge)
    for condition in Condition:
        assert telemetry.value("mt5.monitoring.issue", {"mt5.monitoring.issue.name": condition.value}) == 0
    gauge["feed_frozen"] = 1
    assert telemetry.value("mt5.monitoring.issue", {"mt5.monitoring.issue.name": "feed_frozen"}) == 1


def test_counters_stand_at_zero_before_the_first(telemetry: InMemoryTelemetry) -> None:
    """A rate over the first error needs the 0 before it."""
    errors: dict[str, int] = {}
    observe_notes(
        telemetry.pipeline.meter_provider.get_meter("t"),
        errors=lambda: errors,
        security=lambda: {"rate_limited": 2},
        authentications=lambda: {"good": 3},
    )
    for scope in Scope:
        assert telemetry.value("mt5.errors", {"mt5.error.scope": scope.value}) == 0
    errors["api"] = 4
    assert telemetry.value("mt5.errors") == 4
    for event in SecurityType:
        expected = 2 if event is SecurityType.RATE_LIMITED else 0
        assert telemetry.value("mt5.security.events", {"mt5.security.event": event.value}) == expected
    assert telemetry.value("mt5.authentications", {"mt5.authentication.result": "good"}) == 3
    assert telemetry.value("mt5.authentications", {"mt5.authentication.result": "bad"}) == 0


@pytest.mark.parametrize(
    ("began", "severity", "level"),
    [
        (True, "critical", logging.ERROR),
        (True, "warning", logging.WARNING),
        (False, "critical", logging.INFO),
    ],
)
def test_a_turn_is_a_log_record(caplog: pytest.LogCaptureFixture, began: bool, severity: str, level: int) -> None:
    """With its name, severity and state as attributes; the graver it is, the louder."""
    caplog.set_level(logging.INFO)
    condition_turned("feed_frozen", began=began, severity=severity, category="system", message="quiet", held_s=9)
    (record,) = caplog.records
    assert record.levelno == level
    told = vars(record)
    assert told["mt5.monitoring.issue.name"] == "feed_frozen"
    assert told["mt5.monitoring.issue.state"] == ("began" if began else "ended")


def test_the_trace_that_is_under_way(telemetry: InMemoryTelemetry) -> None:
    """Its id in hex; nothing where there is none."""
    assert current_trace_id() == ""
    with telemetry.pipeline.tracer_provider.get_tracer("t").start_as_current_span("x") as span:
        assert current_trace_id() == f"{span.get_span_context().trace_id:032x}"
