"""A journal is read as far as it can be, and what cannot be read is told exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.trading.journal.files import SystemFiles
from app.trading.journal.lines import link
from app.trading.journal.reading import KEPT_ASIDE_MAX, Contents, read_contents
from tests.app.trading.journal.samples import a_decision, an_intent, chained, write_segment

THREE = chained([an_intent("A"), a_decision("A"), an_intent("B")])


def _read(directory: Path) -> Contents:
    return read_contents(directory, SystemFiles())


def test_an_absent_journal_is_empty(tmp_path: Path) -> None:
    """Without a folder there is nothing, no damage, and no folder afterwards."""
    contents = _read(tmp_path / "journal")

    assert contents.stamped == []
    assert contents.report.intact
    assert contents.report.describe() == "0 lines in 0 segments"
    assert not (tmp_path / "journal").exists()


def test_the_chain_goes_on_across_segments(tmp_path: Path) -> None:
    """Files that follow from each other are one journal; names that are no segments are left alone."""
    write_segment(tmp_path, 1, THREE[0])
    write_segment(tmp_path, 2, b"")
    write_segment(tmp_path, 3, THREE[1] + THREE[2])
    (tmp_path / "watermark.json").write_bytes(b"{}")
    (tmp_path / "0000000x.jsonl").write_bytes(b"no")

    contents = _read(tmp_path)

    assert [line.seq for line in contents.stamped] == [1, 2, 3]
    assert contents.report.intact
    assert contents.report.segments == 3
    assert contents.tail == (3, link(THREE[2].rstrip()), 3)


def test_a_torn_last_line_is_no_damage(tmp_path: Path) -> None:
    """Wherever the last line was cut short, the lines before it are read and the rest is named by its length."""
    whole = THREE[0] + THREE[1]
    for kept in range(1, len(THREE[2])):
        path = write_segment(tmp_path, 1, whole + THREE[2][:kept])

        contents = _read(tmp_path)

        assert [line.seq for line in contents.stamped] == [1, 2]
        assert contents.report.intact
        assert contents.report.torn_bytes == kept
        assert contents.torn == [(path, len(whole))]


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_a_damaged_line_is_skipped_and_kept_aside(tmp_path: Path, bad: int) -> None:
    """One damaged line costs that line only; the report holds where it is, why, and its bytes."""
    lines = list(THREE)
    lines[bad] = lines[bad].replace(b'"', b"'", 1)
    write_segment(tmp_path, 1, b"".join(lines))

    contents = _read(tmp_path)

    assert [line.seq for line in contents.stamped] == [seq for seq in (1, 2, 3) if seq != bad + 1]
    assert (contents.report.skipped, contents.report.broken_links) == (1, 0)
    (damage,) = contents.report.damages
    assert (damage.segment, damage.line, damage.offset) == (1, bad + 1, len(b"".join(lines[:bad])))
    assert damage.data == lines[bad].rstrip()
    assert damage.reason == "checksum does not fit"
    assert contents.tail.seq == 3


def test_a_missing_line_breaks_the_chain(tmp_path: Path) -> None:
    """A line taken out leaves good lines, and the one after the gap is named."""
    write_segment(tmp_path, 1, THREE[0] + THREE[2])

    report = _read(tmp_path).report

    assert (report.lines, report.skipped, report.broken_links) == (2, 0, 1)
    assert "first in segment 1 line 2 (does not follow from the line before)" in report.describe()


def test_a_forged_line_breaks_the_chain(tmp_path: Path) -> None:
    """A line replaced by another with a fitting checksum is betrayed by the line after it."""
    forged = chained([an_intent("A", span=9)])
    write_segment(tmp_path, 1, forged[0] + THREE[1])

    assert _read(tmp_path).report.broken_links == 1


def test_a_damaged_line_excuses_no_later_gap(tmp_path: Path) -> None:
    """After a damaged line the chain is followed again from the next good one."""
    lines = chained([an_intent(order_id) for order_id in "ABCDE"])
    write_segment(tmp_path, 1, lines[0] + b"rubbish\n" + lines[2] + lines[4])

    report = _read(tmp_path).report

    assert (report.lines, report.skipped, report.broken_links) == (3, 1, 1)
    assert [damage.line for damage in report.damages] == [2, 4]


def test_the_report_stays_small(tmp_path: Path) -> None:
    """However much is damaged, all of it is counted and only the first of it kept."""
    write_segment(tmp_path, 1, b"rubbish\n" * (KEPT_ASIDE_MAX + 5))

    report = _read(tmp_path).report

    assert report.skipped == KEPT_ASIDE_MAX + 5
    assert len(report.damages) == KEPT_ASIDE_MAX
