"""Whether a condition holds: a pure function of the facts."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.conditions import Condition
from app.domain.connection import Connection
from app.settings import MonitoringSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is judged, each figure over the window that its setting names.

    Attributes:
        connection: the layers that are up.
        requests: answered requests.
        request_errors: those of them answered with 500 and above.
        errors: errors of any scope.
        invalid_keys: calls with a key that is none.
        orders_failed: orders refused by the broker, not sent, or unknown.
        quiet_s: for how long no watched symbol had a price, inside its session; None where that is not known.
        untradable: symbols that a position is open in and that may not be traded.
        unwritable: directories that cannot be written.
        journal_error: why orders cannot be written down.
    """

    connection: Connection
    requests: int = 0
    request_errors: int = 0
    errors: int = 0
    invalid_keys: int = 0
    orders_failed: int = 0
    quiet_s: float | None = None
    untradable: tuple[str, ...] = ()
    unwritable: tuple[str, ...] = ()
    journal_error: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition that holds, in a sentence with its numbers."""

    condition: Condition
    message: str


def judge(facts: Facts, limits: MonitoringSettings) -> tuple[Finding, ...]:
    """The conditions that hold, the worst first; reads no clock and asks nobody."""
    messages = {
        Condition.MT5_DISCONNECTED: _disconnected(facts),
        Condition.JOURNAL_FAILING: facts.journal_error,
        Condition.DIRECTORIES_NOT_WRITABLE: _unwritable(facts),
        Condition.TRADING_DISABLED: _trading_disabled(facts),
        Condition.FEED_FROZEN: _feed_frozen(facts, limits),
        Condition.ERROR_RATE_HIGH: _error_rate(facts, limits),
        Condition.ERROR_COUNT_HIGH: _above(facts.errors, limits.errors_max, "errors", limits.errors_window_s),
        Condition.SECURITY_THREATS: _above(
            facts.invalid_keys, limits.invalid_keys_max, "calls with an invalid API key", limits.invalid_keys_window_s
        ),
        Condition.TRADING_FAILURES: _above(
            facts.orders_failed, limits.orders_failed_max, "orders failed", limits.orders_failed_window_s
        ),
    }
    return tuple(Finding(condition, message) for condition, message in messages.items() if message)


def _disconnected(facts: Facts) -> str | None:
    if facts.connection.connected:
        return None
    down = ", ".join(layer for layer in facts.connection.missing() if layer != "trading")
    return f"{down} down: {facts.connection.reason}; {facts.connection.next_step}"


def _unwritable(facts: Facts) -> str | None:
    return f"{', '.join(facts.unwritable)}: make writable for this user" if facts.unwritable else None


def _trading_disabled(facts: Facts) -> str | None:
    connection = facts.connection
    if not connection.connected:
        return None
    if not connection.trading:
        return f"{connection.reason}; {connection.next_step}"
    return f"{', '.join(facts.untradable)} may not be traded" if facts.untradable else None


def _feed_frozen(facts: Facts, limits: MonitoringSettings) -> str | None:
    # A lost connection is told once, as what it is.
    if not facts.connection.connected or facts.quiet_s is None or facts.quiet_s <= limits.feed_frozen_s:
        return None
    return f"no price of any watched symbol for {facts.quiet_s:.0f} s (limit {limits.feed_frozen_s:g} s)"


def _error_rate(facts: Facts, limits: MonitoringSettings) -> str | None:
    if facts.requests < max(1, limits.error_rate_requests_min):
        return None
    rate = facts.request_errors / facts.requests
    if rate <= limits.error_rate_max:
        return None
    return (
        f"{rate:.1%} of {facts.requests} requests failed {_within(limits.error_rate_window_s)} "
        f"(limit {limits.error_rate_max:.0%})"
    )


def _above(count: int, limit: int, what: str, window_s: float | None) -> str | None:
    return f"{count} {what} {_within(window_s)} (limit {limit})" if count > limit else None


def _within(window_s: float | None) -> str:
    if window_s is None:
        return "today"
    return f"within {window_s / 3600:g} h" if window_s >= 3600 else f"within {window_s:g} s"
