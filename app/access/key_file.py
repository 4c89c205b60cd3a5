"""The file of keys: read by the running API, changed by it and by the command line, one at a time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from app.access.records import Key
from app.errors import StartupError

LOCK_S: Final = 10.0
PAUSES_S: Final = (0.01, 0.05, 0.2, 0.5)
"""Before each further attempt to put a new file in place: on Windows nobody may be reading the old one."""

Stamp = tuple[int, int, int]


class KeyFile:
    """Keys in one file, readable by its owner alone; a change leaves the old file or the new one, whatever happens."""

    def __init__(self, path: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.path = path
        self._sleep = sleep

    def read(self) -> list[Key]:
        """The keys; a file that is not there holds none.

        Raises:
            StartupError: the file cannot be read as keys.
        """
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            return [Key.from_json(record) for record in document["keys"]]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StartupError(f"{self.path}: the API keys cannot be read ({error.strerror}).") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StartupError(f"{self.path} does not hold API keys; remove it to have a new key made.") from error

    def stamp(self) -> Stamp | None:
        """Something that is another after each change; None where there is no file, or it cannot be looked at."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def change(self, change: Callable[[list[Key]], list[Key]]) -> list[Key]:
        """Replace the keys by what *change* makes of them, and return those; nobody else changes them meanwhile.

        Raises:
            StartupError: the file cannot be read or written, or is held by another process.
        """
        try:
            with FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=LOCK_S):
                before = self.read()
                after = change(list(before))
                if after != before:
                    self._write(after)
                return after
        except Timeout as error:
            raise StartupError(f"{self.path}: another process is changing the API keys; try again.") from error
        except OSError as error:
            raise StartupError(
                f"{self.path}: the API keys cannot be written ({error.strerror}). See that the disk has room, the file "
                "and its folder may be written and no other program holds it open; then start again."
            ) from error

    def _write(self, keys: Iterable[Key]) -> None:
        beside = self.path.with_name(f"{self.path.name}.new")
        beside.unlink(missing_ok=True)
        # The mode is given at creation: a file opened up first could be read before it is narrowed.
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"keys": [key.to_json() for key in keys]}, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        for pause_s in PAUSES_S:
            try:
                beside.replace(self.path)
                return
            except PermissionError:
                self._sleep(pause_s)
        beside.replace(self.path)
