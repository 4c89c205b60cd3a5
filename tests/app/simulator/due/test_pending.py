"""Pending orders: what may be placed, when they are executed or over, and what the books say after."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator import SimulatorModule
from app.simulator.books.ledger import Ledger
from app.simulator.vocabulary.symbols import SYMBOLS
from tests.app.simulator.conftest import EVER, NOW_S, OFFSET_S, FakeClock, change_terms

Request = dict[str, Any]
POINT = 0.00001
DAY_S = 86_400
BUY_LIMIT, SELL_LIMIT, BUY_STOP, SELL_STOP, BUY_STOP_LIMIT, SELL_STOP_LIMIT = range(2, 8)
KINDS = range(2, 8)
# Three weeks on, when the price goes both ways for days.
START_S = NOW_S + 21 * DAY_S
START_MSC = int(START_S * 1000) + OFFSET_S * 1000


@pytest.fixture
def clock() -> FakeClock:
    """A Tuesday afternoon on which prices move."""
    return FakeClock(START_S)


def waiting(mt5: Any, kind: int, away: int, **fields: Any) -> Request:
    """A request for an order that waits so many points away from the price that would execute it now."""
    tick = mt5.symbol_info_tick("EURUSD")
    buys, upwards = kind % 2 == 0, 1 if kind in (BUY_STOP, SELL_LIMIT, BUY_STOP_LIMIT) else -1
    price = round((tick.ask if buys else tick.bid) + upwards * away * POINT, 5)
    # A stop-limit order's limit lies halfway back.
    back = {"stoplimit": round(price - upwards * away * POINT / 2, 5)} if kind >= BUY_STOP_LIMIT else {}
    request = {"action": 5, "symbol": "EURUSD", "volume": 0.1, "type": kind, "price": price, "type_filling": 2}
    return request | {"magic": 7, "comment": "test"} | back | fields


@pytest.mark.parametrize("kind", KINDS)
def test_an_order_is_placed(mt5: Any, kind: int) -> None:
    """It is shown as active with all its terms, and neither deal nor margin comes of it."""
    tick = mt5.symbol_info_tick("EURUSD")
    request = waiting(mt5, kind, 500)
    up = 1 if kind % 2 == 0 else -1
    level = float(request.get("stoplimit") or request["price"])
    request |= {"sl": round(level - up * 0.001, 5), "tp": round(level + up * 0.002, 5)}
    assert mt5.order_check(request).retcode == 0
    result = mt5.order_send(request)
    (order,) = mt5.orders_get()

    assert (result.retcode, result.comment, result.deal, result.price) == (10009, "Request executed", 0, 0.0)
    assert (result.order, result.volume, result.bid, result.ask) == (order.ticket, 0.1, tick.bid, tick.ask)
    assert (order.type, order.state, order.reason) == (kind, mt5.ORDER_STATE_PLACED, mt5.ORDER_REASON_EXPERT)
    assert (order.price_open, order.price_stoplimit) == (request["price"], request.get("stoplimit", 0.0))
    assert (order.sl, order.tp, order.volume_initial, order.volume_current) == (request["sl"], request["tp"], 0.1, 0.1)
    assert (order.magic, order.comment, order.type_filling, order.position_id) == (7, "test", 2, 0)
    assert (order.time_setup_msc, order.time_done_msc, order.time_done) == (START_MSC, 0, 0)
    assert (order.time_expiration, order.type_time) == (0, mt5.ORDER_TIME_GTC)
    assert order.price_current == (tick.ask if kind % 2 == 0 else tick.bid)
    assert mt5.orders_total() == 1
    assert mt5.positions_total() == mt5.history_orders_total(*EVER) == 0
    assert mt5.account_info().margin == 0.0


def test_active_orders_are_found_by_number_symbol_and_group(mt5: Any) -> None:
    """The ticket wins over the symbol and the symbol over the group; history does not show what is not done."""
    first = mt5.order_send(waiting(mt5, BUY_LIMIT, 500)).order
    second = mt5.order_send(waiting(mt5, SELL_STOP, 500)).order

    assert [order.ticket for order in mt5.orders_get()] == [first, second]
    assert [order.ticket for order in mt5.orders_get(ticket=second)] == [second]
    assert [order.ticket for order in mt5.orders_get(symbol="EURUSD")] == [first, second]
    assert [order.ticket for order in mt5.orders_get(group="*USD,!GBP*")] == [first, second]
    assert mt5.orders_get(symbol="GBPUSD") == mt5.orders_get(ticket=5) == mt5.orders_get(group="GBP*") == ()
    assert mt5.history_orders_get(ticket=first) == ()


@pytest.mark.parametrize("kind", [BUY_LIMIT, SELL_LIMIT, BUY_STOP, SELL_STOP])
def test_an_order_is_executed_at_its_tick(mt5: Any, clock: FakeClock, kind: int) -> None:
    """Days later it is found executed at the first tick that reached its price, at that tick's time and price."""
    request = waiting(mt5, kind, 25)
    placed = mt5.order_send(request)
    clock.advance(5 * DAY_S)

    assert mt5.orders_total() == 0
    (order,) = mt5.history_orders_get(ticket=placed.order)
    (deal,) = mt5.history_deals_get(position=placed.order)
    (position,) = mt5.positions_get()
    ticks = mt5.copy_ticks_range("EURUSD", order.time_setup, deal.time + 1, mt5.COPY_TICKS_ALL)
    buys, falls = kind % 2 == 0, kind in (BUY_LIMIT, SELL_STOP)
    prices = ticks["ask" if buys else "bid"]
    reached = prices <= request["price"] + 1e-9 if falls else prices >= request["price"] - 1e-9
    first = ticks[reached & (ticks["time_msc"] > order.time_setup_msc)][0]

    assert (deal.time_msc, deal.price) == (first["time_msc"], first["ask" if buys else "bid"])
    assert (order.state, order.volume_current, order.time_done_msc) == (mt5.ORDER_STATE_FILLED, 0.0, deal.time_msc)
    assert (order.type, order.price_open, order.position_id) == (kind, request["price"], placed.order)
    assert (deal.entry, deal.type, deal.order, deal.volume) == (0, 0 if buys else 1, placed.order, 0.1)
    assert (deal.magic, deal.comment, deal.reason, deal.commission) == (7, "test", 3, -0.7)
    assert (position.ticket, position.type, position.price_open) == (placed.order, deal.type, deal.price)


