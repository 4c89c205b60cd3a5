"""What the terminal shows: account, symbols, prices, positions, by MetaTrader's own field names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from app.api import examples
from app.api.outcomes import read_answer
from app.api.routes import keyed_router
from app.api.services import Services
from app.domain.account import Account, Position, Record, Symbol, Tick
from app.domain.clock import rfc3339

router = keyed_router("terminal")

SymbolName = Annotated[str, Path(max_length=64, description="In any case.", examples=["EURUSD"])]


@router.get(
    "/api/account",
    summary="The account",
    responses=examples.answers(examples.ACCOUNT, "MT5_UNAVAILABLE"),
)
async def account(services: Services) -> Response:
    """MetaTrader's account fields; amounts in the account's currency."""
    return read_answer(await services.gateway.account(), _record)


@router.get(
    "/api/positions",
    summary="Open positions, by opening time",
    responses=examples.answers([examples.POSITION], "MT5_UNAVAILABLE"),
)
async def positions(services: Services) -> Response:
    """MetaTrader's position fields; 503 where the terminal cannot be asked, never an empty list instead."""
    return read_answer(await services.gateway.positions(), _records)


@router.get(
    "/api/symbols/{symbol}/tick",
    summary="The last price of a symbol",
    responses=examples.answers(examples.TICK, "SYMBOL_NOT_FOUND", "VALIDATION_ERROR", "MT5_UNAVAILABLE"),
)
async def tick(services: Services, symbol: SymbolName) -> Response:
    """MetaTrader's tick fields."""
    return read_answer(await services.gateway.tick(symbol), _record)


@router.get(
    "/api/symbols/{symbol}/info",
    summary="What is fixed about a symbol",
    responses=examples.answers(examples.SYMBOL, "SYMBOL_NOT_FOUND", "VALIDATION_ERROR", "MT5_UNAVAILABLE"),
)
@router.get(
    "/api/symbol/{symbol}",
    summary="What is fixed about a symbol (another path of it)",
    responses=examples.answers(examples.SYMBOL, "SYMBOL_NOT_FOUND", "VALIDATION_ERROR", "MT5_UNAVAILABLE"),
)
async def symbol_info(services: Services, symbol: SymbolName) -> Response:
    """MetaTrader's symbol fields: volumes in lots, prices in the quote currency."""
    return read_answer(await services.gateway.symbol(symbol), _record)


def _records(found: Sequence[Position]) -> list[dict[str, Any]]:
    return [_record(position) for position in found]


def _record(found: Account | Position | Symbol | Tick) -> dict[str, Any]:
    """The terminal's record as it is, beside its `time` the same in words."""
    record = found.record
    return {**record, "time_utc": _time_utc(record)} if "time" in record else dict(record)


def _time_utc(record: Record) -> str | None:
    """RFC 3339, from milliseconds where there are some; None where there was no price yet."""
    millis = int(record.get("time_msc") or math.floor(float(record["time"]) * 1_000))
    return rfc3339(millis * 1_000_000) if millis else None
