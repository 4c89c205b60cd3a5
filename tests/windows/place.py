"""CPython for Windows under Wine: where it lies and how a command is run by it.

Everything is in one folder of the user's cache, the Wine prefix included; `~/.wine` is never touched.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class WindowsPython:
    """The folder that `install` fills, and what is in it."""

    folder: Path

    @property
    def prefix(self) -> Path:
        """The Wine prefix."""
        return self.folder / "prefix"

    @property
    def python(self) -> Path:
        """The folder of python.exe."""
        return self.folder / "python"

    @property
    def packages(self) -> Path:
        """The packages for Windows: the product's, the vendor's, pytest's."""
        return self.folder / "packages"

    @property
    def temporary(self) -> Path:
        """What programs on Windows' Python take for the temporary folder."""
        return self.folder / "temporary"

    def command(self, *arguments: str) -> list[str]:
        """Return the command that runs python.exe with these arguments."""
        return ["wine", str(self.python / "python.exe"), *arguments]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment for such a command; `more` is added to it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV", "MT5"))}
        return kept | {
            "WINEPREFIX": str(self.prefix),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",  # no questions about Mono and Gecko
            "PYTHONPATH": windows_path(ROOT),
            "PYTHONPYCACHEPREFIX": windows_path(self.folder / "pycache"),
            "PYTHONUTF8": "1",
            "TEMP": windows_path(self.temporary),
            "TMP": windows_path(self.temporary),
            **(more or {}),
        }

    def start(
        self,
        *arguments: str,
        more: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start python.exe; its output, errors among it, is a pipe (it can have neither a terminal nor a file)."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment(more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, arguments: Sequence[str], *, timeout_s: float, more: Mapping[str, str] | None = None) -> str:
        """Run python.exe to its end and return what it printed; a status other than 0 is an error that shows it."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment(more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
        )
        printed = done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
        if done.returncode:
            raise RuntimeError(f"python.exe {' '.join(arguments)} ended with {done.returncode}:\n{printed}")
        return printed


def windows_path(path: Path) -> str:
    r"""Return how Windows' programs name a file here: `Z:\…`."""
    return "Z:" + str(path).replace("/", "\\")


def windows_python() -> WindowsPython:
    """Return the one in this user's cache, installed or not."""
    return WindowsPython(user_cache_path("mt5-otel", appauthor=False) / "windows")
