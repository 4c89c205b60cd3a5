"""What deals do to positions: on hedging accounts, and where a symbol has one position."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator import SimulatorModule
from app.simulator.vocabulary.symbols import SYMBOLS
from tests.app.simulator.conftest import EVER, FakeClock

HEDGING, NETTING, EXCHANGE = 5_100_001, 5_100_002, 5_100_003
BUY, SELL = 0, 1
IN, OUT, INOUT, OUT_BY = range(4)


@pytest.fixture
def netting(mt5: Any) -> Any:
    """A terminal on the netting account."""
    assert mt5.login(NETTING, "simulator")
    return mt5


def deal(mt5: Any, side: int, lots: float, **fields: Any) -> Any:
    """Buy or sell EURUSD, and return the deal."""
    result = mt5.order_send({"action": 1, "symbol": "EURUSD", "type": side, "volume": lots} | fields)
    assert result.retcode == mt5.TRADE_RETCODE_DONE
    (made,) = mt5.history_deals_get(ticket=result.deal)
    return made


@pytest.mark.parametrize("login", [NETTING, EXCHANGE])
def test_lots_of_the_same_side_are_added(mt5: Any, clock: FakeClock, login: int) -> None:
    """A symbol has one position; what is added to it moves its price to the mean, weighted by lots."""
    mt5.login(login)
    first = deal(mt5, BUY, 0.3)
    clock.advance(3600)
    second = deal(mt5, BUY, 0.1)
    (position,) = mt5.positions_get()

    assert (first.entry, second.entry) == (IN, IN)
    assert second.position_id == position.identifier == position.ticket == first.order
    assert position.volume == 0.4
    assert position.price_open == pytest.approx((0.3 * first.price + 0.1 * second.price) / 0.4, abs=1e-12)
    assert (position.time, position.time_update) == (first.time, second.time)


def test_lots_of_the_other_side_close(netting: Any, clock: FakeClock) -> None:
    """Less than the position closes a part of it at its mean price; what it is worth is realised."""
    first = deal(netting, BUY, 0.3)
    clock.advance(3600)
    second = deal(netting, SELL, 0.1)
    (position,) = netting.positions_get()

    assert (second.entry, second.commission) == (OUT, 0.0)
    assert second.profit == pytest.approx((second.price - first.price) * 10_000, abs=0.005)
    assert (position.volume, position.price_open, position.ticket) == (0.2, first.price, first.order)
    third = deal(netting, SELL, 0.2)
    assert third.entry == OUT
    assert netting.positions_total() == 0


def test_a_reversal_is_one_deal(netting: Any, clock: FakeClock) -> None:
    """More than the position turns it: one deal, the same position_id, the ticket of the order that turned it."""
    first = deal(netting, BUY, 0.3, sl=1.0)
    clock.advance(3600)
    second = deal(netting, SELL, 0.5, tp=1.0)
    (position,) = netting.positions_get()

    assert (second.entry, second.volume, second.position_id) == (INOUT, 0.5, first.position_id)
    assert second.profit == pytest.approx((second.price - first.price) * 30_000, abs=0.005)
    assert second.commission == -1.4
    assert (position.identifier, position.ticket) == (first.position_id, second.order)
    assert (position.type, position.volume, position.price_open) == (SELL, 0.2, second.price)
    assert (position.sl, position.tp) == (0.0, 1.0)
    last = deal(netting, BUY, 0.2)
    assert (last.entry, last.position_id) == (OUT, first.position_id)
    assert [each.ticket for each in netting.history_deals_get(position=first.position_id)] == [
        first.ticket, second.ticket, last.ticket,
    ]  # fmt: skip


def test_stops_of_a_netted_position(netting: Any) -> None:
    """Lots that are added bring their stops along; none leave those that are there, as a part that is closed does."""
    deal(netting, BUY, 0.1, sl=1.0)
    deal(netting, BUY, 0.1)
    assert netting.positions_get()[0].sl == 1.0
    deal(netting, BUY, 0.1, sl=1.01)
    deal(netting, BUY, 0.1, tp=2.0)
    deal(netting, SELL, 0.1, sl=3.0)

    (position,) = netting.positions_get()
    assert (position.sl, position.tp) == (1.01, 2.0)


def test_commission_is_paid_on_the_way_in(mt5: Any) -> None:
    """Seven dollars a lot when a position opens, nothing when it closes."""
    opened = deal(mt5, BUY, 0.5)
    closed = deal(mt5, SELL, 0.5, position=opened.order)

    assert (opened.commission, closed.commission) == (-3.5, 0.0)
    assert (opened.fee, closed.fee) == (0.0, 0.0)
    assert mt5.account_info().balance == pytest.approx(100_000 - 3.5 + closed.profit, abs=1e-6)


def test_a_fee_is_paid_on_every_deal(clock: FakeClock) -> None:
    """A symbol may have a fee beside its commission; the balance has both."""
    mt5: Any = SimulatorModule(
        ledger=Path(":memory:"), clock=clock, symbols=[replace(SYMBOLS[0], fee_per_lot=2.0, commission_per_lot=3.0)]
    )
    mt5.initialize()
    opened = deal(mt5, BUY, 0.5)
    closed = deal(mt5, SELL, 0.5, position=opened.order)

    assert (opened.fee, closed.fee, opened.commission) == (-1.0, -1.0, -1.5)
    assert mt5.account_info().balance == pytest.approx(100_000 - 3.5 + closed.profit, abs=1e-6)
    mt5.shutdown()


def test_a_fee_is_paid_on_both_deals_of_a_close_by(clock: FakeClock) -> None:
    """Each of the two is a deal; the check counts them, too."""
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock, symbols=[replace(SYMBOLS[0], fee_per_lot=2.0)])
    mt5.initialize()
    long, short = deal(mt5, BUY, 0.5), deal(mt5, SELL, 0.3)
    request = {"action": mt5.TRADE_ACTION_CLOSE_BY, "position": long.order, "position_by": short.order}
    checked = mt5.order_check(request).balance
    assert mt5.order_send(request).retcode == mt5.TRADE_RETCODE_DONE

    deals = mt5.history_deals_get(*EVER)
    assert [made.fee for made in deals[-2:]] == [-0.6, -0.6]
    assert checked == mt5.account_info().balance
    assert checked == pytest.approx(sum(each.profit + each.commission + each.fee for each in deals), abs=1e-6)
    mt5.shutdown()


def close_by(mt5: Any, position: int, by: int) -> Any:
    """Close a position by another one."""
    return mt5.order_send({"action": mt5.TRADE_ACTION_CLOSE_BY, "position": position, "position_by": by, "magic": 9})


@pytest.mark.parametrize(("bought", "sold"), [(0.3, 0.1), (0.1, 0.3), (0.2, 0.2)])
def test_close_by(mt5: Any, clock: FakeClock, bought: float, sold: float) -> None:
    """Two deals under one order, at the opening price of the other; the profit is the first one's, the rest stays."""
    long = deal(mt5, BUY, bought)
    clock.advance(3600)
    short = deal(mt5, SELL, sold)
    balance, lots = mt5.account_info().balance, min(bought, sold)
    result = close_by(mt5, long.order, short.order)
    (order,) = mt5.history_orders_get(ticket=result.order)
    first, second = [made for made in mt5.history_deals_get(*EVER) if made.order == result.order]

    assert (result.retcode, result.volume, result.price) == (mt5.TRADE_RETCODE_DONE, lots, short.price)
    assert (order.type, order.position_id, order.position_by_id) == (8, long.order, short.order)
    assert (first.ticket, first.type, first.position_id) == (result.deal, SELL, long.order)
    assert (second.type, second.position_id, second.profit) == (BUY, short.order, 0.0)
    assert {first.entry, second.entry} == {OUT_BY}
    assert {first.price, second.price} == {short.price}
    assert {first.volume, second.volume} == {lots}
    assert first.profit == pytest.approx((short.price - long.price) * 100_000 * lots, abs=0.005)
    assert mt5.account_info().balance == pytest.approx(balance + first.profit, abs=1e-6)
    larger, price = (long.order, long.price) if bought > sold else (short.order, short.price)
    assert [(each.ticket, each.volume, each.price_open) for each in mt5.positions_get()] == (
        [] if bought == sold else [(larger, 0.2, price)]
    )


