"""A file read from its end, so that its last lines cost no more than they are long."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, Final

BLOCK_BYTES: Final = 65_536


def lines_backwards(file: BinaryIO, *, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """The complete lines of *file* without their ends, the last one first; an unfinished one is left out."""
    at = file.seek(0, os.SEEK_END)
    complete = False  # whether the end of a line has been met, behind which everything belongs to one
    rest = b""  # of a line that begins in the block before
    while at > 0:
        size = min(block_bytes, at)
        at -= size
        file.seek(at)
        first, *lines = (file.read(size) + rest).split(b"\n")
        if lines and not complete:
            lines.pop()
            complete = True
        yield from reversed(lines)
        rest = first if complete else b""
    if complete:
        yield rest
