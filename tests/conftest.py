"""What holds for every test, and how tests that run at the same time are dealt out."""

from __future__ import annotations

from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# The same examples in every run: a run that fails must fail again. `make soak` looks for new ones.
# No judgement by time either: these tests run beside others on small machines.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

ROOT = Path(__file__).parent
SPREAD = ("stack", "app/test_program.py", "app/test_figures.py", "app/test_facts.py", "bench/test_main.py")
"""Tests that start a program of their own each: any worker takes any of them. Elsewhere a file stays together."""
LONGEST_FIRST = (*SPREAD, "web", "app/test_defects.py", "docs", "app/simulator")
"""Long ones begun last would run alone in the end, with nothing beside them."""


class Dealer(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Deals out files, whose tests may share a program, and single tests where each starts one of its own."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        alone = _place(PurePosixPath(file).relative_to(ROOT.name), SPREAD) < len(SPREAD)
        return nodeid if alone else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Dealer:
    """Who gives the workers their tests."""
    return Dealer(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first (those that are given more time before all).

    What is held against a clock comes in the end, when nothing runs beside it but its like, which mostly waits.
    """

    def turn(item: pytest.Item) -> tuple[bool, float, int]:
        return _is_timed(item), -_timeout_s(item), _place(item.path.relative_to(ROOT), LONGEST_FIRST)

    items.sort(key=turn)


def _is_timed(item: pytest.Item) -> bool:
    """Whether a test says that time counts."""
    return item.get_closest_marker("timed") is not None


def _timeout_s(item: pytest.Item) -> float:
    """The time that a test is given on its own account."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0.0


def _place(file: PurePath, names: tuple[str, ...]) -> int:
    """Which of these files and folders a file belongs to; behind the last one if to none."""
    own = {file.as_posix(), *(folder.as_posix() for folder in file.parents)}
    return next((place for place, name in enumerate(names) if name in own), len(names))