@pytest.mark.parametrize("away", [4, 20])
@pytest.mark.parametrize("kind", [BUY_STOP_LIMIT, SELL_STOP_LIMIT])
def test_a_stop_limit_order_becomes_a_limit_order(mt5: Any, clock: FakeClock, kind: int, away: int) -> None:
    """At its price it turns into a limit order of the same number, which is executed when the price comes back."""
    request = waiting(mt5, kind, away)
    placed = mt5.order_send(request)
    start, now = mt5.symbol_info_tick("EURUSD").time, int(clock()) + OFFSET_S
    seen: set[int] = set()
    while mt5.orders_total():
        clock.advance(away / 10)
        seen |= {order.type for order in mt5.orders_get()}
        assert clock() < START_S + 5 * DAY_S
    (order,) = mt5.history_orders_get(ticket=placed.order)
    (deal,) = mt5.history_deals_get(position=placed.order)
    buys = kind == BUY_STOP_LIMIT
    ticks = mt5.copy_ticks_range("EURUSD", start, deal.time + 1, mt5.COPY_TICKS_ALL)
    prices, times = ticks["ask" if buys else "bid"], ticks["time_msc"]
    at_stop = prices >= request["price"] - 1e-9 if buys else prices <= request["price"] + 1e-9
    turned_msc = times[at_stop & (times > now * 1000)][0]
    back = prices <= request["stoplimit"] + 1e-9 if buys else prices >= request["stoplimit"] - 1e-9

    assert seen == {kind, kind - 4}
    assert (order.type, order.price_open, order.price_stoplimit) == (kind - 4, request["stoplimit"], 0.0)
    assert deal.time_msc == times[back & (times >= turned_msc)][0] > turned_msc


def test_an_order_brings_its_stops(mt5: Any, clock: FakeClock) -> None:
    """The stops of an order hold for its position from the tick that executed it, all in one look."""
    request = waiting(mt5, BUY_LIMIT, 20)
    stops = {"sl": round(request["price"] - 0.0004, 5), "tp": round(request["price"] + 0.0004, 5)}
    placed = mt5.order_send(request | stops)
    clock.advance(5 * DAY_S)
    opening, closing = mt5.history_deals_get(position=placed.order)

    assert (opening.entry, closing.entry) == (mt5.DEAL_ENTRY_IN, mt5.DEAL_ENTRY_OUT)
    assert closing.time_msc > opening.time_msc
    assert closing.reason in (mt5.DEAL_REASON_SL, mt5.DEAL_REASON_TP)
    assert mt5.positions_total() == 0


