"""Examples of what each call answers, as the documentation shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api.errors import CODES, STATUS_OF, error_body
from app.api.schemas import ErrorBody

ORDER_ID = "01JDJ5N0Z3V8Q4M2T7K9XA6BCD"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"

EVERYWHERE = ("UNAUTHORIZED", "FORBIDDEN", "INTERNAL")
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

RECORD: Mapping[str, Any] = {
    "order_id": ORDER_ID,
    "status": "filled",
    "order": {"action": "open", "symbol": "EURUSD", "side": "buy", "volume": 0.1},
    "outcome": {"name": "filled", "order": 1000002, "deal": 1000003, "position": 1000002},
    "amended": None,
    "numbers": {"order": 1000002, "deal": 1000003, "position": 1000002},
    "trace_id": TRACE_ID,
    "started": "2026-01-05T10:00:00.000000Z",
    "ended": "2026-01-05T10:00:00.021000Z",
}
