"""The vendor's own Python file, fetched as data to hold the simulator against; nothing of it is kept here.

Its wheel exists for Windows alone, so it cannot be installed elsewhere; its one Python file can be read anywhere.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import platformdirs

VERSION = "5.0.6231"
SHA256 = "2e3bc321ab35b5c9e6c777665f381bc686bbf60791160838a0e84406dc0052cf"
"""Of `MetaTrader5/__init__.py` in that wheel."""
ROOT = Path(__file__).parents[2]
FETCH_S = 90


@cache
def vendor_file() -> Path | str:
    """The file, from the user's cache or fetched into it; or why it cannot be had."""
    kept = platformdirs.user_cache_path("mt5-otel") / f"MetaTrader5-{VERSION}" / "__init__.py"
    if not kept.is_file():
        with tempfile.TemporaryDirectory(prefix="mt5-otel-vendor-") as folder:
            if failure := _fetch(Path(folder)):
                return failure
            kept.parent.mkdir(parents=True, exist_ok=True)
            # Whole or not at all, also for another test run that looks at the same time.
            part = kept.with_name(f"{os.getpid()}.part")
            shutil.copyfile(Path(folder) / "MetaTrader5" / "__init__.py", part)
            part.replace(kept)
    found = hashlib.sha256(kept.read_bytes()).hexdigest()
    assert found == SHA256, f"{kept} is not the vendor's file: delete it, it is fetched again"
    return kept


def _fetch(folder: Path) -> str:
    """Unpack the wheel into a folder; return what went wrong."""
    options = ["--no-deps", "--only-binary=:all:", "--python-version", "3.11", "--target", str(folder)]
    if uv := shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".uv" / "bin")):
        command = [uv, "pip", "install", "--quiet", "--python-platform", "x86_64-pc-windows-msvc", *options]
    else:
        python: str = getattr(sys, "_base_executable", sys.executable)
        command = [python, "-m", "pip", "install", "--quiet", "--platform", "win_amd64", *options]
    try:
        run = subprocess.run(
            [*command, f"MetaTrader5=={VERSION}"], capture_output=True, text=True, check=False, timeout=FETCH_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"MetaTrader5 {VERSION} cannot be fetched: {error}"
    return f"MetaTrader5 {VERSION} cannot be fetched: {run.stderr.strip()[-200:]}" if run.returncode else ""
