"""Random numbers by address."""

from __future__ import annotations

import numpy as np

from app.simulator.market.noise import Noise

COUNTERS = np.arange(20_000, dtype=np.int64)
PINNED = ["0x1.181e68125edccp-1", "0x1.7efc39fb0c954p-1", "0x1.cdf49a7443b00p-10"]


def test_a_draw_depends_on_its_place_alone() -> None:
    """A draw made by itself equals the same draw made among others."""
    noise = Noise(1, "EURUSD", "test")

    assert noise.uniform(COUNTERS)[1234] == noise.uniform(np.array([1234]))[0]


def test_draws_are_pinned() -> None:
    """The numbers themselves are part of the market: they may not change with a library or a release."""
    drawn = Noise(1, "EURUSD", "test").uniform(np.array([0, 1, 2**40]))

    assert [float(value).hex() for value in drawn] == PINNED


def test_streams_differ() -> None:
    """Another seed, symbol or purpose draws other numbers."""
    draws = {
        float(Noise(seed, symbol, purpose).uniform(np.array([0]))[0])
        for seed, symbol, purpose in ((1, "A", "x"), (2, "A", "x"), (1, "B", "x"), (1, "A", "y"))
    }
    assert len(draws) == 4


def test_distributions() -> None:
    """Uniform, normal and exponential draws have the moments they are named for."""
    noise = Noise(7, "EURUSD", "test")
    uniform, normal, exponential = (draw(COUNTERS) for draw in (noise.uniform, noise.normal, noise.exponential))

    assert uniform.min() > 0
    assert uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.01
    assert abs(normal.mean()) < 0.03
    assert abs(normal.std() - 1) < 0.02
    assert abs(exponential.mean() - 1) < 0.03
    assert abs(np.corrcoef(normal[:-1], normal[1:])[0, 1]) < 0.03
