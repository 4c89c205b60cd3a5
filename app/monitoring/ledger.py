"""The ledger of requests and of what else is counted here: in memory by windows, and as lines for the disk.

A line is one JSON document. `{"t": …, "r": {…}, "n": {…}}` says what happened in one second: requests by endpoint as
`Cell.to_json` has them, and named counts. `{"all": {…}, "since": …, "last_reset": […]}` says how much of each name
there was ever up to here and since when (ns), so that older lines may go. `{"reset": [ns, {…}]}` says that the
figures shown began anew, and how far counters that never go back had come by then. Lines are read in their order, so
that even two moments that a clock cannot tell apart stay in theirs.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import orjson

from app.domain.clock import Clock
from app.monitoring.cells import Cell
from app.monitoring.windows import DAY_S, Tiers

UNMATCHED: Final = "unmatched"
"""Endpoint of every path that is not ours."""

NS: Final = 10**9
LINES_MAX: Final = DAY_S
"""So many lines wait for a disk at most: a day of them."""

Cells = dict[str, Cell]


@dataclass(slots=True)
class Answers:
    """How many requests were answered, how many of them with 500 and above, how many refused as the caller's fault."""

    requests: int = 0
    errors: int = 0
    client_errors: int = 0

    @property
    def error_rate(self) -> float:
        """Share of errors, 0 without requests."""
        return self.errors / self.requests if self.requests else 0.0

    def merge(self, other: Answers | Cell) -> None:
        """Add what *other* counted."""
        self.requests += other.requests
        self.errors += other.errors
        self.client_errors += other.client_errors


@dataclass(frozen=True, slots=True)
class Reset:
    """When the figures shown last began anew (ns since 1970), and how far each counter had come by then."""

    at_ns: int = 0
    before: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> list[Any]:
        """The reset as a line holds it."""
        return [self.at_ns, self.before]

    @classmethod
    def from_json(cls, kept: list[Any]) -> Self:
        """The reset that a line holds."""
        at_ns, before = kept
        return cls(int(at_ns), {str(name): int(count) for name, count in before.items()})


