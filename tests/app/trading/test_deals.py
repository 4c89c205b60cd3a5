"""Deals of the account, whoever caused them: written down once, ours told from others'."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.broker.terminal import NoAnswer
from app.domain.orders import Unknown
from app.telemetry.deals import DealTelemetry
from app.trading.deals import UNOPENED_S, DealKeeper
from app.trading.journal.counts import PositionKey
from app.trading.journal.journal import Journal, read_journal
from app.watch.changes import Change, ConnectionLost, DealSeen
from tests.app.trading.conftest import Build, Trading
from tests.support.terminal import DEAL, DONE, POSITION, TERMINAL

NO_ORDERS: dict[str, Any] = {"history_orders_get": []}
"""A history that shows no order of a deal."""


def raw(trading: Trading, **fields: Any) -> dict[str, Any]:
    """A deal as the terminal shows it, made now, of nobody's order 900."""
    now_msc = trading.clock.time_ns() // 10**6 + 7_200_000
    return {**DEAL, "ticket": 90, "order": 900, "position_id": 900, "time_msc": now_msc, "time": now_msc // 1_000,
            "magic": 0, **fields}  # fmt: skip


def keeping(trading: Trading) -> tuple[DealKeeper, list[Change]]:
    """A keeper over a desk's watch, and what it tells."""
    told: list[Change] = []
    trading.watch.changes.subscribe(told.append)
    tracer = trading.telemetry.pipeline.tracer_provider.get_tracer("test")
    keeper = DealKeeper(
        gateway=trading.gateway,
        journal=trading.journal,
        watch=trading.watch,
        telemetry=DealTelemetry(tracer),
        clock=trading.clock,
    )
    return keeper, told


async def test_a_deal_of_somebody_else_is_external_and_counts_once(trade: Build) -> None:
    """Looked at twice, a hand-made deal is one entry, one change and one span of its own."""
    trading = trade()
    _, told = keeping(trading)
    trading.terminal.functions["history_deals_get"] = [raw(trading, reason=1)]
    await trading.watch.look()
    await trading.watch.look()
    (dealt,) = trading.journal.deals()
    assert (dealt.origin, dealt.cause, dealt.opened, dealt.closed) == ("external", "mobile", True, False)
    assert [type(change) for change in told] == [DealSeen]
    (span,) = [span for span in trading.telemetry.spans() if span.name == "deal"]
    assert dealt.trace.span_id == f"{span.context.span_id:016x}"


async def test_a_deal_of_our_order_is_ours(trade: Build) -> None:
    """The deal of an order that was filled belongs to it and opens its position; the order's own span tells it."""
    trading = trade()
    keeping(trading)
    trading.terminal.functions["history_deals_get"] = [raw(trading, ticket=21, order=11, position_id=11)]
    decision = await trading.buy()
    await trading.watch.look()
    (dealt,) = trading.journal.deals()
    assert (dealt.ours, dealt.origin) == (decision.order.order_id, "ours")
    assert trading.journal.positions_opened() == {PositionKey("EURUSD", "buy", "own"): 1}
    assert not [span for span in trading.telemetry.spans() if span.name == "deal"]


async def test_a_stop_closes_our_position_and_links_to_its_order(trade: Build) -> None:
    """The deal of a stop is external with cause `sl`; its span links to the order that opened the position."""
    trading = trade()
    keeping(trading)
    opening = raw(trading, ticket=21, order=11, position_id=11)
    trading.terminal.functions["history_deals_get"] = [opening]
    decision = await trading.buy()
    stop = raw(trading, ticket=22, order=12, position_id=11, type=1, entry=1, reason=4)
    trading.terminal.functions["history_deals_get"] = [opening, stop]
    await trading.watch.look()
    assert trading.journal.positions_closed() == {PositionKey("EURUSD", "buy", "sl"): 1}
    (span,) = [span for span in trading.telemetry.spans() if span.name == "deal"]
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [decision.trace_id]
    assert [found.order.order_id for found in trading.journal.find("deal", 22)] == [decision.order.order_id]


