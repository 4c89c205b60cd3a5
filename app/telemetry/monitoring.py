"""Conditions, errors and security events as metrics, and conditions told when they begin and end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from opentelemetry import trace
from opentelemetry.metrics import Meter

from app.telemetry.instruments import observe
from app.telemetry.names import (
    AUTHENTICATION_RESULT,
    AUTHENTICATIONS,
    ERROR_SCOPE,
    ERRORS,
    ISSUE,
    ISSUE_NAME,
    SECURITY_EVENT,
    SECURITY_EVENTS,
)

log = logging.getLogger(__name__)

Counts = Callable[[], Mapping[str, int]]


def observe_issues(meter: Meter, gauge: Counts) -> None:
    """Export each condition as 1 where it holds, else 0."""
    observe(meter, ISSUE, lambda: [(holds, {ISSUE_NAME.name: name}) for name, holds in gauge().items()])


def observe_notes(meter: Meter, *, errors: Counts, security: Counts, authentications: Counts) -> None:
    """Export how many errors, security events and log-ins there were ever; a series stands at 0 before its first."""
    for metric, attribute, counts in (
        (ERRORS, ERROR_SCOPE, errors),
        (SECURITY_EVENTS, SECURITY_EVENT, security),
        (AUTHENTICATIONS, AUTHENTICATION_RESULT, authentications),
    ):
        observe(meter, metric, _series(attribute.name, attribute.values, counts))


def _series(name: str, values: tuple[str, ...], counts: Counts) -> Callable[[], list[tuple[float, dict[str, str]]]]:
    def observed() -> list[tuple[float, dict[str, str]]]:
        counted = counts()
        return [(counted.get(value, 0), {name: value}) for value in values]

    return observed


def condition_turned(name: str, *, began: bool, severity: str, category: str, message: str, held_s: float) -> None:
    """Tell in the log, and so as a log record, that a condition began or ended."""
    labels = {
        ISSUE_NAME.name: name,
        "mt5.monitoring.issue.severity": severity,
        "mt5.monitoring.issue.category": category,
        "mt5.monitoring.issue.state": "began" if began else "ended",
    }
    if began:
        log.log(logging.ERROR if severity == "critical" else logging.WARNING, "%s: %s", name, message, extra=labels)
    else:
        log.info("%s is over, after %.0f s", name, held_s, extra=labels)


def current_trace_id() -> str:
    """The trace that is under way here, in lower-case hex; empty where there is none."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else ""
