"""Which orders there were, and what else happened to their positions: newest first, from the journal in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any, Final

from app.domain.clock import rfc3339
from app.domain.orders import Action, Filled
from app.history.lookup import NUMBER_KINDS, Match, NotFound, TraceId, find_among
from app.history.telemetry import KeptRange, kept_range
from app.telemetry.deals import SPAN_NAME
from app.telemetry.orders import SPAN_NAMES, outcome_error
from app.trading.journal.index import OrderIndex
from app.trading.journal.reading import OpenReport
from app.trading.journal.records import Dealt, NumberKind, OrderRecord, deal_numbers

READERS_MAX: Final = 2
"""How many traces are read from files at a time; the others wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; None leaves that out.

    Attributes:
        since_ns: begun at or after; ns since 1970.
        until_ns: begun before.
        outcome: what is known of the order now; of a deal `filled` where it is of an order of ours, else `external`.
        symbol: the broker's name.
        ticket: an order's, deal's or position's number.
        error: whether something went wrong.
        min_ms: took at least so long.
        limit: so many at most.
    """

    since_ns: int | None = None
    until_ns: int | None = None
    outcome: str | None = None
    symbol: str | None = None
    ticket: int | None = None
    error: bool | None = None
    min_ms: float | None = None
    limit: int = 100

    def takes(self, found: Summary) -> bool:
        """Whether this is one of them."""
        return (
            (self.since_ns is None or found.start_ns >= self.since_ns)
            and (self.until_ns is None or found.start_ns < self.until_ns)
            and self.outcome in (None, found.outcome)
            and (self.symbol is None or found.symbol.upper() == self.symbol.upper())
            and self.error in (None, found.error is not None)
            and (self.min_ms is None or found.duration_ms >= self.min_ms)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One order, or a deal that has a trace of its own; `trace_id` None where telemetry was off."""

    trace_id: str | None
    start_ns: int
    duration_ms: float
    name: str
    symbol: str
    outcome: str
    numbers: dict[NumberKind, int | None]
    error: str | None
    order_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As the API lists it."""
        return {
            "trace_id": self.trace_id,
            "start": rfc3339(self.start_ns),
            "duration_ms": self.duration_ms,
            "name": self.name,
            "symbol": self.symbol,
            "outcome": self.outcome,
            "order": self.numbers["order"],
            "deal": self.numbers["deal"],
            "position": self.numbers["position"],
            "error": self.error,
            "order_id": self.order_id,
        }


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such trace, or its spans are kept no longer; `kept` is what is."""

    kept: KeptRange | None


class Traces:
    """Lists orders as traces, and reads one from the files, both in a thread.

    Args:
        journal: the orders and deals.
        report: how well the journal could be read.
        data_dir: where the files are.
    """

    def __init__(self, journal: OrderIndex, report: OpenReport, data_dir: Path) -> None:
        self._journal = journal
        self._report = report
        self._data_dir = data_dir
        self._reading = asyncio.Semaphore(READERS_MAX)

    async def search(self, wanted: Wanted) -> list[Summary]:
        """The newest ones, newest first."""
        return await asyncio.to_thread(search, self._journal, wanted)

    async def get(self, trace_id: str) -> Match | Gone:
        """A trace by its id (lower-case hex), with spans."""
        async with self._reading:
            return await asyncio.to_thread(self._read, trace_id)

    def _read(self, trace_id: str) -> Match | Gone:
        found = find_among(self._journal, self._report, self._data_dir, TraceId(trace_id))
        if isinstance(found, NotFound):
            return Gone(found.kept)
        match = found.matches[0]
        return match if match.trace.spans else Gone(kept_range(self._data_dir))


def search(journal: OrderIndex, wanted: Wanted) -> list[Summary]:
    """The newest orders and deals by themselves that are wanted, newest first."""
    orders, deals = _candidates(journal, wanted)
    newest_first = merge(
        (_of_order(journal, record) for record in orders),
        (_of_deal(dealt) for dealt in deals),
        key=lambda summary: summary.start_ns,
        reverse=True,
    )
    return list(islice(filter(wanted.takes, newest_first), wanted.limit))


def _candidates(journal: OrderIndex, wanted: Wanted) -> tuple[Iterator[OrderRecord], Iterator[Dealt]]:
    """Orders and deals by themselves, newest first, none of them sure to be wanted."""
    since_ns = wanted.since_ns or 0
    orders: Sequence[OrderRecord] = journal.orders()
    deals: Sequence[Dealt] = [dealt for dealt in journal.deals(since_ns) if _is_by_itself(dealt)]
    if wanted.ticket is not None:
        found = [record for kind in NUMBER_KINDS for record in journal.find(kind, wanted.ticket)]
        orders = sorted({record.order.order_id: record for record in found}.values(), key=lambda one: one.started_ns)
        deals = [dealt for dealt in deals if wanted.ticket in deal_numbers(dealt.deal).values()]
    return reversed(orders), reversed(deals)


def _is_by_itself(dealt: Dealt) -> bool:
    """Whether no order's span tells of it: somebody else's, or that of an order of ours which waited for its price."""
    return dealt.deal.is_trade and (dealt.ours is None or bool(dealt.trace.trace_id))


def _of_order(journal: OrderIndex, record: OrderRecord) -> Summary:
    numbers: dict[NumberKind, int | None] = dict.fromkeys(NUMBER_KINDS)
    for dealt in journal.deals_of(record.order.order_id):
        numbers.update(deal_numbers(dealt.deal))
    numbers.update(record.numbers())
    current = record.current
    return Summary(
        trace_id=record.trace.trace_id or None,
        start_ns=record.started_ns,
        duration_ms=0.0 if record.ended_ns is None else (record.ended_ns - record.started_ns) / 1e6,
        name=SPAN_NAMES[Action(record.order.action)],
        symbol=record.order.symbol,
        outcome="open" if current is None else current.name,
        numbers=numbers,
        error=None if current is None else outcome_error(current),
        order_id=record.order.order_id,
    )


def _of_deal(dealt: Dealt) -> Summary:
    return Summary(
        trace_id=dealt.trace.trace_id or None,
        start_ns=dealt.deal.time_ns,
        duration_ms=0.0,
        name=f"{SPAN_NAME} {dealt.deal.reason_name}",
        symbol=dealt.deal.symbol,
        outcome="external" if dealt.ours is None else Filled.name,
        numbers=deal_numbers(dealt.deal),
        error=None,
        order_id=dealt.ours,
    )
