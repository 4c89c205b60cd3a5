"""Stop-loss and take-profit: what is accepted, when they trigger, and what the books say after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator import SimulatorModule
from app.simulator.vocabulary.symbols import SYMBOLS
from tests.app.simulator.conftest import EVER, NOW_S, FakeClock

Request = dict[str, Any]
POINT = 0.00001


def sltp(position: Any, sl: float = 0.0, tp: float = 0.0, **fields: Any) -> Request:
    """A request for other stops."""
    return {"action": 6, "symbol": position.symbol, "position": position.ticket, "sl": sl, "tp": tp} | fields


def stopped(side: int, tick: Any, *, sl: int = 0, tp: int = 0) -> Request:
    """A request with stops so many points away from the price that touches them."""
    price, away = (tick.ask, -1) if side else (tick.bid, 1)
    stops = {"sl": price - away * sl * POINT if sl else 0.0, "tp": price + away * tp * POINT if tp else 0.0}
    return {"action": 1, "symbol": "EURUSD", "volume": 0.1, "type": side, "magic": 7} | stops


@pytest.mark.parametrize("side", [0, 1])
def test_stops_are_shown_with_position_and_order(mt5: Any, side: int) -> None:
    """What was asked for stands with the position and with the order that opened it, rounded to whole points."""
    tick = mt5.symbol_info_tick("EURUSD")
    request = stopped(side, tick, sl=50, tp=80)
    result = mt5.order_send(request | {"sl": request["sl"] + 1e-9})
    (position,) = mt5.positions_get()
    (order,) = mt5.history_orders_get(ticket=result.order)

    assert result.retcode == mt5.TRADE_RETCODE_DONE
    assert (position.sl, position.tp) == (order.sl, order.tp) == (round(request["sl"], 5), round(request["tp"], 5))


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("name", ["sl", "tp"])
def test_a_stop_on_the_wrong_side(mt5: Any, side: int, name: str) -> None:
    """A buy's stops are held against the bid, a sell's against the ask; the price itself is no room."""
    tick = mt5.symbol_info_tick("EURUSD")
    price, outwards = (tick.ask if side else tick.bid), (1 if (name == "tp") != bool(side) else -1)
    request = stopped(side, tick)

    for points, retcode in ((0, 10016), (-1, 10016), (-500, 10016), (1, 10009), (500, 10009)):
        wanted = request | {name: price + outwards * points * POINT}
        assert mt5.order_check(wanted).retcode == (0 if retcode == 10009 else retcode)
        assert mt5.order_send(wanted).retcode == retcode
    assert mt5.positions_total() == 2


@pytest.mark.parametrize("price", [float("nan"), float("inf"), -1.0])
def test_prices_that_are_none(mt5: Any, buy: Request, price: float) -> None:
    """A stop must be a price."""
    assert mt5.order_send(buy | {"sl": price}).retcode == mt5.TRADE_RETCODE_INVALID_STOPS
    assert mt5.order_send(buy | {"tp": price}).comment == "Invalid stops"


def test_the_stops_level_keeps_them_away(clock: FakeClock) -> None:
    """A symbol may want stops so many points off, and says so."""
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock, symbols=[replace(SYMBOLS[0], stops_level=30)])
    mt5.initialize()
    tick = mt5.symbol_info_tick("EURUSD")

    assert mt5.symbol_info("EURUSD").trade_stops_level == 30
    assert mt5.order_send(stopped(0, tick, sl=29)).retcode == mt5.TRADE_RETCODE_INVALID_STOPS
    assert mt5.order_send(stopped(0, tick, sl=30)).retcode == mt5.TRADE_RETCODE_DONE
    mt5.shutdown()


def test_other_stops(mt5: Any, buy: Request, clock: FakeClock) -> None:
    """SLTP sets both, zero removes; the result names no order, deal or price, and no history is made."""
    opened = mt5.order_send(buy)
    clock.advance(1)
    (position,) = mt5.positions_get()
    sl, tp = round(position.price_current - 0.01, 5), round(position.price_current + 0.01, 5)
    result = mt5.order_send(sltp(position, sl, tp))
    (after,) = mt5.positions_get()

    assert (result.retcode, result.comment) == (mt5.TRADE_RETCODE_DONE, "Request executed")
    assert result.request_id == opened.request_id + 1
    assert {result.deal, result.order, result.volume, result.price, result.bid, result.ask} == {0}
    assert (after.sl, after.tp, after.volume, after.price_open) == (sl, tp, 0.1, position.price_open)
    assert after.time_update_msc == position.time_update_msc + 1000
    assert mt5.order_send(sltp(position)).retcode == mt5.TRADE_RETCODE_DONE
    assert (mt5.positions_get()[0].sl, mt5.positions_get()[0].tp) == (0.0, 0.0)
    assert mt5.history_orders_total(*EVER) == 1


def test_stops_that_are_refused(mt5: Any, buy: Request) -> None:
    """Nothing new is 10025, a wrong side 10016, a position that is not there 10036, none at all 10013."""
    mt5.order_send(buy)
    (position,) = mt5.positions_get()
    wanted = sltp(position, sl=round(position.price_current - 0.01, 5))
    refusals = [
        (sltp(position), 10025, "No changes"),
        (sltp(position, sl=position.price_current), 10016, "Invalid stops"),
        (sltp(position, tp=float("nan")), 10016, "Invalid stops"),
        (wanted | {"position": 5}, 10036, "Position closed"),
        (wanted | {"position": 0}, 10013, "Invalid request"),
        (wanted | {"symbol": "GBPUSD"}, 10013, "Invalid request"),
        (wanted | {"symbol": "NOPE"}, 10013, "Invalid request"),
        (wanted | {"symbol": "", "position": 5}, 10036, "Position closed"),
    ]
    for request, retcode, comment in refusals:
        result = mt5.order_send(request)
        assert (result.retcode, result.comment, result.bid, result.ask) == (retcode, comment, 0.0, 0.0)
        assert mt5.order_check(request).retcode == retcode
    check = mt5.order_check(wanted)
    assert (check.retcode, check.margin, check.equity) == (0, mt5.account_info().margin, mt5.account_info().equity)
    assert mt5.order_send(wanted).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.order_send(wanted).retcode == mt5.TRADE_RETCODE_NO_CHANGES


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("name", ["sl", "tp"])
def test_a_stop_triggers_at_its_tick(mt5: Any, clock: FakeClock, side: int, name: str) -> None:
    """Days later the position is found closed at the first tick that touched it, at that tick's time and price."""
    clock.advance(21 * 86_400)
    tick = mt5.symbol_info_tick("EURUSD")
    request = stopped(side, tick, **{name: 15})
    opened = mt5.order_send(request)
    clock.advance(5 * 86_400)

    assert mt5.positions_total() == 0
    opening, deal = mt5.history_deals_get(position=opened.order)
    order = mt5.history_orders_get(position=opened.order)[1]
    assert (deal.reason, deal.entry, deal.type, deal.volume) == (4 if name == "sl" else 5, 1, 1 - side, 0.1)
    assert (order.reason, order.state, order.type) == (deal.reason, mt5.ORDER_STATE_FILLED, 1 - side)
    assert deal.comment == order.comment == f"[{name} {request[name]:.5f}]"
    assert (deal.magic, deal.order, order.time_done_msc) == (7, order.ticket, deal.time_msc)

    ticks = mt5.copy_ticks_range("EURUSD", opening.time, deal.time + 1, mt5.COPY_TICKS_ALL)
    prices = ticks["ask" if side else "bid"]
    falling = (name == "sl") != bool(side)
    touches = prices <= request[name] + 1e-9 if falling else prices >= request[name] - 1e-9
    first = ticks[touches & (ticks["time_msc"] > opening.time_msc)][0]
    assert (deal.time_msc, deal.price) == (first["time_msc"], prices[ticks["time_msc"] == first["time_msc"]][0])
    assert deal.profit < 0 if name == "sl" else deal.profit > 0
    money = sum(each.profit + each.commission for each in mt5.history_deals_get(*EVER))
    assert mt5.account_info().balance == pytest.approx(money, abs=1e-6)


