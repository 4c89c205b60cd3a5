"""Caps are kept, oldest first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from otel.retention import Caps, Retention
from otel.segments import SegmentWriter, segment_numbers, segment_path

NOW = 1_000_000.0


def make(directory: Path, *, ages_s: dict[int, float], size: int = 10) -> None:
    """Make segments of *size* bytes that were last written so many seconds before `NOW`."""
    for number, age_s in ages_s.items():
        path = segment_path(directory, number)
        path.write_bytes(b"x" * (size - 1) + b"\n")
        os.utime(path, (NOW - age_s, NOW - age_s))


def retention(directory: Path, caps: Caps) -> Retention:
    """Return a retention whose clock shows `NOW`."""
    return Retention(directory, caps, clock=lambda: NOW)


def test_the_oldest_go_until_the_rest_fits(tmp_path: Path) -> None:
    """Only as many segments are deleted as the size asks for."""
    make(tmp_path, ages_s=dict.fromkeys(range(1, 6), 0.0))

    retention(tmp_path, Caps(max_bytes=35)).enforce()

    assert segment_numbers(tmp_path) == [3, 4, 5]


def test_the_expired_go_even_if_there_is_room(tmp_path: Path) -> None:
    """A segment goes when its last line is older than the age."""
    make(tmp_path, ages_s={1: 101, 2: 99, 3: 0})

    retention(tmp_path, Caps(max_age_s=100)).enforce()

    assert segment_numbers(tmp_path) == [2, 3]


def test_the_newest_segment_is_never_deleted(tmp_path: Path) -> None:
    """The segment that may be being written stays, however old or large."""
    make(tmp_path, ages_s={1: 9999, 2: 9999})

    retention(tmp_path, Caps(max_bytes=1, max_age_s=1)).enforce()

    assert segment_numbers(tmp_path) == [2]


def test_what_cannot_be_deleted_is_left_for_the_next_time(tmp_path: Path) -> None:
    """A segment that resists, as an open one does on Windows, neither raises nor saves the others."""
    make(tmp_path, ages_s={2: 0, 3: 0})
    segment_path(tmp_path, 1).mkdir()  # cannot be unlinked

    keeper = retention(tmp_path, Caps(max_bytes=10))
    keeper.enforce()

    assert segment_numbers(tmp_path) == [1, 3]
    assert not keeper.delete(1)


def test_a_directory_that_is_gone_is_no_error(tmp_path: Path) -> None:
    """There is nothing to delete in a directory that does not exist."""
    retention(tmp_path / "gone", Caps()).enforce()


def test_a_writer_keeps_its_own_caps_where_nothing_ships(tmp_path: Path) -> None:
    """Enforced at each new segment, the directory never holds more than the cap and the segment being written."""
    keeper = Retention(tmp_path, Caps(max_bytes=50))
    with SegmentWriter(tmp_path, max_bytes=10, enforce_retention=keeper.enforce) as writer:
        for number in range(100):
            writer.append(b"%09d" % number)
            assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 60

    assert segment_numbers(tmp_path)[-1] == 100


@pytest.mark.parametrize("missing", [1, 2])
def test_a_hole_in_the_numbers_does_not_matter(tmp_path: Path, missing: int) -> None:
    """Deleting a segment that is gone already counts as done."""
    make(tmp_path, ages_s={1: 0, 2: 0, 3: 0})
    segment_path(tmp_path, missing).unlink()

    assert retention(tmp_path, Caps()).delete(missing)
