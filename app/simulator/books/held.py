"""The signs that calls are held: a file beside the books for each fault that some process waits for the end of.

Whoever ends the fault takes its sign away, which a process sees that is not free to read the books.
"""

from __future__ import annotations

import contextlib
from pathlib import Path


def held_sign(ledger: Path, fault: int) -> Path:
    """Where the sign is that a fault of these books holds a call."""
    return ledger.with_name(f"{_beginning(ledger)}{fault}")


def put_up(sign: Path) -> None:
    """Say that a call is held. Without it, on a full disk, the one that waits sees no sign and looks all the time."""
    with contextlib.suppress(OSError):
        sign.touch()


def take_down(sign: Path) -> None:
    """Make those that wait for its fault look into the books."""
    with contextlib.suppress(OSError):
        sign.unlink(missing_ok=True)


def take_all_down(ledger: Path) -> None:
    """Make all that wait look, and clear away what those have left that were killed."""
    with contextlib.suppress(OSError):
        for each in ledger.parent.iterdir():
            if each.name.startswith(_beginning(ledger)):
                take_down(each)


def _beginning(ledger: Path) -> str:
    return f"{ledger.name}-held-"
