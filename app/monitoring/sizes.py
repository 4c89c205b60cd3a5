"""How much the data folder and its logs hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

MB = 1_000_000


class Sizes:
    """Measured now and then in a worker thread, read from memory.

    Args:
        data: the data folder.
        logs: its folder of logs.
    """

    def __init__(self, data: Path, logs: Path) -> None:
        self._data, self._logs = data, logs
        self._data_bytes = self._logs_bytes = 0

    def measure(self) -> None:
        """Look at every file; blocks."""
        self._data_bytes, self._logs_bytes = folder_bytes(self._data), folder_bytes(self._logs)

    def to_json(self) -> dict[str, Any]:
        """The directories as they are shown."""
        return {
            "data_dir_exists": self._data.is_dir(),
            "log_dir_exists": self._logs.is_dir(),
            "data_dir_size_mb": round(self._data_bytes / MB, 3),
            "log_dir_size_mb": round(self._logs_bytes / MB, 3),
        }


def folder_bytes(folder: Path) -> int:
    """Bytes in all files below a folder; files that go meanwhile are left out."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_size  # noqa: PTH116, PTH118  # thousands of files
            except OSError:
                continue
    return total
