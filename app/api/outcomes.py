"""What came of a call → HTTP: the one place where an answer is chosen for it. No 2xx hides a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import Response

from app.api.advice import advice_for
from app.api.errors import Json, error
from app.domain.account import Missing, Symbol, Unavailable
from app.domain.orders import Action, Denied, Filled, Kind, NotSent, Order, Placed, Rejected, Unchanged, Unknown
from app.domain.text import number
from app.trading.dealer import Decision
from otel.metatrader5.codes import RETCODES

TOO_NEAR = frozenset({10015, 10016})
"""INVALID_PRICE and INVALID_STOPS: what stands nearer to the market than the symbol allows is among their causes."""

T = TypeVar("T")


def read_answer(found: T | Missing | Unavailable, show: Callable[[T], Any]) -> Response:
    """What a read brought: 200, 404 where there is no such symbol, 503 where the terminal could not be asked."""
    if isinstance(found, Missing):
        return error("SYMBOL_NOT_FOUND")
    if isinstance(found, Unavailable):
        return _unavailable(found.reason, found.last_error)
    return Json(show(found))


def order_answer(decided: Decision | Missing | Unavailable) -> Response:
    """What came of an order."""
    if isinstance(decided, Missing):
        return error("SYMBOL_NOT_FOUND")
    if isinstance(decided, Unavailable):
        return _unavailable(decided.reason, decided.last_error)
    order, names = decided.order, {"order_id": decided.order.order_id, "trace_id": decided.trace_id}
    match decided.outcome:
        case Filled() | Placed() | Unchanged() as accepted:
            return Json({**_accepted(order, accepted), **names})
        case Rejected() as rejected:
            return error("BROKER_REJECT", *_rejection(decided, rejected, names))
        case Denied(reason=reason, message=message, details=details):
            return error(reason, message, {**details, **names})
        case NotSent(reason=reason, last_error=last_error):
            return _unavailable(reason, last_error, names)
        case unknown:
            return _unknown(order, unknown, names)


def close_answer(decided: Decision | Missing | Unavailable) -> Response:
    """What came of closing a position."""
    if isinstance(decided, Missing):
        return error("NOT_FOUND", "No position of this ticket is open.")
    return order_answer(decided)


def pending_answer(decided: Decision | Missing | Unavailable) -> Response:
    """What came of changing or cancelling a pending order."""
    if isinstance(decided, Missing):
        return error(
            "NOT_FOUND",
            "No order of this ticket is pending: it was executed, cancelled or rejected, has expired, or never was.",
        )
    return order_answer(decided)


async def journal_failed(_: Request, __: Exception) -> Response:
    """An intent could not be written down, so that nothing was sent (a handler of `JournalError`)."""
    return error("JOURNAL_UNAVAILABLE")


def _accepted(order: Order, outcome: Filled | Placed | Unchanged) -> dict[str, Any]:
    filled = outcome if isinstance(outcome, Filled) else None
    return {
        "order": order.pending if isinstance(outcome, Unchanged) else outcome.order,
        # Which position a close is about is known even where its deals could not be read.
        "position": (filled and filled.position) or order.position,
        "result_code": outcome.retcode,
        "retcode_name": RETCODES.get(outcome.retcode, ""),
        "outcome": outcome.name,
        "order_type": order_type_name(order),
        "deal": (filled and filled.deal) or None,
        "symbol": order.symbol,
        "side": order.side,
        "volume": filled.volume if filled else 0.0,
        "remaining": filled.remaining if filled else _waiting(order, outcome),
        "price": filled.price if filled else order.price,
        "comment": outcome.comment,
    }


def _waiting(order: Order, outcome: Placed | Unchanged | Filled) -> float:
    return order.volume if isinstance(outcome, Placed) and order.action is not Action.CANCEL else 0.0


def _rejection(decided: Decision, rejected: Rejected, names: dict[str, str]) -> tuple[str, dict[str, Any]]:
    order, tick = decided.order, decided.tick
    advice = advice_for(rejected.retcode, order.action)
    name = RETCODES.get(rejected.retcode, "")
    message = f"Refused to {_what(order)}: {advice.meaning} {advice.next_step} (return code {rejected.retcode} {name})"
    return message, {
        "retcode": rejected.retcode,
        "retcode_name": name,
        "explanation": advice.meaning,
        "next_step": advice.next_step,
        "broker_comment": rejected.comment,
        "symbol": order.symbol,
        "side": order.side,
        "order_type": order_type_name(order),
        "price": order.price,
        "volume": order.volume,
        "sl": order.sl,
        "tp": order.tp,
        # A broker need not say its prices with a refusal; then the last ones seen explain it.
        "bid": rejected.bid or (tick.bid if tick else 0.0),
        "ask": rejected.ask or (tick.ask if tick else 0.0),
        **_limits(rejected, decided.symbol),
        **names,
    }


def order_type_name(order: Order) -> str:
    """What an order is in MetaTrader's words, such as `market` or `buy_limit`."""
    return "market" if order.kind is Kind.MARKET else f"{order.side}_{order.kind}"


def _what(order: Order) -> str:
    match order.action:
        case Action.CLOSE:
            return "close the position"
        case Action.CANCEL:
            return f"cancel order {order.pending}"
        case Action.MODIFY:
            return f"change order {order.pending}"
        case Action.PLACE:
            return (
                f"place {order_type_name(order)} {number(order.volume)} {order.symbol} at {number(order.price or 0.0)}"
            )
        case Action.OPEN:
            return f"{order.side} {number(order.volume)} {order.symbol}"


def _limits(rejected: Rejected, symbol: Symbol | None) -> dict[str, Any]:
    """How far prices and stops must stand off, where they were refused."""
    if rejected.retcode not in TOO_NEAR or symbol is None:
        return {}
    return {"stops_level_points": symbol.record.get("trade_stops_level"), "point": symbol.point}


def _unknown(order: Order, unknown: Unknown, names: dict[str, str]) -> Response:
    ask = f"/api/orders/{names['order_id']}"
    asked = f"the request to {_what(order)}"
    message = f"It is not known what came of {asked}: {unknown.reason}. Do not send it again; ask {ask}."
    details = {
        "reason": unknown.reason,
        "retcode": unknown.retcode,
        "last_error": _last_error(unknown.last_error),
        "ask": ask,
    }
    return error("OUTCOME_UNKNOWN", message, {**details, **names})


def _unavailable(reason: str, last_error: tuple[int, str] | None, names: dict[str, str] | None = None) -> Response:
    message = f"The terminal cannot be asked: {reason}."
    details = {"reason": reason, "last_error": _last_error(last_error), **(names or {})}
    return error("MT5_UNAVAILABLE", message, details)


def _last_error(last_error: tuple[int, str] | None) -> dict[str, Any] | None:
    return {"code": last_error[0], "text": last_error[1]} if last_error else None
