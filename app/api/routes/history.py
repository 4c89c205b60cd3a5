"""What lies in the past: bars, ticks, deals, orders; and which symbols were traded with what success."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query, Request
from starlette.responses import Response

from app.api import examples
from app.api.errors import Json
from app.api.outcomes import read_answer
from app.api.periods import Moment, Period, in_order, moment_ns, one_of, period, too_many
from app.api.records import Record, list_answer, order_type, past_order, timed
from app.api.routes import keyed_router
from app.api.services import Services
from app.broker.archive import TIMEFRAME_S
from app.domain.account import Missing, Symbol, Tick, Unavailable
from app.domain.clock import rfc3339
from app.domain.deals import BALANCE_TYPES
from app.trading.journal.counts import Trades

router = keyed_router("history")

BARS_MAX: Final = 10_000
TICKS_MAX: Final = 10_000
PAGE_MAX: Final = 10_000
TRADES_MIN: Final = 3
"""A symbol with fewer closed trades says nothing about success."""

SymbolName = Annotated[str, Query(min_length=1, max_length=64, description="Symbol name, in any case.")]
SymbolFilter = Annotated[str | None, Query(max_length=64, description="Only of this symbol, in any case.")]
BarCount = Annotated[int | None, Query(ge=1, le=BARS_MAX, description="The newest so many; 1000 without a range.")]
TickCount = Annotated[int, Query(ge=1, le=TICKS_MAX, description="So many ticks at most.")]
Limit = Annotated[int | None, Query(ge=1, le=PAGE_MAX, description="Only so many; then `Link` leads to the rest.")]
Offset = Annotated[int, Query(ge=0, description="So many are left out at the beginning.")]

_BARS = examples.answers([examples.BAR], "SYMBOL_NOT_FOUND", "VALIDATION_ERROR", "MT5_UNAVAILABLE")
_TICKS = examples.answers([examples.TICK], "SYMBOL_NOT_FOUND", "VALIDATION_ERROR", "MT5_UNAVAILABLE")


@router.get("/api/history/bars", summary="Bars of a symbol, oldest first", responses=_BARS)
async def history_bars(
    *,
    services: Services,
    symbol: SymbolName,
    timeframe: Annotated[str, Query(max_length=8, description="M1 M5 M15 M30 H1 H4 D1.")] = "H1",
    date_from: Moment = None,
    date_to: Moment = None,
    count: BarCount = None,
) -> Response:
    """MetaTrader's bar fields; `time` is when the bar opened."""
    names = ("timeframe", "date_from", "date_to")
    return await _bars(services, symbol, timeframe, ends=(date_from, date_to), count=count, names=names)


@router.get("/api/bars", summary="Bars of a symbol, oldest first (another path of it)", responses=_BARS)
async def bars(
    services: Services,
    canonical: SymbolName,
    tf: Annotated[str, Query(max_length=8, description="M1 M5 M15 M30 H1 H4 D1.")] = "H1",
    from_: Moment = None,
    to: Moment = None,
) -> Response:
    """The newest 1000 without a range."""
    return await _bars(services, canonical, tf, ends=(from_, to), count=None, names=("tf", "from_", "to"))


@router.get("/api/history/ticks", summary="Ticks of a symbol, oldest first", responses=_TICKS)
async def history_ticks(
    services: Services,
    symbol: SymbolName,
    date_from: Moment = None,
    date_to: Moment = None,
    count: TickCount = 1_000,
) -> Response:
    """The first `count` ticks from `date_from` on, else the last `count` before `date_to`; `flags` included."""
    since_ns, until_ns = moment_ns("date_from", date_from), moment_ns("date_to", date_to, end=True)
    in_order("date_to", since_ns, until_ns)
    found = await services.archive.ticks(symbol, since_ns=since_ns, until_ns=until_ns, count=count)
    return await list_answer(found, _timed)


@router.get("/api/ticks", summary="The last ticks of a symbol, oldest first", responses=_TICKS)
async def ticks(services: Services, canonical: SymbolName, limit: TickCount = 200) -> Response:
    """MetaTrader's tick fields."""
    found = await services.archive.ticks(canonical, since_ns=None, until_ns=None, count=limit)
    return await list_answer(found, _timed)


@router.get(
    "/api/history/deals",
    summary="Deals, newest first",
    responses=examples.answers(examples.DEALS, "SYMBOL_NOT_FOUND", "VALIDATION_ERROR", "MT5_UNAVAILABLE"),
)
async def deals(
    *,
    services: Services,
    request: Request,
    date_from: Moment = None,
    date_to: Moment = None,
    symbol: SymbolFilter = None,
    limit: Limit = None,
    offset: Offset = 0,
) -> Response:
    """The last 30 days without a range. Money paid in or out is listed and is no profit."""
    asked = period(date_from, date_to, now_ns=services.clock.time_ns())
    found = await _of_symbol(services, symbol, await services.archive.deals(asked.since_ns, asked.until_ns))

    def show(records: Sequence[Record]) -> dict[str, Any]:
        return {
            "deals": [timed(record) for record in _page(records, limit, offset)],
            "summary": _money(records) | _period(asked, symbol),
        }

    return _linked(await list_answer(found, show), request, found, limit, offset)


