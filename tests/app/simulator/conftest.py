"""A simulator on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule

ROOT = Path(__file__).parents[3]
# Tuesday 2026-03-10 12:34:56.789 UTC.
NOW_S = 1_773_146_096.789
OFFSET_S = 7200


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