LOOKS = ["account_info", "positions_total", "positions_get", "history_deals_total", "history_orders_get"]


@pytest.mark.parametrize("name", LOOKS)
def test_every_look_at_the_books_brings_them_up_to_date(mt5: Any, clock: FakeClock, name: str) -> None:
    """Whatever is asked first after a trigger tells of it."""
    mt5.order_send(stopped(0, mt5.symbol_info_tick("EURUSD"), sl=20, tp=20))
    clock.advance(86_400)
    answer = getattr(mt5, name)(*(EVER if name.startswith("history") else ()))

    seen = answer.margin if name == "account_info" else len(answer) if isinstance(answer, tuple) else answer
    assert seen == {"history_deals_total": 3, "history_orders_get": 2}.get(name, 0)


def test_closing_what_a_stop_has_closed(mt5: Any, clock: FakeClock) -> None:
    """Between two looks a stop may be faster: the close is refused with 10036 and the books are right."""
    opened = mt5.order_send(stopped(0, mt5.symbol_info_tick("EURUSD"), sl=20, tp=20))
    clock.advance(86_400)
    close = {"action": 1, "symbol": "EURUSD", "volume": 0.1, "type": 1, "position": opened.order}

    assert mt5.order_check(close).retcode == mt5.TRADE_RETCODE_POSITION_CLOSED
    assert mt5.order_send(close).retcode == mt5.TRADE_RETCODE_POSITION_CLOSED
    assert [deal.reason for deal in mt5.history_deals_get(position=opened.order)][1] in (4, 5)


