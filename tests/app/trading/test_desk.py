"""One order from its arrival to its outcome: journalled first, sent once, told as one trace."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from app.broker.terminal import Call, NoAnswer, WorkerState
from app.domain.account import Missing, Unavailable
from app.domain.orders import Action, Denied, Filled, NotSent, Rejected, Side, Unknown
from app.errors import JournalError
from app.trading.dealer import Decision
from app.trading.desk import OTHER_SYMBOL
from tests.app.trading.conftest import Build
from tests.support.terminal import DEAL, DONE, ORDER, POSITION, TERMINAL, failed


def journal_text(folder: Path) -> str:
    """Everything in the journal's files."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted((folder / "journal").glob("*.jsonl")))


async def test_the_intent_is_on_disk_before_the_order_is_sent(trade: Build, tmp_path: Path) -> None:
    """When the terminal is called, the journal already holds the order with its trace and comment."""
    seen: list[str] = []

    def send(call: Call) -> Any:
        seen.append(journal_text(tmp_path))
        return DONE

    trading = trade(order_send=send)
    decision = await trading.buy(comment="mine")
    assert len(seen) == 1
    for part in (decision.order.order_id, decision.trace_id, trading.terminal.requests()[0]["comment"]):
        assert part in seen[0]


async def test_a_filled_order_is_one_trace_with_its_steps(trade: Build) -> None:
    """Under `place_order` stand risk, journal, the wait, the call with the server's times, and journal again."""
    trading = trade()
    await trading.watch.look()
    decision = await trading.buy()
    assert isinstance(decision.outcome, Filled)
    spans = {span.name: span for span in trading.telemetry.spans()}
    root = spans["place_order"]
    assert root.context is not None
    below = [
        span.name for span in trading.telemetry.spans() if span.parent and span.parent.span_id == root.context.span_id
    ]
    assert sorted(below) == sorted(
        ["risk", "journal", "mt5.queue", "order_send", "history_deals_get", "history_orders_get", "journal"]
    )
    send = dict(spans["order_send"].attributes or {})
    assert send["rpc.response.status_code"] == "10009"
    assert send["server.address"] == "Broker-Demo"
    assert (send["mt5.server.time_setup_msc"], send["mt5.server.duration_ms"]) == (1_000, 40)
    assert send["mt5.last_error.code"] == 1
    attributes = dict(root.attributes or {})
    assert attributes["mt5.order.outcome"] == "filled"
    assert (attributes["mt5.order.ticket"], attributes["mt5.position.ticket"]) == (11, 31)


@pytest.mark.parametrize(
    ("scripted", "outcome", "errors"),
    [
        ({}, Filled, set()),
        ({"order_send": {**DONE, "retcode": 10019, "comment": "No money"}}, Rejected, {"place_order", "order_send"}),
        ({"order_send": failed(-10004, "No IPC connection")}, NotSent, {"place_order", "order_send"}),
        (
            {"order_send": NoAnswer(reason="deadline", submitted_ns=1, started_ns=2, ended_ns=3)},
            Unknown,
            {"place_order", "order_send"},
        ),
    ],
)
async def test_errors_stand_where_they_belong(
    trade: Build, scripted: dict[str, Any], outcome: type, errors: set[str]
) -> None:
    """What the broker refused or we lost sight of is an error on the call and on the order; a fill is none."""
    trading = trade(**scripted)
    decision = await trading.buy()
    assert type(decision.outcome) is outcome
    spans = trading.telemetry.spans()
    assert {span.name for span in spans if span.status.status_code is StatusCode.ERROR} == errors
    record = trading.journal.get(decision.order.order_id)
    assert record is not None
    assert record.outcome == decision.outcome


async def test_a_denied_order_is_journalled_and_no_error(trade: Build) -> None:
    """Our own refusal sends nothing, is in the journal, and marks no span as an error."""
    trading = trade()
    decision = await trading.buy(0.015)
    assert isinstance(decision.outcome, Denied)
    assert not trading.terminal.requests()
    assert all(span.status.is_unset for span in trading.telemetry.spans())
    assert dict(trading.journal.totals()) == {("open", "buy", "denied", "EURUSD"): 1}


