"""The journal's orders in memory: by id, by the broker's numbers, and counted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from app.domain.orders import Order, Outcome, Unknown
from app.trading.journal.records import (
    Amended,
    Decided,
    Intent,
    NumberKind,
    OrderKey,
    OrderRecord,
    Stamped,
    Unsent,
)


class OrderIndex:
    """Every order of a journal. Safe to read from several threads; what it returns does not change afterwards."""

    def __init__(self, stamped: Iterable[Stamped] = ()) -> None:
        self._lock = threading.Lock()
        self._orders: dict[str, OrderRecord] = {}
        self._open: dict[str, None] = {}
        self._numbers: dict[tuple[NumberKind, int], dict[str, None]] = {}
        self._totals: Counter[OrderKey] = Counter()
        self._resolutions: Counter[tuple[str, str]] = Counter()
        self._first_ns: int | None = None
        self._last_seq = 0
        self._add(stamped)

    @property
    def first_ns(self) -> int | None:
        """When the first line was written, in ns since 1970; None while there is none."""
        return self._first_ns

    @property
    def last_seq(self) -> int:
        """Number of the last line taken in."""
        return self._last_seq

    def get(self, order_id: str) -> OrderRecord | None:
        """Return the order of this id."""
        with self._lock:
            return self._orders.get(order_id)

    def find(self, kind: NumberKind, number: int) -> tuple[OrderRecord, ...]:
        """Return the orders that a number of the broker's leads to, oldest first.

        A position leads to the order that opened it and to those that closed it.
        """
        with self._lock:
            return tuple(self._orders[order_id] for order_id in self._numbers.get((kind, number), ()))

    def orders(self) -> tuple[OrderRecord, ...]:
        """Return every order, oldest first."""
        with self._lock:
            return tuple(self._orders.values())

    def open_intents(self) -> tuple[OrderRecord, ...]:
        """Return the orders that have an intent and no outcome, oldest first."""
        with self._lock:
            return tuple(self._orders[order_id] for order_id in self._open)

    def totals(self) -> Mapping[OrderKey, int]:
        """Return how many orders had which first outcome: counts that never go back."""
        with self._lock:
            return dict(self._totals)

    def resolutions(self) -> Mapping[tuple[str, str], int]:
        """Return how many orders were `unknown` at first and turned out to be what: (`unknown`, what)."""
        with self._lock:
            return dict(self._resolutions)

    def _add(self, stamped: Iterable[Stamped]) -> None:
        """Take in what is on disk, in its order."""
        with self._lock:
            for line in stamped:
                self._apply(line)

    def _apply(self, line: Stamped) -> None:
        """Take one line in. A line that contradicts an earlier one, as after damage, changes nothing."""
        if self._first_ns is None:
            self._first_ns = line.time_ns
        self._last_seq = line.seq
        match line.entry:
            case Intent() as entry:
                self._begin(entry.order, entry, line.seq)
            case Unsent() as entry:
                if self._begin(entry.order, entry, line.seq):
                    self._decide(entry.order.order_id, entry.outcome, entry.ended_ns, line.seq)
            case Decided() as entry:
                self._decide(entry.order_id, entry.outcome, entry.ended_ns, line.seq)
            case Amended() as entry:
                self._amend(entry, line.seq)

    def _begin(self, order: Order, entry: Intent | Unsent, seq: int) -> bool:
        if order.order_id in self._orders:
            return False
        record = OrderRecord(
            order=order,
            trace=entry.trace,
            comment_sent=entry.comment_sent if isinstance(entry, Intent) else "",
            started_ns=entry.started_ns,
            intent_seq=seq,
        )
        self._open[order.order_id] = None
        self._store(record)
        return True

    def _decide(self, order_id: str, outcome: Outcome, ended_ns: int, seq: int) -> None:
        record = self._orders.get(order_id)
        if record is None or record.outcome is not None:
            return
        del self._open[order_id]
        order = record.order
        self._totals[OrderKey(order.action.value, order.side.value, outcome.name, order.symbol)] += 1
        self._store(replace(record, outcome=outcome, ended_ns=ended_ns, outcome_seq=seq))

    def _amend(self, entry: Amended, seq: int) -> None:
        record = self._orders.get(entry.order_id)
        if record is None or record.outcome is None:
            return
        if isinstance(record.current, Unknown) and not isinstance(entry.outcome, Unknown):
            self._resolutions[record.current.name, entry.outcome.name] += 1
        self._store(replace(record, amended=entry.outcome, amended_reason=entry.reason, amended_seq=seq))

    def _store(self, record: OrderRecord) -> None:
        order_id = record.order.order_id
        self._orders[order_id] = record
        for number in record.numbers():
            self._numbers.setdefault(number, {})[order_id] = None
