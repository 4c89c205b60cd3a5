"""Pending orders: placed, changed and cancelled on the same way as every other order."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from app.broker.server_time import ServerTime
from app.broker.terminal import Call
from app.domain.account import Missing, Unavailable
from app.domain.orders import Denied, Filled, Kind, NotSent, Placed, Side
from app.telemetry.orders import SPAN_NAMES
from app.trading.dealer import Decision
from app.trading.desk import Terms
from tests.app.trading.conftest import Build, Trading
from tests.app.trading.test_deals import keeping, raw
from tests.support.terminal import DONE, SYMBOL, Scripted, failed

PENDING = {
    "ticket": 77,
    "symbol": "EURUSD",
    "type": 4,
    "volume_initial": 0.3,
    "volume_current": 0.2,
    "price_open": 1.25,
    "price_stoplimit": 0.0,
    "sl": 1.2,
    "tp": 0.0,
    "magic": 5,
    "comment": "",
    "time_setup": 7_200,
    "time_setup_msc": 7_200_000,
    "type_time": 2,
    "time_expiration": 14_400,
}
TAKEN = {**DONE, "deal": 0, "order": 77, "price": 0.0}


async def place(trading: Trading, volume: float = 0.1, expiration: int | None = None) -> Decision:
    """A buy limit, expecting a decision."""
    decision = await trading.desk.place(
        symbol="eurusd",
        kind=Kind.LIMIT,
        side=Side.BUY,
        volume=volume,
        price=1.05,
        comment="mine",
        magic=5,
        sl=1.01,
        expiration=expiration,
        arrived=trading.clock.monotonic(),
    )
    assert isinstance(decision, Decision)
    return decision


async def change(trading: Trading, terms: Terms | None) -> Decision | Missing | Unavailable:
    """Change order 77, or cancel it."""
    arrived = trading.clock.monotonic()
    if terms is None:
        return await trading.desk.cancel(77, arrived=arrived)
    return await trading.desk.modify(77, terms, arrived=arrived)


async def test_a_pending_order_is_sent_whole(trade: Build) -> None:
    """The request has the types that the package demands, and an expiration by the broker's clock."""
    trading = trade(order_send=TAKEN)
    decision = await place(trading, expiration=1_000)
    assert decision.outcome == Placed(order=77, retcode=10009, comment="Request executed")
    (request,) = trading.terminal.requests()
    assert request == {
        "action": 5,
        "symbol": "EURUSD",
        "volume": 0.1,
        "type": 2,
        "price": 1.05,
        "stoplimit": 0.0,
        "sl": 1.01,
        "tp": 0.0,
        "type_time": 2,
        "expiration": 8_200,
        "type_filling": 2,
        "magic": 5,
        "comment": request["comment"],
    }
    assert request["comment"].startswith("mine~")


@pytest.mark.parametrize(
    ("terms", "sent"),
    [
        ({"price": 1.3}, {"price": 1.3, "sl": 1.2, "tp": 0.0, "type_time": 2, "expiration": 14_400}),
        ({"sl": None, "tp": 1.4}, {"price": 1.25, "sl": 0.0, "tp": 1.4, "type_time": 2, "expiration": 14_400}),
        ({"expiration": None}, {"price": 1.25, "sl": 1.2, "tp": 0.0, "type_time": 0}),
    ],
)
async def test_what_is_not_named_stays(trade: Build, terms: Terms, sent: dict[str, Any]) -> None:
    """A change carries everything that the order has, with what was asked for in its place."""
    trading = trade(order_send=TAKEN, orders_get=[PENDING])
    decision = await change(trading, terms)
    assert isinstance(decision, Decision)
    assert decision.outcome.name == "placed"
    (request,) = trading.terminal.requests()
    assert request == {"action": 7, "order": 77, "stoplimit": 0.0, **sent}


@pytest.mark.parametrize(
    ("lifetime", "sent"),
    [
        ({"type_time": 0, "time_expiration": 0}, {"type_time": 0}),
        ({"type_time": 1, "time_expiration": 86_399}, {"type_time": 1}),
        ({"type_time": 3, "time_expiration": 86_399}, {"type_time": 3, "expiration": 86_399}),
    ],
)
async def test_a_change_keeps_how_long_an_order_stands(
    trade: Build, lifetime: dict[str, int], sent: dict[str, int]
) -> None:
    """An order for the day stays one, whatever else of it is changed."""
    trading = trade(order_send=TAKEN, orders_get=[{**PENDING, **lifetime}])
    await change(trading, {"tp": 1.4})
    (request,) = trading.terminal.requests()
    assert {name: request[name] for name in ("type_time", "expiration") if name in request} == sent


