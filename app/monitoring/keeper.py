"""Since when each condition holds, and when each began and ended: over restarts too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.domain.clock import rfc3339
from app.domain.conditions import Condition
from app.monitoring.conditions import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A condition began, or ended after it had held since `since_ns`; times in ns since 1970."""

    condition: Condition
    began: bool
    at_ns: int
    since_ns: int
    message: str

    def to_json(self) -> dict[str, Any]:
        """The turn as its line holds it."""
        return {
            "at_ns": self.at_ns,
            "time": rfc3339(self.at_ns),
            "condition": self.condition.value,
            "state": "began" if self.began else "ended",
            "severity": self.condition.traits.severity.value,
            "since_ns": self.since_ns,
            "message": self.message,
        }


TellTurn = Callable[[Turn], None]


class Keeper:
    """Remembers which conditions hold, and tells when one begins or ends.

    Args:
        tell: told of every turn, once.
    """

    def __init__(self, tell: TellTurn) -> None:
        self._tell = tell
        self._holding: dict[Condition, tuple[int, str]] = {}
        self._new: list[Turn] = []
        self.begun = False
        """Whether there was a look in this process."""

    @property
    def since_ns(self) -> Mapping[Condition, int]:
        """Since when each condition that holds has held."""
        # A copy first: metrics are collected in another thread.
        return {condition: since_ns for condition, (since_ns, _) in self._holding.copy().items()}

    def update(self, findings: Iterable[Finding], at_ns: int) -> None:
        """Take note of what holds now."""
        self.begun = True
        found = {finding.condition: finding.message for finding in findings}
        for condition, (since_ns, message) in tuple(self._holding.items()):
            if condition not in found:
                del self._holding[condition]
                self._turned(Turn(condition=condition, began=False, at_ns=at_ns, since_ns=since_ns, message=message))
        for condition, message in found.items():
            if condition not in self._holding:
                self._turned(Turn(condition=condition, began=True, at_ns=at_ns, since_ns=at_ns, message=message))
            since_ns, _ = self._holding.get(condition, (at_ns, ""))
            self._holding[condition] = (since_ns, message)

    def take(self) -> list[Turn]:
        """The turns that are to be written, each once."""
        taken, self._new = self._new, []
        return taken

    def put_back(self, turns: Iterable[Turn]) -> None:
        """Keep turns for the next `take`."""
        self._new = [*turns, *self._new]

    def restore(self, lines: Iterable[bytes]) -> None:
        """Read what an earlier process wrote: a condition that goes on holds since it began then."""
        for line in lines:
            try:
                turn = orjson.loads(line)
                condition = Condition(turn["condition"])
                if turn["state"] == "began":
                    self._holding[condition] = (int(turn["since_ns"]), str(turn["message"]))
                else:
                    self._holding.pop(condition, None)
            except (ValueError, KeyError, TypeError):
                continue

    def _turned(self, turn: Turn) -> None:
        self._new.append(turn)
        self._tell(turn)
