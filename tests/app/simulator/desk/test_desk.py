"""Market orders on a hedging account: what is filled, what is refused, and what the books say after."""

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

Request = dict[str, Any]


def close(mt5: Any, position: Any, volume: float | None = None) -> Any:
    """Close a position, or part of it."""
    return mt5.order_send(
        {
            "action": mt5.TRADE_ACTION_DEAL,
            "symbol": position.symbol,
            "volume": position.volume if volume is None else volume,
            "type": 1 - position.type,
            "type_filling": mt5.ORDER_FILLING_IOC,
            "position": position.ticket,
        }
    )


@pytest.mark.parametrize("side", [0, 1])
def test_a_market_order_fills_at_the_tick(mt5: Any, buy: Request, side: int) -> None:
    """A buy fills at the ask and a sell at the bid of the last tick, whatever price and deviation say."""
    tick = mt5.symbol_info_tick("EURUSD")
    result = mt5.order_send(buy | {"type": side, "price": 5.0, "deviation": 0})

    assert (result.retcode, result.comment) == (mt5.TRADE_RETCODE_DONE, "Request executed")
    assert result.price == (tick.bid if side else tick.ask)
    assert (result.bid, result.ask, result.volume, result.retcode_external) == (tick.bid, tick.ask, 0.1, 0)
    assert result.order > 0
    assert result.deal > 0
    assert isinstance(result, mt5.OrderSendResult)


def test_the_result_echoes_the_whole_request(mt5: Any, buy: Request) -> None:
    """All 17 fields come back, missing ones as zeros."""
    request = mt5.order_send(buy).request

    assert request._asdict() == dict.fromkeys(mt5.TradeRequest.__match_args__, 0) | buy | {
        "price": 0.0, "stoplimit": 0.0, "sl": 0.0, "tp": 0.0,
    }  # fmt: skip


def test_fields_as_keywords(mt5: Any, buy: Request) -> None:
    """A request may be spelled as keywords."""
    assert mt5.order_send(**buy).retcode == mt5.TRADE_RETCODE_DONE


def test_request_ids_grow(mt5: Any, buy: Request) -> None:
    """Every request has a number of its own, refused ones too, whichever account the terminal is logged in to."""
    ids = [mt5.order_send(request).request_id for request in (buy, buy | {"volume": 0.001}, buy)]
    assert ids == [1, 2, 3]
    assert mt5.login(5_100_002, "simulator")
    assert mt5.order_send(buy).request_id == 4


def test_the_books_after_opening(mt5: Any, buy: Request) -> None:
    """Order, deal and position tell one story, on the server's clock."""
    tick = mt5.symbol_info_tick("EURUSD")
    result = mt5.order_send(buy)
    (position,) = mt5.positions_get()
    (order,) = mt5.history_orders_get(ticket=result.order)
    (deal,) = mt5.history_deals_get(ticket=result.deal)

    assert position.ticket == position.identifier == result.order
    assert (position.type, position.volume, position.price_open) == (0, 0.1, tick.ask)
    assert (position.magic, position.comment, position.reason) == (7, "test", mt5.POSITION_REASON_EXPERT)
    assert (position.price_current, position.symbol) == (tick.bid, "EURUSD")
    assert (order.state, order.reason, order.type) == (mt5.ORDER_STATE_FILLED, mt5.ORDER_REASON_EXPERT, 0)
    assert (order.volume_initial, order.volume_current, order.position_id) == (0.1, 0.0, result.order)
    assert (deal.entry, deal.reason, deal.type) == (mt5.DEAL_ENTRY_IN, mt5.DEAL_REASON_EXPERT, 0)
    assert (deal.order, deal.position_id, deal.price, deal.profit) == (result.order, result.order, tick.ask, 0.0)
    assert {order.time_setup_msc, order.time_done_msc, deal.time_msc, position.time_msc} == {1_773_153_296_789}
    assert deal.time == 1_773_153_296


