"""The data folder: made, writable, and used by one instance at a time."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from app.errors import StartupError

LOCK_FILE = "instance.lock"
OWNER_FILE = "instance.json"


@contextmanager
def data_folder(path: Path) -> Iterator[Path]:
    """Hold the data folder for as long as the block runs.

    Raises:
        StartupError: it cannot be written, or another instance uses it.
    """
    folder = path.absolute()
    lock = FileLock(folder / LOCK_FILE, blocking=False)
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise StartupError(
            f"The data folder {folder} is in use by another mt5-otel ({_owner(folder)}). "
            "Stop it, or give this one a folder of its own: --data-dir OTHER"
        ) from error
    except OSError as error:
        raise StartupError(
            f"The data folder {folder} cannot be written ({error.strerror}). "
            "Make it writable for this user, or choose another: --data-dir OTHER"
        ) from error
    try:
        _note(folder, {"pid": os.getpid()})
        yield folder
    finally:
        # Whoever reads the file on Windows keeps it from being deleted; the lock says who runs, not the file.
        with contextlib.suppress(OSError):
            (folder / OWNER_FILE).unlink(missing_ok=True)
        lock.release()


def say_where(folder: Path, url: str) -> None:
    """Note in the data folder where its API answers, for commands that ask it.

    Raises:
        StartupError: it cannot be written.
    """
    _note(folder, {"pid": os.getpid(), "url": url, "port": urlsplit(url).port})


def where_it_answers(folder: Path) -> str | None:
    """The URL of the API that runs on this data folder; None where none does."""
    try:
        noted = json.loads((folder / OWNER_FILE).read_text(encoding="utf-8"))
        return str(noted["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _note(folder: Path, owner: Mapping[str, Any]) -> None:
    path = folder / OWNER_FILE
    try:
        path.write_text(json.dumps(owner), encoding="utf-8")
    except OSError as error:
        raise StartupError(
            f"{path} cannot be written ({error.strerror}). See that the disk has room, the file may be written and "
            "no other program holds it open, or choose another folder: --data-dir OTHER"
        ) from error


def _owner(folder: Path) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError):
        owner = json.loads((folder / OWNER_FILE).read_text(encoding="utf-8"))
        return f"process {owner['pid']}"
    return "its process is not known"
