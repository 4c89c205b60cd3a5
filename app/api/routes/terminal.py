"""What the terminal shows: account, symbols, prices, positions, by MetaTrader's own field names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Path, Query
from starlette.responses import Response

from app.api import examples
from app.api.outcomes import read_answer
from app.api.records import list_answer, pending_order, symbol_summary, timed
from app.api.routes import keyed_router
from app.api.schemas import INT64_MAX
from app.api.services import Services
from app.domain.account import Account, Missing, Position, Symbol, Tick, Unavailable

router = keyed_router("terminal")

LISTED_FOR_S: Final = 60.0
WATCHED_FOR_S: Final = 1.0
"""How old an answer may be that is given again, where nobody asked for a live one."""

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


@router.get(
    "/api/symbols",
    summary="Every symbol, in short",
    responses=examples.answers([examples.SYMBOL_SUMMARY], "VALIDATION_ERROR", "MT5_UNAVAILABLE"),
)
async def symbols(
    services: Services,
    live: Annotated[
        bool, Query(description="True asks the terminal now; false takes prices of the last minute.")
    ] = False,
) -> Response:
    """Every symbol that the terminal knows; `enabled` ones are in its Market Watch."""
    found = await services.archive.symbols(age_s_max=0.0 if live else LISTED_FOR_S)
    return await list_answer(found, lambda records: [symbol_summary(record) for record in records])


@router.get(
    "/api/symbols/market-watch",
    summary="The symbols of Market Watch",
    responses=examples.answers([examples.SYMBOL], "MT5_UNAVAILABLE"),
)
@router.get(
    "/api/market-watch",
    summary="The symbols of Market Watch (another path of it)",
    responses=examples.answers([examples.SYMBOL], "MT5_UNAVAILABLE"),
)
async def market_watch(services: Services) -> Response:
    """MetaTrader's symbol fields."""
    found = await services.archive.symbols(age_s_max=WATCHED_FOR_S)
    return await list_answer(found, lambda records: [timed(record) for record in records if record["select"]])


@router.get(
    "/api/orders",
    summary="Pending orders, by the time they were placed",
    responses=examples.answers([examples.PENDING], "SYMBOL_NOT_FOUND", "VALIDATION_ERROR", "MT5_UNAVAILABLE"),
)
async def pending_orders(
    services: Services,
    symbol: Annotated[str | None, Query(max_length=64, description="Only of this symbol, in any case.")] = None,
    ticket: Annotated[int | None, Query(gt=0, le=INT64_MAX, description="Only this one.")] = None,
) -> Response:
    """MetaTrader's order fields; `volume` is what is left of the order."""
    name: str | Missing | Unavailable | None = None
    if symbol is not None and not isinstance(name := await services.gateway.broker_name(symbol), str):
        return read_answer(name, str)
    found = await services.gateway.orders(ticket)
    return read_answer(
        found, lambda orders: [pending_order(order.record) for order in orders if name in (None, order.symbol)]
    )


def _records(found: Sequence[Position]) -> list[dict[str, Any]]:
    return [timed(position.record) for position in found]


def _record(found: Account | Position | Symbol | Tick) -> dict[str, Any]:
    return timed(found.record)
