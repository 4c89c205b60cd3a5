"""Rules of an account and limits of a symbol, whichever way round them an order takes."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.books.ledger import Ledger
from app.simulator.vocabulary.symbols import SYMBOLS
from tests.app.simulator.conftest import NOW_S, FakeClock, change_terms

Request = dict[str, Any]
NETTING = 5_100_002
BUY, SELL, BUY_LIMIT, BUY_STOP, SELL_STOP = 0, 1, 2, 4, 5
DAY_S = 86_400


@pytest.fixture
def clock() -> FakeClock:
    """A Tuesday afternoon on which prices move."""
    return FakeClock(NOW_S + 21 * DAY_S)


def opened(path: Path, clock: FakeClock, **terms: Any) -> Any:
    """A terminal whose default account is on other terms."""
    mt5: Any = SimulatorModule(ledger=path / "l", clock=clock)
    assert mt5.initialize()
    with closing(Ledger(str(path / "l"), 0)) as ledger:
        change_terms(ledger, **terms)
    return mt5


def stop_order(mt5: Any, kind: int, buy: Request) -> int:
    """Place a stop order ten points away."""
    tick = mt5.symbol_info_tick("EURUSD")
    price = round(tick.ask + 0.0001 if kind == BUY_STOP else tick.bid - 0.0001, 5)
    placed = mt5.order_send(buy | {"action": 5, "type": kind, "price": price, "type_filling": 2})
    assert placed.retcode == mt5.TRADE_RETCODE_DONE
    return int(placed.order)


@pytest.mark.parametrize("held", [BUY, SELL])
def test_a_waiting_order_does_not_hedge_either(tmp_path: Path, clock: FakeClock, buy: Request, held: int) -> None:
    """Where hedging is prohibited, an order that was placed before there was a position is rejected at its price."""
    mt5 = opened(tmp_path, clock, hedge_prohibited=True)
    against, along = stop_order(mt5, SELL_STOP, buy), stop_order(mt5, BUY_STOP, buy)
    against, along = (against, along) if held == BUY else (along, against)
    assert mt5.order_send(buy | {"type": held}).retcode == mt5.TRADE_RETCODE_DONE
    clock.advance(5 * DAY_S)

    states = [mt5.history_orders_get(ticket=order)[0].state for order in (against, along)]
    assert states == [mt5.ORDER_STATE_REJECTED, mt5.ORDER_STATE_FILLED]
    assert {each.type for each in mt5.positions_get()} == {held}
    mt5.shutdown()


def test_first_in_first_out_holds_for_closing_by(tmp_path: Path, clock: FakeClock, buy: Request) -> None:
    """Both positions that close each other must be the oldest of their sides."""
    mt5 = opened(tmp_path, clock, fifo_close=True)
    bought, sold = ([mt5.order_send(buy | {"type": side}).order for _ in range(2)] for side in (BUY, SELL))

    for one, other in ((0, 1), (1, 0), (1, 1)):
        request = {"action": 10, "position": bought[one], "position_by": sold[other]}
        assert mt5.order_check(request).retcode == mt5.TRADE_RETCODE_FIFO_CLOSE
        assert mt5.order_send(request).retcode == mt5.TRADE_RETCODE_FIFO_CLOSE
    for number in range(2):
        request = {"action": 10, "position": sold[number], "position_by": bought[number]}
        assert mt5.order_send(request).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.positions_total() == 0
    mt5.shutdown()


# That a waiting order of more lots is refused against a position, too, is documented (SYMBOL_VOLUME_LIMIT).
def test_a_turned_position_counts_as_what_it_becomes(clock: FakeClock, buy: Request) -> None:
    """Of a deal that turns a netted position what is beyond it counts for the limit; waiting orders count in full."""
    limited = replace(SYMBOLS[0], volume_limit=0.5)
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock, symbols=[limited])
    assert mt5.initialize()
    assert mt5.login(NETTING, "simulator")
    assert mt5.order_send(buy | {"type": SELL, "volume": 0.3}).retcode == mt5.TRADE_RETCODE_DONE
    waiting = buy | {"action": 5, "type": BUY_LIMIT, "price": 0.5, "type_filling": 2, "volume": 0.51}

    assert mt5.order_send(waiting).retcode == mt5.TRADE_RETCODE_LIMIT_VOLUME
    assert mt5.order_send(buy | {"volume": 0.81}).retcode == mt5.TRADE_RETCODE_LIMIT_VOLUME
    assert mt5.order_send(buy | {"volume": 0.8}).retcode == mt5.TRADE_RETCODE_DONE
    assert [(each.type, each.volume) for each in mt5.positions_get()] == [(BUY, 0.5)]
    mt5.shutdown()
