"""The functions of trading: positions and history, read back."""

from __future__ import annotations

from typing import Any

import pytest

NOW_S = 1_773_146_096
SERVER_NOW_S = NOW_S + 7200


@pytest.fixture
def traded(mt5: Any, buy: dict[str, Any], clock: Any) -> Any:
    """Three positions, a minute apart, each of another symbol."""
    for symbol in ("EURUSD", "GBPUSD", "USDCAD"):
        result = mt5.order_send(buy | {"symbol": symbol, "type_filling": mt5.ORDER_FILLING_IOC})
        assert result.retcode == mt5.TRADE_RETCODE_DONE
        clock.advance(60)
    return mt5


def test_the_first_deal_is_the_deposit(mt5: Any) -> None:
    """An account begins with 100,000 as a balance deal, and belongs to a hedging demo in dollars at 1:100."""
    (deposit,) = mt5.history_deals_get(0, SERVER_NOW_S + 1)
    account = mt5.account_info()

    assert (deposit.type, deposit.profit, deposit.symbol) == (mt5.DEAL_TYPE_BALANCE, 100_000.0, "")
    assert mt5.history_orders_total(0, SERVER_NOW_S) == 0
    assert (account.balance, account.currency, account.leverage) == (100_000.0, "USD", 100)
    assert account.margin_mode == mt5.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING
    assert account.trade_mode == mt5.ACCOUNT_TRADE_MODE_DEMO


def test_orders_and_deals_are_numbered_apart(traded: Any) -> None:
    """Order and deal numbers are two sequences that may coincide."""
    deals = traded.history_deals_get(0, SERVER_NOW_S + 1000)
    orders = traded.history_orders_get(0, SERVER_NOW_S + 1000)

    assert [deal.ticket for deal in deals] == [100_001, 100_002, 100_003, 100_004]
    assert [order.ticket for order in orders] == [100_001, 100_002, 100_003]


def test_history_is_asked_in_server_time(traded: Any) -> None:
    """A period that ends at UTC's now misses the newest deals of a server that is ahead."""
    assert traded.history_deals_total(NOW_S - 60, NOW_S + 1000) == 0
    assert traded.history_deals_total(SERVER_NOW_S - 60, SERVER_NOW_S + 1000) == 4


@pytest.mark.parametrize(("since", "until", "count"), [(0, 0, 2), (0, 59, 2), (0, 60, 3), (1, 59, 0), (60, 60, 1)])
def test_both_ends_of_a_period_count(traded: Any, since: int, until: int, count: int) -> None:
    """Deals of the first and of the last second are inside."""
    period = (SERVER_NOW_S + since, SERVER_NOW_S + until)

    assert traded.history_deals_total(*period) == len(traded.history_deals_get(*period)) == count


def test_groups_filter_history(traded: Any) -> None:
    """A group keeps the symbols it holds."""
    period = (0, SERVER_NOW_S + 1000)

    assert [deal.symbol for deal in traded.history_deals_get(*period, group="*USD,!GBP*")] == ["EURUSD"]
    assert [order.symbol for order in traded.history_orders_get(*period, group="USD*")] == ["USDCAD"]
    assert traded.history_deals_get(*period, group="") == ()


def test_dates_win_over_numbers(traded: Any) -> None:
    """With two dates, ticket and position are ignored."""
    assert len(traded.history_deals_get(0, SERVER_NOW_S + 1000, ticket=100_002)) == 4


@pytest.mark.parametrize("name", ["history_deals_get", "history_orders_get"])
def test_unknown_numbers_are_empty(traded: Any, name: str) -> None:
    """What is not found is an empty tuple and no error."""
    for keywords in ({"ticket": 5}, {"position": 5}, {"ticket": 2**64 - 1}):
        assert getattr(traded, name)(**keywords) == ()
        assert traded.last_error() == (1, "Success")


def test_positions_by_filter(traded: Any) -> None:
    """Ticket beats symbol beats group; nothing found is an empty tuple."""
    first = traded.positions_get()[0].ticket

    assert [each.symbol for each in traded.positions_get(ticket=first, symbol="GBPUSD")] == ["EURUSD"]
    assert [each.symbol for each in traded.positions_get(symbol="GBPUSD", group="*")] == ["GBPUSD"]
    assert [each.symbol for each in traded.positions_get(group="*,!EUR*")] == ["GBPUSD", "USDCAD"]
    assert len(traded.positions_get(invented=5)) == 3
    for keywords in ({"ticket": 5}, {"symbol": "NOPE"}, {"symbol": "\ud800"}, {"group": ""}):
        assert traded.positions_get(**keywords) == ()
    assert traded.positions_total() == 3
    assert isinstance(traded.positions_get(), tuple)


def test_a_market_order_never_waits(traded: Any) -> None:
    """A market order is done at once, so that no order is active after it."""
    assert (traded.orders_total(), traded.orders_get(), traded.orders_get(symbol="EURUSD")) == (0, (), ())


def test_odd_magic_and_comment_come_back(mt5: Any, buy: dict[str, Any]) -> None:
    """All 64 bits of a magic number survive, and half an emoji does not spoil the books."""
    mt5.order_send(buy | {"magic": 2**64 - 1, "comment": "half \ud83d"})
    (position,) = mt5.positions_get()

    assert (position.magic, position.comment) == (2**64 - 1, "half �")
    assert mt5.history_deals_get(position=position.ticket)[0].magic == 2**64 - 1


def test_floating_profit_follows_the_market(mt5: Any, buy: dict[str, Any], clock: Any) -> None:
    """A position's current price and profit are those of the tick of the moment."""
    mt5.order_send(buy)
    for _ in range(5):
        clock.advance(1234)
        (position,) = mt5.positions_get()
        assert position.price_current == mt5.symbol_info_tick("EURUSD").bid
        expected = mt5.order_calc_profit(0, "EURUSD", 0.1, position.price_open, position.price_current)
        assert position.profit == expected == mt5.account_info().profit