async def test_a_change_moves_no_expiration_when_the_clock_becomes_known(trade: Build) -> None:
    """Between reading an order and sending its change the broker's clock may be learnt."""
    trading = trade(order_send=TAKEN, orders_get=[PENDING])
    trading.gateway.server_time = ServerTime()

    def learnt(_: Call) -> Any:
        trading.gateway.server_time = ServerTime(7_200)
        return SYMBOL

    trading.terminal.functions["symbol_info"] = learnt
    await change(trading, {"price": 1.3})
    (request,) = trading.terminal.requests()
    assert request["expiration"] == PENDING["time_expiration"]


@pytest.mark.parametrize("terms", [None, Terms(sl=1.1), Terms(expiration=None)])
async def test_the_clock_is_needed_for_a_new_expiration_only(trade: Build, terms: Terms | None) -> None:
    """While the broker's clock is unknown, an order with an expiration can be cancelled and changed all the same."""
    trading = trade(order_send=TAKEN, orders_get=[PENDING])
    trading.gateway.server_time = ServerTime()
    decision = await change(trading, terms)
    assert isinstance(decision, Decision)
    assert decision.outcome.name == "placed"
    for refused in (await change(trading, {"expiration": 9_000}), await place(trading, expiration=9_000)):
        assert isinstance(refused, Decision)
        assert isinstance(refused.outcome, NotSent)


def kept_by(order: dict[str, Any]) -> Scripted:
    """A broker that changes this order as it is asked to."""

    def send(call: Call) -> Any:
        order.update({name: call.args[0][name] for name in ("sl", "tp")}, price_open=call.args[0]["price"])
        return TAKEN

    return send


async def test_changes_at_the_same_time_lose_nothing(trade: Build) -> None:
    """Changes of one order follow one another, each on what the one before has left."""
    order = dict(PENDING)
    trading = trade(order_send=kept_by(order), orders_get=lambda _: [dict(order)])
    await asyncio.gather(*(change(trading, terms) for terms in (Terms(price=1.3), Terms(sl=1.1), Terms(tp=1.4))))
    assert (order["price_open"], order["sl"], order["tp"]) == (1.3, 1.1, 1.4)


async def test_a_change_keeps_its_turn_when_its_caller_goes_away(trade: Build) -> None:
    """The next one reads the order only when the one before is through, and is refused where that takes too long."""
    order, reached, go_on = dict(PENDING), asyncio.Event(), asyncio.Event()
    trading = trade(order_send=kept_by(order), orders_get=lambda _: [dict(order)])
    real = trading.terminal.call

    async def slow(call: Call) -> Any:
        if call.function == "order_send":
            reached.set()
            await go_on.wait()
        return await real(call)

    trading.terminal.call = slow  # type: ignore[method-assign]  # holds the call until the caller is gone
    leaving = asyncio.create_task(change(trading, {"price": 1.3}))
    await reached.wait()
    leaving.cancel()
    late = await trading.desk.modify(77, {"tp": 1.4}, arrived=trading.clock.monotonic() - 7.0)
    assert isinstance(late, Unavailable)
    assert "order 77" in late.reason
    following = asyncio.create_task(change(trading, {"sl": 1.1}))
    go_on.set()
    assert isinstance(await following, Decision)
    assert (order["price_open"], order["sl"], order["tp"]) == (1.3, 1.1, 0.0)


async def test_an_order_that_cannot_be_read_is_not_changed(trade: Build) -> None:
    """What was last seen of it may be old, and would be written back; cancelling names the ticket alone."""
    trading = trade(order_send=TAKEN, orders_get=[PENDING])
    await trading.watch.look()
    trading.terminal.functions["orders_get"] = failed(-1, "Call failed")
    assert isinstance(await change(trading, {"price": 1.3}), Unavailable)
    assert not trading.journal.orders()
    assert isinstance(await change(trading, None), Decision)
    assert trading.terminal.requests() == [{"action": 8, "order": 77}]


