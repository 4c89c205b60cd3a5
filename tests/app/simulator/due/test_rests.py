"""What is left of an order that was filled in part: it waits for its rest, or is given up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.books.faults import FaultBook
from tests.app.simulator.conftest import FakeClock

HEDGING, NETTING, EXCHANGE = 5_100_001, 5_100_002, 5_100_003
BUY, SELL = 0, 1
RETURN = 2


@pytest.fixture
def book(tmp_path: Path, clock: FakeClock) -> FaultBook:
    """The faults of the terminal's ledger."""
    return FaultBook(tmp_path / "l", clock)


@pytest.fixture
def mt5(tmp_path: Path, clock: FakeClock) -> Iterator[Any]:
    """A terminal with an index that is dealt as on an exchange."""
    module: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock)
    assert module.initialize()
    assert module.symbol_select("US500")
    yield module
    module.shutdown()


def deal(mt5: Any, side: int, lots: float, **fields: Any) -> Any:
    """Deal the index, with what is left staying in the market."""
    request = {"action": 1, "symbol": "US500", "type": side, "volume": lots, "type_filling": RETURN}
    return mt5.order_send(request | fields)


@pytest.mark.parametrize("login", [NETTING, EXCHANGE])
@pytest.mark.parametrize(
    ("held", "side", "lots", "parts", "left"),
    [
        (1.0, BUY, 1.0, (0.5, 0.5), (BUY, 2.0)),
        (3.0, SELL, 2.0, (1.0, 1.0), (BUY, 1.0)),
        (2.0, SELL, 2.0, (1.0, 1.0), None),
        (1.0, SELL, 3.0, (1.5, 1.5), (SELL, 2.0)),
        (2.0, SELL, 3.0, (1.5, 1.5), (SELL, 1.0)),
    ],
)
def test_the_rest_meets_the_position(  # noqa: PLR0917  # an order and what becomes of it
    mt5: Any, book: FaultBook, clock: FakeClock, login: int, held: float, side: int, lots: float, parts: Any, left: Any
) -> None:
    """Where positions are netted, the rest of an order is filled into the position that its first part met."""
    assert mt5.login(login, "simulator")
    opened = deal(mt5, BUY, held)
    book.add("partial_fill")
    result = deal(mt5, side, lots)
    clock.advance(1)

    assert (result.retcode, result.volume) == (10010, parts[0])
    assert [(each.type, each.volume) for each in mt5.positions_get()] == ([left] if left else [])
    assert mt5.history_orders_get(ticket=result.order)[0].state == mt5.ORDER_STATE_FILLED
    deals = [made for made in mt5.history_deals_get(position=opened.order) if made.order == result.order]
    assert tuple(made.volume for made in deals) == parts


def test_a_rest_that_opens_keeps_nothing_from_closing(mt5: Any, book: FaultBook) -> None:
    """A position that waits for more of its lots can be changed and closed; it is not being closed."""
    book.add("partial_fill")
    opened = deal(mt5, BUY, 1.0)
    bid = mt5.symbol_info_tick("US500").bid
    assert mt5.orders_total() == 1

    stops = {"action": 6, "symbol": "US500", "position": opened.order, "sl": round(bid - 50, 2)}
    assert mt5.order_send(stops).retcode == mt5.TRADE_RETCODE_DONE
    assert deal(mt5, SELL, 0.5, position=opened.order).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.positions_total() == 0


def test_a_rest_that_closes_keeps_from_closing_again(mt5: Any, book: FaultBook, clock: FakeClock) -> None:
    """A position that waits for the rest of its close is out of reach until then."""
    opened = deal(mt5, BUY, 1.0).order
    book.add("partial_fill")
    assert deal(mt5, SELL, 1.0, position=opened).retcode == mt5.TRADE_RETCODE_DONE_PARTIAL

    assert deal(mt5, SELL, 0.5, position=opened).retcode == mt5.TRADE_RETCODE_CLOSE_ORDER_EXIST
    clock.advance(1)
    assert mt5.positions_total() == 0
