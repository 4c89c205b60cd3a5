"""The few sums behind every figure."""

from __future__ import annotations

import pytest

from bench.results import Row, Section, percentile, scatter


def test_scatter_is_the_share_that_the_highest_lies_above_the_lowest() -> None:
    """Rounds of 2 and 3 seconds differ by half."""
    assert scatter([2.5, 3.0, 2.0]) == pytest.approx(0.5)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)])
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    """Of 1 to 100, half do not exceed 50 and ninety-nine do not exceed 99."""
    assert percentile(list(range(100, 0, -1)), share) == value


def test_the_longest_of_few_is_their_p99() -> None:
    """With fewer than a hundred values nothing is cut off."""
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0


def test_only_scattered_rows_are_warned_of() -> None:
    """Rounds that differ by more than 30 % make a line that names the row."""
    rows = [Row(what="steady", scatter=0.29), Row(what="restless", scatter=0.31), Row(what="once")]

    warnings = Section(name="rates", title="", rows=rows).warnings()

    assert len(warnings) == 1
    assert "restless" in warnings[0]
    assert "31%" in warnings[0]