def test_stops_hold_from_when_they_are_set(mt5: Any, buy: Request, clock: FakeClock) -> None:
    """New stops are not held against the past, and removed ones trigger no more."""
    mt5.order_send(buy)
    clock.advance(86_400)
    (position,) = mt5.positions_get()
    set_msc = int(clock() * 1000) + 7_200_000
    mt5.order_send(sltp(position, sl=round(position.price_current - 0.0005, 5), tp=position.price_current + 0.0005))
    mt5.order_send(buy)
    (_, other) = mt5.positions_get()
    mt5.order_send(sltp(other, sl=round(other.price_current - 0.0005, 5)))
    mt5.order_send(sltp(other))
    clock.advance(3 * 86_400)

    assert [held.ticket for held in mt5.positions_get()] == [other.ticket]
    assert mt5.history_deals_get(position=position.ticket)[1].time_msc > set_msc


def test_a_part_that_is_left_keeps_its_stops(mt5: Any, clock: FakeClock) -> None:
    """After a partial close the stop closes what is left; the closing request's own stops mean nothing."""
    opened = mt5.order_send(stopped(0, mt5.symbol_info_tick("EURUSD"), sl=60, tp=60))
    part = {"action": 1, "symbol": "EURUSD", "volume": 0.04, "type": 1, "position": opened.order, "sl": 9.0}
    assert mt5.order_send(part).retcode == mt5.TRADE_RETCODE_DONE
    clock.advance(5 * 86_400)

    assert [deal.volume for deal in mt5.history_deals_get(position=opened.order)] == [0.1, 0.04, 0.06]


PLAN = st.lists(
    st.tuples(
        st.sampled_from(["EURUSD", "GBPUSD", "USDCAD"]),
        st.integers(0, 1),
        st.integers(0, 150),
        st.integers(0, 150),
        st.integers(0, 4 * 3600),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=15, deadline=None)
@given(PLAN, st.lists(st.floats(0.001, 86_400), max_size=12), st.integers(1, 3))
def test_the_end_does_not_depend_on_who_looks_when(
    plan: list[tuple[str, int, int, int, int]], looks: list[float], terminals: int
) -> None:
    """However often and through however many terminals somebody looks, the books end the same to the byte."""
    end_s = NOW_S + 5 * 4 * 3600 + 2 * 86_400
    quiet = _lived(plan, [], 1, end_s)

    assert _lived(plan, sorted(looks), terminals, end_s) == quiet


def _lived(
    plan: Sequence[tuple[str, int, int, int, int]], looks: Sequence[float], terminals: int, end_s: float
) -> tuple[Any, ...]:
    """Place the plan's orders at their times, look in between, and tell the books at the end."""
    with TemporaryDirectory() as folder:
        clock = FakeClock()
        modules: list[Any] = [SimulatorModule(ledger=Path(folder, "l"), clock=clock) for _ in range(terminals)]
        for module in modules:
            module.initialize()
        trader, at_s, due = modules[0], NOW_S, [NOW_S + seconds for seconds in looks]
        for number, (symbol, side, sl, tp, pause) in enumerate(plan):
            at_s += pause
            _look(modules, clock, [when for when in due if when <= at_s])
            due = [when for when in due if when > at_s]
            clock.now_s = at_s
            tick = trader.symbol_info_tick(symbol)
            request = stopped(side, tick, sl=sl, tp=tp) | {"symbol": symbol, "type_filling": 1, "magic": number}
            assert trader.order_send(request).retcode == 10009
        _look(modules, clock, due)
        clock.now_s = end_s
        told = modules[-1]
        books = told.positions_get(), told.history_orders_get(*EVER), told.history_deals_get(*EVER), told.account_info()
        for module in modules:
            module.shutdown()
        return books


def _look(modules: Sequence[Any], clock: FakeClock, times: Sequence[float]) -> None:
    for number, when in enumerate(times):
        clock.now_s = when
        modules[number % len(modules)].positions_get()


def test_stops_outlive_the_terminal(tmp_path: Path, clock: FakeClock) -> None:
    """A position is closed while nothing runs: who opens the books a month later finds when."""
    first: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock)
    first.initialize()
    opened = first.order_send(stopped(0, first.symbol_info_tick("EURUSD"), sl=100, tp=100))
    first.shutdown()
    clock.advance(30 * 86_400)
    second: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock)
    second.initialize()

    assert second.positions_total() == 0
    assert second.history_deals_get(position=opened.order)[1].time < clock() - 20 * 86_400
    second.shutdown()
