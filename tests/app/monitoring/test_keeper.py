"""Begin and end of conditions."""

from __future__ import annotations

import orjson

from app.domain.conditions import Condition
from app.monitoring.conditions import Finding
from app.monitoring.keeper import Keeper, Turn

LOST = Finding(Condition.MT5_DISCONNECTED, "no broker")
FROZEN = Finding(Condition.FEED_FROZEN, "70 s")


def test_begin_and_end_are_told_once() -> None:
    """While it holds nothing more is said, even if its numbers change; the end knows since when it held."""
    told: list[Turn] = []
    keeper = Keeper(told.append)
    keeper.update([LOST], 10)
    keeper.update([Finding(Condition.MT5_DISCONNECTED, "still no broker"), FROZEN], 20)
    keeper.update([FROZEN], 30)
    keeper.update([], 40)
    assert [(turn.condition, turn.began, turn.at_ns, turn.since_ns, turn.message) for turn in told] == [
        (Condition.MT5_DISCONNECTED, True, 10, 10, "no broker"),
        (Condition.FEED_FROZEN, True, 20, 20, "70 s"),
        (Condition.MT5_DISCONNECTED, False, 30, 10, "still no broker"),
        (Condition.FEED_FROZEN, False, 40, 20, "70 s"),
    ]
    assert keeper.take() == told
    assert keeper.take() == []


def test_since_when() -> None:
    """A condition holds since its begin; a new begin is a new since."""
    keeper = Keeper(lambda turn: None)
    keeper.update([LOST], 10)
    keeper.update([LOST], 20)
    assert keeper.since_ns == {Condition.MT5_DISCONNECTED: 10}
    keeper.update([], 30)
    assert keeper.since_ns == {}
    keeper.update([LOST], 40)
    assert keeper.since_ns == {Condition.MT5_DISCONNECTED: 40}


def test_a_condition_that_goes_on_over_a_restart_keeps_its_begin() -> None:
    """The next process knows since when it holds, tells it no second time, and tells the end of what is over."""
    first = Keeper(lambda turn: None)
    first.update([FROZEN], 5)
    first.update([LOST, FROZEN], 10)
    first.update([LOST], 15)
    first.update([LOST, FROZEN], 17)
    told: list[Turn] = []
    second = Keeper(told.append)
    lines = [orjson.dumps(turn.to_json()) for turn in first.take()]
    second.restore([b"damaged", *lines, b"{}"])
    second.update([LOST], 20)
    assert second.since_ns == {Condition.MT5_DISCONNECTED: 10}
    assert [(turn.condition, turn.began, turn.since_ns) for turn in told] == [(Condition.FEED_FROZEN, False, 17)]


def test_turns_put_back_come_first() -> None:
    """What could not be written is written in its order."""
    keeper = Keeper(lambda turn: None)
    keeper.update([LOST], 10)
    taken = keeper.take()
    keeper.update([], 20)
    keeper.put_back(taken)
    assert [turn.began for turn in keeper.take()] == [True, False]
