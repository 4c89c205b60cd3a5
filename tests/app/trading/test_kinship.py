"""Which deals and orders of the terminal belong to an order whose numbers are not known."""

from __future__ import annotations

from typing import Any

import pytest

from app.broker.terminal import Call, NoAnswer
from app.domain.orders import Action, Filled, Kind, Order, Side
from app.trading.dealer import Decision
from app.trading.desk import Terms
from app.trading.kinship import fits
from app.trading.owners import READ_WAIT_S, UNREAD_S
from tests.app.trading.conftest import Build
from tests.app.trading.journal.test_deals import a_deal
from tests.app.trading.test_deals import NO_ORDERS, keeping, raw
from tests.app.trading.test_pending import PENDING, change, place
from tests.support.terminal import failed

LOST = NoAnswer(reason="deadline", submitted_ns=1, started_ns=2, ended_ns=3)


@pytest.mark.parametrize("terms", [None, Terms(price=1.3)])
async def test_what_changes_an_order_has_no_deals(trade: Build, terms: Terms | None) -> None:
    """A deal that is like a changed or cancelled order, whose outcome is unknown, is somebody else's."""
    trading = trade(order_send=LOST, orders_get=[PENDING], history_deals_get=[])
    keeping(trading)
    assert isinstance(await change(trading, terms), Decision)
    trading.terminal.functions["history_deals_get"] = [raw(trading, magic=5, volume=0.2)]
    await trading.watch.look()
    assert [dealt.origin for dealt in trading.journal.deals()] == ["external"]


@pytest.mark.parametrize(("comment", "origin"), [("tag", "ours"), ("", "external"), ("a~OTHERTAG", "external")])
async def test_a_deal_without_a_tag_is_a_placements_by_the_tag_of_its_order(
    trade: Build, comment: str, origin: str
) -> None:
    """The history's order with our tag makes the deal ours; one with all that was asked for and no tag does not."""
    trading = trade(order_send=LOST)
    keeping(trading)
    await place(trading)
    now_msc = trading.clock.time_ns() // 10**6 + 7_200_000
    sent = trading.terminal.requests()[0]["comment"] if comment == "tag" else comment
    past = {**PENDING, "ticket": 900, "type": 2, "price_open": 1.05, "volume_initial": 0.1, "state": 4,
            "time_setup_msc": now_msc, "comment": sent}  # fmt: skip
    trading.terminal.functions.update(
        {"history_deals_get": [raw(trading, magic=5, comment="")], "history_orders_get": [past]}
    )
    await trading.watch.look()
    assert [dealt.origin for dealt in trading.journal.deals()] == [origin]
    await trading.mender.look()
    assert len(trading.journal.resolutions()) == (origin == "ours")


async def test_a_deal_waits_for_the_history_to_answer(trade: Build) -> None:
    """Where the order of a deal cannot be read, whose it is stays open until it can, or for a minute."""
    trading = trade(order_send=LOST, history_orders_get=failed(-1, "Terminal: Call failed"))
    keeping(trading)
    await place(trading)
    first = raw(trading, magic=5, comment="")
    trading.terminal.functions["history_deals_get"] = [first]
    await trading.watch.look()
    assert trading.journal.deals() == ()
    trading.terminal.functions["history_orders_get"] = []
    await trading.watch.look()
    assert [dealt.origin for dealt in trading.journal.deals()] == ["external"]
    second = {**first, "ticket": 91, "order": 901, "position_id": 901}
    trading.terminal.functions.update(
        {"history_orders_get": failed(-1, "Terminal: Call failed"), "history_deals_get": [second]}
    )
    await trading.watch.look()
    assert len(trading.journal.deals()) == 1
    trading.clock.advance(UNREAD_S)
    await trading.watch.look()
    assert [dealt.origin for dealt in trading.journal.deals()] == ["external", "external"]


async def test_all_deals_of_a_look_wait_together(trade: Build) -> None:
    """Three deals whose orders a slow history does not tell have one second of a look together."""
    trading = trade(order_send=LOST)
    keeping(trading)
    await place(trading)
    begun = trading.clock.monotonic()
    deadlines: list[float] = []

    def slow(call: Call) -> object:
        deadlines.append(call.deadline - begun)
        trading.clock.advance(0.6)
        return failed(-1, "Terminal: Call failed")

    first = raw(trading, magic=5, comment="")
    deals = [{**first, "ticket": number, "order": number, "position_id": number} for number in (90, 91, 92)]
    trading.terminal.functions.update({"history_deals_get": deals, "history_orders_get": slow})
    await trading.watch.look()
    assert len(deadlines) == 3
    assert max(deadlines) == pytest.approx(READ_WAIT_S, abs=0.1)


