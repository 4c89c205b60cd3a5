"""The page's own tests and types, run as its developers run them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from app.dashboard.build import INSTALL, find_node

WEB = Path(__file__).resolve().parents[2] / "web"


@pytest.fixture(scope="session")
def node() -> str:
    """Node, with the page's packages installed."""
    node, npm = find_node()
    if not (WEB / "node_modules" / "vitest").is_dir():
        run(node, npm, *INSTALL)
    return node


def run(*command: str) -> None:
    """Run to the end, and show what it said if it failed."""
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_components(node: str) -> None:
    """Every vitest test passes."""
    run(node, "node_modules/vitest/vitest.mjs", "run")


def test_types(node: str) -> None:
    """The page's TypeScript is sound, strictly."""
    run(node, "node_modules/typescript/bin/tsc")
