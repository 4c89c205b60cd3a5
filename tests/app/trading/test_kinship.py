"""Which deals and orders of the terminal belong to an order whose numbers are not known."""

from __future__ import annotations

from typing import Any

import pytest

from app.broker.terminal import NoAnswer
from app.domain.orders import Action, Filled, Kind, Order, Side
from app.domain.trace import TraceRef
from app.trading.dealer import Decision
from app.trading.desk import Terms
from app.trading.journal.records import OrderRecord
from app.trading.kinship import Kinship, kinship
from tests.app.trading.conftest import Build
from tests.app.trading.journal.test_deals import a_deal
from tests.app.trading.test_deals import keeping, raw
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


@pytest.mark.parametrize(
    ("fields", "origin"), [({}, "ours"), ({"type": 0}, "external"), ({"price_open": 1.2}, "external")]
)
async def test_a_deal_without_a_tag_is_a_placements_by_its_order(
    trade: Build, fields: dict[str, Any], origin: str
) -> None:
    """The history's order with what was asked for makes the deal ours; a market order, or another price, does not."""
    trading = trade(order_send=LOST)
    keeping(trading)
    await place(trading)
    now_msc = trading.clock.time_ns() // 10**6 + 7_200_000
    past = {**PENDING, "ticket": 900, "type": 2, "price_open": 1.05, "volume_initial": 0.1, "state": 4,
            "time_setup_msc": now_msc, **fields}  # fmt: skip
    trading.terminal.functions.update(
        {"history_deals_get": [raw(trading, magic=5, comment="")], "history_orders_get": [past]}
    )
    await trading.watch.look()
    assert [dealt.origin for dealt in trading.journal.deals()] == [origin]


async def test_a_deal_waits_for_the_history_to_answer(trade: Build) -> None:
    """Where the order of a deal cannot be read, whose it is stays open until it can."""
    trading = trade(order_send=LOST, history_orders_get=failed(-1, "Terminal: Call failed"))
    keeping(trading)
    await place(trading)
    trading.terminal.functions["history_deals_get"] = [raw(trading, magic=5, comment="")]
    await trading.watch.look()
    assert trading.journal.deals() == ()
    trading.terminal.functions["history_orders_get"] = []
    await trading.watch.look()
    assert [dealt.origin for dealt in trading.journal.deals()] == ["external"]


async def test_a_tag_is_believed_after_another_deal_was(trade: Build) -> None:
    """One deal that only fits takes nothing away from the real one: that is ours too, and tells what came of it."""
    trading = trade(order_send=LOST)
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


@pytest.mark.parametrize("late_h", [1, 25, 2_000])
def test_an_order_that_waits_is_known_by_its_tag_at_any_time(late_h: int) -> None:
    """A pending order may be filled long after it was placed."""
    order = Order(order_id="0123456789ABCDEFGH", action=Action.PLACE, symbol="EURUSD", side=Side.BUY, volume=0.1,
                  kind=Kind.LIMIT, price=1.0)  # fmt: skip
    record = OrderRecord(order=order, trace=TraceRef(), comment_sent="~ABCDEFGH", started_ns=10**18, intent_seq=1)
    deal = a_deal(1, time_msc=10**12 + late_h * 3_600_000, comment="~ABCDEFGH")
    assert kinship(record, deal) is Kinship.YES


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
