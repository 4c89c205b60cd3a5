"""Sums over the last so many seconds."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.monitoring.windows import DAY_S, SECONDS_KEPT, Tiers, Window

NOW = 1_773_144_000 + 37 * 60 + 11


def tiers() -> Tiers[Counter[str]]:
    """Counts by name."""
    return Tiers(Counter)


def put(into: Tiers[Counter[str]], second: int, count: int = 1) -> None:
    """Count at a second, when it is the present one."""
    for slot in into.at(second, second):
        slot["x"] += count


def total(kept: Tiers[Counter[str]], window_s: float) -> int:
    """What a window holds."""
    return sum(slot["x"] for slot in kept.window(window_s, NOW))


@pytest.mark.parametrize("window_s", [1, 59, 60, 300, 600])
def test_a_short_window_begins_on_its_second(window_s: int) -> None:
    """What happened just inside is in, what happened a second earlier is out."""
    kept = tiers()
    put(kept, NOW - window_s)
    put(kept, NOW - window_s + 1, 10)
    put(kept, NOW, 100)
    assert total(kept, window_s) == 110


@pytest.mark.parametrize("window", [Window.H1, Window.H24])
def test_a_long_window_holds_all_of_it_and_less_than_a_minute_more(window: Window) -> None:
    """Nothing inside is missing; what is a minute older than the window is out."""
    kept = tiers()
    put(kept, NOW - window.seconds - 60)
    put(kept, NOW - window.seconds + 1, 10)
    put(kept, NOW, 100)
    assert total(kept, window.seconds) == 110


@given(
    ages=st.lists(st.integers(0, DAY_S + 7_200), max_size=60),
    window_s=st.one_of(st.integers(1, SECONDS_KEPT), st.integers(SECONDS_KEPT + 1, DAY_S)),
)
def test_a_window_equals_the_count_by_hand(ages: list[int], window_s: int) -> None:
    """Whatever happened when, a window holds it once: to the second, or for a long one to the minute."""
    kept = tiers()
    for age in sorted(ages, reverse=True):
        put(kept, NOW - age)
    begin = NOW - window_s + 1
    if window_s > SECONDS_KEPT:
        begin = (begin - 1) // 60 * 60
    assert total(kept, window_s) == sum(NOW - age >= begin for age in ages)


def test_what_is_kept_is_bounded() -> None:
    """A week of seconds leaves no more slots than a day's windows need."""
    kept = tiers()
    for second in range(NOW - 7 * DAY_S, NOW, 30):
        put(kept, second)
    assert len(list(kept.slots())) <= SECONDS_KEPT + 1 + 1_440 + 3 + 24 + 3


def test_what_no_window_reaches_has_no_slot() -> None:
    """Read back late, an old second costs nothing; one that a longer window reaches is in that."""
    kept = tiers()
    assert list(kept.at(NOW - 2 * DAY_S, NOW)) == []
    for slot in kept.at(NOW - 1_000, NOW):
        slot["x"] += 1
    assert (total(kept, 600), total(kept, 3_600)) == (0, 1)
    assert len(list(kept.slots())) == 2
