"""What came of an order, as HTTP says it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from app.api.advice import ADVICE
from app.api.outcomes import order_answer
from app.domain.account import Missing, Unavailable
from app.domain.orders import (
    OUTCOME_NAMES,
    Action,
    Denied,
    Filled,
    NotSent,
    Order,
    Outcome,
    Placed,
    Rejected,
    Side,
    Unchanged,
    Unknown,
)
from app.trading.dealer import Decision
from tests.app.api.fakes import FILLED, ORDER_ID, SYMBOL, TICK, TRACE_ID, Api

ORDER = {"canonical": "EURUSD", "side": "buy", "volume": 0.1}
NAMES = {"order_id": ORDER_ID, "trace_id": TRACE_ID}
REJECTED = Rejected(retcode=10019, comment="No money", bid=1.1, ask=1.2)
DENIED = Denied(reason="RISK_BLOCK", message="0.015 is off the step 0.01.", details={"volume_step": 0.01})
UNKNOWN = Unknown(reason="no answer", retcode=10012, last_error=(-10005, "timeout"))


async def answered(api: Api, outcome: Outcome, path: str = "/api/order") -> tuple[int, dict[str, Any]]:
    """Status and body of an order with this outcome."""
    api.desk.outcome = outcome
    async with api.client() as client:
        answer = await client.post(path, json=ORDER if path == "/api/order" else {})
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (FILLED, 200, None),
        (Placed(order=9, retcode=10008), 200, None),
        (Unchanged(retcode=10025), 200, None),
        (REJECTED, 409, "BROKER_REJECT"),
        (DENIED, 409, "RISK_BLOCK"),
        (replace(DENIED, reason="VOLUME_TOO_SMALL"), 400, "VOLUME_TOO_SMALL"),
        (NotSent(reason="no terminal"), 503, "MT5_UNAVAILABLE"),
        (UNKNOWN, 504, "OUTCOME_UNKNOWN"),
    ],
)
@pytest.mark.parametrize("path", ["/api/order", "/api/positions/7/close"])
async def test_every_outcome_has_its_status(
    api: Api, outcome: Outcome, status: int, code: str | None, path: str
) -> None:
    """Only what the broker executed or took is a 2xx, and every answer names the order and its trace."""
    got, body = await answered(api, outcome, path)
    assert got == status
    if code is None:
        assert {**body, **NAMES} == body
        assert (body["outcome"], body["result_code"]) == (outcome.name, getattr(outcome, "retcode", None))
    else:
        assert body["detail"]["error"]["code"] == code
        assert {**body["detail"]["error"]["details"], **NAMES} == body["detail"]["error"]["details"]


def test_table_above_covers_every_outcome() -> None:
    """An outcome that is added is added to the table, too."""
    told = (FILLED, Placed(order=9, retcode=10008), Unchanged(retcode=1), REJECTED, DENIED, NotSent(reason=""), UNKNOWN)
    assert tuple(outcome.name for outcome in told) == OUTCOME_NAMES


async def test_fill_is_told_whole(api: Api) -> None:
    """A fill names every ticket, what was executed and what was not, at which price."""
    _, body = await answered(api, replace(FILLED, volume=0.06, remaining=0.04, retcode=10010))
    assert body == {
        "order": 1001,
        "position": 1001,
        "result_code": 10010,
        "retcode_name": "DONE_PARTIAL",
        "order_id": ORDER_ID,
        "outcome": "filled",
        "order_type": "market",
        "deal": 1002,
        "volume": 0.06,
        "price": 1.2,
        "comment": "Request executed",
        "symbol": "EURUSD",
        "side": "buy",
        "remaining": 0.04,
        "trace_id": TRACE_ID,
    }


async def test_fill_whose_deals_are_unseen_has_no_position_yet(api: Api) -> None:
    """Where the deals could not be read the position is null, and zero is never shown as a ticket."""
    _, body = await answered(api, Filled(order=5, deal=0, position=None, volume=0.1, price=1.2, retcode=10009))
    assert (body["position"], body["deal"]) == (None, None)


async def test_closing_knows_its_position_without_the_deals(api: Api) -> None:
    """A close names the position it was about, whatever could be read afterwards."""
    _, body = await answered(api, replace(FILLED, position=None), "/api/positions/7/close")
    assert (body["position"], body["side"]) == (7, "sell")


async def test_placed_order_has_executed_nothing_yet(api: Api) -> None:
    """An order taken and not executed has its ticket, no price, no deal, and all of it remains."""
    _, body = await answered(api, Placed(order=9, retcode=10008, comment="queued"))
    assert (body["order"], body["deal"], body["price"], body["volume"], body["remaining"]) == (9, None, None, 0.0, 0.1)


async def test_unchanged_has_no_ticket_and_nothing_remains(api: Api) -> None:
    """Where nothing had to be done there is no ticket and nothing to wait for."""
    _, body = await answered(api, Unchanged(retcode=10025))
    assert (body["order"], body["remaining"], body["retcode_name"]) == (None, 0.0, "NO_CHANGES")


async def test_refusal_of_the_broker_is_explained(api: Api) -> None:
    """A refusal has the broker's numbers, its name, what it means and what to do next."""
    _, body = await answered(api, REJECTED)
    error = body["detail"]["error"]
    assert error["details"] == {
        "retcode": 10019,
        "retcode_name": "NO_MONEY",
        "explanation": ADVICE[10019].meaning,
        "next_step": ADVICE[10019].next_step,
        "broker_comment": "No money",
        "symbol": "EURUSD",
        "side": "buy",
        "order_type": "market",
        "price": None,
        "volume": 0.1,
        "sl": None,
        "tp": None,
        "bid": 1.1,
        "ask": 1.2,
        **NAMES,
    }
    assert ADVICE[10019].meaning in error["message"]
    assert "buy 0.1 EURUSD" in error["message"]


