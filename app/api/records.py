"""The terminal's records as they are answered: its own field names, the time beside them in words."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from app.api.errors import Json
from app.api.outcomes import read_answer
from app.domain.account import Missing, Unavailable
from app.domain.clock import rfc3339

Record = Mapping[str, Any]

LONG: Final = 500
"""So many records take long enough to write that the event loop should go on meanwhile."""
ORDER_TYPES: Final = (
    "buy",
    "sell",
    "buy_limit",
    "sell_limit",
    "buy_stop",
    "sell_stop",
    "buy_stop_limit",
    "sell_stop_limit",
    "close_by",
)
"""ORDER_TYPE_* in words."""


def timed(record: Record) -> dict[str, Any]:
    """The record, and its `time` as RFC 3339; None where there was no price yet."""
    return {**record, "time_utc": time_utc(record)} if "time" in record else dict(record)


def time_utc(record: Record, name: str = "time") -> str | None:
    """A time field in words, from milliseconds where there are some."""
    millis = int(record.get(f"{name}_msc") or math.floor(float(record[name]) * 1_000))
    return rfc3339(millis * 1_000_000) if millis else None


def pending_order(record: Record) -> dict[str, Any]:
    """A pending order: `volume` is what is left of it, `time` when it was placed."""
    return {
        **record,
        "volume": record["volume_current"],
        "time": record["time_setup"],
        "time_utc": time_utc(record, "time_setup"),
    }


def past_order(record: Record) -> dict[str, Any]:
    """An order of the past: `volume` is what was asked for, `time` when it was placed."""
    return {**pending_order(record), "volume": record["volume_initial"]}


def order_type(record: Record) -> str:
    """The type of an order in a word."""
    number = int(record["type"])
    return ORDER_TYPES[number] if 0 <= number < len(ORDER_TYPES) else str(number)


def symbol_summary(record: Record) -> dict[str, Any]:
    """A symbol as the older front end lists them."""
    return {
        "canonical": record["name"],
        "broker_symbol": record["name"],
        "enabled": bool(record["select"]),
        "description": record["description"],
        "currency_base": record["currency_base"],
        "currency_profit": record["currency_profit"],
        "currency_margin": record["currency_margin"],
        "digits": record["digits"],
        "point": record["point"],
        "spread": record["spread"],
        "bid": record["bid"],
        "ask": record["ask"],
        "last": record["last"],
        "volume": record["volume"],
        "time": record["time"],
        "time_utc": time_utc(record),
        "trade_mode": record["trade_mode"],
        "min_lot": record["volume_min"],
        "max_lot": record["volume_max"],
        "lot_step": record["volume_step"],
        "tick_size": record["trade_tick_size"],
        "stops_level": record["trade_stops_level"],
        "margin_initial": record["margin_initial"],
        "margin_maintenance": record["margin_maintenance"],
    }


async def list_answer(
    found: Sequence[Record] | Missing | Unavailable, show: Callable[[Sequence[Record]], Any]
) -> Response:
    """Many records, written in a thread where they are many; else as `read_answer` has it."""
    if isinstance(found, Missing | Unavailable):
        return read_answer(found, show)
    if len(found) < LONG:
        return Json(show(found))
    return await asyncio.to_thread(lambda: Json(show(found)))