async def test_nothing_is_sent_when_the_journal_cannot_be_written(trade: Build) -> None:
    """Without a durable intent there is no order."""
    trading = trade()
    await asyncio.to_thread(trading.journal.close)
    with pytest.raises(JournalError):
        await trading.buy()
    assert not trading.terminal.requests()


async def test_an_outcome_that_cannot_be_written_is_told_all_the_same(trade: Build) -> None:
    """What the broker has done is told to the caller even when the journal fails just then."""

    def send(call: Call) -> Any:
        trading.journal.close()
        return DONE

    trading = trade(order_send=send)
    decision = await trading.buy()
    assert isinstance(decision.outcome, Filled)


async def test_an_unknown_symbol_makes_no_order(trade: Build) -> None:
    """A symbol that the terminal does not list is missing, and neither journalled nor sent."""
    trading = trade()
    found = await trading.desk.open(
        symbol="NOPE", side=Side.BUY, volume=0.1, deviation=10, comment="", magic=0, arrived=trading.clock.monotonic()
    )
    assert found == Missing(what="NOPE")
    assert not trading.journal.orders()


async def test_an_order_while_disconnected_is_not_sent_and_counted(trade: Build) -> None:
    """Without a terminal an order is `NotSent` at once, under a symbol from the closed set."""
    trading = trade()
    trading.terminal.state = WorkerState(alive=True, ready=False, reason="no terminal", last_error=(-10003, "none"))
    decision = await trading.buy(symbol="x" * 30)
    assert isinstance(decision.outcome, NotSent)
    assert "no terminal" in decision.outcome.reason
    assert dict(trading.journal.totals()) == {("open", "buy", "not_sent", OTHER_SYMBOL): 1}


async def test_a_caller_that_goes_away_does_not_stop_its_order(trade: Build) -> None:
    """A cancelled request leaves its order to run to a recorded end."""
    reached, go_on = asyncio.Event(), asyncio.Event()
    trading = trade()
    real = trading.terminal.call

    async def slow(call: Call) -> Any:
        if call.function == "order_send":
            reached.set()
            await go_on.wait()
        return await real(call)

    trading.terminal.call = slow  # type: ignore[method-assign]  # holds the call until the caller is gone
    asking = asyncio.create_task(trading.buy())
    await reached.wait()
    asking.cancel()
    go_on.set()
    await trading.dealer.finish(5)
    (record,) = trading.journal.orders()
    assert isinstance(record.outcome, Filled)


async def test_a_position_is_closed_by_the_opposite_side(trade: Build) -> None:
    """Closing names the position, takes its whole volume, and is a trace of its own name."""
    trading = trade(positions_get=[POSITION])
    decision = await trading.desk.close(31, arrived=trading.clock.monotonic())
    assert isinstance(decision, Decision)
    assert (decision.order.action, decision.order.side, decision.order.position) == (Action.CLOSE, Side.SELL, 31)
    (request,) = trading.terminal.requests()
    assert (request["type"], request["volume"], request["position"], request["magic"]) == (1, 0.1, 31, 5)
    assert "close_position" in {span.name for span in trading.telemetry.spans()}


async def test_a_position_that_is_not_open_is_missing(trade: Build) -> None:
    """Closing what is not there makes no order."""
    trading = trade()
    assert await trading.desk.close(99, arrived=trading.clock.monotonic()) == Missing(what="position 99")


async def test_closing_while_the_terminal_is_away_and_the_position_was_never_seen(trade: Build) -> None:
    """Nothing is known, so nothing is an order: the terminal is unavailable."""
    trading = trade(positions_get=failed(-10004, "No IPC connection"))
    assert isinstance(await trading.desk.close(31, arrived=trading.clock.monotonic()), Unavailable)


async def test_deals_that_come_late_amend_the_journal(trade: Build) -> None:
    """A fill whose deals were not readable gets its position at a later look, and counts as before."""
    late: list[dict[str, Any]] = []
    trading = trade(history_deals_get=lambda call: list(late))
    decision = await trading.buy()
    assert isinstance(decision.outcome, Filled)
    assert decision.outcome.position is None
    late.append({**DEAL, "price": 1.21})
    await trading.watch.look()
    await trading.mender.look()
    record = trading.journal.get(decision.order.order_id)
    assert record is not None
    assert isinstance(record.current, Filled)
    assert (record.current.position, record.current.price) == (31, 1.21)
    assert dict(trading.journal.totals()) == {("open", "buy", "filled", "EURUSD"): 1}


