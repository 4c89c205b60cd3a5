"""When symbols trade, and what that does to bars, ticks and orders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator import SimulatorModule, VirtualClock
from app.simulator.due.operations import OperationBook
from app.simulator.market.history import TIMEFRAMES, History
from app.simulator.market.laps import FIRST_HOUR
from app.simulator.market.market import Market
from app.simulator.market.server_clock import ServerClock, SummerTime
from app.simulator.market.sessions import Sessions
from tests.app.simulator.conftest import shows_again

HOUR = 3600
LAST_HOUR = FIRST_HOUR + 10 * 8766
hours = st.integers(FIRST_HOUR, LAST_HOUR)
FOREX, BREAK, ALWAYS = "EURUSD", "XAUUSD", "BTCUSD"
CLOCKS = {rule: ServerClock(7200, rule) for rule in ("none", "europe", "new_york")}
REAL = {rule: Market(seed=1, clock=lambda: 0.0, server_clock=clock, sessions="real") for rule, clock in CLOCKS.items()}
rules = st.sampled_from(list(CLOCKS))


def seconds(*fields: int) -> int:
    """Seconds of a clock's face."""
    year, month, day, hour, minute = (*fields, 0, 0)[:5]
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())


@given(hours, rules)
def test_the_week(hour: int, rule: SummerTime) -> None:
    """Foreign exchange trades on the server's working days, gold not in their first hour, crypto always."""
    market, clock = REAL[rule], CLOCKS[rule]
    shown = datetime.fromtimestamp(clock.to_server_s(hour * HOUR), UTC)
    works, twice = shown.weekday() < 5, shows_again(clock, hour * HOUR)

    assert market.is_open(FOREX, hour * HOUR * 1000) == (works and not twice)
    assert market.is_open(BREAK, hour * HOUR * 1000 + 1) == (works and shown.hour > 0 and not twice)
    assert market.is_open(ALWAYS, hour * HOUR * 1000) == (not twice)
    assert market.is_open("EURJPY", hour * HOUR * 1000) == market.is_open(FOREX, hour * HOUR * 1000)


@settings(deadline=None, max_examples=60)
@given(hours, rules, st.sampled_from([FOREX, BREAK, ALWAYS, "EURJPY"]))
def test_ticks_come_while_it_is_open(hour: int, rule: SummerTime, symbol: str) -> None:
    """An hour has ticks exactly when the symbol trades, and its bars are theirs."""
    feed = REAL[rule].feeds[symbol]
    number = np.array([hour], dtype=np.int64)
    minutes = feed.minutes(number)
    ticks = feed.ticks_of(minutes)

    if not feed.is_open(hour * HOUR * 1000):
        assert (len(feed.hours(number)), len(minutes), len(ticks)) == (0, 0, 0)
        return
    assert _same(ticks.minutes(), minutes)
    assert _same(minutes.aggregate(minutes.start // HOUR * HOUR), feed.hours(number))


def _same(one: Any, other: Any) -> bool:
    shown = ("start", "open", "high", "low", "close", "ticks", "spread", "ask_low")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in shown)


@settings(deadline=None, max_examples=30)
@given(st.integers(FIRST_HOUR + 200, LAST_HOUR), rules, st.sampled_from([FOREX, BREAK, "GBPJPY"]))
def test_a_closed_market_keeps_its_last_price(hour: int, rule: SummerTime, symbol: str) -> None:
    """While it is closed the quote is the last tick before, and the next one goes on from there."""
    feed = REAL[rule].feeds[symbol]
    now = hour * HOUR * 1000
    quote = feed.tick_at(now + 1_800_000)
    assert quote is not None

    last = hour if feed.is_open(now) else feed.hour_before(hour)
    assert last is not None
    assert quote.time_msc // 3_600_000 == last


def test_the_market_goes_on_where_it_closed() -> None:
    """Monday opens near Friday's close: a generated week-end has no gap (a recorded one has its own)."""
    feed = REAL["none"].feeds["GBPUSD"]
    bars = feed.hours(np.arange(FIRST_HOUR, FIRST_HOUR + 3000, dtype=np.int64))
    after_pause = np.flatnonzero(np.diff(bars.start) > HOUR)

    assert len(after_pause) == 17
    assert (np.abs(bars.open[after_pause + 1] - bars.close[after_pause]) < 100).all()


@pytest.fixture
def mt5() -> Iterator[Any]:
    """A terminal on Monday 2026-03-16 00:07 of a server that follows New York."""
    clock = VirtualClock(seconds(2026, 3, 15, 21, 7) + 30, speed=0.0)
    module: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock, sessions="real", summer_time="new_york")
    module.__dict__["step"] = clock.advance
    assert module.initialize()
    yield module
    module.shutdown()