def test_what_close_by_would_lead_to(mt5: Any) -> None:
    """The check tells the account's totals after it: the hedged margin is free again."""
    long, short = deal(mt5, BUY, 0.3), deal(mt5, SELL, 0.1)
    request = {"action": mt5.TRADE_ACTION_CLOSE_BY, "position": long.order, "position_by": short.order}
    check = mt5.order_check(request)
    assert mt5.order_send(request).retcode == mt5.TRADE_RETCODE_DONE

    account = mt5.account_info()
    assert (check.retcode, check.balance, check.margin) == (0, account.balance, account.margin)
    assert check.equity == pytest.approx(account.equity, abs=0.011)


def test_close_by_that_cannot_be(mt5: Any) -> None:
    """It takes two positions of opposite sides, on a hedging account."""
    one, two = deal(mt5, BUY, 0.1), deal(mt5, BUY, 0.1)

    assert close_by(mt5, one.order, two.order).retcode == mt5.TRADE_RETCODE_INVALID
    assert close_by(mt5, one.order, 5).retcode == mt5.TRADE_RETCODE_POSITION_CLOSED
    mt5.login(NETTING)
    three = deal(mt5, BUY, 0.1)
    assert close_by(mt5, three.order, three.order).retcode == mt5.TRADE_RETCODE_INVALID


