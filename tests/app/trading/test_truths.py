"""What the terminal shows amends orders whose outcome was unknown; what it does not show proves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from app.broker.terminal import NoAnswer
from app.domain.orders import Filled, Outcome, Placed, Unknown
from app.trading.dealer import Decision
from app.trading.desk import Terms
from tests.app.trading.conftest import Build, Trading
from tests.app.trading.test_deals import keeping, raw
from tests.app.trading.test_pending import PENDING, change, place

LOST = NoAnswer(reason="deadline", submitted_ns=1, started_ns=2, ended_ns=3)
LIMIT = {**PENDING, "ticket": 78, "type": 2, "volume_initial": 0.1, "price_open": 1.05, "comment": "rewritten"}


async def look(trading: Trading) -> None:
    """Look at the terminal, and do what follows a look."""
    await trading.watch.look()
    await trading.mender.look()


def now_of(trading: Trading, decision: Decision) -> Outcome | None:
    """What is known of it now."""
    record = trading.journal.get(decision.order.order_id)
    assert record is not None
    assert isinstance(record.outcome, Unknown)  # what was told first stays
    return record.current


def placed_at(trading: Trading, **fields: Any) -> dict[str, Any]:
    """The limit order at the broker, placed now."""
    now_msc = trading.clock.time_ns() // 10**6 + 7_200_000
    return {**LIMIT, "time_setup_msc": now_msc, "time_setup": now_msc // 1_000, **fields}


@pytest.mark.parametrize("comment", ["tag", "rewritten"])
async def test_an_unknown_placement_is_found_at_the_broker(trade: Build, comment: str) -> None:
    """Its order among the pending ones, by its tag or by all that was asked for, says that it was placed."""
    trading = trade(order_send=LOST)
    decision = await place(trading)
    sent = trading.terminal.requests()[0]["comment"] if comment == "tag" else comment
    trading.terminal.functions["orders_get"] = [placed_at(trading, comment=sent)]
    await look(trading)
    assert now_of(trading, decision) == Placed(order=78, retcode=0)
    assert trading.journal.resolutions() == {("unknown", "placed"): 1}
    owner = trading.journal.owner(78)
    assert owner is not None
    assert owner.order.order_id == decision.order.order_id


@pytest.mark.parametrize(
    "fields",
    [
        {"type": 4},
        {"price_open": 1.06},
        {"volume_initial": 0.2},
        {"magic": 6},
        {"comment": "a~OTHERTAG"},
        {"time_setup_msc": 7_200_000},
    ],
)
async def test_an_order_that_does_not_fit_proves_no_placement(trade: Build, fields: dict[str, Any]) -> None:
    """Another type, price, volume, magic, tag or hour: the placement stays unknown."""
    trading = trade(order_send=LOST)
    decision = await place(trading)
    trading.terminal.functions["orders_get"] = [placed_at(trading, **fields)]
    await look(trading)
    assert isinstance(now_of(trading, decision), Unknown)


async def test_one_order_proves_no_two_placements(trade: Build) -> None:
    """Two placements that are alike, one order without a tag: whose it is, nobody knows."""
    trading = trade(order_send=LOST)
    decisions = [await place(trading), await place(trading)]
    trading.terminal.functions["orders_get"] = [placed_at(trading)]
    await look(trading)
    assert all(isinstance(now_of(trading, decision), Unknown) for decision in decisions)


async def test_an_unknown_market_order_is_filled_by_its_deals(trade: Build) -> None:
    """Its deals tell volume, mean price and what is missing; a later one is added."""
    trading = trade(order_send=LOST, history_deals_get=[])
    keeping(trading)
    decision = await trading.buy()
    await look(trading)
    assert isinstance(now_of(trading, decision), Unknown)
    comment = trading.terminal.requests()[0]["comment"]
    first = raw(trading, comment=comment, magic=5, volume=0.04, price=1.2)
    trading.terminal.functions["history_deals_get"] = [first]
    await look(trading)
    found = now_of(trading, decision)
    assert found == Filled(order=900, deal=90, position=900, volume=0.04, price=1.2, retcode=0, remaining=0.06)
    trading.terminal.functions["history_deals_get"] = [first, {**first, "ticket": 91, "volume": 0.06, "price": 1.3}]
    await look(trading)
    found = now_of(trading, decision)
    assert isinstance(found, Filled)
    assert (found.volume, found.remaining) == (0.1, 0.0)
    assert found.price == pytest.approx(1.26)
    assert trading.journal.resolutions() == {("unknown", "filled"): 1}


async def test_a_change_is_proved_by_the_order_as_it_stands(trade: Build) -> None:
    """While the order has its old terms the change stays unknown; with those asked for it was done."""
    trading = trade(order_send=LOST, orders_get=[PENDING])
    decision = await change(trading, {"price": 1.3})
    assert isinstance(decision, Decision)
    await look(trading)
    assert isinstance(now_of(trading, decision), Unknown)
    trading.terminal.functions["orders_get"] = [{**PENDING, "price_open": 1.3}]
    await look(trading)
    assert now_of(trading, decision) == Placed(order=77, retcode=0)


@pytest.mark.parametrize("terms", [None, Terms(price=1.3)])
async def test_what_an_older_look_saw_proves_nothing(trade: Build, terms: Terms | None) -> None:
    """A look whose list of orders is from before the order is not believed: the terminal is asked."""
    trading = trade(order_send=LOST, orders_get=[PENDING])
    decision = await change(trading, terms)
    assert isinstance(decision, Decision)
    shown = [] if terms is None else [{**PENDING, "price_open": 1.3}]
    trading.terminal.functions["orders_get"] = lambda call: [PENDING] if "ticket" in call.kwargs else shown
    await look(trading)
    assert isinstance(now_of(trading, decision), Unknown)


@pytest.mark.parametrize(("state", "known"), [(2, True), (4, False), (6, False)])
async def test_a_cancellation_is_proved_by_the_history(trade: Build, state: int, known: bool) -> None:
    """An order that is gone may be filled or expired; only one that is cancelled was cancelled."""
    trading = trade(order_send=LOST, orders_get=[PENDING])
    decision = await change(trading, None)
    assert isinstance(decision, Decision)
    await look(trading)
    assert isinstance(now_of(trading, decision), Unknown)
    trading.terminal.functions.update({"orders_get": [], "history_orders_get": [{**PENDING, "state": state}]})
    await look(trading)
    assert (now_of(trading, decision) == Placed(order=77, retcode=0)) is known
    asked = len(trading.terminal.calls)
    await trading.mender.look()
    assert len(trading.terminal.calls) == asked  # neither changes any more
