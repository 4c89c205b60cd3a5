"""The project's own tests on CPython for Windows, in lanes side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.windows.place import ROOT, WindowsPython

LANES: Mapping[str, tuple[str, ...]] = {
    "api": ("tests/app/api", "tests/app/demo"),
    "otel": ("tests/otel", "tests/app/broker", "tests/app/trading", "tests/app/telemetry", "tests/app/cli"),
    "app": (
        "tests/app/simulator",
        "tests/app/access",
        "tests/app/bootstrap",
        "tests/app/domain",
        "tests/app/history",
        "tests/app/monitoring",
        "tests/app/watch",
        "tests/app/test_main.py",
        "tests/app/test_resources.py",
        "tests/app/test_settings.py",
    ),
}
# What does not run there, and why.
LEFT_OUT: Mapping[str, str] = {
    "tests/stack": "the native stack is built and run on Linux and macOS only",
    "tests/app/stack": "the same",
    "tests/web": "Chromium for Windows does not run under Wine",
    "tests/docs": "the examples are written for a POSIX shell",
    "tests/bench": "it measures, and Wine is no machine to measure on",
    "tests/app/dashboard": "the page is built with Node, for the system that it is built on",
    "tests/app/test_defects.py": "whole programs, started and stopped: test_api.py does that from outside",
    "tests/app/test_facts.py": "the same",
    "tests/app/test_figures.py": "the same",
    "tests/app/test_flood.py": "a flood of requests is a matter of minutes there, and of no system",
    "tests/app/test_program.py": "whole programs: test_api.py",
    "tests/app/test_whose_books.py": "the same",
    "tests/test_architecture.py": "looks at the sources, which are the same there",
    "tests/test_dependencies.py": "the same",
    "tests/test_docs.py": "the same",
    "tests/windows": "these tests themselves",
    "tests/support": "no tests",
}


def _run(windows: WindowsPython, lane: str, folder: Path) -> tuple[int, str]:
    process = windows.start("-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", str(folder), *LANES[lane])
    printed, _ = process.communicate()
    return process.returncode, printed.decode("utf-8", "replace").replace("\r\n", "\n")


@pytest.fixture(scope="module")
def lanes(windows: WindowsPython) -> Iterator[Mapping[str, Future[tuple[int, str]]]]:
    """All lanes, running."""
    with ThreadPoolExecutor(len(LANES)) as pool:
        yield {lane: pool.submit(_run, windows, lane, windows.temporary / lane) for lane in LANES}


@pytest.mark.timeout(1_500)
@pytest.mark.parametrize("lane", LANES)
def test_the_projects_own_tests_pass_there(lanes: Mapping[str, Future[tuple[int, str]]], lane: str) -> None:
    """Every test of these folders passes on Windows' Python, or says why it is skipped there."""
    status, printed = lanes[lane].result()

    assert status == 0, printed[-20_000:]


def test_every_test_runs_there_or_is_left_out_for_a_reason() -> None:
    """A new folder of tests is in a lane or in the table."""
    known = {*LEFT_OUT, *(path for paths in LANES.values() for path in paths)}
    there = {path for folder in ("tests", "tests/app") for path in _tests_in(folder)}

    assert there == known | {"tests/app"}


def _tests_in(folder: str) -> Iterator[str]:
    for path in (ROOT / folder).iterdir():
        if path.name.startswith("test_") or (path.is_dir() and any(path.rglob("*.py"))):
            yield path.relative_to(ROOT).as_posix()