@pytest.mark.parametrize("comment", ["tag", "rewritten by the broker"])
async def test_a_deal_of_an_unknown_order_is_ours(trade: Build, comment: str) -> None:
    """An order whose answer was lost owns the deal that bears its tag, or that alone looks like it."""
    trading = trade(order_send=NoAnswer(reason="deadline", submitted_ns=1, started_ns=2, ended_ns=3), **NO_ORDERS)
    keeping(trading)
    decision = await trading.buy()
    assert isinstance(decision.outcome, Unknown)
    sent = trading.terminal.requests()[0]["comment"] if comment == "tag" else comment
    trading.terminal.functions["history_deals_get"] = [raw(trading, comment=sent, magic=5)]
    await trading.watch.look()
    (dealt,) = trading.journal.deals()
    assert dealt.ours == decision.order.order_id
    assert trading.journal.find("position", 900)


@pytest.mark.parametrize(
    "fields",
    [
        {"magic": 6},
        {"volume": 0.2},
        {"volume": 0.05},
        {"type": 1},
        {"symbol": "GBPUSD"},
        {"reason": 0},
        {"comment": "a~OTHERTAG"},
    ],
)
async def test_a_deal_that_does_not_fit_is_not_taken_for_an_unknown_order(trade: Build, fields: dict[str, Any]) -> None:
    """Another magic, volume, side, symbol, a person's reason or another order's tag: somebody else's."""
    trading = trade(order_send=NoAnswer(reason="deadline", submitted_ns=1, started_ns=2, ended_ns=3), **NO_ORDERS)
    keeping(trading)
    await trading.buy()
    trading.terminal.functions["history_deals_get"] = [raw(trading, **{"magic": 5, **fields})]
    await trading.watch.look()
    assert [dealt.origin for dealt in trading.journal.deals()] == ["external"]


async def test_a_deal_waits_for_an_order_under_way(trade: Build) -> None:
    """Seen before its order's answer is written, a deal without a tag is not called external: it waits."""
    trading = trade()
    keeping(trading)

    async def look_meanwhile() -> None:
        trading.terminal.functions["history_deals_get"] = [
            raw(trading, ticket=21, order=11, position_id=11, magic=5, comment="rewritten")
        ]
        await trading.watch.look()

    waited: list[int] = []
    intent = trading.journal.intent

    async def intent_then_look(*args: Any, **kwargs: Any) -> None:
        await intent(*args, **kwargs)
        await look_meanwhile()
        waited.append(len(trading.journal.deals()))

    trading.journal.intent = intent_then_look  # type: ignore[method-assign]  # the moment between intent and answer
    decision = await trading.buy()
    assert waited == [0]
    await trading.watch.look()
    assert [dealt.ours for dealt in trading.journal.deals()] == [decision.order.order_id]


async def test_a_position_from_before_the_journal_is_closed_once(trade: Build) -> None:
    """The terminal's history says how much is left: the first half closes nothing, the second half does."""
    trading = trade()
    keeping(trading)
    old = raw(trading, ticket=1, position_id=900, order=900, volume=0.2)
    halves = [raw(trading, ticket=number, order=number, type=1, entry=1, reason=0) for number in (91, 92)]
    trading.terminal.functions["history_deals_get"] = lambda call: (
        [old, *halves] if "position" in call.kwargs else halves
    )
    await trading.watch.look()
    assert [(dealt.opened, dealt.closed) for dealt in trading.journal.deals()] == [(False, False), (False, True)]
    assert trading.journal.positions_closed() == {PositionKey("EURUSD", "buy", "client"): 1}


async def test_a_lost_connection_is_written_down_once(trade: Build) -> None:
    """Connected, then away for three looks, then back: one failure."""
    trading = trade(order_send=DONE)
    _, told = keeping(trading)
    await trading.watch.look()
    trading.terminal.functions["terminal_info"] = {**TERMINAL, "connected": False}
    for _ in range(3):
        await trading.watch.look()
    trading.terminal.functions["terminal_info"] = TERMINAL
    await trading.watch.look()
    await asyncio.wrap_future(trading.journal.turned(True, "", at_ns=1))  # what was appended before is on disk
    assert sum(isinstance(change, ConnectionLost) for change in told) == 1
    assert trading.journal.connection_failures() == 1


