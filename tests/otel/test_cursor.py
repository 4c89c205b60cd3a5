"""The cursor survives whatever happens to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from otel.cursor import Cursor
from otel.segments import Position

Open = Callable[[Path], Cursor]


@pytest.fixture
def open_cursor() -> Iterator[Open]:
    """Open cursors that the end of the test closes."""
    with ExitStack() as stack:
        yield lambda path: stack.enter_context(closing(Cursor(path)))


def test_a_new_cursor_has_no_position(open_cursor: Open, tmp_path: Path) -> None:
    """Before the first save there is nothing to go on from, and that is no damage."""
    cursor = open_cursor(tmp_path / "new" / "cursor")

    assert (cursor.position, cursor.damaged) == (None, False)


def test_the_last_position_saved_is_found_again(open_cursor: Open, tmp_path: Path) -> None:
    """After any number of saves another process reads the newest position, even one that goes back."""
    path = tmp_path / "cursor"
    cursor = open_cursor(path)
    for position in (Position(1, 10), Position(2, 0), Position(9_999_999, 2**40), Position(1, 5)):
        cursor.save(position)
        assert open_cursor(path).position == position
        assert cursor.position == position


@pytest.mark.parametrize("length", range(65))
def test_a_torn_save_leaves_the_position_before(open_cursor: Open, tmp_path: Path, length: int) -> None:
    """However much of a slot a crash let through, the position is the new one or the one before."""
    path = tmp_path / "cursor"
    cursor = open_cursor(path)
    cursor.save(Position(1, 111))
    cursor.save(Position(2, 222))
    before = path.read_bytes()
    cursor.save(Position(3, 333))
    after = path.read_bytes()
    begin = next(at for at in range(0, len(after), 64) if before[at : at + 64] != after[at : at + 64])
    path.write_bytes(after[: begin + length] + before[begin + length :])

    reopened = open_cursor(path)

    assert reopened.position in (Position(2, 222), Position(3, 333))
    assert not reopened.damaged


@pytest.mark.parametrize("content", [b"\0" * 128, b"x", b"\xff" * 1000, b"0 0 0 00000000\n"])
def test_a_file_without_a_whole_slot_is_damaged_and_usable(open_cursor: Open, tmp_path: Path, content: bytes) -> None:
    """Garbage has no position and says so, and the next save mends it."""
    path = tmp_path / "cursor"
    path.write_bytes(content)
    cursor = open_cursor(path)
    assert (cursor.position, cursor.damaged) == (None, True)

    cursor.save(Position(4, 4))

    reopened = open_cursor(path)
    assert (reopened.position, reopened.damaged) == (Position(4, 4), False)


SAVER = """
import sys
from pathlib import Path
from otel.cursor import Cursor
from otel.segments import Position
cursor = Cursor(Path(sys.argv[1]))
print("ready", flush=True)
number = 0
while True:
    number += 1
    cursor.save(Position(number, number))
"""


def test_no_kill_loses_the_position(open_cursor: Open, tmp_path: Path) -> None:
    """Whenever its process is killed, the file holds a position that was saved, never an older one than before."""
    path = tmp_path / "cursor"
    for attempt in range(4):
        process = subprocess.Popen([sys.executable, "-c", SAVER, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"ready"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.02 + 0.007 * attempt)
        process.kill()
        process.wait()
        process.stdout.close()
        cursor = open_cursor(path)
        assert not cursor.damaged
        assert cursor.position is not None
        assert cursor.position.segment == cursor.position.offset > 0
