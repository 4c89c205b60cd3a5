"""What cannot be installed is said in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.windows.place import ROOT, WindowsPython, windows_path


def install(cache: Path, path: str) -> subprocess.CompletedProcess[str]:
    """Run the installation into this cache, with this PATH."""
    return subprocess.run(
        [sys.executable, "-m", "tests.windows.install"],
        cwd=ROOT,
        env={"PATH": path, "XDG_CACHE_HOME": str(cache), "HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_what_is_missing_is_one_line(tmp_path: Path) -> None:
    """Without Wine and without a way to install it, the line says what to type."""
    run = install(tmp_path, str(tmp_path))

    assert run.returncode == 1
    [line] = run.stderr.splitlines()
    assert line.startswith("make test-windows: wine, x86_64-w64-mingw32-gcc, mvn not found: sudo apt-get install ")
    assert "wine64 wine gcc-mingw-w64-x86-64 maven" in line


def test_what_is_there_is_left_alone(windows: WindowsPython) -> None:
    """A second run says nothing and installs nothing."""
    run = install(windows.folder.parents[1], "/usr/bin:/bin")

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_paths_are_windows_own(windows: WindowsPython) -> None:
    """The checkout is where its Python looks for modules; packages come from their own folder."""
    told = windows.run(
        ["-c", "import sys, app, numpy; print(sys.platform, app.__file__, numpy.__file__)"], timeout_s=60
    )

    platform, app, numpy = told.split()
    assert platform == "win32"
    assert app.startswith(windows_path(ROOT))
    assert numpy.startswith(windows_path(windows.packages))
