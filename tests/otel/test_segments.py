"""Numbered files of lines: written, read beside the writer, and after it was killed."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from otel.segments import (
    Position,
    SegmentFile,
    SegmentWriter,
    create_file,
    iterate,
    read,
    resume_at,
    segment_numbers,
    segment_path,
)

START = Position(0, 0)


class FullDisk:
    """A disk with *room* bytes left for all files made by it; cutting works unless it is *broken*."""

    def __init__(self, room: int, *, broken: bool = False) -> None:
        self.room = room
        self.broken = broken

    def create(self, path: Path) -> SegmentFile:
        """Create *path* on this disk."""
        return FileOnFullDisk(create_file(path), self)


class FileOnFullDisk:
    """A file that takes no more than its disk has room for."""

    def __init__(self, file: SegmentFile, disk: FullDisk) -> None:
        self._file = file
        self._disk = disk

    def write(self, data: bytes, /) -> int | None:
        """Take what fits; raise when nothing does."""
        if self._disk.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = self._file.write(data[: self._disk.room])
        self._disk.room -= taken or 0
        return taken

    def seek(self, offset: int, /) -> int:
        """Continue at *offset*."""
        return self._file.seek(offset)

    def truncate(self, size: int, /) -> int:
        """Cut the file, unless the disk is broken."""
        if self._disk.broken:
            raise OSError(errno.EIO, "Input/output error")
        return self._file.truncate(size)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Ticking:
    """A clock that shows what it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return what the clock shows."""
        return self.now


Open = Callable[..., SegmentWriter]


@pytest.fixture
def open_writer() -> Iterator[Open]:
    """Open writers that the end of the test closes."""
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(SegmentWriter(*args, **options))


def contents(directory: Path) -> list[bytes]:
    """Return every complete line of *directory*."""
    return [line.data for line in iterate(directory)]


def test_lines_come_back_in_order_with_the_position_after_each(open_writer: Open, tmp_path: Path) -> None:
    """What was appended is read line by line, and reading goes on at any line's end."""
    writer = open_writer(tmp_path)
    for line in (b'{"a":1}', b'{"b":2}', b'{"c":3}'):
        writer.append(line)

    lines = read(tmp_path, START, 1000)

    assert [line.data for line in lines] == [b'{"a":1}', b'{"b":2}', b'{"c":3}']
    assert lines[0].end == Position(1, 8)
    assert read(tmp_path, lines[0].end, 1000) == lines[1:]
    assert read(tmp_path, lines[-1].end, 1000) == []


def test_a_full_segment_is_followed_by_the_next_number(open_writer: Open, tmp_path: Path) -> None:
    """No segment grows beyond its size, except for a single longer line, which stands alone."""
    writer = open_writer(tmp_path, max_bytes=20)
    for line in (b"1234567", b"1234567", b"1234567", b"x" * 50, b"7"):
        writer.append(line)

    assert [segment_path(tmp_path, n).stat().st_size for n in segment_numbers(tmp_path)] == [16, 8, 51, 2]
    assert (tmp_path / "00000001.jsonl").exists()


def test_an_old_segment_is_followed_by_the_next_number(open_writer: Open, tmp_path: Path) -> None:
    """A segment older than its age takes no further line."""
    clock = Ticking()
    writer = open_writer(tmp_path, max_age_s=60, clock=clock)
    writer.append(b"1")
    clock.now += 59
    writer.append(b"2")
    clock.now += 1
    writer.append(b"3")

    assert segment_numbers(tmp_path) == [1, 2]


def test_a_new_writer_begins_a_new_segment(tmp_path: Path) -> None:
    """No file is ever appended to by two writers, and one without lines leaves no file."""
    for line in (b"1", b"2"):
        writer = SegmentWriter(tmp_path)
        writer.append(line)
        writer.close()
    SegmentWriter(tmp_path).close()

    assert segment_numbers(tmp_path) == [1, 2]
    assert contents(tmp_path) == [b"1", b"2"]