def test_an_order_without_money_is_rejected(mt5: Any, clock: FakeClock) -> None:
    """Margin is looked at when the price is there; an order that cannot be paid goes into history without a deal."""
    placed = mt5.order_send(waiting(mt5, BUY_LIMIT, 20, volume=99.0))
    assert placed.retcode == 10009
    clock.advance(5 * DAY_S)
    (order,) = mt5.history_orders_get(ticket=placed.order)

    assert (order.state, order.volume_current, order.position_id) == (mt5.ORDER_STATE_REJECTED, 99.0, 0)
    assert mt5.history_deals_total(*EVER) == 1
    assert mt5.positions_total() == mt5.orders_total() == 0


def test_an_order_is_removed(mt5: Any, clock: FakeClock) -> None:
    """It goes into history as canceled, and is nobody's any more."""
    placed = mt5.order_send(waiting(mt5, BUY_LIMIT, 20))
    clock.advance(1)
    tick = mt5.symbol_info_tick("EURUSD")
    removed = mt5.order_send({"action": mt5.TRADE_ACTION_REMOVE, "order": placed.order})
    again = mt5.order_send({"action": mt5.TRADE_ACTION_REMOVE, "order": placed.order})
    clock.advance(5 * DAY_S)
    (order,) = mt5.history_orders_get(ticket=placed.order)

    assert (removed.retcode, removed.order, removed.deal, removed.price) == (10009, placed.order, 0, 0.0)
    assert (removed.bid, removed.ask) == (tick.bid, tick.ask)
    assert (again.retcode, again.comment) == (10035, "Invalid order")
    assert (order.state, order.volume_current) == (mt5.ORDER_STATE_CANCELED, 0.1)
    assert order.time_done_msc == order.time_setup_msc + 1000
    assert mt5.positions_total() == 0


def test_an_order_is_modified(mt5: Any, clock: FakeClock) -> None:
    """Price, stops and end are others from then on; number, type, volume and beginning stay."""
    request = waiting(mt5, BUY_LIMIT, 20)
    placed = mt5.order_send(request)
    (before,) = mt5.orders_get()
    clock.advance(1)
    price = round(request["price"] - 0.02, 5)
    ends = int(clock()) + OFFSET_S + 7 * DAY_S
    change = {
        "action": mt5.TRADE_ACTION_MODIFY, "order": placed.order, "price": price, "sl": round(price - 0.01, 5),
        "tp": round(price + 0.01, 5), "type_time": mt5.ORDER_TIME_SPECIFIED, "expiration": ends,
    }  # fmt: skip
    modified = mt5.order_send(change)
    (after,) = mt5.orders_get()
    clock.advance(1)

    assert (modified.retcode, modified.order, modified.deal) == (10009, placed.order, 0)
    assert (after.price_open, after.sl, after.tp, after.time_expiration) == (price, change["sl"], change["tp"], ends)
    for name in ("ticket", "type", "volume_current", "time_setup_msc", "magic", "comment", "type_filling"):
        assert getattr(after, name) == getattr(before, name)
    assert mt5.order_send(change).retcode == mt5.TRADE_RETCODE_NO_CHANGES
    assert mt5.order_send(change | {"order": 5}).retcode == mt5.TRADE_RETCODE_INVALID_ORDER
    assert mt5.order_send(change | {"symbol": "GBPUSD"}).retcode == mt5.TRADE_RETCODE_INVALID


def test_a_modified_order_is_not_held_against_the_past(mt5: Any, clock: FakeClock) -> None:
    """A price that was reached before the change does not execute it."""
    placed = mt5.order_send(waiting(mt5, BUY_LIMIT, 3000))
    clock.advance(DAY_S)
    changed = waiting(mt5, BUY_LIMIT, 10)
    mt5.order_send({"action": 7, "order": placed.order, "price": changed["price"]})
    set_msc = int(clock() * 1000) + OFFSET_S * 1000
    clock.advance(DAY_S)

    assert mt5.history_deals_get(position=placed.order)[0].time_msc > set_msc


MIDNIGHT = 1_775_001_600  # of the server's day, by its clock: 2026-04-01