@pytest.mark.parametrize("terms", [None, Terms(price=1.3)])
async def test_an_order_that_closes_by_another_position_waits_for_nothing(trade: Build, terms: Terms | None) -> None:
    """The terminal shows such an order among the pending ones for a moment; there is nothing to change about it."""
    trading = trade(orders_get=[{**PENDING, "type": 8}])
    assert await change(trading, terms) == Missing(what="order 77")


async def test_a_cancelled_order_names_only_itself(trade: Build) -> None:
    """Cancelling needs no more than the ticket; side, kind and what is left of it are on the trace."""
    trading = trade(order_send=TAKEN, orders_get=[PENDING])
    decision = await change(trading, None)
    assert isinstance(decision, Decision)
    assert trading.terminal.requests() == [{"action": 8, "order": 77}]
    assert (decision.order.kind, decision.order.side, decision.order.volume) == (Kind.STOP, Side.BUY, 0.2)
    assert decision.trace_id


async def test_each_action_is_journalled_counted_and_traced(trade: Build, tmp_path: Path) -> None:
    """Placing, changing and cancelling are orders each: written down, counted and told as one trace."""
    trading = trade(order_send=TAKEN, orders_get=[PENDING])
    for decision in (await place(trading), await change(trading, {"price": 1.3}), await change(trading, None)):
        assert isinstance(decision, Decision)
        assert trading.journal.get(decision.order.order_id) is not None
    assert {key.action: count for key, count in trading.journal.totals().items()} == {
        "place": 1,
        "modify": 1,
        "cancel": 1,
    }
    names = [span.name for span in trading.telemetry.spans() if span.name in SPAN_NAMES.values()]
    assert names == ["place_pending_order", "modify_pending_order", "cancel_pending_order"]
    found = trading.journal.find("order", 77)
    assert [record.order.action for record in found] == ["place", "modify", "cancel"]
    lines = [
        json.loads(line)
        for path in sorted((tmp_path / "journal").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert [line["kind"] for line in lines] == ["intent", "outcome"] * 3


@pytest.mark.parametrize("terms", [None, Terms(price=1.3)])
async def test_an_order_that_is_not_there_is_missing(trade: Build, terms: Terms | None) -> None:
    """A ticket of no pending order makes no order, and nothing is sent."""
    trading = trade()
    assert await change(trading, terms) == Missing(what="order 77")
    trading = trade(orders_get=failed(-10004, "No IPC connection"))
    assert isinstance(await change(trading, terms), Unavailable)
    assert trading.terminal.requests() == []


async def test_our_checks_hold_for_pending_orders(trade: Build) -> None:
    """A volume that the symbol does not take is denied before anything is sent."""
    trading = trade()
    decision = await place(trading, volume=0.001)
    assert isinstance(decision.outcome, Denied)
    assert trading.terminal.requests() == []


async def test_its_deal_is_ours_when_it_comes(trade: Build) -> None:
    """The deal of a pending order belongs to the order that placed it, and its span links to that order's."""
    trading = trade(order_send=TAKEN, orders_get=[PENDING], history_deals_get=[])
    keeping(trading)
    placed = await place(trading)
    await change(trading, {"price": 1.3})
    trading.terminal.functions["history_deals_get"] = [raw(trading, order=77, position_id=77)]
    await trading.watch.look()
    (dealt,) = trading.journal.deals()
    assert (dealt.ours, dealt.origin, dealt.opened) == (placed.order.order_id, "ours", True)
    (span,) = [span for span in trading.telemetry.spans() if span.name == "deal"]
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [placed.trace_id]
    assert dealt.trace.span_id == f"{span.context.span_id:016x}"
    assert (span.attributes or {})["mt5.deal.origin"] == "ours"


async def test_a_change_makes_no_order_ours(trade: Build) -> None:
    """A pending order that somebody else placed stays theirs when we change it."""
    trading = trade(order_send=TAKEN, orders_get=[PENDING])
    await change(trading, {"price": 1.3})
    assert trading.journal.owner(77) is None


async def test_an_order_without_these_fields_is_read(trade: Build) -> None:
    """A market order has nothing of a pending one."""
    decision = await trade().buy()
    assert isinstance(decision.outcome, Filled)
    assert (decision.order.kind, decision.order.price, decision.order.pending) == (Kind.MARKET, None, None)
