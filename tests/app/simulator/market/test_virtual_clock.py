"""A clock of the market's own: stepped, faster, elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule, VirtualClock


class RealClock:
    """Seconds UTC, moved by hand."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        """The time."""
        return self.now_s


def test_real_time() -> None:
    """Without a wish it shows the real time."""
    real = RealClock()
    clock = VirtualClock(real=real)
    real.now_s += 5.5

    assert clock() == 1005.5


def test_faster_and_elsewhere() -> None:
    """A start and a speed: two seconds of ours are two minutes of 2026's."""
    real = RealClock()
    clock = VirtualClock(1_773_146_096.0, speed=60.0, real=real)
    real.now_s += 2.0

    assert clock() == 1_773_146_216.0


def test_stepped() -> None:
    """At speed 0 time passes by steps alone."""
    real = RealClock()
    clock = VirtualClock(50.0, speed=0.0, real=real)
    real.now_s += 99.0
    assert clock() == 50.0

    clock.advance(7.5)
    assert clock() == 57.5


def test_two_with_the_same_numbers_agree() -> None:
    """A clock that is made later in another process shows the same, if it is told since when the first one runs."""
    real = RealClock()
    first = VirtualClock(speed=10.0, since_s=1000.0, real=real)
    real.now_s += 3.0
    second = VirtualClock(speed=10.0, since_s=1000.0, real=real)

    assert first() == second() == 1030.0


@pytest.mark.parametrize("speed", [-1.0, float("inf"), float("nan")])
def test_impossible_speeds(speed: float) -> None:
    """Time neither goes back nor ends."""
    with pytest.raises(ValueError, match="speed must be"):
        VirtualClock(speed=speed)


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_no_step_back(seconds: float) -> None:
    """A step goes forward."""
    with pytest.raises(ValueError, match="goes forward"):
        VirtualClock().advance(seconds)


def test_the_market_follows() -> None:
    """A stepped clock moves the simulator's prices and nothing else does."""
    clock = VirtualClock(1_773_146_096.0, speed=0.0)
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock)
    assert mt5.initialize()
    first = mt5.symbol_info_tick("EURUSD")
    assert mt5.symbol_info_tick("EURUSD") == first

    clock.advance(3600)
    assert 3500 < mt5.symbol_info_tick("EURUSD").time - first.time < 3700
    mt5.shutdown()