@pytest.mark.parametrize(
    ("type_time", "expiration", "ends"),
    [(1, 0, MIDNIGHT - 1), (2, MIDNIGHT + 3600, MIDNIGHT + 3600), (3, MIDNIGHT + 3600, MIDNIGHT + DAY_S - 1)],
)
def test_an_order_expires(mt5: Any, clock: FakeClock, type_time: int, expiration: int, ends: int) -> None:
    """Behind its day's last second, at its own, or behind the last of its own day: then it is in history as expired."""
    request = waiting(mt5, BUY_LIMIT, 5000, type_time=type_time, expiration=expiration)
    placed = mt5.order_send(request)
    assert [order.time_expiration for order in mt5.orders_get()] == [ends]
    over_msc = ends * 1000 + (999 if type_time in (1, 3) else 0)
    clock.now_s = over_msc / 1000 - OFFSET_S - 0.001
    assert mt5.orders_total() == 1
    clock.advance(3 * DAY_S)
    (order,) = mt5.history_orders_get(ticket=placed.order)

    assert mt5.orders_total() == 0
    assert (order.state, order.time_done_msc) == (mt5.ORDER_STATE_EXPIRED, over_msc)
    assert (order.type_time, order.time_expiration, order.volume_current) == (type_time, ends, 0.1)


def test_the_last_second_of_a_day_belongs_to_it(mt5: Any, clock: FakeClock) -> None:
    """Who places an order for the day at 23:59:59.5 has it for half a second."""
    clock.now_s = MIDNIGHT - OFFSET_S - 0.5
    for type_time, expiration in ((1, 0), (3, MIDNIGHT - 1)):
        request = waiting(mt5, BUY_LIMIT, 5000, type_time=type_time, expiration=expiration)
        assert mt5.order_send(request).retcode == mt5.TRADE_RETCODE_DONE
    assert [order.time_expiration for order in mt5.orders_get()] == [MIDNIGHT - 1] * 2
    clock.advance(0.5)
    assert mt5.orders_total() == 0


def test_what_has_expired_is_not_executed(mt5: Any, clock: FakeClock) -> None:
    """A price that is reached after an order's end finds no order, though nobody has looked in between."""
    mt5.order_send(waiting(mt5, BUY_LIMIT, 20))
    ended = mt5.order_send(waiting(mt5, BUY_LIMIT, 20, type_time=2, expiration=int(clock()) + OFFSET_S + 1))
    clock.advance(5 * DAY_S)

    assert mt5.positions_total() == 1
    assert mt5.history_orders_get(ticket=ended.order)[0].state == mt5.ORDER_STATE_EXPIRED


def test_orders_outlive_the_terminal(tmp_path: Path, clock: FakeClock) -> None:
    """An order is executed while nothing runs: who opens the books a month later finds when."""
    first: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock)
    first.initialize()
    placed = first.order_send(waiting(first, BUY_LIMIT, 30))
    first.shutdown()
    clock.advance(30 * DAY_S)
    second: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock)
    second.initialize()

    assert second.orders_total() == 0
    assert second.history_deals_get(position=placed.order)[0].time < clock() - 20 * DAY_S
    second.shutdown()


LOOKS = ["account_info", "positions_total", "orders_total", "orders_get", "history_deals_total"]


@pytest.mark.parametrize("name", LOOKS)
def test_every_look_at_the_books_brings_them_up_to_date(mt5: Any, clock: FakeClock, name: str) -> None:
    """Whatever is asked first after an order has been executed tells of it."""
    mt5.order_send(waiting(mt5, BUY_LIMIT, 20))
    clock.advance(5 * DAY_S)
    answer = getattr(mt5, name)(*(EVER if name.startswith("history") else ()))

    seen = answer.margin > 0 if name == "account_info" else len(answer) if isinstance(answer, tuple) else answer
    assert seen == {"history_deals_total": 2, "positions_total": 1, "account_info": True}.get(name, 0)


STEP = st.tuples(
    st.sampled_from(["place", "place", "modify", "remove"]),
    st.sampled_from(KINDS),
    st.integers(5, 120),
    st.integers(0, 60),
    st.sampled_from([0, 1, 2]),
    st.integers(0, 4 * 3600),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=6), st.lists(st.floats(0.001, DAY_S), max_size=12), st.integers(1, 3))
def test_the_end_does_not_depend_on_who_looks_when(
    plan: list[tuple[str, int, int, int, int, int]], looks: list[float], terminals: int
) -> None:
    """However often and through however many terminals somebody looks, the books end the same to the byte."""
    end_s = NOW_S + 6 * 4 * 3600 + 2 * DAY_S
    quiet = _lived(plan, [], 1, end_s)

    assert _lived(plan, sorted(looks), terminals, end_s) == quiet