class Ledger:
    """Counts requests and named events. Safe to use from any thread; blocks for nothing but its own lock."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._requests: Tiers[Cells] = Tiers(dict, _merge_cells)
        self._shown: Tiers[Answers] = Tiers(Answers, Answers.merge)
        self._answers: Tiers[Answers] = Tiers(Answers, Answers.merge)
        self._counts: Tiers[Counter[str]] = Tiers(Counter, Counter.update)
        self._ever: Counter[str] = Counter()
        self._since_ns = clock.time_ns()
        self._known_since_ns = self._since_ns
        self._reset = Reset()
        self._pending: dict[int, tuple[Cells, Counter[str]]] = {}
        self._lines: list[bytes] = []

    @property
    def since_ns(self) -> int:
        """When counting began: the start time of the counters that never go back."""
        return self._since_ns

    @property
    def last_reset(self) -> Reset:
        """When the figures shown last began anew."""
        return self._reset

    def request(self, endpoint: str, *, seconds: float, error: bool, client_error: bool) -> None:
        """Count one answer of *endpoint* (method and template, or `UNMATCHED`)."""
        second = self._clock.time_ns() // NS
        answer = Answers(1, int(error), int(client_error))
        with self._lock:
            for answers in (*self._shown.at(second), *self._answers.at(second)):
                answers.merge(answer)
            for cells in (*self._requests.at(second), self._pending_at(second)[0]):
                if (cell := cells.get(endpoint)) is None:
                    cell = cells[endpoint] = Cell()
                cell.add(seconds, error=error, client_error=client_error)

    def count(self, name: str) -> None:
        """Count one event of this name, which comes from a closed set."""
        second = self._clock.time_ns() // NS
        with self._lock:
            self._ever[name] += 1
            for counts in (*self._counts.at(second), self._pending_at(second)[1]):
                counts[name] += 1

    def requests(self, window_s: float) -> Cells:
        """Answers by endpoint in the last *window_s* seconds, or since the last reset."""
        with self._lock:
            return self._requests.total(window_s, self._clock.time_ns() // NS)

    def shown(self, window_s: float) -> Answers:
        """The same of all endpoints together, and far cheaper."""
        with self._lock:
            return self._shown.total(window_s, self._clock.time_ns() // NS)

    def answers(self, window_s: float) -> Answers:
        """Answers of all endpoints in the last *window_s* seconds, whether there was a reset or not."""
        with self._lock:
            return self._answers.total(window_s, self._clock.time_ns() // NS)

    def counts(self, window_s: float) -> Counter[str]:
        """Events by name in the last *window_s* seconds."""
        with self._lock:
            return self._counts.total(window_s, self._clock.time_ns() // NS)

    def ever(self) -> Mapping[str, int]:
        """Events by name since counting began, over all restarts: they never go back."""
        with self._lock:
            return dict(self._ever)

    def covered_s(self, window_s: float) -> float:
        """How much of the window there are figures for, in seconds; at least one."""
        known_s = (self._clock.time_ns() - max(self._known_since_ns, self._reset.at_ns)) / NS
        return max(1.0, min(window_s, known_s))

    def reset(self, before: Mapping[str, int]) -> None:
        """Forget the requests, and keep how far counters of other kinds have come; what else is counted stays."""
        with self._lock:
            self._lines.extend(self._flushed())
            self._begin_anew(Reset(self._clock.time_ns(), dict(before)))
            self._lines.append(orjson.dumps({"reset": self._reset.to_json()}))

    def take(self, *, all_counts: bool = False) -> list[bytes]:
        """The lines that are to be written, each once; with *all_counts* the last says what there was ever.

        What could not be written is to be given back by `put_back`.
        """
        with self._lock:
            lines, self._lines = [*self._lines, *self._flushed()], []
            if all_counts:
                ever = {"all": self._ever, "since": self._since_ns, "last_reset": self._reset.to_json()}
                lines.append(orjson.dumps(ever))
            return lines

    def put_back(self, lines: Iterable[bytes]) -> None:
        """Keep lines for the next `take`: the newest, and no more than memory has room for."""
        with self._lock:
            self._lines = [*lines, *self._lines][-LINES_MAX:]

    def restore(self, lines: Iterable[bytes]) -> int:
        """Read what an earlier process wrote, before anything is counted; return how many lines were no lines."""
        damaged = 0
        with self._lock:
            for line in lines:
                try:
                    self._read(orjson.loads(line))
                except (ValueError, TypeError, KeyError, AttributeError):
                    damaged += 1
        return damaged

    def _read(self, content: dict[str, Any]) -> None:
        if "all" in content:
            self._ever = Counter({str(name): int(count) for name, count in content["all"].items()})
            self._since_ns = min(self._since_ns, int(content["since"]))
            self._reset = Reset.from_json(content["last_reset"])
            return
        if "reset" in content:
            self._begin_anew(Reset.from_json(content["reset"]))
            return
        second = int(content["t"])
        cells = {str(name): Cell.from_json(kept) for name, kept in content["r"].items()}
        counts = Counter({str(name): int(count) for name, count in content["n"].items()})
        self._known_since_ns = min(self._known_since_ns, second * NS)
        self._ever.update(counts)
        for slot in self._requests.at(second):
            _merge_cells(slot, cells)
        for answers in (*self._shown.at(second), *self._answers.at(second)):
            for cell in cells.values():
                answers.merge(cell)
        for counted in self._counts.at(second):
            counted.update(counts)

    def _begin_anew(self, reset: Reset) -> None:
        self._reset = reset
        self._requests.clear()
        self._shown.clear()

    def _pending_at(self, second: int) -> tuple[Cells, Counter[str]]:
        if second not in self._pending:
            self._pending[second] = ({}, Counter())
        return self._pending[second]

    def _flushed(self) -> list[bytes]:
        pending, self._pending = self._pending, {}
        return [
            orjson.dumps({"t": second, "r": {name: cell.to_json() for name, cell in cells.items()}, "n": counts})
            for second, (cells, counts) in sorted(pending.items())
        ]


def _merge_cells(into: Cells, other: Cells) -> None:
    for name, cell in other.items():
        if (known := into.get(name)) is None:
            known = into[name] = Cell()
        known.merge(cell)
