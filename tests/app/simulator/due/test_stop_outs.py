"""Positions that the broker closes when equity no longer carries them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator import SimulatorModule
from app.simulator.due.operations import OperationBook
from app.simulator.market.feed import MINUTE_MS, Feed
from app.simulator.positions.portfolio import appraise
from app.simulator.vocabulary.symbols import SYMBOLS
from tests.app.simulator.conftest import EVER, NOW_S, FakeClock, change_terms, terminal_behind

SATURDAY_S = 1_773_489_600.0  # 2026-03-14 12:00 UTC
MAJORS = [replace(spec, swap_mode=0) for spec in SYMBOLS if spec.name in ("EURUSD", "GBPUSD")]


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Any]:
    """Opens a terminal on an account with little money and much leverage."""

    def open_terminal(name: str, clock: FakeClock, **terms: Any) -> Any:
        mt5: Any = SimulatorModule(ledger=tmp_path / f"{name}.sqlite", clock=clock, symbols=MAJORS)
        assert mt5.initialize()
        _as_poor(mt5, **terms)
        return mt5

    return open_terminal


def _as_poor(mt5: Any, **terms: Any) -> None:
    """Make the account one of 1,000 dollars at 1:500."""
    terminal = terminal_behind(mt5)
    ledger = terminal.connection.ledger
    poor = {"balance_cents": 1_000_00, "leverage": 500, "commission_per_lot": 0.0} | terms
    change_terms(ledger, **poor)


def _feed(mt5: Any, symbol: str = "EURUSD") -> Feed:
    feed: Feed = terminal_behind(mt5).market.feeds[symbol]
    return feed


def test_the_first_tick_that_does_not_carry(opened: Callable[..., Any], buy: dict[str, Any]) -> None:
    """A position is closed at the first tick at which equity is half the margin, with that tick's time and price."""
    clock = FakeClock()
    mt5 = opened("a", clock)
    order = mt5.order_send(buy | {"volume": 4.0, "type": 1})
    (position,) = mt5.positions_get()
    margin = mt5.account_info().margin
    clock.advance(5 * 86_400)
    account = mt5.account_info()
    (deal,) = [deal for deal in mt5.history_deals_get(*EVER) if deal.entry == mt5.DEAL_ENTRY_OUT]

    assert mt5.positions_total() == 0
    assert (deal.reason, deal.position_id, deal.type) == (mt5.DEAL_REASON_SO, order.order, mt5.ORDER_TYPE_BUY)
    assert account.balance == pytest.approx(1000 + deal.profit, abs=1e-6)
    level = 100 * account.balance / margin
    assert level <= 50.0
    assert deal.comment == f"so {level:.2f}%/{account.balance:.2f}/{margin:.2f}"
    (done,) = mt5.history_orders_get(ticket=deal.order)
    assert done.reason == mt5.ORDER_REASON_SO
    # No tick before was that bad.
    ticks = [_feed(mt5).ticks(minute) for minute in range(position.time // 60 - 120, deal.time // 60 - 119)]
    times, asks = (np.concatenate([getattr(each, name) for each in ticks]) for name in ("time_msc", "ask"))
    held = (times > position.time_msc - 7_200_000) & (times < deal.time_msc - 7_200_000)
    assert asks[held].max() < round(deal.price * 1e5)


def test_the_worst_goes_first(opened: Callable[..., Any], buy: dict[str, Any]) -> None:
    """Of several positions the one with the largest loss is closed, and only as many as it takes."""
    clock = FakeClock()
    mt5 = opened("a", clock)
    first = mt5.order_send(buy | {"volume": 2.0, "type": 1})
    mt5.order_send(buy | {"volume": 0.5, "type": 1})
    mt5.order_send(buy | {"volume": 0.1, "type": 1, "symbol": "GBPUSD"})
    clock.advance(5 * 86_400)
    deals = [deal for deal in mt5.history_deals_get(*EVER) if deal.reason == mt5.DEAL_REASON_SO]

    assert deals[0].position_id == first.order
    assert deals[1].time_msc > deals[0].time_msc


def test_a_level_in_money(opened: Callable[..., Any], buy: dict[str, Any]) -> None:
    """An account may name its stop-out level in money."""
    clock = FakeClock()
    mt5 = opened("a", clock, stopout_mode=1, stopout_level=900.0)
    assert (mt5.account_info().margin_so_mode, mt5.account_info().margin_so_so) == (1, 900.0)
    mt5.order_send(buy | {"volume": 1.0, "type": 1})
    clock.advance(5 * 86_400)

    assert mt5.positions_total() == 0
    assert 880.0 < mt5.account_info().balance <= 900.0


@settings(max_examples=10, deadline=None)
@given(
    side=st.integers(0, 1),
    lots=st.integers(50, 250),
    other=st.integers(0, 60),
    looks=st.lists(st.floats(1, 40_000), max_size=12),
)
def test_any_looks_give_the_same_end(side: int, lots: int, other: int, looks: list[float]) -> None:
    """However often somebody looks in between, the same deals are made at the same times."""
    ends = [_deals(side, lots, other, times) for times in ([], looks)]

    assert ends[0] == ends[1]


def _deals(side: int, lots: int, other: int, looks: list[float]) -> list[dict[str, Any]]:
    clock = FakeClock()
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock, symbols=MAJORS)
    mt5.initialize()
    _as_poor(mt5)
    request = {"action": 1, "symbol": "EURUSD", "type": side, "volume": lots / 100}
    mt5.order_send(request)
    if other:
        mt5.order_send(request | {"symbol": "GBPUSD", "type": 1 - side, "volume": other / 100})
    for seconds in looks:
        clock.advance(seconds)
        mt5.account_info()
    clock.now_s = NOW_S + 6 * 86_400
    deals = [deal._asdict() for deal in mt5.history_deals_get(*EVER)]
    mt5.shutdown()
    return deals


def test_an_account_that_carries_is_not_looked_at_twice(mt5: Any, buy: dict[str, Any], clock: FakeClock) -> None:
    """While an hour's worst prices would be carried, its ticks are not walked."""
    mt5.order_send(buy)
    walked: list[int] = []
    feed = _feed(mt5)
    ticks = feed.ticks
    feed.ticks = lambda minute: walked.append(minute) or ticks(minute)  # type: ignore[assignment,func-returns-value]
    for _ in range(100):
        clock.advance(MINUTE_MS / 100_000)
        mt5.positions_total()

    assert len(walked) < 10


def test_a_withdrawal_may_be_too_much(tmp_path: Path, buy: dict[str, Any]) -> None:
    """What the account cannot carry any more without that money is closed in the same instant."""
    clock, path = FakeClock(), tmp_path / "l.sqlite"
    mt5: Any = SimulatorModule(ledger=path, clock=clock)
    mt5.initialize()
    mt5.order_send(buy | {"volume": 4.0})
    clock.advance(1)
    OperationBook(path, clock).add("withdrawal", 99_000.0)
    clock.advance(600)
    deals = mt5.history_deals_get(*EVER)

    assert [deal.reason for deal in deals[-2:]] == [0, mt5.DEAL_REASON_SO]
    assert deals[-1].time_msc == deals[-2].time_msc == round((NOW_S + 1) * 1000) + 7_200_000
    mt5.shutdown()


def test_a_closed_market_waits_for_its_first_tick(tmp_path: Path, buy: dict[str, Any]) -> None:
    """At the week-end nothing is closed; it is at the first tick after it."""
    clock, path = FakeClock(), tmp_path / "l.sqlite"
    mt5: Any = SimulatorModule(ledger=path, clock=clock, sessions="real")
    mt5.initialize()
    mt5.order_send(buy | {"volume": 4.0})
    clock.now_s = SATURDAY_S
    OperationBook(path, clock).add("charge", mt5.account_info().equity - 100.0)
    clock.advance(3600)
    assert mt5.positions_total() == 1
    clock.advance(3 * 86_400)
    (deal,) = [deal for deal in mt5.history_deals_get(*EVER) if deal.reason == mt5.DEAL_REASON_SO]

    monday_msc = (SATURDAY_S // 86_400 + 2) * 86_400_000
    assert deal.time_msc == _feed(mt5).ticks(int(monday_msc - 7_200_000) // MINUTE_MS).time_msc[0] + 7_200_000
    mt5.shutdown()


def test_a_swap_may_be_too_much(buy: dict[str, Any]) -> None:
    """Closed at the midnight that cost too much, and not before: the swap was not owed yet."""
    clock = FakeClock()
    mt5: Any = SimulatorModule(
        ledger=Path(":memory:"), clock=clock, symbols=[replace(SYMBOLS[0], swap_mode=1, swap_long=-1_002_000.0)]
    )
    mt5.initialize()
    mt5.order_send(buy)
    clock.advance(86_400)
    deal = mt5.history_deals_get(*EVER)[-1]

    assert (deal.reason, deal.swap) == (mt5.DEAL_REASON_SO, -100_200.0)
    assert deal.time_msc % 86_400_000 == 0
    mt5.shutdown()


@pytest.mark.parametrize("sessions", ["loop", "real"])
@settings(max_examples=3, deadline=None)
@given(
    lots=st.lists(
        st.tuples(st.sampled_from(["EURJPY", "USDCHF", "BTCUSD"]), st.integers(0, 1)), min_size=1, max_size=3
    ),
    looks=st.lists(st.floats(1, 90_000), max_size=5),
)
def test_other_currencies_and_closed_markets(sessions: Any, lots: list[tuple[str, int]], looks: list[float]) -> None:
    """Positions in other currencies, through nights and a week-end: the same end, and no deal where it is closed."""
    ends = [_week(sessions, lots, times) for times in ([], looks)]

    assert ends[0] == ends[1]


def _week(sessions: Any, lots: list[tuple[str, int]], looks: list[float]) -> list[dict[str, Any]]:
    clock = FakeClock()
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock, sessions=sessions)
    mt5.initialize()
    _as_poor(mt5, balance_cents=60_000_00)
    market = terminal_behind(mt5).market
    for symbol, side in lots:
        tick = market.quote(symbol, market.now_msc())
        price = market.specs[symbol].price(tick.bid if side else tick.ask)
        mt5.symbol_select(symbol)
        volume = 0.4 if symbol == "BTCUSD" else 40.0
        mt5.order_send(action=1, symbol=symbol, type=side, volume=volume, price=price)
    for seconds in looks:
        clock.advance(seconds)
        mt5.account_info()
    clock.now_s = NOW_S + 8 * 86_400
    mt5.account_info()
    deals = mt5.history_deals_get(*EVER)
    assert all(market.is_open(deal.symbol, deal.time_msc - 7_200_000) for deal in deals[1:])
    mt5.shutdown()
    return [deal._asdict() for deal in deals]


def _hedged(
    symbol: str, lots: tuple[float, float], level: float, since_s: float = NOW_S, sessions: Any = "loop"
) -> tuple[Any, FakeClock]:
    """A terminal of which one symbol is bought and sold, at this margin level."""
    clock = FakeClock(since_s)
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock, sessions=sessions)
    mt5.initialize()
    mt5.symbol_select(symbol)
    tick = mt5.symbol_info_tick(symbol)
    for side, volume in enumerate(lots):
        request = {"action": 1, "symbol": symbol, "type": side, "volume": volume, "price": (tick.ask, tick.bid)[side]}
        assert mt5.order_send(request).retcode == mt5.TRADE_RETCODE_DONE
    account = mt5.account_info()
    spare = account.equity - account.margin * level / 100
    ledger = terminal_behind(mt5).connection.ledger
    change_terms(ledger, balance_cents=round((account.balance - spare) * 100))
    return mt5, clock


@pytest.mark.parametrize("symbol", ["EURUSD", "USDJPY", "EURJPY"])
def test_a_hedge_near_its_end_is_not_walked(symbol: str) -> None:
    """What is bought and sold alike is moved by the spread alone, and so no tick is looked at for it."""
    mt5, clock = _hedged(symbol, (2.0, 2.0), 60.0)
    walked: list[int] = []
    feed = _feed(mt5, symbol)
    ticks = feed.ticks
    feed.ticks = lambda minute: walked.append(minute) or ticks(minute)  # type: ignore[assignment,func-returns-value]
    clock.advance(9 * 3600)

    assert mt5.positions_total() == 2
    assert len(walked) < 60, len(walked)


def test_a_hedge_over_the_weekend() -> None:
    """Where there are no ticks the last spread is that of the hedge, on Monday until the first tick, too."""
    mt5, clock = _hedged("EURUSD", (2.0, 2.0), 60.0, SATURDAY_S - 16 * 3600, "real")
    walked: list[int] = []
    feed = _feed(mt5)
    ticks = feed.ticks
    feed.ticks = lambda minute: walked.append(minute) or ticks(minute)  # type: ignore[assignment,func-returns-value]
    hours = 60
    clock.advance(hours * 3600)

    assert mt5.positions_total() == 2
    assert len(walked) < 10 * hours


@settings(max_examples=12, deadline=None)
@given(
    symbol=st.sampled_from(["EURUSD", "USDJPY", "EURJPY", "BTCUSD"]),
    lots=st.tuples(st.integers(8, 10), st.integers(8, 10)),
    level=st.floats(50.2, 54.0),
)
def test_a_hedge_ends_at_its_first_tick(symbol: str, lots: tuple[int, int], level: float) -> None:
    """A hedged account is closed at the very tick at which each of all ticks, looked at alone, first says so."""
    size = 0.1 if symbol == "BTCUSD" else 1.0
    mt5, clock = _hedged(symbol, (lots[0] * size, lots[1] * size), level)
    terminal = terminal_behind(mt5)
    market, ledger = terminal.market, terminal.connection.ledger
    account, positions, since_msc = ledger.account(), ledger.positions(), market.now_msc()
    minutes = range(since_msc // MINUTE_MS, since_msc // MINUTE_MS + 90)
    asked = {symbol, "EURUSD", "USDJPY"}
    ticks = (market.feeds[name].ticks(minute).time_msc.tolist() for name in asked for minute in minutes)
    later = (time_msc for time_msc in sorted({each for some in ticks for each in some}) if time_msc > since_msc)
    first = next((at for at in later if appraise(account, positions, market.rates("USD", at)).level <= 50.0), None)
    clock.advance(90 * 60 - since_msc % MINUTE_MS / 1000)
    closed = [deal for deal in mt5.history_deals_get(*EVER) if deal.reason == mt5.DEAL_REASON_SO]
    mt5.shutdown()

    assert (closed[0].time_msc - 7_200_000 if closed else None) == first
