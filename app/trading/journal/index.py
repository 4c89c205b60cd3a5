"""The journal's orders in memory: by id, by the broker's numbers, and counted."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from app.domain.orders import Order, Outcome, Placed, Unknown
from app.trading.journal.counts import OrderKey
from app.trading.journal.deals import DealIndex
from app.trading.journal.records import (
    Amended,
    ConnectionTurn,
    Dealt,
    Decided,
    Intent,
    NumberKind,
    OrderRecord,
    Stamped,
    Unsent,
    tag_of,
)


class OrderIndex(DealIndex):
    """Every order and deal of a journal. Safe to read from several threads; what it returns stays as it is."""

    def __init__(self, stamped: Iterable[Stamped] = ()) -> None:
        super().__init__()
        self._orders: dict[str, OrderRecord] = {}
        self._open: dict[str, None] = {}
        self._numbers: dict[tuple[NumberKind, int], dict[str, None]] = {}
        self._totals: Counter[OrderKey] = Counter()
        self._resolutions: Counter[tuple[str, str]] = Counter()
        self._by_tag: dict[str, str] = {}
        self._undecided: dict[str, None] = {}
        self._changes: dict[str, None] = {}
        self._with_news: dict[str, None] = {}
        self._dealt: dict[str, list[int]] = {}
        self._told: list[tuple[int, int]] = []
        self._failures = 0
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

        A position leads to the order that opened it and to those that closed it; a deal that is none of ours, and
        its order, lead to those of its position.
        """
        with self._lock:
            found = self._numbers.get((kind, number))
            if found is None and (position := self._position_of(kind, number)) is not None:
                found = self._numbers.get(("position", position))
            return tuple(self._orders[order_id] for order_id in found or ())

    def owner(self, order_number: int) -> OrderRecord | None:
        """Return the order that bears this number at the broker; None where it is none of ours.

        One that only modified or cancelled it does not make it ours. One whose outcome names the number comes before
        one that a deal of it only looked like.
        """
        with self._lock:
            found = (self._orders[order_id] for order_id in self._numbers.get(("order", order_number), {}))
            owners = [record for record in found if record.order.pending is None]
        return next((record for record in owners if record.is_at(order_number)), owners[0] if owners else None)

    def tagged(self, comment: str) -> OrderRecord | None:
        """Return the order, under way or unknown at first, whose tag a comment at the broker ends with.

        The first outcome of such an order does not tell its numbers. It is found however old it is.
        """
        with self._lock:
            order_id = self._by_tag.get(tag_of(comment))
            return None if order_id is None else self._orders[order_id]

    def undecided(self, since_ns: int, *, changes: bool = False) -> tuple[OrderRecord, ...]:
        """Return the orders of which nothing is known, oldest first; takes as long as there are young ones.

        Args:
            since_ns: older ones are left out.
            changes: those that change or cancel a pending order, instead of those that trade or place one.
        """
        found = []
        with self._lock:
            for order_id in reversed(self._changes if changes else self._undecided):
                record = self._orders[order_id]
                if record.started_ns < since_ns:
                    break
                found.append(record)
        return tuple(reversed(found))

    def with_news(self) -> tuple[OrderRecord, ...]:
        """Return the orders, unknown at first, of which a deal was written down since what is known of them."""
        with self._lock:
            return tuple(self._orders[order_id] for order_id in self._with_news)

    def deals_of(self, order_id: str) -> tuple[Dealt, ...]:
        """Return the deals of an order of ours, as far as they are written down."""
        with self._lock:
            numbers = self._dealt.get(order_id, ())
            return tuple(filter(None, (self._by_ticket.get(ticket) for ticket in numbers)))

    def told_after(self, seq: int) -> tuple[tuple[int, Dealt], ...]:
        """Return the deals with a span of their own in lines after this one, each with the number of its line."""
        with self._lock:
            told = self._told[bisect_right(self._told, (seq, sys.maxsize)) :]
            return tuple((line, dealt) for line, ticket in told if (dealt := self._by_ticket.get(ticket)) is not None)

    def connection_failures(self) -> int:
        """Return how often the connection to the broker was lost."""
        with self._lock:
            return self._failures

    def outcomes_since(self, since_ns: int) -> Mapping[str, int]:
        """Return how many orders that arrived since a moment had which first outcome; takes as long as they are."""
        counts: Counter[str] = Counter()
        with self._lock:
            for order_id in reversed(self._orders):
                record = self._orders[order_id]
                if record.started_ns < since_ns:
                    break
                if record.outcome is not None:
                    counts[record.outcome.name] += 1
        return counts

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
            case Dealt() as entry:
                self._deal(entry, line)
            case ConnectionTurn() as entry:
                self._failures += not entry.connected

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
        if record.tag:
            self._by_tag[record.tag] = order.order_id
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
        self._with_news.pop(entry.order_id, None)
        self._store(replace(record, amended=entry.outcome, amended_reason=entry.reason, amended_seq=seq))

    def _store(self, record: OrderRecord) -> None:
        order_id = record.order.order_id
        self._orders[order_id] = record
        undecided = self._undecided if record.order.pending is None else self._changes
        if record.is_undecided:
            undecided[order_id] = None
        else:
            undecided.pop(order_id, None)
        if record.outcome is not None and not isinstance(record.outcome, Unknown):
            self._by_tag.pop(record.tag, None)
            self._with_news.pop(order_id, None)
        for number in record.numbers():
            self._numbers.setdefault(number, {})[order_id] = None

    def _deal(self, entry: Dealt, line: Stamped) -> None:
        if not self._enter(entry, line.time_ns):
            return
        if entry.trace.span_id:
            self._told.append((line.seq, entry.deal.ticket))
        if entry.ours is None or (record := self._orders.get(entry.ours)) is None:
            return
        # Of a placement it is known already that it was placed, and of which number.
        told = isinstance(record.current, Placed) or not (record.outcome is None or isinstance(record.outcome, Unknown))
        if not told and record.proves(entry):
            self._with_news[entry.ours] = None
        deal = entry.deal
        self._dealt.setdefault(entry.ours, []).append(deal.ticket)
        numbers: tuple[tuple[NumberKind, int], ...] = (
            ("order", deal.order),
            ("deal", deal.ticket),
            ("position", deal.position),
        )
        for number in numbers:
            self._numbers.setdefault(number, {})[entry.ours] = None

    def _position_of(self, kind: NumberKind, number: int) -> int | None:
        if kind == "order":
            return self._position_of_order.get(number)
        dealt = self._by_ticket.get(number) if kind == "deal" else None
        return None if dealt is None else dealt.deal.position or None
