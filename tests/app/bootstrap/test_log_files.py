"""Numbered log files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.bootstrap.log_files import LogFiles

Opening = Callable[[], LogFiles]


@pytest.fixture
def opening(tmp_path: Path) -> Iterator[Opening]:
    """Opens the files of one folder, which hold 20 bytes and are three."""
    opened: list[LogFiles] = []

    def open_files() -> LogFiles:
        opened.append(LogFiles(tmp_path / "logs", bytes_max=20, kept=3))
        return opened[-1]

    yield open_files
    for files in opened:
        files.close()


def names(folder: Path) -> list[str]:
    """The files there are."""
    return sorted(path.name for path in (folder / "logs").iterdir())


def test_a_file_is_never_renamed_or_cut(tmp_path: Path, opening: Opening) -> None:
    """Whoever follows a file reads all of its lines, whatever comes after it."""
    files = opening()
    files.write("first\n")
    with (tmp_path / "logs" / "mt5-otel-00000001.log").open(encoding="utf-8") as followed:
        for number in range(8):
            files.write(f"line {number} ü\n")
        assert followed.read() == "first\nline 0 ü\n"
    assert names(tmp_path)[-1] == "mt5-otel-00000005.log"


def test_the_newest_files_are_kept(tmp_path: Path, opening: Opening) -> None:
    """Older ones are deleted as new ones begin; files of others stay."""
    files = opening()
    files.write("x" * 19 + "\n")
    (tmp_path / "logs" / "notes.txt").write_text("", encoding="utf-8")
    for _ in range(5):
        files.write("x" * 19 + "\n")
    assert names(tmp_path) == [*(f"mt5-otel-0000000{number}.log" for number in (4, 5, 6)), "notes.txt"]


def test_a_restart_goes_on_where_the_last_one_ended(tmp_path: Path, opening: Opening) -> None:
    """Many short runs fill one file, so that they do not push out what an earlier one had to say."""
    for _ in range(3):
        files = opening()
        files.write("start\n")
        files.close()
    assert names(tmp_path) == ["mt5-otel-00000001.log"]
    opening().write("start\n")
    assert names(tmp_path) == ["mt5-otel-00000001.log", "mt5-otel-00000002.log"]


def test_a_line_is_never_cut(tmp_path: Path, opening: Opening) -> None:
    """A line longer than a file stands alone in one; half a character is written as its number."""
    files = opening()
    files.write("short\n")
    files.write("y" * 50 + "\ud800\n")
    files.write("short\n")
    text = (tmp_path / "logs" / "mt5-otel-00000002.log").read_text(encoding="utf-8")
    assert text == "y" * 50 + "\\ud800\n"
    assert len(names(tmp_path)) == 3