async def test_the_duration_is_recorded_by_outcome(trade: Build) -> None:
    """`mt5.order.duration` counts each order once with its labels."""
    trading = trade()
    await trading.buy()
    labels = {
        "mt5.order.action": "open",
        "mt5.order.side": "buy",
        "mt5.order.outcome": "filled",
        "mt5.symbol": "EURUSD",
    }
    assert trading.telemetry.value("mt5.order.duration", labels) == 1


async def test_an_outcome_is_written_as_soon_as_the_journal_can(trade: Build) -> None:
    """An outcome that the journal could not take is in it after a later look."""
    trading = trade()
    write, failures = trading.journal.outcome, iter([True])

    async def failing_once(*args: Any, **kwargs: Any) -> None:
        if next(failures, False):
            raise JournalError("no space left")
        await write(*args, **kwargs)

    trading.journal.outcome = failing_once  # type: ignore[method-assign]  # a disk that is full for a moment
    decision = await trading.buy()
    record = trading.journal.get(decision.order.order_id)
    assert record is not None
    assert record.outcome is None
    await trading.mender.look()
    record = trading.journal.get(decision.order.order_id)
    assert record is not None
    assert record.outcome == decision.outcome


async def test_callers_are_let_go_and_their_orders_run_to_an_end(trade: Build) -> None:
    """When the program stops, a waiting caller is told to ask later, and the order's outcome is journalled."""
    reached, go_on = asyncio.Event(), asyncio.Event()
    trading = trade()
    real = trading.terminal.call

    async def slow(call: Call) -> Any:
        if call.function == "order_send":
            reached.set()
            await go_on.wait()
        return await real(call)

    trading.terminal.call = slow  # type: ignore[method-assign]  # holds the call until the caller was let go
    asking = asyncio.create_task(trading.buy())
    await reached.wait()
    trading.dealer.let_go()
    decision = await asking
    assert isinstance(decision.outcome, Unknown)
    go_on.set()
    await trading.dealer.finish(5)
    record = trading.journal.get(decision.order.order_id)
    assert record is not None
    assert decision.trace_id == record.trace.trace_id != ""
    assert isinstance(record.outcome, Filled)


async def test_a_fault_of_ours_after_the_intent_is_an_unknown_outcome(trade: Build) -> None:
    """An exception between intent and outcome is journalled as unknown, and not answered as if nothing was sent."""
    trading = trade(order_send={"retcode": 10009, "comment": "no order number in it"})
    decision = await trading.buy()
    assert isinstance(decision.outcome, Unknown)
    assert "fault of this program" in decision.outcome.reason
    record = trading.journal.get(decision.order.order_id)
    assert record is not None
    assert record.outcome == decision.outcome


async def test_telemetry_that_fails_fails_no_order(trade: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in telling a call or an order leaves the order as the broker answered it."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.telemetry.orders.describe_call", broken)
    monkeypatch.setattr("app.telemetry.terminal.describe_call", broken)
    monkeypatch.setattr("app.telemetry.orders.describe_outcome", broken)
    trading = trade()
    decision = await trading.buy()
    assert isinstance(decision.outcome, Filled)


async def test_known_to_be_disconnected_nothing_is_sent(trade: Build) -> None:
    """While the terminal is known to have lost its broker an order is refused at once, certainly unsent."""
    trading = trade()
    await trading.buy()
    trading.terminal.functions["terminal_info"] = {**TERMINAL, "connected": False}
    await trading.watch.look()
    decision = await trading.buy()
    assert decision.outcome == NotSent(reason="the terminal has lost its broker's server")
    assert len(trading.terminal.requests()) == 1


