"""Examples of what each call answers, as the documentation shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api.errors import CODES, STATUS_OF, error_body
from app.api.schemas import ErrorBody

ORDER_ID = "01JDJ5N0Z3V8Q4M2T7K9XA6BCD"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"

EVERYWHERE = ("UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED", "INTERNAL")
"""What any call that needs a key may answer."""

Responses = dict[int | str, dict[str, Any]]


def answers(example: Any, *codes: str, model: Any = None) -> Responses:
    """The `responses` of a route: what 200 looks like, and the error shape under each status of *codes*."""
    by_status: dict[int, dict[str, Any]] = {}
    for code in (*codes, *EVERYWHERE):
        shown = {"summary": CODES[code], "value": error_body(code, CODES[code])}
        by_status.setdefault(STATUS_OF[code], {})[code] = shown
    ok: dict[str, Any] = {"content": {"application/json": {"example": example}}}
    if model is not None:
        ok["model"] = model
    return {
        200: ok,
        **{
            status: {
                "model": ErrorBody,
                "description": " / ".join(shown),
                "content": {"application/json": {"examples": shown}},
            }
            for status, shown in sorted(by_status.items())
        },
    }


HEALTH: Mapping[str, Any] = {
    "status": "healthy",
    "timestamp": "2026-01-05T10:00:00.000000Z",
    "checks": {"mt5_connected": True, "mt5_error": None, "data_directories": True},
    "version": "0.1.0",
    "issues": [],
}

LIVE: Mapping[str, Any] = {"status": "ok", "time_utc": "2026-01-05T10:00:00.000000Z"}

READY: Mapping[str, Any] = {"ready": True, "missing": []}

NOT_READY: Mapping[str, Any] = {
    "ready": False,
    "missing": ["broker", "account", "trading"],
    **error_body(
        "NOT_READY",
        "Orders are not accepted: the terminal has lost its broker's server.",
        {"missing": ["broker", "account", "trading"], "next_step": "look at the connection in the terminal"},
    ),
}

ACCOUNT: Mapping[str, Any] = {
    "login": 5001234,
    "server": "Simulator-Demo",
    "currency": "USD",
    "leverage": 100,
    "balance": 100000.0,
    "equity": 100012.4,
    "profit": 12.4,
    "margin": 110.2,
    "margin_free": 99902.2,
    "margin_level": 90755.3,
    "trade_allowed": True,
}

TICK: Mapping[str, Any] = {
    "time": 1767607200,
    "bid": 1.10213,
    "ask": 1.10221,
    "last": 0.0,
    "volume": 0,
    "time_msc": 1767607200123,
    "flags": 6,
    "volume_real": 0.0,
    "time_utc": "2026-01-05T10:00:00.123000Z",
}

SYMBOL: Mapping[str, Any] = {
    "name": "EURUSD",
    "digits": 5,
    "point": 0.00001,
    "spread": 8,
    "volume_min": 0.01,
    "volume_max": 500.0,
    "volume_step": 0.01,
    "trade_contract_size": 100000.0,
    "time": 1767607200,
    "time_utc": "2026-01-05T10:00:00.000000Z",
}

POSITION: Mapping[str, Any] = {
    "ticket": 1000002,
    "time": 1767607200,
    "type": 0,
    "magic": 0,
    "volume": 0.1,
    "price_open": 1.10221,
    "price_current": 1.10233,
    "profit": 1.2,
    "swap": 0.0,
    "symbol": "EURUSD",
    "comment": "first~2T7K9XA6",
    "time_utc": "2026-01-05T10:00:00.000000Z",
}

ORDER: Mapping[str, Any] = {
    "order": 1000002,
    "position": 1000002,
    "result_code": 10009,
    "retcode_name": "DONE",
    "outcome": "filled",
    "order_type": "market",
    "deal": 1000003,
    "symbol": "EURUSD",
    "side": "buy",
    "volume": 0.1,
    "remaining": 0.0,
    "price": 1.10221,
    "comment": "Request executed",
    "order_id": ORDER_ID,
    "trace_id": TRACE_ID,
}

PENDING_ORDER: Mapping[str, Any] = {
    **ORDER,
    "order": 1000007,
    "position": None,
    "outcome": "placed",
    "order_type": "buy_limit",
    "deal": None,
    "volume": 0.0,
    "remaining": 0.1,
    "price": 1.095,
}
# A change and a cancellation are requests of their own, each with its id and its trace.
CHANGED_ORDER: Mapping[str, Any] = {
    **PENDING_ORDER,
    "price": 1.096,
    "order_id": "01JDJ5R7M1W5ZK3C8H2Q6PY4TN",
    "trace_id": "8a3c60f7d169f812361aca07f3d22fa8",
}
CANCELLED_ORDER: Mapping[str, Any] = {
    **CHANGED_ORDER,
    "remaining": 0.0,
    "order_id": "01JDJ5TB9XG0VQ7M4R1D5NE8SK",
    "trace_id": "c5b1f29e7d0a4e3c9f6218b4aa53e7d2",
}

FAULT: Mapping[str, Any] = {
    "id": 1,
    "fault": "hang",
    "seconds": 10.0,
    "count": 1,
    "function": "order_send",
    "since": "2026-01-05T10:00:00.000Z",
    "seconds_left": None,
    "count_left": 1,
}

RECORD: Mapping[str, Any] = {
    "order_id": ORDER_ID,
    "status": "filled",
    "order": {"action": "open", "symbol": "EURUSD", "side": "buy", "volume": 0.1},
    "outcome": {"name": "filled", "order": 1000002, "deal": 1000003, "position": 1000002},
    "amended": None,
    "numbers": {"order": 1000002, "deal": 1000003, "position": 1000002},
    "deals": [
        {
            "deal": 1000003,
            "position": 1000002,
            "volume": 0.1,
            "price": 1.10221,
            "time": "2026-01-05T10:00:00.018000Z",
        }
    ],
    "trace_id": TRACE_ID,
    "started": "2026-01-05T10:00:00.000000Z",
    "ended": "2026-01-05T10:00:00.021000Z",
}

SYMBOL_SUMMARY: Mapping[str, Any] = {
    "canonical": "EURUSD",
    "broker_symbol": "EURUSD",
    "enabled": True,
    "description": "Euro vs US Dollar",
    "currency_base": "EUR",
    "currency_profit": "USD",
    "currency_margin": "EUR",
    "digits": 5,
    "point": 0.00001,
    "spread": 8,
    "bid": 1.10213,
    "ask": 1.10221,
    "last": 0.0,
    "volume": 0,
    "time": 1767607200,
    "time_utc": "2026-01-05T10:00:00.000000Z",
    "trade_mode": 4,
    "min_lot": 0.01,
    "max_lot": 500.0,
    "lot_step": 0.01,
    "tick_size": 0.00001,
    "stops_level": 0,
    "margin_initial": 0.0,
    "margin_maintenance": 0.0,
}

PENDING: Mapping[str, Any] = {
    "ticket": 1000007,
    "time_setup": 1767607200,
    "type": 2,
    "volume_initial": 0.1,
    "volume_current": 0.1,
    "price_open": 1.095,
    "sl": 0.0,
    "tp": 0.0,
    "symbol": "EURUSD",
    "comment": "",
    "volume": 0.1,
    "time": 1767607200,
    "time_utc": "2026-01-05T10:00:00.000000Z",
}

BAR: Mapping[str, Any] = {
    "time": 1767607200,
    "open": 1.10213,
    "high": 1.10267,
    "low": 1.10199,
    "close": 1.1024,
    "tick_volume": 812,
    "spread": 6,
    "real_volume": 0,
    "time_utc": "2026-01-05T10:00:00.000000Z",
}

DEALS: Mapping[str, Any] = {
    "deals": [
        {
            "ticket": 1000003,
            "order": 1000002,
            "time": 1767607200,
            "time_msc": 1767607200021,
            "type": 0,
            "entry": 0,
            "position_id": 1000002,
            "reason": 3,
            "volume": 0.1,
            "price": 1.10221,
            "commission": -0.7,
            "swap": 0.0,
            "profit": 0.0,
            "fee": 0.0,
            "symbol": "EURUSD",
            "comment": "first~2T7K9XA6",
            "time_utc": "2026-01-05T10:00:00.021000Z",
        }
    ],
    "summary": {
        "total_deals": 1,
        "total_profit": 0.0,
        "total_commission": -0.7,
        "total_swap": 0.0,
        "total_fee": 0.0,
        "net_profit": -0.7,
        "balance_operations": 0.0,
        "date_from": "2025-12-06T10:00:00.000000Z",
        "date_to": "2026-01-06T10:00:00.000000Z",
        "symbol_filter": None,
    },
}

PAST_ORDERS: Mapping[str, Any] = {
    "orders": [
        {
            "ticket": 1000002,
            "time_setup": 1767607200,
            "time_done": 1767607200,
            "type": 0,
            "state": 4,
            "position_id": 1000002,
            "volume_initial": 0.1,
            "volume_current": 0.0,
            "price_open": 1.10221,
            "symbol": "EURUSD",
            "volume": 0.1,
            "time": 1767607200,
            "time_utc": "2026-01-05T10:00:00.000000Z",
        }
    ],
    "summary": {
        "total_orders": 1,
        "order_types": {"buy": 1},
        "date_from": "2025-12-06T10:00:00.000000Z",
        "date_to": "2026-01-06T10:00:00.000000Z",
        "symbol_filter": None,
    },
}

PRIORITY: Mapping[str, Any] = {
    "symbol": "EURUSD",
    "bid": 1.10213,
    "ask": 1.10221,
    "spread": 8,
    "win_rate": 66.67,
    "total_trades": 3,
    "successful_trades": 2,
    "last_trade": "2026-01-05T10:00:00.000000Z",
}

TRACES: Mapping[str, Any] = {
    "traces": [
        {
            "trace_id": TRACE_ID,
            "start": "2026-01-05T10:00:00.000000Z",
            "duration_ms": 21.0,
            "name": "place_order",
            "symbol": "EURUSD",
            "outcome": "filled",
            "order": 1000002,
            "deal": 1000003,
            "position": 1000002,
            "error": None,
            "order_id": ORDER_ID,
        }
    ]
}

TRACE: Mapping[str, Any] = {
    "trace_id": TRACE_ID,
    "spans": [
        {
            "span_id": "00f067aa0ba902b7",
            "parent_span_id": None,
            "name": "place_order",
            "kind": "internal",
            "start": "2026-01-05T10:00:00.000000Z",
            "duration_ms": 21.0,
            "status": "unset",
            "attributes": {"mt5.order.outcome": "filled"},
            "events": [],
            "links": [],
        }
    ],
    "logs": [],
    "numbers": {"order": 1000002, "deal": 1000003, "position": 1000002},
    "orders": [RECORD],
    "linked": [{"trace_id": "7d3c0a5b9f2e4c81a6d0e5f4b3c2a190", "name": "deal"}],
}

EVENT = 'event: heartbeat\ndata: {"t":1767607200000,"kind":"heartbeat","time_utc":"2026-01-05T10:00:00.000000Z"}\n\n'