def test_a_week_has_five_days(mt5: Any) -> None:
    """Daily bars are those of working days, weekly ones open on Sunday, and no bar is empty."""
    mt5.symbol_select(ALWAYS)
    days = mt5.copy_rates_from_pos(FOREX, mt5.TIMEFRAME_D1, 0, 11)
    weekdays = [datetime.fromtimestamp(int(time), UTC).weekday() for time in days["time"]]

    assert weekdays == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0]
    assert (days["tick_volume"] > 0).all()
    weeks = mt5.copy_rates_from_pos(FOREX, mt5.TIMEFRAME_W1, 0, 3)
    assert {datetime.fromtimestamp(int(time), UTC).weekday() for time in weeks["time"]} == {6}
    crypto = mt5.copy_rates_from_pos(ALWAYS, mt5.TIMEFRAME_D1, 0, 8)
    assert np.diff(crypto["time"]).tolist() == [86_400] * 7


def test_bars_are_counted_without_the_pause(mt5: Any) -> None:
    """A hundred minutes back from Monday's eighth are seven of Monday and the last of Friday."""
    minutes = mt5.copy_rates_from_pos(FOREX, mt5.TIMEFRAME_M1, 0, 100)
    skipped = mt5.copy_rates_from_pos(FOREX, mt5.TIMEFRAME_M1, 10, 90)
    friday = seconds(2026, 3, 13, 23, 59)

    assert len(minutes) == 100
    assert minutes["time"][-9:].tolist() == [friday, *range(seconds(2026, 3, 16), seconds(2026, 3, 16, 0, 8), 60)]
    assert skipped.tolist() == minutes[:90].tolist()
    saturday = mt5.copy_rates_from(FOREX, mt5.TIMEFRAME_M1, seconds(2026, 3, 14, 12), 2)
    assert saturday["time"].tolist() == [friday - 60, friday]
    assert len(mt5.copy_rates_range(FOREX, mt5.TIMEFRAME_M1, seconds(2026, 3, 14), seconds(2026, 3, 15, 23))) == 0


@pytest.mark.parametrize("frame", sorted(TIMEFRAMES))
@pytest.mark.parametrize("symbol", [FOREX, BREAK])
def test_every_timeframe_over_the_pause(mt5: Any, frame: int, symbol: str) -> None:
    """Bars of every length are the aggregate of their minutes, and none stands for a time without any."""
    mt5.symbol_select(symbol)
    bars = mt5.copy_rates_from_pos(symbol, frame, 0, 3)
    ends = [*(int(time) for time in bars["time"][1:]), seconds(2026, 3, 17)]

    assert len(bars) == 3
    for bar, end in zip(bars[1:], ends[1:], strict=True):
        minutes = mt5.copy_rates_range(symbol, mt5.TIMEFRAME_M1, int(bar["time"]), end - 1)
        assert (bar["open"], bar["close"]) == (minutes["open"][0], minutes["close"][-1])
        assert (bar["high"], bar["low"]) == (minutes["high"].max(), minutes["low"].min())
        assert (bar["tick_volume"], bar["spread"]) == (minutes["tick_volume"].sum(), minutes["spread"].min())


