"""A simulator on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.books.ledger import Ledger
from app.simulator.market.server_clock import ServerClock

ROOT = Path(__file__).parents[3]
# Tuesday 2026-03-10 12:34:56.789 UTC.
NOW_S = 1_773_146_096.789
OFFSET_S = 7200
# Two dates between which everything happens.
EVER = (0, 2_000_000_000)


@dataclass
class FakeClock:
    """Seconds UTC, moved by hand."""

    now_s: float = NOW_S

    def __call__(self) -> float:
        """The time."""
        return self.now_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds


def terminal_behind(mt5: Any) -> Any:
    """The terminal that a module's functions ask: its market and its connection to the books."""
    return mt5.account_info._caller


def change_terms(ledger: Ledger, **terms: Any) -> None:
    """Give the ledger's account other terms, which nothing in the simulator does."""
    pairs = ", ".join(f"{name} = :{name}" for name in terms)
    ledger._connection.execute(f"UPDATE accounts SET {pairs} WHERE login = :of", terms | {"of": ledger.login})


def shows_again(clock: ServerClock, utc_s: int) -> bool:
    """Whether the clock will show this second's hour once more, an hour later."""
    return clock.offset_s(utc_s + 3600) < clock.offset_s(utc_s)


@pytest.fixture
def clock() -> FakeClock:
    """A Tuesday afternoon."""
    return FakeClock()


@pytest.fixture
def unconnected(clock: FakeClock) -> SimulatorModule:
    """A module that nobody has initialised; its books are in memory, test_ledger.py has those on disk."""
    return SimulatorModule(ledger=Path(":memory:"), clock=clock)


@pytest.fixture
def mt5(unconnected: SimulatorModule) -> Iterator[Any]:
    """A module connected to a fresh account."""
    assert unconnected.initialize()
    yield unconnected
    unconnected.shutdown()


@pytest.fixture
def buy() -> dict[str, Any]:
    """A request to buy 0.1 lots of EURUSD."""
    return {"action": 1, "symbol": "EURUSD", "volume": 0.1, "type": 0, "magic": 7, "comment": "test"}