FILLS = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 30), st.floats(1, 20_000)), min_size=1, max_size=10)


@settings(max_examples=25, deadline=None)
@given(FILLS)
def test_a_netted_symbol_has_one_position(fills: list[tuple[int, int, float]]) -> None:
    """There is at most one, its volume is the signed sum of all deals, and the money adds up."""
    clock, mt5 = _open(NETTING)
    for side, hundredths, seconds in fills:
        clock.advance(seconds)
        deal(mt5, side, hundredths / 100)
        positions, account = mt5.positions_get(), mt5.account_info()
        deals = mt5.history_deals_get(*EVER)
        signed = sum(made.volume if made.type == BUY else -made.volume for made in deals[1:])
        money = sum(made.profit + made.commission + made.swap + made.fee for made in deals)

        assert [each.volume * (1 - 2 * each.type) for each in positions] == (
            [pytest.approx(signed, abs=1e-8)] if abs(signed) > 1e-8 else []
        )
        assert account.balance == pytest.approx(money, abs=1e-6)
        assert account.equity == pytest.approx(
            account.balance + account.credit + sum(each.profit + each.swap for each in positions), abs=1e-6
        )
    mt5.shutdown()


@settings(max_examples=20, deadline=None)
@given(FILLS)
def test_hedged_and_netted_fills_earn_the_same(fills: list[tuple[int, int, float]]) -> None:
    """Hedged positions closed by each other have earned what netted ones have, but for rounding each to a cent."""
    earned = [_earned(login, fills) for login in (HEDGING, NETTING, EXCHANGE)]

    assert earned == [pytest.approx(earned[0], abs=0.011 * (2 * len(fills) + 1))] * 3


def _earned(login: int, fills: list[tuple[int, int, float]]) -> float:
    clock, mt5 = _open(login)
    for side, hundredths, seconds in fills:
        clock.advance(seconds)
        deal(mt5, side, hundredths / 100)
    while login == HEDGING and len({each.type for each in mt5.positions_get()}) == 2:
        one, *others = mt5.positions_get()
        assert close_by(mt5, one.ticket, next(each.ticket for each in others if each.type != one.type))
    realised = sum(made.profit for made in mt5.history_deals_get(*EVER)[1:])
    floating = sum(each.profit for each in mt5.positions_get())
    mt5.shutdown()
    return float(realised + floating)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 30)), min_size=2, max_size=8), st.randoms())
def test_any_order_of_fills_gives_the_same_end(fills: list[tuple[int, int]], random: Any) -> None:
    """At one price, the order in which lots are bought and sold makes no difference to what is held and earned."""
    shuffled = list(fills)
    random.shuffle(shuffled)

    assert _end(fills) == _end(shuffled)


def _end(fills: list[tuple[int, int]]) -> tuple[list[tuple[int, float]], Any]:
    _, mt5 = _open(NETTING)
    for side, hundredths in fills:
        deal(mt5, side, hundredths / 100)
    realised = sum(made.profit for made in mt5.history_deals_get(*EVER)[1:])
    floating = sum(each.profit for each in mt5.positions_get())
    held = [(each.type, each.volume) for each in mt5.positions_get()]
    mt5.shutdown()
    return held, pytest.approx(realised + floating, abs=0.011 * len(fills))


def _open(login: int) -> tuple[FakeClock, Any]:
    clock = FakeClock()
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock)
    assert mt5.initialize(login=login)
    return clock, mt5
