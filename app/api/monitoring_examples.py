"""What the monitoring calls answer, as the documentation shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

NOW: Final = "2026-01-05T10:00:00.000000Z"

_METRICS: Final = {
    "timestamp": NOW,
    "uptime_seconds": 5400.0,
    "uptime_hours": 1.5,
    "window": "1h",
    "last_reset": None,
    "requests": {
        "total": 120,
        "by_endpoint": {"POST /api/order": 40, "GET /api/account": 79, "unmatched": 1},
        "errors": 1,
        "client_errors": 2,
        "error_rate": 0.008333,
    },
    "latency": {
        "average_ms": {"POST /api/order": 12.1},
        "p50_ms": {"POST /api/order": 11.4},
        "p95_ms": {"POST /api/order": 19.8},
        "p99_ms": {"POST /api/order": 24.7},
    },
    "trading": {
        "orders_placed": 37,
        "orders_failed": 2,
        "orders_denied": 1,
        "orders_total": 39,
        "order_success_rate": 0.948718,
        "positions_opened": 20,
        "positions_closed": 17,
    },
    "system": {"mt5_connected": True, "mt5_connection_failures": 1, "last_mt5_check": NOW},
}
_TRADING: Final = {
    "today": {
        "orders_total": 39,
        "orders_successful": 37,
        "orders_failed": 2,
        "orders_denied": 1,
        "deals_total": 38,
        "pnl": 14.2,
        "floating": -3.1,
        "positions_opened": 20,
        "positions_closed": 17,
        "since": "2026-01-04T22:00:00.000000Z",
    },
    "all_time": {
        "orders_total": 512,
        "orders_denied": 9,
        "deals_total": 498,
        "positions_opened": 251,
        "positions_closed": 248,
    },
    "currency": "USD",
    "stale": False,
}
_ERRORS: Final = {
    "recent_errors": 1,
    "errors_by_scope": {"terminal": 1},
    "last_errors": [
        {
            "timestamp": NOW,
            "scope": "terminal",
            "message": "POST /api/order: 503 MT5_UNAVAILABLE: The terminal cannot be asked: no connection.",
            "last_error": "-10004 No IPC connection",
            "details": "01JDJ5N0Z3V8Q4M2T7K9XA6BCD",
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        }
    ],
}
_SECURITY: Final = {
    "recent_events": 2,
    "events_by_type": {"invalid_api_key_attempt": 2},
    "invalid_api_key_attempts": 2,
    "authentication_attempts": {"good": 118, "bad": 2},
    "last_events": [
        {
            "timestamp": NOW,
            "event_type": "invalid_api_key_attempt",
            "client_ip": "127.0.0.1",
            "details": "POST /api/order",
            "key_id": "9f86d081",
            "count": 1,
        }
    ],
}
_ALERT: Final = {
    "name": "trading_disabled",
    "severity": "warning",
    "category": "trading",
    "message": "Trading disabled: algorithmic trading is off in the terminal; press Algo Trading in its toolbar",
    "timestamp": NOW,
    "since": NOW,
}
_HEALTH: Final = {
    "status": "degraded",
    "timestamp": NOW,
    "issues": ["Trading disabled"],
    "directories": {
        "data_dir_exists": True,
        "log_dir_exists": True,
        "data_dir_size_mb": 12.4,
        "log_dir_size_mb": 0.2,
    },
    "application": _METRICS,
    "trading": _TRADING,
    "errors": _ERRORS,
    "security": _SECURITY,
    "stale": False,
}
_SUCCESS: Final = {"status": "success", "message": "Done."}

EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "status": {
        "status": "degraded",
        "issues": ["Trading disabled"],
        "mt5_connected": True,
        "error_rate": 0.008333,
        "uptime_hours": 1.5,
        "timestamp": NOW,
        "window": "1h",
        "stale": False,
    },
    "health": _HEALTH,
    "metrics": _METRICS,
    "trading": _TRADING,
    "errors": _ERRORS,
    "security": _SECURITY,
    "performance": {
        "latency": _METRICS["latency"],
        "throughput": {"requests_per_second": 0.033333, "total_requests": 120, "uptime_seconds": 5400.0},
        "errors": {"total": 1, "client_errors": 2, "rate": 0.008333, "by_endpoint": {"POST /api/order": 1}},
        "overall": {"average_ms": 3.2, "p50_ms": 1.9, "p95_ms": 14.8, "p99_ms": 21.0},
        "window": "1h",
        "timestamp": NOW,
    },
    "alerts": {"alerts": [_ALERT], "count": 1, "timestamp": NOW},
    "dashboard": {"health": _HEALTH, "alerts": [_ALERT], "timestamp": NOW, "stale": False},
    "history": {
        "metric": "error_rate",
        "window": "24h",
        "t": [1767603600.0, 1767607200.0],
        "value": [0.0, 0.008333],
        "timestamp": NOW,
    },
    "snapshot": _SUCCESS,
    "reset": _SUCCESS,
}
"""An answer of each call."""
