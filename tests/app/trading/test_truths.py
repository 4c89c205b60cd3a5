"""What the terminal shows amends orders whose outcome was unknown; what it does not show proves nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.broker.terminal import NoAnswer
from app.domain.orders import Filled, Outcome, Placed, Unknown
from app.trading.dealer import Decision
from app.trading.desk import Terms
from app.trading.truths import ASKED_FOR_NS
from tests.app.trading.conftest import Build, Trading
from tests.app.trading.test_deals import NO_ORDERS, keeping, raw
from tests.app.trading.test_pending import PENDING, TAKEN, change, place
from tests.support.terminal import DONE

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


async def test_an_unknown_placement_is_found_at_the_broker(trade: Build) -> None:
    """Its order among the pending ones, which bears its tag, says that it was placed."""
    trading = trade(order_send=LOST)
    decision = await place(trading)
    sent = trading.terminal.requests()[0]["comment"]
    trading.terminal.functions["orders_get"] = [placed_at(trading, comment=sent)]
    await look(trading)
    assert now_of(trading, decision) == Placed(order=78, retcode=0)
    assert trading.journal.resolutions() == {("unknown", "placed"): 1}
    owner = trading.journal.owner(78)
    assert owner is not None
    assert owner.order.order_id == decision.order.order_id


@pytest.mark.parametrize("fields", [{}, {"comment": ""}, {"comment": "a~OTHERTAG"}])
async def test_an_order_that_only_looks_alike_proves_no_placement(trade: Build, fields: dict[str, Any]) -> None:
    """All that was asked for, at the same moment, but not our tag: it may be somebody else's."""
    trading = trade(order_send=LOST)
    decision = await place(trading)
    trading.terminal.functions["orders_get"] = [placed_at(trading, **fields)]
    await look(trading)
    assert isinstance(now_of(trading, decision), Unknown)


async def test_a_deal_that_only_looks_alike_fills_no_market_order(trade: Build) -> None:
    """It is counted as ours, being the only one that fits; what came of the order stays unknown."""
    trading = trade(order_send=LOST, **NO_ORDERS)
    keeping(trading)
    decision = await trading.buy()
    trading.terminal.functions["history_deals_get"] = [raw(trading, magic=5, comment="")]
    await look(trading)
    assert [dealt.ours for dealt in trading.journal.deals()] == [decision.order.order_id]
    assert isinstance(now_of(trading, decision), Unknown)
    assert trading.journal.with_news() == ()


async def test_the_tag_of_its_order_proves_a_deal(trade: Build) -> None:
    """Where the comment of the deal is rewritten and that of its order is not, the order is filled; in parts too."""
    trading = trade(order_send=LOST)
    keeping(trading)
    decision = await trading.buy()
    order = {**PENDING, "ticket": 900, "type": 0, "comment": trading.terminal.requests()[0]["comment"], "state": 4}
    first = raw(trading, magic=5, comment="", volume=0.04)
    trading.terminal.functions.update({"history_deals_get": [first], "history_orders_get": [order]})
    await look(trading)
    found = now_of(trading, decision)
    assert isinstance(found, Filled)
    assert (found.order, found.volume, found.remaining) == (900, 0.04, 0.06)
    trading.terminal.functions["history_deals_get"] = [first, {**first, "ticket": 91, "volume": 0.06}]
    await look(trading)
    found = now_of(trading, decision)
    assert isinstance(found, Filled)
    assert (found.volume, found.remaining) == (0.1, 0.0)


async def test_a_tag_is_believed_whatever_the_time(trade: Build) -> None:
    """The server's clock may be an hour behind: the deal with the tag is the order's all the same."""
    trading = trade(order_send=LOST)
    keeping(trading)
    decision = await trading.buy()
    late = raw(trading, comment=trading.terminal.requests()[0]["comment"], magic=5)
    late["time_msc"] -= 3_600_000
    trading.terminal.functions["history_deals_get"] = [late]
    await look(trading)
    assert isinstance(now_of(trading, decision), Filled)


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
    decision = await change(trading, Terms(price=1.3))
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


@pytest.mark.parametrize("terms", [None, Terms(price=1.3)])
async def test_a_later_change_takes_the_credit(trade: Build, terms: Terms | None) -> None:
    """Asked for twice, unknown and then done: that it is done now says nothing of the first time."""
    trading = trade(order_send=LOST, orders_get=[PENDING])
    first = await change(trading, terms)
    assert isinstance(first, Decision)
    trading.terminal.functions["order_send"] = TAKEN
    again = await change(trading, terms)
    assert isinstance(again, Decision)
    assert isinstance(again.outcome, Placed)
    done = (
        {"orders_get": [], "history_orders_get": [{**PENDING, "state": 2}]}
        if terms is None
        else {"orders_get": [{**PENDING, "price_open": 1.3}]}
    )
    trading.terminal.functions.update(done)
    await look(trading)
    assert isinstance(now_of(trading, first), Unknown)


async def test_a_change_that_was_refused_takes_no_credit(trade: Build) -> None:
    """A later one that the broker refused did nothing: the terms are those of the first."""
    trading = trade(order_send=LOST, orders_get=[PENDING])
    first = await change(trading, Terms(price=1.3))
    assert isinstance(first, Decision)
    trading.terminal.functions["order_send"] = {**DONE, "retcode": 10006}
    await change(trading, Terms(price=1.4))
    trading.terminal.functions["orders_get"] = [{**PENDING, "price_open": 1.3}]
    await look(trading)
    assert now_of(trading, first) == Placed(order=77, retcode=0)


async def test_an_old_change_is_asked_about_no_more(trade: Build) -> None:
    """After a day nobody asks the terminal about it."""
    trading = trade(order_send=LOST, orders_get=[PENDING])
    assert isinstance(await change(trading, None), Decision)
    trading.terminal.functions["orders_get"] = []
    trading.clock.advance(ASKED_FOR_NS / 1e9)
    await trading.watch.look()
    asked = len(trading.terminal.calls)
    await trading.mender.look()
    assert len(trading.terminal.calls) == asked


@pytest.mark.parametrize("placements", [1, 30])
async def test_a_look_costs_the_same_however_many_are_unknown(trade: Build, placements: int) -> None:
    """Each order at the broker is looked up by its tag; it is not held against each unknown placement."""
    trading = trade(order_send=LOST)
    for _ in range(placements):
        await place(trading)
    await trading.watch.look()
    reads: list[str] = []

    class Waiting:
        """An order at the broker that notes what is read of it."""

        def __getattr__(self, name: str) -> object:
            reads.append(name)
            return {"ticket": 80, "comment": "a~OTHERTAG"}.get(name)

    orders: Any = (Waiting(),)
    trading.watch.latest = replace(trading.watch.latest, orders=orders)
    await trading.mender.look()
    assert sorted(reads) == ["comment", "ticket"]