def test_commission_is_charged_on_entry(mt5: Any, buy: Request) -> None:
    """Seven dollars a lot leave the balance when a position opens, nothing when it closes."""
    mt5.order_send(buy)
    assert mt5.account_info().balance == 99_999.30
    (position,) = mt5.positions_get()
    closing = close(mt5, position)
    assert mt5.history_deals_get(ticket=closing.deal)[0].commission == 0.0


def test_a_full_close(mt5: Any, buy: Request, clock: Any) -> None:
    """Closing with the opposite type books the profit shown before, and the position is gone."""
    mt5.order_send(buy)
    clock.advance(3 * 3600)
    (position,) = mt5.positions_get()
    result = close(mt5, position)
    (deal,) = mt5.history_deals_get(ticket=result.deal)

    assert result.price == position.price_current
    assert (deal.entry, deal.type, deal.position_id) == (mt5.DEAL_ENTRY_OUT, 1, position.ticket)
    assert deal.profit == position.profit != 0.0
    assert mt5.positions_get() == ()
    assert mt5.account_info().balance == pytest.approx(99_999.30 + deal.profit)
    assert mt5.account_info().margin == 0.0


def test_a_partial_close_keeps_the_ticket(mt5: Any, buy: Request, clock: Any) -> None:
    """What is left of a position keeps its number, price and opening time."""
    mt5.order_send(buy)
    (before,) = mt5.positions_get()
    clock.advance(60)
    close(mt5, before, 0.04)
    (after,) = mt5.positions_get()

    assert after.volume == 0.06
    assert (after.ticket, after.price_open, after.time_msc) == (before.ticket, before.price_open, before.time_msc)
    assert after.time_update_msc == before.time_update_msc + 60_000
    orders = mt5.history_orders_get(position=before.ticket)
    deals = mt5.history_deals_get(position=before.ticket)
    assert [order.type for order in orders] == [0, 1]
    assert [(deal.entry, deal.volume) for deal in deals] == [(0, 0.1), (1, 0.04)]


def test_hedging_opens_the_other_side(mt5: Any, buy: Request) -> None:
    """Without a position number, an opposite deal opens a position of its own."""
    mt5.order_send(buy)
    mt5.order_send(buy | {"type": 1})

    assert [position.type for position in mt5.positions_get()] == [0, 1]


REFUSALS = [
    ({"action": 5}, 10013, "Invalid request"),
    ({"action": 6, "position": 0}, 10013, "Invalid request"),
    ({"action": 0}, 10013, "Invalid request"),
    ({"type": 2}, 10013, "Invalid request"),
    ({"symbol": "NOPE"}, 10013, "Invalid request"),
    ({"symbol": ""}, 10013, "Invalid request"),
    ({"type_filling": 2}, 10030, "Unsupported filling mode"),
    ({"type_filling": 3}, 10030, "Unsupported filling mode"),
    ({"symbol": "USDCAD"}, 10030, "Unsupported filling mode"),
    ({"volume": 0.0}, 10014, "Invalid volume"),
    ({"volume": -0.1}, 10014, "Invalid volume"),
    ({"volume": 0.005}, 10014, "Invalid volume"),
    ({"volume": 0.015}, 10014, "Invalid volume"),
    ({"volume": 100.01}, 10014, "Invalid volume"),
    ({"volume": float("nan")}, 10014, "Invalid volume"),
    ({"volume": float("inf")}, 10014, "Invalid volume"),
    ({"volume": 95.0}, 10019, "No money"),
    ({"position": 5}, 10036, "Position closed"),
    ({"position": 2**64 - 1}, 10036, "Position closed"),
]


@pytest.mark.parametrize(("change", "retcode", "comment"), REFUSALS)
def test_refusals(mt5: Any, buy: Request, change: Request, retcode: int, comment: str) -> None:
    """A refused request is a result with its code and nothing in the books; checking it says the same."""
    result = mt5.order_send(buy | change)

    assert (result.retcode, result.comment) == (retcode, comment)
    assert (result.order, result.deal, result.price) == (0, 0, 0.0)
    assert mt5.last_error() == (1, "Success")
    assert mt5.positions_total() == 0
    assert mt5.account_info().balance == 100_000.0
    assert mt5.order_check(buy | change).retcode == retcode


