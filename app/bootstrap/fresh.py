"""Beginning anew on the simulator: what the data folder holds of its account is set aside, never deleted."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path

from app.bootstrap.data_folder import ACCOUNT_FILE, data_folder
from app.broker.terminal import TerminalSpec
from app.domain.account import AccountMode
from app.errors import StartupError
from app.simulator.books.ledger import LEDGER
from app.watch.binding import Binding

SET_ASIDE = "before"
# What is the account's. Who may call, which instance this is, the stack, and whatever else lies there stay.
PARTS = ("journal", "logs", "monitoring", "telemetry", LEDGER, f"{LEDGER}-shm", f"{LEDGER}-wal", ACCOUNT_FILE)


def set_aside(path: Path, spec: TerminalSpec, now: datetime) -> Path | None:
    """Move everything of the simulator's account into a folder of this moment, in the data folder's `before/`.

    Journal, ledger, telemetry and tables go together: the next account's numbers begin again, and must not meet the
    old ones. Nothing is moved unless all of it can be.

    Returns:
        The folder that it lies in now; None where there was nothing.

    Raises:
        StartupError: the account is no simulated one, the folder is in use, or something cannot be moved.
    """
    if not spec.simulated:
        raise StartupError(
            "--fresh begins the simulator's account anew, and --terminal names another. Leave --fresh out, or use "
            "--terminal simulator"
        )
    with data_folder(path) as folder:
        account = Binding(folder / ACCOUNT_FILE).account
        if account is not None and account.mode is not AccountMode.SIMULATED:
            raise StartupError(
                f"The data folder {folder} belongs to {account}; --fresh is for the simulator's alone. "
                "Leave it as it is and take another: --data-dir OTHER"
            )
        parts = [part for name in PARTS if (part := folder / name).exists() and not _is_empty(part)]
        if not parts:
            return None
        aside = folder / SET_ASIDE / f"{now:%Y%m%dT%H%M%S.%fZ}"
        _move(parts, aside)
        return aside


def _is_empty(part: Path) -> bool:
    """As the one for logs is in a folder that was made just now."""
    return part.is_dir() and not any(part.iterdir())


def _move(parts: list[Path], aside: Path) -> None:
    moved: list[Path] = []
    moving = "The old account's files"
    try:
        aside.mkdir(parents=True, exist_ok=True)
        for part in parts:
            moving = str(part)
            part.rename(aside / part.name)
            moved.append(part)
    except OSError as error:
        astray = [part.name for part in reversed(moved) if not _put_back(aside / part.name, part)]
        left = f"move {', '.join(astray)} back by hand" if astray else "all stays as it was"
        with contextlib.suppress(OSError):
            aside.rmdir()
        raise StartupError(
            f"{moving} cannot be moved to {aside} ({error.strerror}); {left}. See that no other "
            "program holds it open and the folder may be written, or take another: --data-dir OTHER"
        ) from error


def _put_back(aside: Path, part: Path) -> bool:
    try:
        aside.rename(part)
    except OSError:
        return False
    return True