@pytest.mark.parametrize("torn", [b'{"half', b"\0" * 200_000, b"x" * 200_000])
def test_a_torn_last_line_is_cut_and_counted(open_writer: Open, tmp_path: Path, torn: bytes) -> None:
    """What a crash left without a newline is gone after opening; the lines before it stay."""
    segment_path(tmp_path, 7).write_bytes(b'{"whole":1}\n' + torn)

    writer = open_writer(tmp_path)
    writer.append(b'{"next":2}')

    assert writer.recovered == len(torn)
    assert segment_path(tmp_path, 7).read_bytes() == b'{"whole":1}\n'
    assert contents(tmp_path) == [b'{"whole":1}', b'{"next":2}']


def test_a_segment_of_nothing_but_a_torn_line_becomes_empty(open_writer: Open, tmp_path: Path) -> None:
    """Cutting also works where no newline was ever written."""
    segment_path(tmp_path, 1).write_bytes(b"torn")

    assert open_writer(tmp_path).recovered == 4
    assert contents(tmp_path) == []


def test_a_full_disk_leaves_no_half_line(open_writer: Open, tmp_path: Path) -> None:
    """A line that does not fit raises and leaves nothing behind; when there is room again, writing goes on."""
    disk = FullDisk(room=15)
    writer = open_writer(tmp_path, create=disk.create)
    writer.append(b'{"a":1}')
    with pytest.raises(OSError, match="No space left"):
        writer.append(b'{"b":"too long"}')
    disk.room = 1000
    writer.append(b'{"c":3}')

    assert segment_path(tmp_path, 1).read_bytes() == b'{"a":1}\n{"c":3}\n'


def test_a_half_line_that_cannot_be_cut_is_left_behind_in_its_segment(open_writer: Open, tmp_path: Path) -> None:
    """If the failed line cannot be taken back, the next one goes to a new segment and readers skip the half."""
    disk = FullDisk(room=12, broken=True)
    writer = open_writer(tmp_path, create=disk.create)
    writer.append(b'{"a":1}')
    with pytest.raises(OSError, match="No space left"):
        writer.append(b'{"b":2}')
    disk.room = 1000
    writer.append(b'{"c":3}')

    first = read(tmp_path, START, 1000)

    assert [line.data for line in first] == [b'{"a":1}']
    assert [line.data for line in read(tmp_path, first[-1].end, 1000)] == [b'{"c":3}']
    assert contents(tmp_path) == [b'{"a":1}', b'{"c":3}']


def test_a_line_that_is_being_written_is_not_seen(tmp_path: Path) -> None:
    """A reader takes complete lines only, and the rest once its newline is there."""
    with segment_path(tmp_path, 1).open("wb", buffering=0) as file:
        file.write(b"whole\nha")
        first = read(tmp_path, START, 1000)
        assert [line.data for line in first] == [b"whole"]
        assert read(tmp_path, first[-1].end, 1000) == []
        file.write(b"lf\n")
        assert [line.data for line in read(tmp_path, first[-1].end, 1000)] == [b"half"]


def test_a_read_is_bounded_but_never_less_than_a_line(open_writer: Open, tmp_path: Path) -> None:
    """At most so many bytes of lines are returned, and a longer line comes alone and whole."""
    writer = open_writer(tmp_path)
    for line in (b"123", b"456", b"x" * 100, b"789"):
        writer.append(line)

    assert [line.data for line in read(tmp_path, START, 9)] == [b"123", b"456"]
    assert [line.data for line in read(tmp_path, Position(1, 8), 9)] == [b"x" * 100]


def test_reading_goes_over_missing_segments(open_writer: Open, tmp_path: Path) -> None:
    """A position in a deleted segment continues with the next one that exists."""
    writer = open_writer(tmp_path, max_bytes=1)
    for line in (b"1", b"2", b"3"):
        writer.append(line)
    segment_path(tmp_path, 1).unlink()
    segment_path(tmp_path, 2).unlink()

    assert [line.data for line in read(tmp_path, Position(1, 1), 1000)] == [b"3"]