def test_ticks_over_the_pause(mt5: Any) -> None:
    """Ticks asked for on Saturday begin on Monday; a week-end's range is empty."""
    ticks = mt5.copy_ticks_from(FOREX, seconds(2026, 3, 14), 5, mt5.COPY_TICKS_ALL)

    assert (ticks["time"] // 60 * 60 == seconds(2026, 3, 16)).all()
    weekend = seconds(2026, 3, 14), seconds(2026, 3, 15)
    assert len(mt5.copy_ticks_range(FOREX, *weekend, mt5.COPY_TICKS_ALL)) == 0


def test_orders_outside_sessions(mt5: Any) -> None:
    """Gold has its break when foreign exchange opens: 10018, and an hour later it trades; crypto always does."""
    for symbol in (BREAK, ALWAYS):
        assert mt5.symbol_select(symbol)

    def buy(symbol: str) -> int:
        request = {"action": mt5.TRADE_ACTION_DEAL, "symbol": symbol, "volume": 0.1, "type": mt5.ORDER_TYPE_BUY}
        return int(mt5.order_send(request).retcode)

    assert [buy(symbol) for symbol in (FOREX, BREAK, ALWAYS)] == [10009, 10018, 10009]
    mt5.step(HOUR)
    assert buy(BREAK) == 10009
    mt5.step(5 * 24 * HOUR)
    assert [buy(symbol) for symbol in (FOREX, BREAK, ALWAYS)] == [10018, 10018, 10009]


def test_the_hour_shown_twice_has_no_bars_of_two_hours() -> None:
    """Where the clock goes back, bars go on in order and none is mixed of two hours."""
    clock = CLOCKS["europe"]
    until = seconds(2025, 10, 26, 12)
    history = History(REAL["europe"].feeds[ALWAYS], REAL["europe"].specs[ALWAYS], clock, until * 1000)
    minutes = history.last_bars(TIMEFRAMES[1], 2**40, 12 * 60)

    assert (np.diff(minutes["time"]) == 60).all()
    assert minutes["tick_volume"].max() < 2000


@pytest.mark.parametrize("sessions", ["", "night"])
def test_unknown_sessions(sessions: Sessions) -> None:
    """Only the two that are there can be chosen."""
    with pytest.raises(ValueError, match="sessions must be one of loop, real"):
        Market(seed=1, clock=lambda: 0.0, sessions=sessions)


def test_the_hour_left_out_is_no_time_of_anything() -> None:
    """From within the hour that the clock leaves out in spring, history goes on with what comes after it."""
    clock = VirtualClock(seconds(2026, 3, 29, 1, 10), speed=0.0)  # 04:10 by the server, ten minutes after the change
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock, summer_time="europe", sessions="real")
    assert mt5.initialize()
    mt5.symbol_select(ALWAYS)
    tick = mt5.symbol_info_tick(ALWAYS)
    order = {"action": mt5.TRADE_ACTION_DEAL, "symbol": ALWAYS, "volume": 0.1, "type": 0, "price": tick.ask}
    assert mt5.order_send(order).retcode == mt5.TRADE_RETCODE_DONE
    left_out = seconds(2026, 3, 29, 3, 30)
    before, after = seconds(2026, 3, 29, 2), seconds(2026, 3, 29, 6)

    assert mt5.history_deals_get(left_out, after)[-1].time == seconds(2026, 3, 29, 4, 10)
    assert mt5.history_deals_total(left_out - HOUR, left_out) == 0
    assert mt5.history_deals_total(left_out - HOUR, seconds(2026, 3, 29, 3, 59) + 59) == 0
    clock.advance(2 * HOUR)
    earlier, later = (mt5.copy_ticks_range(ALWAYS, *span, -1) for span in ((before, left_out), (left_out, after)))
    assert earlier["time"][-1] < seconds(2026, 3, 29, 3)
    assert later["time"][0] >= seconds(2026, 3, 29, 4)
    assert len(earlier) + len(later) == len(mt5.copy_ticks_range(ALWAYS, before, after, -1))
    bars = mt5.copy_rates_range(ALWAYS, mt5.TIMEFRAME_M30, left_out, after)
    assert bars["time"].tolist() == [seconds(2026, 3, 29, 4) + 1800 * number for number in range(5)]
    mt5.shutdown()


@pytest.mark.parametrize("instant", [(2026, 10, 25, 0, 30), (2026, 10, 25, 1, 30)])
def test_both_of_an_hour_shown_twice_are_found(instant: tuple[int, ...], tmp_path: Path) -> None:
    """What is booked in either of the two hours that the clock shows alike is found by the time it shows."""
    clock = VirtualClock(seconds(*instant) - 86_400, speed=0.0)
    mt5: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock, summer_time="europe", sessions="real")
    assert mt5.initialize()
    clock.advance(86_400)
    OperationBook(tmp_path / "l", clock).add("deposit", 10.0)
    three, deal = seconds(2026, 10, 25, 3), mt5.history_deals_get(0, seconds(2027, 1, 1))[-1]

    assert deal.time == three + 1800
    for period in ((deal.time, deal.time), (three, three + HOUR), (three + 1800, three + 3 * HOUR)):
        assert mt5.history_deals_get(*period) == (deal,)
    for period in ((three - HOUR, three - 1), (three + HOUR, three + 2 * HOUR)):
        assert mt5.history_deals_total(*period) == 0
    mt5.shutdown()
