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
from collections.abc import Iterable, Iterator, Mapping
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


@dataclass(slots=True)
class Counted:
    """What was counted in some time: requests by endpoint and together, as shown and whatever a reset did, events."""

    cells: Cells = field(default_factory=dict)
    shown: Answers = field(default_factory=Answers)
    answers: Answers = field(default_factory=Answers)
    events: Counter[str] = field(default_factory=Counter)

    def merge(self, other: Counted) -> None:
        """Add what *other* counted."""
        merge_cells(self.cells, other.cells)
        self.shown.merge(other.shown)
        self.answers.merge(other.answers)
        self.events.update(other.events)

    def to_line(self, second: int) -> bytes:
        """The line that keeps it."""
        cells = {name: cell.to_json() for name, cell in self.cells.items()}
        return orjson.dumps({"t": second, "r": cells, "n": self.events})

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """What a line keeps."""
        read = cls(
            cells={str(name): Cell.from_json(kept) for name, kept in content["r"].items()},
            events=Counter({str(name): int(count) for name, count in content["n"].items()}),
        )
        for cell in read.cells.values():
            read.shown.merge(cell)
            read.answers.merge(cell)
        return read


class Ledger:
    """Counts requests and named events. Safe to use from any thread; blocks for nothing but its own lock."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tiers: Tiers[Counted] = Tiers(Counted)
        self._ever: Counter[str] = Counter()
        self._since_ns = clock.time_ns()
        self._known_since_ns = self._since_ns
        self._reset = Reset()
        self._second = self._since_ns // NS
        self._present = Counted()
        self._pending: dict[int, Counted] = {}
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
        with self._lock:
            present = self._at_present()
            if (cell := present.cells.get(endpoint)) is None:
                cell = present.cells[endpoint] = Cell()
            cell.add(seconds, error=error, client_error=client_error)
            for answers in (present.shown, present.answers):
                answers.requests += 1
                answers.errors += error
                answers.client_errors += client_error

    def count(self, name: str) -> None:
        """Count one event of this name, which comes from a closed set."""
        with self._lock:
            self._ever[name] += 1
            self._at_present().events[name] += 1

    def requests(self, window_s: float) -> Cells:
        """Answers by endpoint in the last *window_s* seconds, or since the last reset."""
        total: Cells = {}
        with self._lock:
            for slot in self._window(window_s):
                merge_cells(total, slot.cells)
        return total

    def shown(self, window_s: float) -> Answers:
        """The same of all endpoints together, and far cheaper."""
        total = Answers()
        with self._lock:
            for slot in self._window(window_s):
                total.merge(slot.shown)
        return total

    def answers(self, window_s: float) -> Answers:
        """Answers of all endpoints in the last *window_s* seconds, whether there was a reset or not."""
        total = Answers()
        with self._lock:
            for slot in self._window(window_s):
                total.merge(slot.answers)
        return total

    def counts(self, window_s: float) -> Counter[str]:
        """Events by name in the last *window_s* seconds."""
        total: Counter[str] = Counter()
        with self._lock:
            for slot in self._window(window_s):
                total.update(slot.events)
        return total

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
        second, read = int(content["t"]), Counted.from_json(content)
        self._known_since_ns = min(self._known_since_ns, second * NS)
        self._ever.update(read.events)
        for slot in self._tiers.at(second, self._clock.time_ns() // NS):
            slot.merge(read)

    def _begin_anew(self, reset: Reset) -> None:
        self._reset = reset
        for slot in self._tiers.slots():
            slot.cells, slot.shown = {}, Answers()

    def _window(self, window_s: float) -> Iterator[Counted]:
        self._settle()
        return self._tiers.window(window_s, self._clock.time_ns() // NS)

    def _at_present(self) -> Counted:
        """Where what happens now is counted: cheap, so that no request waits for the windows."""
        second = self._clock.time_ns() // NS
        if second != self._second:
            self._settle()
            self._second = second
        return self._present

    def _settle(self) -> None:
        """Bring what was counted last into the windows and among what is to be written."""
        counted = self._present
        if not counted.cells and not counted.events:
            return
        self._present = Counted()
        for slot in self._tiers.at(self._second, self._second):
            slot.merge(counted)
        if (waiting := self._pending.get(self._second)) is None:
            self._pending[self._second] = counted
        else:
            waiting.merge(counted)

    def _flushed(self) -> list[bytes]:
        self._settle()
        pending, self._pending = self._pending, {}
        return [counted.to_line(second) for second, counted in sorted(pending.items())]


def merge_cells(into: Cells, other: Cells) -> None:
    """Add the cells of *other*."""
    for name, cell in other.items():
        if (known := into.get(name)) is None:
            known = into[name] = Cell()
        known.merge(cell)
