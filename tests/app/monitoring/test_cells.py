"""Counts and durations of one endpoint."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.monitoring.cells import BUCKET_MAX, Cell, bucket_of, middle_s


def cell(*seconds: float) -> Cell:
    """A cell with these durations."""
    made = Cell()
    for one in seconds:
        made.add(one, error=False, client_error=False)
    return made


@given(seconds=st.lists(st.floats(1e-4, 100), min_size=1, max_size=200), quantile=st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_is_right_to_five_percent(seconds: list[float], quantile: float) -> None:
    """The estimate lies within 5 % of the duration that the share of answers stayed within."""
    exact = sorted(seconds)[math.ceil(quantile * len(seconds)) - 1]
    assert cell(*seconds).quantile_s(quantile) == pytest.approx(exact, rel=0.05)


def test_average_is_exact() -> None:
    """The mean comes from the sum, not from buckets."""
    assert cell(0.1, 0.2, 0.6).average_s == pytest.approx(0.3)


def test_an_empty_cell_says_zero() -> None:
    """Without answers every figure is 0, never a fault."""
    assert (Cell().average_s, Cell().quantile_s(0.99)) == (0.0, 0.0)


@given(first=st.lists(st.floats(0, 10)), second=st.lists(st.floats(0, 10)))
def test_merging_equals_counting_together(first: list[float], second: list[float]) -> None:
    """Two cells merged are the cell of both."""
    merged = cell(*first)
    merged.merge(cell(*second))
    together = cell(*first, *second)
    assert (merged.requests, merged.buckets) == (together.requests, together.buckets)
    assert merged.sum_s == pytest.approx(together.sum_s)


def test_extremes_have_a_bucket() -> None:
    """No duration, however odd, falls outside: the number of buckets is bounded."""
    assert bucket_of(-1) == bucket_of(0) == 0
    assert bucket_of(1e9) == BUCKET_MAX
    assert middle_s(0) == 1e-4


def test_a_line_brings_it_back() -> None:
    """What is written is read as it was."""
    made = cell(0.001, 0.2)
    made.add(0.5, error=True, client_error=False)
    made.add(0.5, error=False, client_error=True)
    read = Cell.from_json(made.to_json())
    assert read.to_json() == made.to_json()
    assert (read.requests, read.errors, read.client_errors) == (4, 1, 1)


@pytest.mark.parametrize("kept", [[1, 2], [1, 0, 0, 0.1, []], [1, 0, 0, 0.1, {"x": 1}], ["x", 0, 0, 0.1, {}]])
def test_what_is_no_cell_is_refused(kept: list[object]) -> None:
    """A damaged line is a fault to its reader, not a wrong figure."""
    with pytest.raises((ValueError, TypeError)):
        Cell.from_json(kept)
