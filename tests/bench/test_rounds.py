"""Turns and the processes that take them."""

from __future__ import annotations

from functools import partial

import pytest

from bench.results import BenchError
from bench.rounds import Contestant, contestants, interleave
from tests.bench import openers


def test_variants_take_turns_and_each_begins_once() -> None:
    """Every round runs every variant, and who runs first changes, so that no variant always has the same place."""
    turns: list[str] = []

    def turn(name: str) -> int:
        turns.append(name)
        return len(turns)

    results = interleave({name: partial(turn, name) for name in "abc"}, 3, lambda line: None, "test")

    assert "".join(turns) == "abcbcacab"
    assert results == {"a": [1, 6, 8], "b": [2, 4, 9], "c": [3, 5, 7]}


def test_progress_says_which_round_of_how_many() -> None:
    """Whoever waits sees what runs, and how much is left."""
    said: list[str] = []

    interleave({"a": lambda: 0.0}, 2, said.append, "rates")

    assert said == ["rates: round 1 of 2", "rates: round 2 of 2"]


def test_a_variant_keeps_its_state_between_rounds() -> None:
    """Warm-up and rounds happen in one process per variant."""
    with contestants({"five": (openers.adding, 5), "none": (openers.adding, 0)}, count=10, warm_up=1) as runs:
        assert [runs["five"](), runs["none"](), runs["five"]()] == [16, 11, 26]


@pytest.mark.parametrize(
    ("opener", "said"),
    [
        (openers.failing, "ValueError: 3 are too many"),
        (openers.unopened, "KeyError: .not here"),
        (openers.dying, "has ended"),
    ],
)
def test_a_variant_that_fails_says_why(opener: object, said: str) -> None:
    """No figure comes of a round that failed, whether by an exception or because the process ended."""
    with Contestant(opener) as contestant, pytest.raises(BenchError, match=said):  # type: ignore[arg-type] # openers
        contestant.run(3)


def test_the_environment_sets_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operator exports for the program does not change what is measured."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("MT5_OTEL_DEMO", "false")

    with Contestant(openers.environment) as contestant:
        assert contestant.run(1) == 0