@pytest.mark.parametrize("volume", [0.30000000000000004, 0.01, 0.07, 2.29])
def test_volumes_that_only_look_crooked(mt5: Any, buy: Request, volume: float) -> None:
    """Floating point dust does not make a volume invalid, and is not booked."""
    assert mt5.order_send(buy | {"volume": volume}).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.positions_get()[0].volume == round(volume, 2)


def test_closing_refusals(mt5: Any, buy: Request) -> None:
    """A close must be of the other type, the same symbol, and no more than there is; once it is done it is done."""
    mt5.order_send(buy)
    (position,) = mt5.positions_get()
    closing = buy | {"position": position.ticket, "type": 1}

    assert mt5.order_send(closing | {"volume": 0.11}).retcode == mt5.TRADE_RETCODE_INVALID_CLOSE_VOLUME
    assert mt5.order_send(closing | {"type": 0}).retcode == mt5.TRADE_RETCODE_INVALID
    assert mt5.order_send(closing | {"symbol": "GBPUSD"}).retcode == mt5.TRADE_RETCODE_INVALID
    assert mt5.order_send(closing).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.order_send(closing).retcode == mt5.TRADE_RETCODE_POSITION_CLOSED


def test_closing_needs_no_money(mt5: Any, buy: Request) -> None:
    """A position can be closed when no margin is free."""
    mt5.order_send(buy | {"volume": 85.0})
    assert mt5.order_send(buy | {"volume": 10.0}).retcode == mt5.TRADE_RETCODE_NO_MONEY
    (position,) = mt5.positions_get()
    assert close(mt5, position, 80.0).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.order_send(buy | {"volume": 10.0}).retcode == mt5.TRADE_RETCODE_DONE


def test_a_hidden_symbol_has_no_prices(mt5: Any, buy: Request) -> None:
    """A symbol outside the Market Watch cannot be traded."""
    mt5.symbol_select("EURUSD", False)
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_PRICE_OFF
    mt5.symbol_select("EURUSD")
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE


def test_check_tells_the_totals_after(mt5: Any, buy: Request) -> None:
    """order_check answers 0 and "Done" with exactly the account that order_send then leaves, and trades nothing."""
    mt5.order_send(buy | {"symbol": "GBPUSD", "type": 1})
    check = mt5.order_check(buy)
    assert mt5.positions_total() == 1
    mt5.order_send(buy)
    account = mt5.account_info()

    assert (check.retcode, check.comment) == (0, "Done")
    names = ("balance", "equity", "profit", "margin", "margin_free", "margin_level")
    assert [getattr(check, name) for name in names] == [getattr(account, name) for name in names]


@pytest.mark.parametrize("volume", [0.03, 0.1])
def test_check_of_a_close(mt5: Any, buy: Request, volume: float) -> None:
    """Checking a close, in part or in whole, tells the account after it."""
    mt5.order_send(buy)
    (position,) = mt5.positions_get()
    closing = buy | {"type": 1, "position": position.ticket, "volume": volume}
    check = mt5.order_check(closing)
    mt5.order_send(closing)

    assert (check.retcode, check.margin, check.balance) == (0, mt5.account_info().margin, mt5.account_info().balance)


def test_margin_and_levels(mt5: Any, buy: Request) -> None:
    """Margin is told at the opening price; the level is equity in percent of it, and zero without positions."""
    assert mt5.account_info().margin_level == 0.0
    price = mt5.order_send(buy).price
    account = mt5.account_info()

    assert account.margin == round(price * 100, 2)
    assert account.margin_free == pytest.approx(account.equity - account.margin)
    assert account.margin_level == pytest.approx(account.equity / account.margin * 100)


