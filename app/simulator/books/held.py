"""The sign that a call is held: a file beside the books, there while some process waits for the end of a fault.

Whoever ends a fault takes it away, which a process sees that is not free to read the books; all that wait look then,
if it stays away for as long as each of them needs to see that.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def held_sign(ledger: Path) -> Path:
    """Where the sign of these books is."""
    return ledger.with_name(f"{ledger.name}-held")


def put_up(sign: Path) -> None:
    """Say that a call is held. Without it, on a full disk, the one that waits sees no sign and looks all the time."""
    with contextlib.suppress(OSError):
        sign.touch()


def is_up(sign: Path) -> bool:
    """Whether a call is held and nobody has taken the sign away."""
    return os.path.exists(sign)  # noqa: PTH110  # Path's own raises on Windows, of one that is just going


def take_down(sign: Path) -> None:
    """Make those that wait look into the books."""
    with contextlib.suppress(OSError):
        sign.unlink(missing_ok=True)
