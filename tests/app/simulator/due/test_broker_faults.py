"""Faults of the broker and of what it tells: late and partial fills, requotes, wrong clocks, accounts and comments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.books.faults import FaultBook
from app.simulator.vocabulary.retcodes import REFUSALS
from app.simulator.vocabulary.symbols import SYMBOLS
from tests.app.simulator.conftest import EVER, FakeClock

Request = dict[str, Any]


@pytest.fixture
def book(tmp_path: Path, clock: FakeClock) -> FaultBook:
    """The faults of the terminal's ledger."""
    return FaultBook(tmp_path / "l", clock)


@pytest.fixture
def mt5(tmp_path: Path, clock: FakeClock) -> Iterator[Any]:
    """A connected terminal on a ledger that the book can reach; whoever waits moves the clock."""
    module: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock, sleep=clock.advance)
    module.initialize()
    yield module
    module.shutdown()


def test_slow_calls_end(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """A slow call takes its time and is done all the same; the next one is quick."""
    book.add("slow", seconds=3.0)
    start = clock()
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE
    assert clock() - start == pytest.approx(3.0, abs=0.1)
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE
    assert clock() - start == pytest.approx(3.0, abs=0.1)


def test_a_call_that_times_out(mt5: Any, book: FaultBook, buy: Request) -> None:
    """So many calls of the function answer None with -10005 and do nothing; others are none of its business."""
    book.add("ipc_timeout", count=2, function="order_send")
    for _ in range(2):
        assert mt5.positions_total() == 0
        assert mt5.order_send(buy) is None
        assert mt5.last_error() == (-10005, "IPC timeout")
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.positions_total() == 1


def test_every_code_of_a_refusal(mt5: Any, book: FaultBook, buy: Request) -> None:
    """A broker can be made to refuse with any code that brokers have, in its own words, and nothing is done."""
    for retcode, comment in REFUSALS.items():
        book.add("reject", retcode=retcode)
        result = mt5.order_send(buy)
        assert (result.retcode, result.comment, result.order, result.deal) == (retcode, comment, 0, 0)
    assert len(REFUSALS) == 38
    assert mt5.positions_total() == mt5.history_orders_total(*EVER) == 0


def test_requotes(mt5: Any, book: FaultBook, buy: Request) -> None:
    """The broker answers deals with its new prices; what is no deal is not requoted."""
    book.add("requote", count=2, symbol="EURUSD")
    tick = mt5.symbol_info_tick("EURUSD")
    assert mt5.order_send(buy | {"symbol": "GBPUSD"}).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.order_send(buy | {"action": 5, "type": 2, "price": 0.5, "type_filling": 2}).retcode == 10009
    for _ in range(2):
        result = mt5.order_send(buy)
        assert (result.retcode, result.comment, result.bid, result.ask) == (10004, "Requote", tick.bid, tick.ask)
        assert (result.order, result.deal, result.price) == (0, 0, 0.0)
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE


@pytest.mark.parametrize(("fraction", "filled"), [(0.5, 0.05), (0.01, 0.01), (0.99, 0.09), (0.37, 0.03)])
def test_a_part_is_filled(mt5: Any, book: FaultBook, buy: Request, fraction: float, filled: float) -> None:
    """A whole number of steps of an order is filled, at least the least, and the rest is given up."""
    book.add("partial_fill", fraction=fraction)
    result = mt5.order_send(buy | {"type_filling": mt5.ORDER_FILLING_IOC})
    (order,) = mt5.history_orders_get(ticket=result.order)
    (deal,) = mt5.history_deals_get(ticket=result.deal)
    (position,) = mt5.positions_get()

    assert (result.retcode, result.comment, result.volume) == (10010, "Request executed partially", filled)
    assert (order.volume_initial, order.volume_current) == (0.1, pytest.approx(0.1 - filled))
    assert (order.state, mt5.orders_total()) == (mt5.ORDER_STATE_PARTIAL, 0)
    assert deal.volume == position.volume == filled
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE


def test_the_least_volume_is_not_parted(mt5: Any, book: FaultBook, buy: Request) -> None:
    """What cannot be filled in part is filled, and the fault waits for one that can."""
    book.add("partial_fill")
    ioc = buy | {"type_filling": mt5.ORDER_FILLING_IOC}
    assert mt5.order_send(ioc | {"volume": 0.01}).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.order_send(ioc | {"volume": 0.02}).volume == 0.01


def test_fill_or_kill_takes_no_part(mt5: Any, book: FaultBook, buy: Request) -> None:
    """An order that is filled whole or not at all is filled whole, and the fault waits for one that takes a part."""
    book.add("partial_fill")
    done = mt5.order_send(buy | {"type_filling": mt5.ORDER_FILLING_FOK})

    assert (done.retcode, done.volume) == (mt5.TRADE_RETCODE_DONE, 0.1)
    assert mt5.order_send(buy | {"type_filling": mt5.ORDER_FILLING_IOC}).retcode == mt5.TRADE_RETCODE_DONE_PARTIAL


def test_a_close_in_part(mt5: Any, book: FaultBook, buy: Request) -> None:
    """The position keeps what was not closed."""
    opened = mt5.order_send(buy).order
    book.add("partial_fill", fraction=0.3)
    result = mt5.order_send(buy | {"type": 1, "position": opened, "type_filling": mt5.ORDER_FILLING_IOC})

    assert (result.retcode, result.volume) == (10010, 0.03)
    assert [(held.ticket, held.volume) for held in mt5.positions_get()] == [(opened, 0.07)]


def test_what_is_left_stays_in_the_market(tmp_path: Path, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """On an exchange the rest of a RETURN order is active until it is filled, into the same position."""
    mt5 = _exchange(tmp_path, clock)
    book.add("partial_fill", fraction=0.4)
    result = mt5.order_send(buy | {"type_filling": mt5.ORDER_FILLING_RETURN})
    (order,) = mt5.orders_get()

    assert (result.retcode, result.volume, result.order) == (10010, 0.04, order.ticket)
    assert (order.state, order.volume_initial, order.volume_current) == (mt5.ORDER_STATE_PARTIAL, 0.1, 0.06)
    assert order.position_id == order.ticket
    clock.advance(1)
    (position,) = mt5.positions_get()
    assert (position.ticket, position.volume, mt5.orders_total()) == (order.ticket, 0.1, 0)
    first, second = mt5.history_deals_get(position=order.ticket)
    assert (first.volume, second.volume, second.order, second.entry) == (0.04, 0.06, order.ticket, 0)
    assert position.price_open == pytest.approx(first.price * 0.4 + second.price * 0.6, abs=1e-12)
    assert mt5.history_orders_get(ticket=order.ticket)[0].state == mt5.ORDER_STATE_FILLED
    mt5.shutdown()


def _exchange(path: Path, clock: FakeClock) -> Any:
    spec = next(spec for spec in SYMBOLS if spec.name == "EURUSD")
    mt5: Any = SimulatorModule(ledger=path / "l", clock=clock, symbols=[replace(spec, trade_exemode=3)])
    mt5.initialize()
    return mt5


def test_a_fill_that_comes_late(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """The answer is a timeout; the order is under way, and is filled at its time whether anybody looks or not."""
    book.add("late_fill", seconds=30.0)
    result = mt5.order_send(buy | {"sl": 0.5})
    (order,) = mt5.orders_get()

    assert (result.retcode, result.comment, result.order, result.deal) == (10012, "Request timeout", 0, 0)
    assert (order.state, order.type, order.volume_current) == (mt5.ORDER_STATE_STARTED, 0, 0.1)
    assert mt5.positions_total() == 0
    clock.advance(30)
    tick = mt5.symbol_info_tick("EURUSD")
    clock.advance(3600)
    (deal,) = mt5.history_deals_get(position=order.ticket)
    assert (deal.time_msc - order.time_setup_msc, deal.price, deal.order) == (30_000, tick.ask, order.ticket)
    (position,) = mt5.positions_get()
    assert (position.ticket, position.sl, position.magic, position.comment) == (order.ticket, 0.5, 7, "test")


def test_a_late_fill_outlives_the_terminal(tmp_path: Path, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """It is a row of the books: a terminal that is started a day later finds it filled."""
    first: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock)
    first.initialize()
    book.add("late_fill", seconds=60.0)
    first.order_send(buy)
    first.shutdown()
    clock.advance(86_400)
    second: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock)
    second.initialize()

    (deal,) = second.history_deals_get(*EVER)[1:]
    assert (deal.time_msc, second.positions_total()) == (1_773_153_296_789 + 60_000, 1)
    second.shutdown()


@pytest.mark.parametrize("name", ["late_close", "late_part", "late_open"])
def test_a_late_order_that_cannot_be_filled(
    mt5: Any, book: FaultBook, buy: Request, clock: FakeClock, name: str
) -> None:
    """When its position is gone or smaller by then, or the money is, it is rejected without a deal."""
    opened = mt5.order_send(buy).order
    close = {"type": 1, "position": opened}
    book.add("late_fill", seconds=60.0)
    mt5.order_send(buy | ({"volume": 80.0} if name == "late_open" else close))
    (late,) = mt5.orders_get()
    if name != "late_open":
        book.add("external_trade", position=opened, volume=0.1 if name == "late_close" else 0.05)
    else:
        assert mt5.order_send(buy | {"volume": 50.0}).retcode == mt5.TRADE_RETCODE_DONE
    deals = mt5.history_deals_total(*EVER)
    clock.advance(60)

    assert mt5.history_orders_get(ticket=late.ticket)[0].state == mt5.ORDER_STATE_REJECTED
    assert mt5.history_deals_total(*EVER) == deals


def test_a_late_order_meets_a_closed_market(tmp_path: Path, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """Due when the week is over, it is rejected: nothing is dealt while nothing is quoted."""
    clock.now_s = datetime(2026, 3, 13, 21, 59, 30, tzinfo=UTC).timestamp()
    mt5: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock, sessions="real")
    mt5.initialize()
    book.add("late_fill", seconds=60.0)
    mt5.order_send(buy)
    (late,) = mt5.orders_get()
    clock.advance(60)

    assert mt5.history_orders_get(ticket=late.ticket)[0].state == mt5.ORDER_STATE_REJECTED
    assert (mt5.positions_total(), mt5.order_send(buy).retcode) == (0, mt5.TRADE_RETCODE_MARKET_CLOSED)
    mt5.shutdown()


def test_ticks_of_nothing(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """The symbol's tick is zero and nothing of it is dealt; other symbols have theirs, and it comes back."""
    held = mt5.order_send(buy).order
    book.add("zero_tick", seconds=10.0, symbol="EURUSD")
    tick = mt5.symbol_info_tick("EURUSD")
    assert (tick.bid, tick.ask, tick.time) == (0.0, 0.0, 0)
    info = mt5.symbol_info("EURUSD")
    assert (info.bid, info.ask, info.time, info.select) == (0.0, 0.0, 0, True)
    assert mt5.symbol_info_tick("GBPUSD").bid > 0
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_PRICE_OFF
    out = {**buy, "type": mt5.ORDER_TYPE_SELL, "position": held}
    assert mt5.order_send(out).retcode == mt5.TRADE_RETCODE_PRICE_OFF
    clock.advance(10)
    assert mt5.symbol_info_tick("EURUSD").bid > 0
    assert mt5.order_send(out).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE


def test_another_account(mt5: Any, book: FaultBook, clock: FakeClock) -> None:
    """For a while the terminal says that it is somebody else's."""
    own = mt5.account_info().login
    book.add("wrong_account", seconds=10.0, value=777)
    assert mt5.account_info().login == 777
    clock.advance(10)
    assert mt5.account_info().login == own


def test_the_servers_clock_jumps(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """Ticks, deals, positions and bars are all told an hour off, and found by the wrong clock; the books are not."""
    deal = mt5.history_deals_get(ticket=mt5.order_send(buy).deal)[0]
    tick = mt5.symbol_info_tick("EURUSD")
    bar = mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, 1)[0]
    book.add("offset_jump", seconds=10.0, value=3600)
    assert mt5.symbol_info_tick("EURUSD").time_msc == tick.time_msc + 3_600_000
    assert mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, 1)[0]["time"] == bar["time"] + 3600
    (jumped,) = mt5.history_deals_get(ticket=deal.ticket)
    assert jumped.time_msc == deal.time_msc + 3_600_000 == mt5.positions_get()[0].time_msc
    assert mt5.history_deals_total(jumped.time, jumped.time) == 2
    clock.advance(10)
    assert mt5.history_deals_get(ticket=deal.ticket) == (deal,)


def test_a_jumped_clock_is_that_of_requests_too(mt5: Any, book: FaultBook) -> None:
    """A time that was read while the clock is off means the same instant when it is sent back."""
    limit = {"action": mt5.TRADE_ACTION_PENDING, "type": mt5.ORDER_TYPE_BUY_LIMIT, "symbol": "EURUSD", "volume": 0.1}
    until = mt5.symbol_info_tick("EURUSD").time + 86_400
    timed = {"price": 0.9, "type_time": mt5.ORDER_TIME_SPECIFIED, "expiration": until}
    ticket = mt5.order_send(limit | timed).order
    book.add("offset_jump", seconds=10.0, value=3600)
    for price in (0.91, 0.92):
        (shown,) = mt5.orders_get(ticket=ticket)
        assert shown.time_expiration == until + 3600
        change = {"action": mt5.TRADE_ACTION_MODIFY, "order": ticket, "price": price, "expiration": until + 3600}
        assert mt5.order_send(change | {"type_time": shown.type_time}).retcode == mt5.TRADE_RETCODE_DONE
    book.end()
    assert mt5.orders_get(ticket=ticket)[0].time_expiration == until


def test_history_that_lags(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """Orders and deals are shown when they are so many seconds old; positions at once."""
    clock.advance(60)
    book.add("history_lag", seconds=60.0, value=5)
    result = mt5.order_send(buy)
    asked = {"ticket": result.deal}, {"position": result.order}
    clock.advance(4.9)
    assert [mt5.history_deals_get(**each) for each in asked] == [(), ()]
    assert mt5.history_orders_get(ticket=result.order) == ()
    assert (mt5.history_deals_total(*EVER), mt5.history_orders_total(*EVER), mt5.positions_total()) == (1, 0, 1)
    clock.advance(0.1)
    assert [len(mt5.history_deals_get(**each)) for each in asked] == [1, 1]
    assert (mt5.history_deals_total(*EVER), mt5.history_orders_total(*EVER)) == (2, 1)


def test_comments_of_the_broker(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """Order, deal and position bear the broker's words; the result still echoes the request's."""
    book.add("comment_rewritten", seconds=10.0, value="dealt #1")
    result = mt5.order_send(buy)
    waiting = mt5.order_send(buy | {"action": 5, "type": 2, "price": 0.5, "type_filling": 2})
    records = (
        *mt5.history_orders_get(ticket=result.order), *mt5.history_deals_get(ticket=result.deal),
        *mt5.positions_get(), *mt5.orders_get(ticket=waiting.order),
    )  # fmt: skip

    assert [each.comment for each in records] == ["dealt #1"] * 4
    assert result.request.comment == "test"
    clock.advance(10)
    assert mt5.history_deals_get(ticket=mt5.order_send(buy).deal)[0].comment == "test"


@pytest.mark.parametrize("reason", ["client", "mobile", "expert", "sl", "tp", "so"])
def test_every_reason_closes(mt5: Any, book: FaultBook, buy: Request, reason: str) -> None:
    """Somebody or something else closes the position named, and its order and deal say who or what."""
    opened = mt5.order_send(buy).order
    book.add("external_trade", position=opened, reason=reason)
    deal = mt5.history_deals_get(position=opened)[1]
    numbers = {"client": 0, "mobile": 1, "expert": 3, "sl": 4, "tp": 5, "so": 6}

    assert (deal.reason, deal.entry, mt5.positions_total()) == (numbers[reason], mt5.DEAL_ENTRY_OUT, 0)
    assert mt5.history_orders_get(ticket=deal.order)[0].reason == numbers[reason]