@pytest.mark.parametrize("broken", [{"history_deals_get": [{"ticket": 21}]}, {"history_orders_get": [{"ticket": 11}]}])
async def test_a_fill_stays_a_fill_whatever_its_deals_look_like(trade: Build, broken: dict[str, Any]) -> None:
    """Records that cannot be understood leave what the broker answered, and are looked at again."""
    trading = trade(**broken)
    decision = await trading.buy()
    assert isinstance(decision.outcome, Filled)
    trading.terminal.functions |= {"history_deals_get": [DEAL], "history_orders_get": [ORDER]}
    await trading.mender.look()
    record = trading.journal.get(decision.order.order_id)
    assert record is not None
    assert isinstance(record.current, Filled)
    assert record.current.position == 31


async def test_a_fill_whose_outcome_waits_for_the_journal_is_settled_later(trade: Build) -> None:
    """A look while the outcome is not in the journal yet does not forget that its deals are to be read."""
    late: list[dict[str, Any]] = []
    trading = trade(history_deals_get=lambda call: list(late), history_orders_get=[])
    write, failing = trading.journal.outcome, True

    async def full(*args: Any, **kwargs: Any) -> None:
        if failing:
            raise JournalError("no space left")
        await write(*args, **kwargs)

    trading.journal.outcome = full  # type: ignore[method-assign]  # a disk that is full for a while
    decision = await trading.buy()
    await trading.mender.look()
    failing = False
    late.append(dict(DEAL))
    await trading.mender.look()
    await trading.mender.look()
    record = trading.journal.get(decision.order.order_id)
    assert record is not None
    assert isinstance(record.current, Filled)
    assert record.current.position == 31


async def test_two_who_mend_at_once_write_once(trade: Build) -> None:
    """A look and the end of the program mending at the same time write an outcome once, and neither fails."""
    trading = trade()
    write, failing = trading.journal.outcome, True

    async def full(*args: Any, **kwargs: Any) -> None:
        if failing:
            raise JournalError("no space left")
        await asyncio.sleep(0)
        await write(*args, **kwargs)

    trading.journal.outcome = full  # type: ignore[method-assign]  # a disk that is full for a while
    decision = await trading.buy()
    failing = False
    await asyncio.gather(trading.mender.look(), trading.dealer.finish(1), trading.mender.look())
    record = trading.journal.get(decision.order.order_id)
    assert record is not None
    assert record.outcome == decision.outcome


async def test_no_order_is_begun_once_callers_were_let_go(trade: Build) -> None:
    """An order that comes while the program stops is refused, and nothing is sent or journalled."""
    trading = trade()
    trading.dealer.let_go()
    answer = await trading.desk.open(
        symbol="EURUSD", side=Side.BUY, volume=0.1, deviation=10, comment="", magic=0, arrived=trading.clock.monotonic()
    )
    assert isinstance(answer, Unavailable)
    assert not trading.terminal.requests()
    assert not trading.journal.orders()


async def test_orders_and_closings_of_another_account_are_not_sent(trade: Build) -> None:
    """While the terminal shows another account nothing of it is even looked up, and the reason is the look's."""
    trading = trade(positions_get=[{**POSITION, "ticket": 31}])
    await trading.watch.look()
    seen = trading.watch.latest
    connection = dataclasses.replace(seen.connection, account=False, trading=False, reason="not ours")
    trading.watch.latest = dataclasses.replace(seen, connection=connection, foreign=True)
    trading.terminal.functions["positions_get"] = [{**POSITION, "ticket": 99}]
    asked = len(trading.terminal.calls)
    bought = await trading.buy(symbol="GBPUSD")
    closed = await trading.desk.close(31, arrived=trading.clock.monotonic())
    assert isinstance(closed, Decision)
    assert bought.outcome == closed.outcome == NotSent(reason="not ours")
    assert await trading.desk.close(99, arrived=trading.clock.monotonic()) == Unavailable(reason="not ours")
    assert len(trading.terminal.calls) == asked


async def test_an_order_says_which_account_it_is_for(trade: Build) -> None:
    """The account that the data folder belongs to goes with the order to the terminal's process."""
    trading = trade()
    await trading.buy()
    (call,) = [call for call in trading.terminal.calls if call.function == "order_send"]
    assert call.only_for == (7, "Broker-Demo")