def of_position(trading: Trading) -> tuple[dict[str, Any], dict[str, Any]]:
    """The deal that opens a position by hand, and the one that closes it."""
    opening = raw(trading, ticket=90, order=900, position_id=900, reason=1)
    return opening, {**opening, "ticket": 91, "order": 901, "type": 1, "entry": 1}


def books(journal: Journal) -> tuple[int, int, float | None]:
    """Positions opened, positions closed, lots left of the one."""
    opened, closed = journal.positions_opened(), journal.positions_closed()
    return sum(opened.values()), sum(closed.values()), journal.left_of(900)


@pytest.mark.parametrize("first", [0, 1])
async def test_the_order_in_which_deals_show_is_the_same(trade: Build, first: int) -> None:
    """Opening first or closing first: one position opened, one closed, nothing left; the same read back."""
    trading = trade()
    keeping(trading)
    deals = of_position(trading)
    trading.terminal.functions["history_deals_get"] = [deals[first]]
    await trading.watch.look()
    await trading.watch.look()
    trading.terminal.functions["history_deals_get"] = list(deals)
    await trading.watch.look()
    assert books(trading.journal) == (1, 1, None)
    assert [dealt.left for dealt in sorted(trading.journal.deals(), key=lambda dealt: dealt.deal.ticket)] == [0.1, 0.0]


async def test_an_opening_that_shows_much_later_leaves_nothing(trade: Build, tmp_path: Path) -> None:
    """After a minute the closing counts by itself; the opening after it, and after a restart, leaves no remainder."""
    trading = trade()
    keeping(trading)
    opening, closing = of_position(trading)
    trading.terminal.functions["history_deals_get"] = [closing]
    await trading.watch.look()
    assert books(trading.journal) == (0, 0, None)
    trading.clock.advance(UNOPENED_S)
    await trading.watch.look()
    assert books(trading.journal) == (0, 1, -0.1)
    index, _ = read_journal(tmp_path / "journal")
    assert index.left_of(900) == -0.1  # what a restart finds
    trading.terminal.functions["history_deals_get"] = [opening, closing]
    await trading.watch.look()
    assert books(trading.journal) == (1, 1, None)
    index, _ = read_journal(tmp_path / "journal")
    assert index.left_of(900) is None


async def test_a_part_closed_of_what_never_showed_closes_no_position(trade: Build) -> None:
    """While the terminal still shows the position, a closing deal without an opening is a part of it."""
    trading = trade(positions_get=[{**POSITION, "ticket": 900}])
    keeping(trading)
    opening, closing = of_position(trading)
    part = {**closing, "volume": 0.05}
    trading.terminal.functions["history_deals_get"] = [part]
    await trading.watch.look()
    trading.clock.advance(UNOPENED_S)
    await trading.watch.look()
    assert books(trading.journal) == (0, 0, -0.05)
    rest = {**part, "ticket": 92, "order": 902}
    trading.terminal.functions.update({"positions_get": [], "history_deals_get": [opening, part, rest]})
    await trading.watch.look()
    assert books(trading.journal) == (1, 1, None)


async def test_a_deposit_is_told_with_its_amount(trade: Build, caplog: pytest.LogCaptureFixture) -> None:
    """Money paid in won nothing, and yet log and span say how much it was, and nothing of an order."""
    trading = trade()
    keeping(trading)
    trading.terminal.functions["history_deals_get"] = [
        raw(trading, type=2, order=0, position_id=0, symbol="", volume=0.0, price=0.0, profit=100_000.0, commission=0.0,
            swap=0.0, fee=0.0, comment="Initial deposit"),
    ]  # fmt: skip
    caplog.set_level("INFO")
    await trading.watch.look()
    assert "+100000.00 on the account, no trade (Initial deposit)" in caplog.text
    (span,) = [span for span in trading.telemetry.spans() if span.name == "deal"]
    told = dict(span.attributes or {})
    assert (told["mt5.deal.booked"], told["mt5.deal.net"], told["mt5.deal.origin"]) == (100_000.0, 0.0, "balance")
    assert not told.keys() & {"mt5.order.ticket", "mt5.position.ticket", "mt5.symbol", "mt5.deal.side"}
