"""The answers' exact shapes, and that they agree with each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from app.api.monitoring_examples import EXAMPLES
from app.domain.connection import Connection
from app.domain.events import ErrorEvent, Scope, SecurityEvent, SecurityType
from app.history.csv_rows import METRICS_COLUMNS
from app.monitoring.answers import metrics_row
from app.monitoring.service import Monitoring
from app.monitoring.windows import Window
from app.trading.journal.counts import DealSums
from app.watch.state import Snapshot
from tests.support.clock import NOON_NS, MovedClock
from tests.support.monitoring import CountedJournal, open_monitoring

UP = Connection(worker=True, terminal=True, broker=True, account=True, trading=True, reason="", next_step="")
DOWN = replace(UP, broker=False, account=False, trading=False, reason="no broker", next_step="wait")

CONTRACT: dict[str, set[str]] = {
    "status": {"status", "issues", "mt5_connected", "error_rate", "uptime_hours", "timestamp"},
    "health": {
        *("status", "timestamp", "issues", "directories.data_dir_exists", "directories.log_dir_exists"),
        *("directories.data_dir_size_mb", "directories.log_dir_size_mb"),
        *("application.requests.total", "trading.today.pnl", "errors.recent_errors", "security.recent_events"),
    },
    "metrics": {
        *("timestamp", "uptime_seconds", "uptime_hours"),
        *("requests.total", "requests.by_endpoint", "requests.errors", "requests.error_rate"),
        *("latency.average_ms", "latency.p95_ms"),
        *("trading.orders_placed", "trading.orders_failed", "trading.order_success_rate"),
        *("trading.positions_opened", "trading.positions_closed"),
        *("system.mt5_connected", "system.mt5_connection_failures", "system.last_mt5_check"),
    },
    "trading": {
        *("today.orders_total", "today.orders_successful", "today.orders_failed", "today.deals_total", "today.pnl"),
        *("all_time.orders_total", "all_time.deals_total"),
    },
    "errors": {"recent_errors", "errors_by_scope", "last_errors"},
    "security": {"recent_events", "events_by_type", "invalid_api_key_attempts", "last_events"},
    "performance": {
        *("latency.average_ms", "latency.p95_ms"),
        *("throughput.requests_per_second", "throughput.total_requests", "throughput.uptime_seconds"),
        *("errors.total", "errors.rate", "errors.by_endpoint", "timestamp"),
    },
    "alerts": {"alerts", "count", "timestamp"},
    "dashboard": {"health.status", "alerts", "timestamp"},
}
"""Every field that clients were promised, by its path."""


@dataclass
class FakeWatch:
    """Saw this."""

    latest: Snapshot = field(default_factory=lambda: Snapshot(connection=UP, looked_ns=NOON_NS))


@dataclass
class Setting:
    """Monitoring and what it looks at."""

    monitoring: Monitoring
    watch: FakeWatch
    journal: CountedJournal
    clock: MovedClock

    def __getattr__(self, name: str) -> Any:
        """The answer of this name, asked for by calling it."""
        return getattr(self.monitoring.answers, name)


@pytest.fixture
def at(tmp_path: Path) -> Setting:
    """Some requests, orders, errors and events."""
    watch, clock = FakeWatch(), MovedClock()
    journal = CountedJournal(outcomes={"filled": 3, "rejected": 1, "denied": 2}, opened=2, closed=1, failures=1)
    journal.sums = DealSums(since_ns=0, deals=3, opened=2, closed=1, pnl=12.5)
    journal.deals_ever = 5
    monitoring = open_monitoring(tmp_path, watch=watch, journal=journal, clock=clock)
    ledger, notes = monitoring.monitor.ledger, monitoring.monitor.notes
    for _ in range(3):
        ledger.request("GET /api/account", seconds=0.002, error=False, client_error=False)
    ledger.request("POST /api/order", seconds=0.02, error=True, client_error=False)
    notes.tell_error(ErrorEvent(at_ns=NOON_NS, scope=Scope.TERMINAL, message="away", trace_id="ab" * 16))
    notes.tell_security(
        SecurityEvent(at_ns=NOON_NS, type=SecurityType.INVALID_API_KEY_ATTEMPT, client="192.0.2.1", key_id="9f86")
    )
    notes.authenticated(False)
    clock.advance(10)
    return Setting(monitoring, watch, journal, clock)


def has(answer: Any, path: str) -> bool:
    """Whether the answer has this field."""
    for name in path.split("."):
        if not isinstance(answer, dict) or name not in answer:
            return False
        answer = answer[name]
    return True


def shape(answer: Any) -> Any:
    """Names and kinds, without values; what is keyed by data only by its kind."""
    if isinstance(answer, dict):
        keyed = {"by_endpoint", "average_ms", "p50_ms", "p95_ms", "p99_ms", "errors_by_scope", "events_by_type"}
        return {name: "keyed" if name in keyed and isinstance(v, dict) else shape(v) for name, v in answer.items()}
    if isinstance(answer, list):
        return [shape(answer[0])] if answer else []
    return "number" if isinstance(answer, int | float) and not isinstance(answer, bool) else type(answer).__name__


@pytest.mark.parametrize("name", CONTRACT)
def test_every_promised_field_is_there(at: Setting, name: str) -> None:
    """A front end written against the older backend finds each field under its path."""
    answer = getattr(at, name)()
    assert [path for path in CONTRACT[name] if not has(answer, path)] == []


@pytest.mark.parametrize("name", [name for name in CONTRACT if name not in ("alerts", "dashboard", "status", "health")])
def test_examples_have_the_shape_of_answers(at: Setting, name: str) -> None:
    """What the documentation shows is what comes."""
    at.monitoring.monitor.reset()
    example, answer = shape(dict(EXAMPLES[name])), shape(getattr(at, name)())
    answer.pop("last_reset", None)
    example.pop("last_reset", None)
    assert answer == example


def test_figures(at: Setting) -> None:
    """The numbers are those of ledger and journal."""
    metrics = at.metrics()
    assert metrics["requests"] == {
        "total": 4,
        "by_endpoint": {"GET /api/account": 3, "POST /api/order": 1},
        "errors": 1,
        "client_errors": 0,
        "error_rate": 0.25,
    }
    assert metrics["latency"]["average_ms"] == {"GET /api/account": 2.0, "POST /api/order": 20.0}
    assert metrics["latency"]["p95_ms"]["POST /api/order"] == pytest.approx(20, rel=0.05)
    assert metrics["trading"] == {
        "orders_placed": 3,
        "orders_failed": 1,
        "orders_denied": 2,
        "orders_total": 4,
        "order_success_rate": 0.75,
        "positions_opened": 2,
        "positions_closed": 1,
    }
    assert metrics["system"]["mt5_connection_failures"] == 1
    assert metrics["uptime_seconds"] == 10
    performance = at.performance()
    assert performance["throughput"] == {"requests_per_second": 0.4, "total_requests": 4, "uptime_seconds": 10.0}
    assert performance["errors"] == {
        "total": 1,
        "client_errors": 0,
        "rate": 0.25,
        "by_endpoint": {"POST /api/order": 1},
    }
    trading = at.trading()
    assert (trading["today"]["pnl"], trading["today"]["deals_total"], trading["all_time"]["deals_total"]) == (
        12.5,
        3,
        5,
    )


def test_errors_and_security_have_their_last_ones(at: Setting) -> None:
    """With trace id, client and key id."""
    errors, security = at.errors(), at.security()
    assert (errors["recent_errors"], errors["errors_by_scope"]) == (1, {"terminal": 1})
    assert errors["last_errors"][0]["trace_id"] == "ab" * 16
    assert (security["invalid_api_key_attempts"], security["authentication_attempts"]) == (1, {"good": 0, "bad": 1})
    assert security["last_events"][0]["client_ip"] == "192.0.2.1"


def test_all_answers_agree(at: Setting) -> None:
    """Whatever is asked, the same figure has the same value."""
    dashboard, health = at.dashboard(), at.health()
    assert dashboard["health"] == health
    assert health["application"] == at.metrics()
    assert (health["trading"], health["errors"], health["security"]) == (at.trading(), at.errors(), at.security())
    assert at.status()["error_rate"] == health["application"]["requests"]["error_rate"]
    assert dashboard["alerts"] == at.alerts()["alerts"]
    assert at.alerts()["count"] == len(dashboard["alerts"])
    assert at.status()["status"] == health["status"]


def test_a_window_is_as_long_as_asked(at: Setting) -> None:
    """Requests of an hour ago are in 24 h and no longer in 5 minutes."""
    at.clock.advance(1_000)
    assert at.metrics(Window.M5)["requests"]["total"] == 0
    assert at.metrics(Window.H24)["requests"]["total"] == 4
    assert at.performance(Window.M5)["throughput"]["requests_per_second"] == 0
    assert at.metrics(Window.M5)["window"] == "5m"


def test_a_condition_is_an_alert_with_its_begin(at: Setting) -> None:
    """Severity, category, message with numbers, and since when."""
    at.monitoring.monitor.judge()
    at.watch.latest = replace(at.watch.latest, connection=DOWN)
    at.monitoring.monitor.judge()
    at.clock.advance(30)
    (alert,) = at.alerts()["alerts"]
    assert alert == {
        "name": "mt5_disconnected",
        "severity": "critical",
        "category": "system",
        "message": "MT5 disconnected: broker, account down: no broker; wait",
        "timestamp": "2026-03-10T12:00:10.000000Z",
        "since": "2026-03-10T12:00:10.000000Z",
    }


def test_while_mt5_is_away_everything_is_there_and_stale(at: Setting) -> None:
    """Complete, with the last known numbers and none of them null, and `stale` says so."""
    before = at.dashboard()
    at.watch.latest = replace(at.watch.latest, connection=DOWN)
    away = at.dashboard()
    assert (before["stale"], away["stale"], away["health"]["trading"]["stale"]) == (False, True, True)
    assert away["health"]["trading"]["today"] == before["health"]["trading"]["today"]
    assert (away["reason"], away["next_step"]) == ("no broker", "wait")
    assert _nulls(away) <= {"last_reset"}


def test_before_anything_was_seen_no_number_is_null(tmp_path: Path) -> None:
    """A page that asks in the first second gets numbers, too."""
    monitoring = open_monitoring(tmp_path, watch=FakeWatch(Snapshot()), journal=CountedJournal(), clock=MovedClock())
    assert _nulls(monitoring.answers.dashboard()) <= {"last_reset", "last_mt5_check"}


def test_a_row_of_metrics_csv_is_the_answer_of_its_moment(at: Setting) -> None:
    """The file's columns hold what `/metrics` says."""
    row = dict(zip(METRICS_COLUMNS, metrics_row(at.monitoring.monitor), strict=True))
    metrics = at.metrics()
    assert row == {
        "ts_utc": metrics["timestamp"],
        "uptime_hours": metrics["uptime_hours"],
        "total_requests": metrics["requests"]["total"],
        "total_errors": metrics["requests"]["errors"],
        "error_rate": metrics["requests"]["error_rate"],
        "orders_placed": metrics["trading"]["orders_placed"],
        "orders_failed": metrics["trading"]["orders_failed"],
        "order_success_rate": metrics["trading"]["order_success_rate"],
        "mt5_connected": 1,
        "mt5_failures": metrics["system"]["mt5_connection_failures"],
    }


def _nulls(answer: Any, name: str = "") -> set[str]:
    """Names of fields that are null."""
    if isinstance(answer, dict):
        return set().union(*(_nulls(value, key) for key, value in answer.items()))
    if isinstance(answer, list):
        return set().union(*(_nulls(value, name) for value in answer))
    return {name} if answer is None else set()
