"""Files read from their end."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from app.history.backwards import lines_backwards


@given(content=st.text(alphabet="ab\n", max_size=60).map(str.encode), block_bytes=st.integers(1, 9))
def test_the_complete_lines_come_from_the_last_to_the_first(content: bytes, block_bytes: int) -> None:
    """Whatever the blocks are, as reading forwards has them; what no line end follows is left out."""
    complete = content.split(b"\n")[:-1]
    assert list(lines_backwards(BytesIO(content), block_bytes=block_bytes)) == complete[::-1]


def test_no_more_is_read_than_is_asked_for() -> None:
    """The last line of a large file costs one block."""
    file = BytesIO(b"x" * 99 + b"\n" + b"line\n" * 10_000)
    lines = lines_backwards(file, block_bytes=100)
    assert next(lines) == b"line"
    assert file.tell() == 99 + 1 + 50_000
