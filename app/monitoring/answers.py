"""The monitoring answers as JSON: the one place that knows their shapes, for the API, the page and the files."""

from __future__ import annotations

from typing import Any, Final

from app.domain.clock import rfc3339
from app.domain.events import ErrorEvent, SecurityEvent, SecurityType
from app.monitoring.cells import Cell
from app.monitoring.conditions import Finding
from app.monitoring.ledger import Cells
from app.monitoring.monitor import Monitor
from app.monitoring.sizes import Sizes
from app.monitoring.status import Status
from app.monitoring.windows import DAY_S, Window

Answer = dict[str, Any]

LAST: Final = 10
"""So many of the last errors and security events are shown."""


class Answers:
    """What is answered to whoever asks how it goes; asks memory only.

    Args:
        monitor: knows.
        sizes: how much the directories hold.
    """

    def __init__(self, monitor: Monitor, sizes: Sizes) -> None:
        self._monitor = monitor
        self._sizes = sizes

    def status(self, window: Window = Window.H1) -> Answer:
        """`/api/monitoring/status`."""
        status = self._monitor.status()
        return {
            "status": status.health.value,
            "issues": list(status.issues),
            "mt5_connected": status.connection.connected,
            "error_rate": self._monitor.ledger.shown(window.seconds).error_rate,
            "uptime_hours": self._uptime_hours(),
            "timestamp": rfc3339(status.at_ns),
            "window": window.value,
            **self._stale(status),
        }

    def health(self, window: Window = Window.H1) -> Answer:
        """`/api/monitoring/health`."""
        return self._health(self._monitor.status(), window)

    def metrics(self, window: Window = Window.H1) -> Answer:
        """`/api/monitoring/metrics`: requests over the window, trading since the last reset."""
        cells = self._monitor.ledger.requests(window.seconds)
        all_of_them = _together(cells)
        shown = self._monitor.figures.shown()
        within = self._monitor.figures.orders_within(window.seconds)
        seen = self._monitor.watch.latest
        reset_ns = self._monitor.ledger.last_reset.at_ns
        return {
            "timestamp": self._now(),
            "uptime_seconds": round(self._monitor.uptime_s, 3),
            "uptime_hours": self._uptime_hours(),
            "window": window.value,
            "last_reset": rfc3339(reset_ns) if reset_ns else None,
            "requests": {
                "total": all_of_them.requests,
                "by_endpoint": {name: cell.requests for name, cell in cells.items()},
                "errors": all_of_them.errors,
                "client_errors": all_of_them.client_errors,
                "error_rate": _share(all_of_them.errors, all_of_them.requests),
            },
            "latency": _latency(cells),
            "trading": {
                "orders_placed": shown.orders.successful,
                "orders_failed": shown.orders.failed,
                "orders_denied": shown.orders.denied,
                "orders_total": shown.orders.total,
                "order_success_rate": within.success_rate,
                "positions_opened": shown.positions_opened,
                "positions_closed": shown.positions_closed,
            },
            "system": {
                "mt5_connected": seen.connection.connected,
                "mt5_connection_failures": shown.connection_failures,
                "last_mt5_check": rfc3339(seen.looked_ns) if seen.looked_ns else None,
            },
        }

    def trading(self) -> Answer:
        """`/api/monitoring/metrics/trading`."""
        figures = self._monitor.figures
        today, ever = figures.today(), figures.ever()
        seen = self._monitor.watch.latest
        return {
            "today": {
                "orders_total": today.orders.total,
                "orders_successful": today.orders.successful,
                "orders_failed": today.orders.failed,
                "orders_denied": today.orders.denied,
                "deals_total": today.deals,
                "pnl": today.pnl,
                "floating": today.floating,
                "positions_opened": today.positions_opened,
                "positions_closed": today.positions_closed,
                "since": rfc3339(today.start_ns),
            },
            "all_time": {
                "orders_total": ever.orders.total,
                "orders_denied": ever.orders.denied,
                "deals_total": figures.deals_ever(),
                "positions_opened": ever.positions_opened,
                "positions_closed": ever.positions_closed,
            },
            "currency": seen.account.currency if seen.account else "",
            "stale": not seen.connection.connected,
        }

    def errors(self) -> Answer:
        """`/api/monitoring/metrics/errors`: the last 24 h."""
        by_scope = self._monitor.notes.errors_by_scope(DAY_S)
        return {
            "recent_errors": sum(by_scope.values()),
            "errors_by_scope": by_scope,
            "last_errors": [_error(event) for event in self._monitor.notes.last_errors(self._day_ago_ns(), LAST)],
        }

    def security(self) -> Answer:
        """`/api/monitoring/metrics/security`: the last 24 h."""
        notes = self._monitor.notes
        by_type = notes.security_by_type(DAY_S)
        return {
            "recent_events": sum(by_type.values()),
            "events_by_type": by_type,
            "invalid_api_key_attempts": by_type.get(SecurityType.INVALID_API_KEY_ATTEMPT, 0),
            "authentication_attempts": notes.authentications(DAY_S),
            "last_events": [_security(event) for event in notes.last_security(self._day_ago_ns(), LAST)],
        }

    def performance(self, window: Window = Window.H1) -> Answer:
        """`/api/monitoring/performance`."""
        ledger = self._monitor.ledger
        cells = ledger.requests(window.seconds)
        all_of_them = _together(cells)
        return {
            "latency": _latency(cells),
            "throughput": {
                "requests_per_second": round(all_of_them.requests / ledger.covered_s(window.seconds), 6),
                "total_requests": all_of_them.requests,
                "uptime_seconds": round(self._monitor.uptime_s, 3),
            },
            "errors": {
                "total": all_of_them.errors,
                "client_errors": all_of_them.client_errors,
                "rate": _share(all_of_them.errors, all_of_them.requests),
                "by_endpoint": {name: cell.errors for name, cell in cells.items() if cell.errors},
            },
            "overall": _durations(all_of_them),
            "window": window.value,
            "timestamp": self._now(),
        }

    def alerts(self) -> Answer:
        """`/api/monitoring/alerts`."""
        status = self._monitor.status()
        found = _alerts(status)
        return {"alerts": found, "count": len(found), "timestamp": rfc3339(status.at_ns)}

    def dashboard(self, window: Window = Window.H1) -> Answer:
        """`/api/monitoring/dashboard`: everything, in one look."""
        status = self._monitor.status()
        return {
            "health": self._health(status, window),
            "alerts": _alerts(status),
            "timestamp": rfc3339(status.at_ns),
            **self._stale(status),
        }

    def _health(self, status: Status, window: Window) -> Answer:
        return {
            "status": status.health.value,
            "timestamp": rfc3339(status.at_ns),
            "issues": list(status.issues),
            "directories": self._sizes.to_json(),
            "application": self.metrics(window),
            "trading": self.trading(),
            "errors": self.errors(),
            "security": self.security(),
            **self._stale(status),
        }

    def _stale(self, status: Status) -> Answer:
        """Whether what the terminal said is only what it said last, and why."""
        connection = status.connection
        if connection.connected:
            return {"stale": False}
        return {"stale": True, "reason": connection.reason, "next_step": connection.next_step}

    def _uptime_hours(self) -> float:
        return round(self._monitor.uptime_s / 3_600, 4)

    def _now(self) -> str:
        return rfc3339(self._monitor.clock.time_ns())

    def _day_ago_ns(self) -> int:
        return self._monitor.clock.time_ns() - DAY_S * 10**9