@router.get(
    "/api/history/orders",
    summary="Orders of the past, newest first",
    responses=examples.answers(examples.PAST_ORDERS, "SYMBOL_NOT_FOUND", "VALIDATION_ERROR", "MT5_UNAVAILABLE"),
)
async def orders(
    *,
    services: Services,
    request: Request,
    date_from: Moment = None,
    date_to: Moment = None,
    symbol: SymbolFilter = None,
    limit: Limit = None,
    offset: Offset = 0,
) -> Response:
    """The last 30 days without a range, by the time they were placed."""
    asked = period(date_from, date_to, now_ns=services.clock.time_ns())
    found = await _of_symbol(services, symbol, await services.archive.orders(asked.since_ns, asked.until_ns))

    def show(records: Sequence[Record]) -> dict[str, Any]:
        kinds = Counter(order_type(record) for record in records)
        return {
            "orders": [past_order(record) for record in _page(records, limit, offset)],
            "summary": {"total_orders": len(records), "order_types": dict(kinds), **_period(asked, symbol)},
        }

    return _linked(await list_answer(found, show), request, found, limit, offset)


@router.get(
    "/api/symbols/priority",
    summary="The symbols traded with most success",
    responses=examples.answers([examples.PRIORITY], "VALIDATION_ERROR", "MT5_UNAVAILABLE"),
)
async def priority(
    services: Services,
    limit: Annotated[int, Query(ge=1, le=50, description="So many symbols at most.")] = 10,
) -> Response:
    """Symbols with three closed trades or more, whoever made them, best first; `win_rate` in percent."""
    trades = [(name, done) for name, done in services.journal.trades().items() if done.total >= TRADES_MIN]
    trades.sort(key=lambda item: (-item[1].won / item[1].total, -item[1].total, item[0]))
    listed = []
    for name, done in trades[:limit]:
        symbol, tick = await services.gateway.symbol(name), await services.gateway.tick(name)
        if isinstance(symbol, Unavailable):
            return read_answer(symbol, str)
        if isinstance(tick, Unavailable):
            return read_answer(tick, str)
        listed.append(_success(name, done, symbol, tick))
    return Json(listed)


async def _bars(
    services: Services,
    symbol: str,
    timeframe: str,
    *,
    ends: tuple[str | None, str | None],
    count: int | None,
    names: tuple[str, str, str],
) -> Response:
    frame = one_of(names[0], timeframe, TIMEFRAME_S)
    since_ns, until_ns = moment_ns(names[1], ends[0]), moment_ns(names[2], ends[1], end=True)
    in_order(names[2], since_ns, until_ns)
    if since_ns is not None and count is None:
        end_ns = services.clock.time_ns() if until_ns is None else until_ns
        asked = max(0, end_ns - since_ns) // 10**9 // TIMEFRAME_S[frame]
        if asked > BARS_MAX:
            raise too_many(names[1], asked, BARS_MAX, f"bars of {frame}")
    elif since_ns is None:
        count = count or 1_000
    found = await services.archive.bars(symbol, frame, since_ns=since_ns, until_ns=until_ns, count=count)
    return await list_answer(found, _timed)


async def _of_symbol(
    services: Services, symbol: str | None, found: Sequence[Record] | Unavailable
) -> Sequence[Record] | Missing | Unavailable:
    if symbol is None or isinstance(found, Unavailable):
        return found
    name = await services.gateway.broker_name(symbol)
    return [record for record in found if record["symbol"] == name] if isinstance(name, str) else name


def _timed(records: Sequence[Record]) -> list[dict[str, Any]]:
    return [timed(record) for record in records]


def _page(records: Sequence[Record], limit: int | None, offset: int) -> Sequence[Record]:
    return records[offset : None if limit is None else offset + limit]


def _linked(
    answer: Response, request: Request, found: Sequence[Record] | Missing | Unavailable, limit: int | None, offset: int
) -> Response:
    """With a `Link` to the next page, where there is one."""
    if limit is not None and not isinstance(found, Missing | Unavailable) and offset + limit < len(found):
        query = {**request.query_params, "limit": str(limit), "offset": str(offset + limit)}
        answer.headers["Link"] = f'<{request.url.path}?{urlencode(query)}>; rel="next"'
    return answer


def _period(asked: Period, symbol: str | None) -> dict[str, Any]:
    return {**asked.to_json(), "symbol_filter": symbol}


def _money(records: Sequence[Record]) -> dict[str, Any]:
    """What deals come to; money paid in or out stands apart."""
    traded = [record for record in records if record["type"] not in BALANCE_TYPES]
    sums = {name: _sum(traded, name) for name in ("profit", "commission", "swap", "fee")}
    return {
        "total_deals": len(records),
        **{f"total_{name}": value for name, value in sums.items()},
        "net_profit": round(sum(sums.values()), 8),
        "balance_operations": round(_sum(records, "profit") - sums["profit"], 8),
    }


def _sum(records: Sequence[Record], name: str) -> float:
    return round(sum(float(record[name]) for record in records), 8)


def _success(name: str, done: Trades, symbol: Symbol | Missing, tick: Tick | Missing) -> Mapping[str, Any]:
    bid, ask = (tick.bid, tick.ask) if isinstance(tick, Tick) else (0.0, 0.0)
    point = symbol.point if isinstance(symbol, Symbol) else 0.0
    return {
        "symbol": name,
        "bid": bid,
        "ask": ask,
        "spread": round((ask - bid) / point) if point else 0,
        "win_rate": round(100 * done.won / done.total, 2),
        "total_trades": done.total,
        "successful_trades": done.won,
        "last_trade": rfc3339(done.last_ns),
    }