def test_a_kept_position_behind_all_segments_becomes_the_next_beginning(tmp_path: Path) -> None:
    """A number that will be used again is read from its first line; any other position stays."""
    assert resume_at(tmp_path, Position(3, 33)) == Position(1, 0)
    segment_path(tmp_path, 2).write_bytes(b"1\n")

    assert resume_at(tmp_path, Position(3, 33)) == Position(3, 0)
    assert resume_at(tmp_path, Position(5, 0)) == Position(3, 0)
    assert resume_at(tmp_path, Position(2, 2)) == Position(2, 2)
    assert resume_at(tmp_path, Position(1, 99)) == Position(1, 99)


def test_files_of_other_names_are_left_alone(tmp_path: Path) -> None:
    """Only eight digits and .jsonl make a segment."""
    for name in ("1.jsonl", "000000001.jsonl", "notes.jsonl", "00000003.txt", "٠٠٠٠٠٠٠١.jsonl"):
        (tmp_path / name).write_bytes(b"no\n")

    assert segment_numbers(tmp_path) == []
    assert segment_numbers(tmp_path / "missing") == []


def test_newest_first_is_the_exact_reverse(open_writer: Open, tmp_path: Path) -> None:
    """History can be read backwards over all segments."""
    writer = open_writer(tmp_path, max_bytes=20)
    for number in range(20):
        writer.append(b"%d" % number)

    assert list(iterate(tmp_path, newest_first=True)) == list(iterate(tmp_path))[::-1]


def test_a_newline_or_a_closed_writer_is_refused(open_writer: Open, tmp_path: Path) -> None:
    """A line holds one document, and nothing is written after closing."""
    writer = open_writer(tmp_path)
    with pytest.raises(ValueError, match="newline"):
        writer.append(b"1\n2")
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.append(b"1")


def test_a_deleted_directory_is_made_again_with_the_next_segment(open_writer: Open, tmp_path: Path) -> None:
    """Someone who clears the folder does not stop the history for good."""
    directory = tmp_path / "traces"
    writer = open_writer(directory, max_bytes=1)
    directory.rmdir()
    writer.append(b"1")

    assert contents(directory) == [b"1"]


def test_a_reader_follows_a_writer_over_segment_changes(tmp_path: Path) -> None:
    """A reader beside a running writer gets every line once and in order."""
    count = 3000

    def write() -> None:
        writer = SegmentWriter(tmp_path, max_bytes=500)
        for number in range(count):
            writer.append(json.dumps({"n": number}).encode())
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    position = START
    seen: list[int] = []
    while len(seen) < count and (lines := read(tmp_path, position, 700)) is not None:
        if not lines and not thread.is_alive():
            lines = read(tmp_path, position, 700)
            assert lines, "the writer has ended and lines are missing"
        seen += [json.loads(line.data)["n"] for line in lines]
        position = lines[-1].end if lines else position
    thread.join()

    assert seen == list(range(count))


WRITER = """
import sys
from pathlib import Path
from otel.segments import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), max_bytes=300_000)
print("ready", flush=True)
number = int(sys.argv[2])
while True:
    writer.append(b'{"n":%d,"fill":"%s"}' % (number, b"x" * (number * 7919 % 90_000)))
    number += 1
"""


def test_no_kill_makes_a_line_unreadable(tmp_path: Path) -> None:
    """Whenever its writer is killed, the directory opens again with every finished line, in order and whole."""
    for attempt in range(6):
        seen = [json.loads(line.data)["n"] for line in iterate(tmp_path)]
        assert seen == list(range(len(seen)))
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(len(seen))], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"ready"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.013 * (attempt + 1))
        process.kill()
        process.wait()
        process.stdout.close()
        SegmentWriter(tmp_path).close()

    assert len(list(iterate(tmp_path))) > 0
    assert all(path.read_bytes()[-1:] in (b"\n", b"") for path in tmp_path.iterdir())