def metrics_row(monitor: Monitor) -> tuple[str | int | float, ...]:
    """A row of metrics.csv; its columns are `app.history.csv_rows.METRICS_COLUMNS`."""
    hour = Window.H1.seconds
    requests, shown = monitor.ledger.shown(hour), monitor.figures.shown()
    return (
        rfc3339(monitor.clock.time_ns()),
        round(monitor.uptime_s / 3_600, 4),
        requests.requests,
        requests.errors,
        round(requests.error_rate, 6),
        shown.orders.successful,
        shown.orders.failed,
        round(monitor.figures.orders_within(hour).success_rate, 6),
        int(monitor.watch.latest.connection.connected),
        shown.connection_failures,
    )


def _alerts(status: Status) -> list[Answer]:
    return [_alert(finding, status.since_ns[finding.condition]) for finding in status.findings]


def _alert(finding: Finding, since_ns: int) -> Answer:
    traits = finding.condition.traits
    return {
        "name": finding.condition.value,
        "severity": traits.severity.value,
        "category": traits.category.value,
        "message": f"{traits.issue or 'Many failed orders'}: {finding.message}",
        "timestamp": rfc3339(since_ns),
        "since": rfc3339(since_ns),
    }


def _error(event: ErrorEvent) -> Answer:
    return {
        "timestamp": rfc3339(event.at_ns),
        "scope": event.scope.value,
        "message": event.message,
        "last_error": event.last_error,
        "details": event.details,
        "trace_id": event.trace_id,
    }


def _security(event: SecurityEvent) -> Answer:
    return {
        "timestamp": rfc3339(event.at_ns),
        "event_type": event.type.value,
        "client_ip": event.client,
        "details": event.details,
        "key_id": event.key_id,
        "count": event.count,
    }


def _together(cells: Cells) -> Cell:
    total = Cell()
    for cell in cells.values():
        total.merge(cell)
    return total


def _latency(cells: Cells) -> Answer:
    by_endpoint = {name: _durations(cell) for name, cell in cells.items()}
    figures = ("average_ms", "p50_ms", "p95_ms", "p99_ms")
    return {figure: {name: found[figure] for name, found in by_endpoint.items()} for figure in figures}


def _durations(cell: Cell) -> Answer:
    return {
        "average_ms": _ms(cell.average_s),
        "p50_ms": _ms(cell.quantile_s(0.50)),
        "p95_ms": _ms(cell.quantile_s(0.95)),
        "p99_ms": _ms(cell.quantile_s(0.99)),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1_000, 3)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
