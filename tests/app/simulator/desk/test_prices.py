"""Prices that no market has: a server refuses them, and none breaks the call."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator import SimulatorModule
from tests.app.simulator.conftest import FakeClock

Request = dict[str, Any]
BUY_LIMIT, BUY_STOP, SELL_LIMIT, BUY_STOP_LIMIT = 2, 4, 3, 6
HUGE = [1e308, 1e300, 1e20, -1e308, math.inf, -math.inf, math.nan]


@pytest.fixture
def terminal(mt5: Any) -> Any:
    """A terminal with USDCHF, where the trader names the price, in its Market Watch."""
    assert mt5.symbol_select("USDCHF")
    return mt5


def answered(mt5: Any, request: Request) -> int:
    """The code with which a request is refused, sent or checked."""
    checked, sent = mt5.order_check(request).retcode, mt5.order_send(request).retcode
    assert checked == sent
    return int(sent)


@pytest.mark.parametrize("price", HUGE)
@pytest.mark.parametrize("stop", ["sl", "tp"])
def test_stops_beyond_all_prices(terminal: Any, buy: Request, stop: str, price: float) -> None:
    """A stop that is no number of points is no stop, with a deal, a pending order, or a change of either."""
    opened = terminal.order_send(buy).order
    pending = buy | {"action": 5, "type": BUY_LIMIT, "price": 0.5, "type_filling": 2}
    placed = terminal.order_send(pending).order
    change = {"action": 7, "order": placed, "price": 0.6}

    for request in (buy, buy | {"type": 1}, pending, {"action": 6, "symbol": "EURUSD", "position": opened}, change):
        assert answered(terminal, request | {stop: price}) == terminal.TRADE_RETCODE_INVALID_STOPS


@pytest.mark.parametrize("price", HUGE)
def test_prices_beyond_all_prices(terminal: Any, buy: Request, price: float) -> None:
    """Neither a pending order nor a deal at a price is taken at one that is no number of points."""
    pending = buy | {"action": 5, "price": 0.5, "type_filling": 2}
    placed = terminal.order_send(pending | {"type": BUY_LIMIT}).order

    for kind in (BUY_LIMIT, SELL_LIMIT, BUY_STOP):
        assert answered(terminal, pending | {"type": kind, "price": price}) == 10015
    limit = {"type": BUY_STOP_LIMIT, "price": 5.0, "stoplimit": price}
    assert answered(terminal, pending | limit) == 10015
    assert answered(terminal, {"action": 7, "order": placed, "price": price}) == 10015
    assert answered(terminal, buy | {"symbol": "USDCHF", "price": price, "deviation": 2**64 - 1}) == 10015


@pytest.mark.parametrize("stop", ["sl", "tp"])
def test_a_stop_of_nearly_nothing(terminal: Any, buy: Request, stop: str) -> None:
    """A stop that would round to none is refused, not left out."""
    assert answered(terminal, buy | {stop: 5e-324}) == terminal.TRADE_RETCODE_INVALID_STOPS
    assert answered(terminal, buy | {stop: 1e-9, "type": 1}) == terminal.TRADE_RETCODE_INVALID_STOPS


NUMBER = st.sampled_from((0.0, 0.1, 0.5, 2.0, 5e-324, *HUGE)) | st.floats()
NUMBERS = dict.fromkeys(("volume", "price", "stoplimit", "sl", "tp"), NUMBER)
REQUESTS = st.fixed_dictionaries(
    {"action": st.sampled_from((1, 5, 6, 7)), "type": st.integers(0, 8), "type_filling": st.sampled_from((0, 2))}
    | NUMBERS
)


@settings(max_examples=150, deadline=None)
@given(REQUESTS)
def test_every_float_has_an_answer(request: Request) -> None:
    """Whatever numbers stand in a request, sending and checking it answer."""
    mt5 = _terminal()
    for symbol, position, order in (("EURUSD", 100_001, 100_002), ("USDCHF", 100_003, 100_004)):
        for fields in (request, request | {"volume": 0.1}):
            held = position if request["action"] == 6 else 0
            named = fields | {"symbol": symbol, "position": held, "order": order}
            assert mt5.order_check(named) is not None
            assert mt5.order_send(named) is not None
    mt5.shutdown()


def _terminal() -> Any:
    """A terminal with a position and a pending order in each of two symbols."""
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=FakeClock())
    assert mt5.initialize()
    for symbol in ("EURUSD", "USDCHF"):
        assert mt5.symbol_select(symbol)
        deal = {"action": 1, "symbol": symbol, "volume": 0.1, "type": 0, "price": mt5.symbol_info_tick(symbol).ask}
        assert mt5.order_send(deal).retcode == mt5.TRADE_RETCODE_DONE
        pending = deal | {"action": 5, "type": BUY_LIMIT, "price": 0.5, "type_filling": 2}
        assert mt5.order_send(pending).retcode == mt5.TRADE_RETCODE_DONE
    return mt5
