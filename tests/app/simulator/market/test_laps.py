"""The laps: what is recorded, what bridges, what is generated."""

from __future__ import annotations

import numpy as np
import pytest

from app.simulator.market.arrays import Ints
from app.simulator.market.figures import DATA, load_figures
from app.simulator.market.laps import (
    BRIDGE_HOURS,
    CLOSE,
    FIRST_HOUR,
    HIGH,
    LAP_HOURS,
    LOW,
    OPEN,
    generated_lap,
    recorded_lap,
)

PLAYED = LAP_HOURS - BRIDGE_HOURS


@pytest.fixture(params=["EURUSD", "GBPUSD", "USDCAD"])
def lap(request: pytest.FixtureRequest) -> Ints:
    """Each symbol's lap in turn."""
    symbol = request.param
    return recorded_lap() if symbol == "EURUSD" else generated_lap(symbol, 1, load_figures()[symbol], 1e-5)


def test_recorded_hours_are_played_as_recorded() -> None:
    """All 6,225 recorded hours but nine stand in the lap, in order and unchanged."""
    with np.load(DATA / "eurusd_h1.npz") as recording:
        times, hours = recording["time"], recording["ohlc"]
    assert len(hours) == 6225

    lap = recorded_lap()
    assert (lap[:6120] == hours[:6120]).all()
    assert (lap[6120:PLAYED] == hours[6129:]).all()
    assert times[0] == FIRST_HOUR * 3600
    assert lap[0].tolist() == [105236, 105253, 105221, 105227]


def test_every_played_day_begins_at_the_rollover() -> None:
    """Row 0 of each 24 was recorded at 22:00 UTC, or 21:00 in New York's summer: five in the afternoon there."""
    with np.load(DATA / "eurusd_h1.npz") as recording:
        times = np.delete(recording["time"], slice(6120, 6129))
    assert set((times[::24] // 3600 % 24).tolist()) == {21, 22}


def test_hours_hold_together(lap: Ints) -> None:
    """In every hour the low is lowest and the high is highest."""
    assert (lap[:, LOW] <= lap[:, [OPEN, CLOSE]].min(axis=1)).all()
    assert (lap[:, HIGH] >= lap[:, [OPEN, CLOSE]].max(axis=1)).all()
    assert (lap[:, LOW] > 0).all()


def test_a_lap_closes(lap: Ints) -> None:
    """The last close meets the first open: the loop has no jump that an open position would feel."""
    assert len(lap) == LAP_HOURS
    assert abs(int(lap[-1, CLOSE]) - int(lap[0, OPEN])) <= 1


def test_the_bridge_is_walked_not_jumped() -> None:
    """Between the recording's end and its beginning no hour opens far from the last close."""
    lap = recorded_lap()
    joints = np.abs(lap[PLAYED:, OPEN] - lap[PLAYED - 1 : -1, CLOSE])

    assert joints.max() < 200


def test_generated_volatility_is_the_fitted_one() -> None:
    """Hours of a generated lap move as much as the figures say, hour by hour of the day."""
    figures = load_figures()["GBPUSD"]
    lap = generated_lap("GBPUSD", 1, figures, 1e-5).astype(float)
    moves = np.log(lap[:, CLOSE] / lap[:, OPEN]).reshape(-1, 24).std(axis=0)

    np.testing.assert_allclose(moves, figures.sigma, rtol=0.25)


def test_seeds_make_different_laps() -> None:
    """Another seed is another market."""
    figures = load_figures()["GBPUSD"]
    one, two = (generated_lap("GBPUSD", seed, figures, 1e-5) for seed in (1, 2))

    assert (one != two).any()