def test_canadian_profit_is_in_dollars(mt5: Any, buy: Request, clock: Any) -> None:
    """A USDCAD position earns Canadian dollars, shown and booked in the account's currency."""
    mt5.order_send(buy | {"symbol": "USDCAD", "type_filling": mt5.ORDER_FILLING_IOC})
    clock.advance(5 * 3600)
    (position,) = mt5.positions_get()
    expected = (position.price_current - position.price_open) * 10_000 / position.price_current

    assert position.profit == round(expected, 2) != 0
    assert mt5.history_deals_get(ticket=close(mt5, position).deal)[0].profit == position.profit


@pytest.mark.parametrize(
    ("trade_mode", "buying", "selling"),
    [(0, 10017, 10017), (1, 10009, 10042), (2, 10043, 10009), (3, 10044, 10044), (4, 10009, 10009)],
)
def test_trade_modes(buy: Request, clock: Any, trade_mode: int, buying: int, selling: int) -> None:
    """A symbol may be closed to trading, to one side, or to all but closing."""
    mt5: Any = SimulatorModule(
        ledger=Path(":memory:"), clock=clock, symbols=[replace(SYMBOLS[0], trade_mode=trade_mode)]
    )
    mt5.initialize()

    assert mt5.order_send(buy).retcode == buying
    assert mt5.order_send(buy | {"type": 1}).retcode == selling
    assert mt5.order_send(buy | {"position": 5}).retcode == (10036 if trade_mode else 10017)
    mt5.shutdown()


def test_commission_is_a_term_of_the_symbol(buy: Request, clock: Any) -> None:
    """A symbol may have a commission of its own, or none."""
    mt5: Any = SimulatorModule(
        ledger=Path(":memory:"), clock=clock, symbols=[replace(SYMBOLS[0], commission_per_lot=0.0)]
    )
    mt5.initialize()
    mt5.order_send(buy)

    assert mt5.account_info().balance == 100_000.0
    mt5.shutdown()


def test_before_all_history_there_are_no_prices(mt5: Any, buy: Request, clock: Any) -> None:
    """On a clock that stands before the recording there is an account but no market."""
    clock.now_s = 1_000_000_000.0

    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_PRICE_OFF
    assert mt5.symbol_info_tick("EURUSD").time == 0
    assert mt5.symbol_info("EURUSD").bid == 0.0
    assert len(mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, 5)) == 0
    assert mt5.account_info().equity == 100_000.0


STEP = st.tuples(
    st.sampled_from(["open", "close", "part"]),
    st.sampled_from(["EURUSD", "GBPUSD", "USDCAD"]),
    st.integers(0, 1),
    st.integers(1, 40),
    st.floats(0, 40_000),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, max_size=12))
def test_the_books_always_balance(steps: list[tuple[str, str, int, int, float]]) -> None:
    """After any trades: balance = sum of deals, equity = balance + floating profit, and the volumes add up."""
    clock = FakeClock()
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock)
    mt5.initialize()
    for act, symbol, side, lots, seconds in steps:
        clock.advance(seconds)
        held = mt5.positions_get()
        if act == "open":
            mt5.order_send(action=1, symbol=symbol, volume=lots / 100, type=side, type_filling=1)
        elif held:
            volume = None if act == "close" else max(0.01, round(held[0].volume / 2, 2))
            assert close(mt5, held[0], volume).retcode == mt5.TRADE_RETCODE_DONE
        _assert_balanced(mt5)
    mt5.shutdown()


def _assert_balanced(mt5: Any) -> None:
    account, deals, positions = mt5.account_info(), mt5.history_deals_get(*EVER), mt5.positions_get()
    money = sum(deal.profit + deal.commission + deal.swap + deal.fee for deal in deals)
    lots: dict[int, float] = {}
    for deal in deals[1:]:
        lots[deal.position_id] = lots.get(deal.position_id, 0) + (deal.volume if deal.entry == 0 else -deal.volume)

    assert account.balance == pytest.approx(money, abs=1e-6)
    assert account.profit == pytest.approx(sum(each.profit + each.swap for each in positions), abs=1e-6)
    assert account.equity == pytest.approx(account.balance + account.profit, abs=1e-6)
    assert {position.ticket: position.volume for position in positions} == {
        number: round(volume, 8) for number, volume in lots.items() if volume > 1e-9
    }