async def test_a_deal_that_fits_two_orders_is_nobodys(trade: Build) -> None:
    """The first of two unknown orders, which never reached the broker, gets no deal of the second."""
    trading = trade(order_send=LOST, **NO_ORDERS)
    keeping(trading)
    await trading.buy()
    await trading.buy()
    trading.terminal.functions["history_deals_get"] = [raw(trading, magic=5, comment="")]
    await trading.watch.look()
    assert [dealt.origin for dealt in trading.journal.deals()] == ["external"]


@pytest.mark.parametrize(
    ("fields", "origin"),
    [({}, "ours"), ({"volume_initial": 0.05}, "external"), ({"type": 2}, "external"), ({"comment": "a~B"}, "external")],
)
async def test_a_part_looks_like_an_order_by_what_its_own_asked_for(
    trade: Build, fields: dict[str, Any], origin: str
) -> None:
    """A deal of less than was asked for is ours only where its order asked for as much, at the market, untagged."""
    trading = trade(order_send=LOST)
    keeping(trading)
    await trading.buy()
    past = {**PENDING, "ticket": 900, "type": 0, "volume_initial": 0.1, "state": 4, **fields}
    trading.terminal.functions.update(
        {"history_deals_get": [raw(trading, magic=5, comment="", volume=0.05)], "history_orders_get": [past]}
    )
    await trading.watch.look()
    assert [dealt.origin for dealt in trading.journal.deals()] == [origin]


async def test_a_tag_is_believed_after_another_deal_was(trade: Build) -> None:
    """One deal that only fits takes nothing away from the real one: that is ours too, and tells what came of it."""
    trading = trade(order_send=LOST, **NO_ORDERS)
    keeping(trading)
    decision = await trading.buy()
    tagged = trading.terminal.requests()[0]["comment"]
    fits = raw(trading, magic=5, comment="")
    trading.terminal.functions["history_deals_get"] = [fits]
    await trading.watch.look()
    await trading.mender.look()
    proved = {**fits, "ticket": 91, "order": 901, "position_id": 901, "comment": tagged}
    other = {**fits, "ticket": 92, "order": 902, "position_id": 902}
    trading.terminal.functions["history_deals_get"] = [fits, proved, other]
    await trading.watch.look()
    await trading.mender.look()
    assert [dealt.origin for dealt in trading.journal.deals()] == ["ours", "ours", "external"]
    record = trading.journal.get(decision.order.order_id)
    assert record is not None
    assert isinstance(record.current, Filled)
    assert record.current.deal == 91


@pytest.mark.parametrize("late_h", [-1, 1, 25, 2_000])
def test_an_order_is_known_by_its_tag_at_any_time(late_h: int) -> None:
    """A pending order may be filled long after it was placed, and a server's clock may be behind."""
    order = Order(order_id="0123456789ABCDEFGH", action=Action.PLACE, symbol="EURUSD", side=Side.BUY, volume=0.1,
                  kind=Kind.LIMIT, price=1.0)  # fmt: skip
    assert fits(order, a_deal(1, time_msc=10**12 + late_h * 3_600_000, comment="~ABCDEFGH"))


@pytest.mark.parametrize("pending", [True, False])
async def test_the_deal_of_an_unknown_order_has_a_span(trade: Build, pending: bool) -> None:
    """The order's own span knows nothing of a deal: one of its own tells it, linked to the order's."""
    trading = trade(order_send=LOST)
    keeping(trading)
    decision = await place(trading) if pending else await trading.buy()
    comment = trading.terminal.requests()[0]["comment"]
    trading.terminal.functions["history_deals_get"] = [raw(trading, comment=comment)]
    await trading.watch.look()
    (span,) = [span for span in trading.telemetry.spans() if span.name == "deal"]
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [decision.trace_id]
    assert (span.attributes or {})["mt5.deal.origin"] == "ours"
