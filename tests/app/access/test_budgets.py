"""How often somebody may call, and in how much memory that is remembered."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.budgets import Budgets
from tests.app.access.fakes import HandClock


def test_exactly_the_limit_passes(clock: HandClock) -> None:
    """So many as are allowed pass, the next one not."""
    budgets = Budgets(clock=clock)
    assert [budgets.take(10, "a") for _ in range(10)] == [None] * 10
    assert budgets.take(10, "a") == 60


def test_refusal_says_when_the_next_one_passes(clock: HandClock) -> None:
    """After the seconds that a refusal names there is room again, and a moment earlier there was none."""
    budgets = Budgets(clock=clock)
    for _ in range(3):
        budgets.take(3, "a")
        clock.advance(7.5)
    again_s = budgets.take(3, "a")
    assert again_s == 38  # the oldest was 22.5 s ago
    clock.advance(37)
    assert budgets.take(3, "a") == 1
    clock.advance(1)
    assert budgets.take(3, "a") is None


def test_a_refused_call_takes_nothing(clock: HandClock) -> None:
    """Whoever goes on calling is let in as soon as one that stopped would be."""
    budgets = Budgets(clock=clock)
    budgets.take(1, "a")
    for _ in range(59):
        clock.advance(1)
        assert budgets.take(1, "a") is not None
    clock.advance(1)
    assert budgets.take(1, "a") is None


def test_budgets_are_apart(clock: HandClock) -> None:
    """Nobody's calls are counted for another, nor those of one path for the next."""
    budgets = Budgets(clock=clock)
    assert budgets.take(1, "a", "x") is None
    assert budgets.take(1, "b", "x") is None
    assert budgets.take(1, "a", "y") is None
    assert budgets.take(1, "a", "x") is not None


@pytest.mark.parametrize("jump_s", [-86_400.0, 86_400.0])
def test_a_wall_clock_set_by_hand_changes_nothing(clock: HandClock, jump_s: float) -> None:
    """However the machine's time jumps, the window is a minute long."""
    budgets = Budgets(clock=clock)
    budgets.take(1, "a")
    clock.jump_s = jump_s
    assert budgets.take(1, "a") == 60
    clock.advance(60)
    assert budgets.take(1, "a") is None


def test_memory_is_bounded_and_no_thread_is_started(clock: HandClock) -> None:
    """A hundred thousand addresses are not remembered, and whoever keeps calling is not forgotten for them."""
    threads = threading.active_count()
    budgets = Budgets(clock=clock, windows_max=100)
    budgets.take(1, "regular")
    for number in range(10_000):
        budgets.take(1, f"10.0.{number >> 8}.{number & 255}")
        assert budgets.take(1, "regular") is not None
    assert len(budgets.windows) == 100
    assert threading.active_count() == threads


@given(st.lists(st.floats(min_value=0, max_value=30), max_size=60), st.integers(min_value=1, max_value=8))
def test_no_minute_ever_holds_more(pauses: list[float], limit: int) -> None:
    """Whenever calls come, no window of a minute has more of them than the limit, and none is refused needlessly."""
    clock = HandClock()
    budgets = Budgets(clock=clock)
    passed: list[float] = []
    for pause in pauses:
        clock.advance(pause)
        recent = [at_s for at_s in passed if at_s > clock.at_s - 60]
        if budgets.take(limit, "a") is None:
            passed.append(clock.at_s)
            assert len(recent) < limit
        else:
            assert len(recent) == limit


def test_a_window_can_be_forgotten(clock: HandClock) -> None:
    """The library's own ways to clear a storage work on this one."""
    windows = Budgets(clock=clock).windows
    assert windows.check()
    assert windows.acquire_entry("a", 1, 60)
    windows.clear("a")
    assert windows.acquire_entry("a", 1, 60)
    assert windows.reset() == 1
    assert windows.get_moving_window("a", 1, 60) == (clock.at_s, 0)