@pytest.mark.parametrize("retcode", [10015, 10016])
async def test_refused_prices_are_explained_by_those_last_seen(retcode: int) -> None:
    """A broker that gives no prices with its refusal: the last ones seen, and how far prices must stand off."""
    order = Order(order_id=ORDER_ID, action=Action.OPEN, symbol="EURUSD", side=Side.BUY, volume=0.1, sl=1.15)
    symbol = replace(SYMBOL, record={"trade_stops_level": 30})
    decided = Decision(order=order, outcome=Rejected(retcode=retcode), trace_id=TRACE_ID, symbol=symbol, tick=TICK)
    details = orjson.loads(order_answer(decided).body)["detail"]["error"]["details"]
    assert (details["sl"], details["tp"], details["bid"], details["ask"]) == (1.15, None, 1.1, 1.2)
    assert (details["stops_level_points"], details["point"]) == (30, 0.00001)


@pytest.mark.parametrize(
    ("action", "asked"),
    [(Action.OPEN, "buy 0.1 EURUSD"), (Action.MODIFY, "change order 7"), (Action.CANCEL, "cancel order 7")],
)
def test_an_unknown_outcome_names_what_was_asked_for(action: Action, asked: str) -> None:
    """Of a change or a cancel nobody asks whether it was executed."""
    order = Order(order_id=ORDER_ID, action=action, symbol="EURUSD", side=Side.BUY, volume=0.1, pending=7)
    answer = order_answer(Decision(order=order, outcome=UNKNOWN, trace_id=TRACE_ID, symbol=SYMBOL, tick=TICK))
    message = orjson.loads(answer.body)["detail"]["error"]["message"]
    assert message.startswith(f"It is not known what came of the request to {asked}: no answer. Do not send it again;")


async def test_refusal_nobody_listed_still_says_what_to_do(api: Api) -> None:
    """A code that has no advice of its own is shown with a general one."""
    _, body = await answered(api, Rejected(retcode=10999, bid=float("nan")), "/api/positions/7/close")
    error = body["detail"]["error"]
    assert "10999" in error["message"]
    assert "close the position" in error["message"]
    assert error["details"]["next_step"]
    assert error["details"]["bid"] is None


async def test_own_refusal_has_its_numbers(api: Api) -> None:
    """What we refuse says why in a sentence and in numbers."""
    _, body = await answered(api, DENIED)
    error = body["detail"]["error"]
    assert error["message"] == DENIED.message
    assert error["details"] == {"volume_step": 0.01, **NAMES}


async def test_unknown_outcome_says_where_to_ask(api: Api) -> None:
    """Where nobody knows, the answer forbids to send again and names a path that answers."""
    _, body = await answered(api, UNKNOWN)
    error = body["detail"]["error"]
    assert error["details"] == {
        "reason": "no answer",
        "retcode": 10012,
        "last_error": {"code": -10005, "text": "timeout"},
        "ask": f"/api/orders/{ORDER_ID}",
        **NAMES,
    }
    assert "Do not send it again" in error["message"]
    async with api.client() as client:
        assert (await client.get(error["details"]["ask"])).json()["order_id"] == ORDER_ID


@pytest.mark.parametrize(
    ("path", "answer", "status", "code"),
    [
        ("/api/order", Missing(what="EURUSD"), 404, "SYMBOL_NOT_FOUND"),
        ("/api/positions/7/close", Missing(what="position 7"), 404, "NOT_FOUND"),
        ("/api/order", Unavailable(reason="gone"), 503, "MT5_UNAVAILABLE"),
        ("/api/positions/7/close", Unavailable(reason="gone", last_error=(-10004, "no IPC")), 503, "MT5_UNAVAILABLE"),
    ],
)
async def test_what_makes_no_order(api: Api, path: str, answer: Missing | Unavailable, status: int, code: str) -> None:
    """An unknown symbol or position is 404, a terminal that cannot be asked 503; neither names an order."""
    api.desk.answer = answer
    got, body = await answered(api, FILLED, path)
    assert (got, body["detail"]["error"]["code"]) == (status, code)
    assert "order_id" not in body["detail"]["error"]["details"]