def _lived(
    plan: Sequence[tuple[str, int, int, int, int, int]], looks: Sequence[float], terminals: int, end_s: float
) -> tuple[Any, ...]:
    """Carry the plan out at its times, look in between, and tell the answers and the books at the end."""
    with TemporaryDirectory() as folder:
        clock = FakeClock()
        modules: list[Any] = [SimulatorModule(ledger=Path(folder, "l"), clock=clock) for _ in range(terminals)]
        for module in modules:
            module.initialize()
        trader, at_s, due, answers = modules[0], NOW_S, [NOW_S + seconds for seconds in looks], []
        for act, kind, away, stops, type_time, pause in plan:
            at_s += pause
            _look(modules, clock, [when for when in due if when <= at_s])
            due = [when for when in due if when > at_s]
            clock.now_s = at_s
            terms = {"type_time": type_time, "expiration": int(at_s) + OFFSET_S + 3600}
            request = _step(act, waiting(trader, kind, away, **terms), stops)
            answers.append(trader.order_send(request)[:3])
        _look(modules, clock, due)
        clock.now_s = end_s
        told = modules[-1]
        books = (
            told.positions_get(), told.orders_get(), told.history_orders_get(*EVER), told.history_deals_get(*EVER),
            told.account_info(),
        )  # fmt: skip
        for module in modules:
            module.shutdown()
        return answers, *books


def _step(act: str, request: Request, stops: int) -> Request:
    up, level = (1 if request["type"] % 2 == 0 else -1), float(request.get("stoplimit") or request["price"])
    if stops:
        request |= {"sl": round(level - up * stops * POINT, 5), "tp": round(level + up * stops * POINT, 5)}
    # The first order of all, be it active or done.
    if act == "modify":
        return request | {"action": 7, "order": 100_001}
    return {"action": 8, "order": 100_001} if act == "remove" else request


def _look(modules: Sequence[Any], clock: FakeClock, times: Sequence[float]) -> None:
    for number, when in enumerate(times):
        clock.now_s = when
        modules[number % len(modules)].orders_get()


def test_an_exchange_says_that_an_order_is_placed(clock: FakeClock) -> None:
    """Its answer is 10008 where a broker's is 10009; the order is the same."""
    spec = next(spec for spec in SYMBOLS if spec.name == "EURUSD")
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock, symbols=[replace(spec, trade_exemode=3)])
    mt5.initialize()
    placed = mt5.order_send(waiting(mt5, BUY_LIMIT, 20))

    assert (placed.retcode, placed.comment, placed.order) == (10008, "Order placed", mt5.orders_get()[0].ticket)
    mt5.shutdown()


def test_an_order_finds_no_room_for_its_position(tmp_path: Path, clock: FakeClock) -> None:
    """Where an account may have so many positions, an order that would open one more is rejected at its price."""
    mt5: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock)
    mt5.initialize()
    placed = [mt5.order_send(waiting(mt5, BUY_LIMIT, points)).order for points in (20, 21)]
    with closing(Ledger(str(tmp_path / "l"), 0)) as ledger:
        change_terms(ledger, limit_positions=1)
    clock.advance(5 * DAY_S)

    states = [mt5.history_orders_get(ticket=ticket)[0].state for ticket in placed]
    assert states == [mt5.ORDER_STATE_FILLED, mt5.ORDER_STATE_REJECTED]
    mt5.shutdown()


def test_orders_of_a_netting_account(tmp_path: Path, clock: FakeClock) -> None:
    """They add to the symbol's one position, make it smaller or turn it; the number of the position stays."""
    with closing(Ledger(str(tmp_path / "l"), int(clock() * 1000))) as ledger:
        change_terms(ledger, margin_mode=0)
    mt5: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock)
    mt5.initialize()
    opened = mt5.order_send(waiting(mt5, BUY_STOP, 10) | {"action": 1, "type": 0, "type_filling": 0}).order
    turning = mt5.order_send(waiting(mt5, SELL_STOP, 10, volume=0.3)).order
    clock.advance(5 * DAY_S)
    (position,) = mt5.positions_get()

    assert (position.type, position.volume, position.identifier, position.ticket) == (1, 0.2, opened, turning)
    assert [deal.entry for deal in mt5.history_deals_get(position=opened)] == [0, mt5.DEAL_ENTRY_INOUT]
    mt5.shutdown()
