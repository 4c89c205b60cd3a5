"""Lots: what a request asks for is what is dealt and held, in whole steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.books.faults import FaultBook
from app.simulator.vocabulary.symbols import SymbolSpec
from tests.app.simulator.conftest import FakeClock

NETTING = 5_100_002
CROOKED = 0.1 + 0.2


def spec(step: float) -> SymbolSpec:
    """A symbol with this step."""
    return SymbolSpec(name="X", description="", base="X", profit="USD", volume_step=step, volume_min=step)


@pytest.mark.parametrize(
    ("step", "asked", "dealt"),
    [
        (0.01, CROOKED, 0.3),
        (0.1, 1.00000000999, 1.0),
        (1.0, 1.00000009, 1.0),
        (0.01, 0.015, 0.015),
        (0.01, float("inf"), float("inf")),
        (0.01, -1e308, -1e308),
    ],
)
def test_volumes_are_whole_steps(step: float, asked: float, dealt: float) -> None:
    """What the tolerance lets pass is a whole number of steps; what may not be traded is left as it is."""
    assert spec(step).lots(asked) == dealt


def test_a_crooked_volume_closes_and_does_not_turn(mt5: Any, buy: dict[str, Any]) -> None:
    """On a netting account 0.30000000000000004 lots against 0.3 are a close, whose stops count for nothing."""
    assert mt5.login(NETTING, "simulator")
    assert mt5.order_send(buy | {"volume": 0.3}).retcode == mt5.TRADE_RETCODE_DONE
    close = buy | {"type": 1, "volume": CROOKED, "sl": 0.5}

    assert mt5.order_check(close).retcode == 0
    assert mt5.order_send(close).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.positions_total() == 0


def test_what_is_held_has_no_crumbs(tmp_path: Path, clock: FakeClock) -> None:
    """Nobody's trade leaves a part of a step in the books: not ours, not somebody else's."""
    mt5: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock)
    assert mt5.initialize()
    assert mt5.symbol_select("US500")
    request = {"action": 1, "symbol": "US500", "type": 0, "volume": 1.00000000999, "type_filling": 2}
    opened = mt5.order_send(request)
    FaultBook(tmp_path / "l", clock).add("external_trade", symbol="US500", side="buy", volume=1.00000000999)

    assert [held.volume for held in mt5.positions_get()] == [1.0, 1.0]
    assert mt5.order_send(request | {"type": 1, "volume": 1.0, "position": opened.order}).retcode == 10009
    assert mt5.positions_total() == 1
    mt5.shutdown()
