"""Buy, Sell and Close behave as the package's own three Python functions do."""

from __future__ import annotations

import inspect
from typing import Any

import pytest


class Scripted:
    """Answers order_send by a list of return codes, then truly; keeps what it was asked."""

    def __init__(self, mt5: Any, *retcodes: int) -> None:
        self._mt5, self._really = mt5, mt5.order_send
        self.requests: list[dict[str, Any]] = []
        self.retcodes = list(retcodes)
        mt5.order_send = self

    def __call__(self, request: dict[str, Any]) -> Any:
        """Answer one request."""
        self.requests.append(request)
        if not self.retcodes:
            return self._really(request)
        return self._mt5.OrderSendResult([self.retcodes.pop(0), *[0] * 10])


def test_buy_and_sell_at_the_market(mt5: Any) -> None:
    """Without a price they take the tick's side, deviate by ten points and name no filling."""
    sent = Scripted(mt5)
    tick = mt5.symbol_info_tick("EURUSD")

    bought, sold = mt5.Buy("EURUSD", 0.1, comment="a"), mt5.Sell("EURUSD", 0.2)

    assert (bought.retcode, sold.retcode) == (10009, 10009)
    assert sent.requests == [
        {"action": 1, "symbol": "EURUSD", "volume": 0.1, "type": 0, "price": tick.ask, "deviation": 10, "comment": "a"},
        {"action": 1, "symbol": "EURUSD", "volume": 0.2, "type": 1, "price": tick.bid, "deviation": 10},
    ]
    assert [position.type for position in mt5.positions_get()] == [0, 1]


def test_a_price_is_sent_once_as_it_is(mt5: Any) -> None:
    """With a price there is one try, whatever the answer; a ticket closes that position."""
    sent = Scripted(mt5, mt5.TRADE_RETCODE_REQUOTE)

    assert mt5.Buy("EURUSD", 0.1, 1.5).retcode == mt5.TRADE_RETCODE_REQUOTE
    assert [request["price"] for request in sent.requests] == [1.5]

    opened = mt5.Buy("EURUSD", 0.1)
    assert mt5.Sell("EURUSD", 0.1, ticket=opened.order).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.positions_get() == ()


@pytest.mark.parametrize(("answers", "tries"), [((10004, 10021), 3), ((10004,) * 12, 10), ((10006,), 1)])
def test_a_price_that_has_gone_is_asked_for_again(mt5: Any, answers: tuple[int, ...], tries: int) -> None:
    """Requotes and missing prices are tried again, ten times at most; any other answer is the answer."""
    sent = Scripted(mt5, *answers)
    mt5.Sell("EURUSD", 0.1)

    assert len(sent.requests) == tries


def test_close_closes_what_there_is(mt5: Any) -> None:
    """All positions of a symbol, both sides; False when there is none."""
    mt5.Buy("EURUSD", 0.1)
    mt5.Sell("EURUSD", 0.2)
    mt5.Buy("GBPUSD", 0.1)

    assert mt5.Close("EURUSD") is True
    assert [position.symbol for position in mt5.positions_get()] == ["GBPUSD"]
    assert mt5.Close("EURUSD") is False


def test_close_in_part(mt5: Any) -> None:
    """Some closed and some not is "Partially"; a partial fill counts as not done."""
    for _ in range(3):
        mt5.Buy("EURUSD", 0.1)
    Scripted(mt5, mt5.TRADE_RETCODE_DONE, mt5.TRADE_RETCODE_REJECT, mt5.TRADE_RETCODE_DONE_PARTIAL)
    assert mt5.Close("EURUSD") == "Partially"

    Scripted(mt5, *[mt5.TRADE_RETCODE_DONE_PARTIAL] * 3)
    assert mt5.Close("EURUSD") is False


def test_close_by_ticket(mt5: Any) -> None:
    """A ticket closes that position alone, with the comment."""
    first, second = mt5.Buy("EURUSD", 0.1), mt5.Buy("EURUSD", 0.1)

    assert mt5.Close("EURUSD", ticket=first.order, comment="out") is True
    assert [position.ticket for position in mt5.positions_get()] == [second.order]
    assert mt5.history_orders_get(0, 2**31 - 1)[-1].comment == "out"


def test_a_failed_call_is_none(mt5: Any) -> None:
    """Where a call in between gives None, so does the helper."""
    mt5.Buy("EURUSD", 0.1)
    mt5.order_send = lambda request: None

    assert mt5.Buy("EURUSD", 0.1) is None
    assert mt5.Sell("EURUSD", 0.1, 1.0) is None
    assert mt5.Close("EURUSD") is None
    mt5.symbol_info_tick = lambda symbol: None
    assert mt5.Close("EURUSD") is None


def test_unconnected_they_break_as_the_packages_do(unconnected: Any) -> None:
    """Without a connection Buy and Close stumble over the None that they were given."""
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'ask'"):
        unconnected.Buy("EURUSD", 0.1)
    with pytest.raises(TypeError, match="'NoneType' object is not iterable"):
        unconnected.Close("EURUSD")


def test_parameters(unconnected: Any) -> None:
    """Comment and ticket are by keyword alone."""
    names = ["symbol", "volume", "price", "comment", "ticket"]
    for helper in (unconnected.Buy, unconnected.Sell):
        assert list(inspect.signature(helper).parameters) == names
    with pytest.raises(TypeError):
        unconnected.Close("EURUSD", "comment")
