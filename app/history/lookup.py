"""From what a person has at hand (a number of the broker's, an order's id, a trace's) to the traces behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

from app.domain.clock import rfc3339
from app.history.items import Trace
from app.history.telemetry import KeptRange, kept_range, read_traces
from app.telemetry.deals import SPAN_NAME as DEAL_SPAN
from app.telemetry.orders import SPAN_NAMES
from app.trading.deals import concerned
from app.trading.journal.index import OrderIndex
from app.trading.journal.journal import read_journal
from app.trading.journal.reading import OpenReport
from app.trading.journal.records import Dealt, NumberKind, OrderRecord, deal_numbers
from app.trading.kinship import CLOCK_SLACK_NS

_NUMBER: Final = re.compile(r"(?:(order|deal|position):)?([0-9]{1,20})")
_ORDER_ID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
NUMBER_KINDS: Final[tuple[NumberKind, ...]] = get_args(NumberKind)

FORMS: Final = "order:NUMBER, deal:NUMBER, position:NUMBER, NUMBER, an order id (26 characters) or a trace id (32 hex)"


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the broker's; `kind` is None where it may be any of the three."""

    number: int
    kind: NumberKind | None = None

    def __str__(self) -> str:
        return f"{self.kind or 'number'} {self.number}"


@dataclass(frozen=True, slots=True)
class OrderId:
    """Our own id of an order."""

    order_id: str

    def __str__(self) -> str:
        return f"order {self.order_id}"


@dataclass(frozen=True, slots=True)
class TraceId:
    """The id of a trace, in lower-case hex."""

    trace_id: str

    def __str__(self) -> str:
        return f"trace {self.trace_id}"


Reference = Number | OrderId | TraceId


class Linked(NamedTuple):
    """Another trace, by the name of its order's or deal's span."""

    trace_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Match:
    """A trace with the orders in it.

    Attributes:
        trace: without spans where the files hold them no longer, or telemetry was off.
        orders: what the journal holds, oldest first; empty for a trace of something else.
        deals: the deals of these orders, or the one that the trace tells of.
        linked: the traces of deals that links lead from to these orders, or those of the orders that they lead to.
    """

    trace: Trace
    orders: tuple[OrderRecord, ...] = ()
    deals: tuple[Dealt, ...] = ()
    linked: tuple[Linked, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The match as API and command line show it; of several orders, the last one's numbers stand out."""
        numbers: dict[NumberKind, int | None] = dict.fromkeys(NUMBER_KINDS)
        for dealt in self.deals:
            numbers.update(deal_numbers(dealt.deal))
        for order in self.orders:
            numbers.update(order.numbers())
        return {
            **self.trace.to_json(),
            "numbers": numbers,
            "orders": [
                order.to_json(dealt for dealt in self.deals if dealt.ours == order.order.order_id)
                for order in self.orders
            ],
            "linked": [linked._asdict() for linked in self.linked],
        }


@dataclass(frozen=True, slots=True)
class Found:
    """What a reference leads to, oldest first; never empty.

    Attributes:
        matches: the traces.
        damaged_lines: damaged lines of telemetry files that were passed over.
        journal: how well the journal could be read.
    """

    matches: tuple[Match, ...]
    damaged_lines: int
    journal: OpenReport


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nothing was found, and this is where it was looked for.

    Attributes:
        reference: what was asked for.
        data_dir: the folder that was searched.
        orders: how many orders its journal holds.
        kept: the period that its traces cover; None without any.
    """

    reference: Reference
    data_dir: Path
    orders: int
    kept: KeptRange | None

    def describe(self) -> str:
        """Say what was searched, in one or two sentences."""
        kept = f"traces from {rfc3339(self.kept[0])} to {rfc3339(self.kept[1])}" if self.kept else "no traces"
        return (
            f"No {self.reference} in {self.data_dir}: its journal holds {self.orders} orders, "
            f"its telemetry files hold {kept}."
        )


def parse_reference(text: str) -> Reference | None:
    """Return what *text* refers to, or None if it has none of the forms in `FORMS`."""
    text = text.strip()
    if number := _NUMBER.fullmatch(text.lower()):
        kind = next((kind for kind in NUMBER_KINDS if kind == number[1]), None)
        return Number(int(number[2]), kind)
    if _ORDER_ID.fullmatch(text.upper()):
        return OrderId(text.upper())
    if _TRACE_ID.fullmatch(text.lower()):
        return TraceId(text.lower())
    return None


def find_trace(data_dir: Path, reference: Reference) -> Found | NotFound:
    """Look a reference up in the journal and the telemetry files, also beside a running program; writes nothing.

    A number that means several things, such as the ticket of a position that was opened and closed, leads to all
    of them.

    Raises:
        JournalError: the journal cannot be read at all.
    """
    index, report = read_journal(data_dir / "journal")
    return find_among(index, report, data_dir, reference)


def find_among(index: OrderIndex, report: OpenReport, data_dir: Path, reference: Reference) -> Found | NotFound:
    """Look a reference up like `find_trace`, in a journal that is open already."""
    orders, deals = _orders(index, reference), _deals(index, reference)
    traces = [*(order.trace for order in orders), *(dealt.trace for dealt in deals)]
    trace_ids = {trace.trace_id for trace in traces if trace.trace_id}
    if isinstance(reference, TraceId):
        trace_ids.add(reference.trace_id)
    read = read_traces(data_dir, trace_ids, _when(orders, deals))
    matches = _matches(index, orders, deals, read.traces)
    if not matches:
        return NotFound(reference, data_dir, len(index.orders()), kept_range(data_dir))
    return Found(matches, read.damaged_lines, report)


def _orders(index: OrderIndex, reference: Reference) -> Sequence[OrderRecord]:
    match reference:
        case TraceId(trace_id):
            return [order for order in index.orders() if order.trace.trace_id == trace_id]
        case OrderId(order_id):
            order = index.get(order_id)
            return [] if order is None else [order]
        case Number(number, kind):
            kinds = NUMBER_KINDS if kind is None else (kind,)
            found = {order.order.order_id: order for each in kinds for order in index.find(each, number)}
            return sorted(found.values(), key=lambda order: order.intent_seq)


def _deals(index: OrderIndex, reference: Reference) -> Sequence[Dealt]:
    """The deals of others that a reference leads to, which have traces of their own."""
    match reference:
        case TraceId(trace_id):
            return [dealt for dealt in index.deals() if dealt.trace.trace_id == trace_id]
        case Number(number, kind):
            kinds = NUMBER_KINDS if kind is None else (kind,)
            return [
                dealt
                for dealt in index.deals()
                if dealt.trace.trace_id and any(deal_numbers(dealt.deal)[each] == number for each in kinds)
            ]
        case OrderId():
            return []


def _when(orders: Sequence[OrderRecord], deals: Sequence[Dealt]) -> KeptRange | None:
    """From the first beginning to the last end; None where one is not known."""
    if not (orders or deals) or any(order.ended_ns is None for order in orders):
        return None
    # A deal's span is told when the deal is found, which may be long after it was made.
    if deals:
        return None
    return KeptRange(min(order.started_ns for order in orders), max(order.ended_ns or 0 for order in orders))


def _matches(
    index: OrderIndex, orders: Iterable[OrderRecord], deals: Iterable[Dealt], traces: dict[str, Trace]
) -> tuple[Match, ...]:
    """Orders by their trace, traces of deals, and those with spans and no order: the oldest first."""
    by_trace: dict[str, list[OrderRecord]] = {}
    for order in orders:
        by_trace.setdefault(order.trace.trace_id or order.order.order_id, []).append(order)
    with_orders = [
        Match(
            traces.get(key, Trace(group[0].trace.trace_id)),
            tuple(group),
            tuple(dealt for order in group for dealt in index.deals_of(order.order.order_id)),
            _deals_linked(index, group),
        )
        for key, group in by_trace.items()
    ]
    told = {dealt.trace.trace_id: dealt for dealt in deals}
    alone = [
        Match(trace, deals=(told[key],), linked=_orders_linked(index, told[key])) if key in told else Match(trace)
        for key, trace in traces.items()
        if key not in by_trace and (trace.spans or key in told)
    ]
    return tuple(sorted((*with_orders, *alone), key=lambda match: _began_ns(index, match)))


def _began_ns(index: OrderIndex, match: Match) -> int:
    """When it began; a deal never before its own order, wherever the server's clock stands."""
    if match.orders:
        return match.orders[0].started_ns
    if not match.deals:
        return match.trace.start_ns
    dealt = match.deals[0]
    owner = None if dealt.ours is None else index.get(dealt.ours)
    return max(dealt.deal.time_ns, 0 if owner is None else owner.started_ns)


def _deals_linked(index: OrderIndex, orders: Sequence[OrderRecord]) -> tuple[Linked, ...]:
    """The deals with traces of their own whose spans are linked to one of these orders."""
    ids = {order.order.order_id for order in orders}
    return tuple(
        Linked(dealt.trace.trace_id, DEAL_SPAN)
        for dealt in index.deals(min(order.started_ns for order in orders) - CLOCK_SLACK_NS)
        if dealt.trace.trace_id
        and any(order.order.order_id in ids for order in concerned(index, dealt.deal, dealt.ours))
    )


def _orders_linked(index: OrderIndex, dealt: Dealt) -> tuple[Linked, ...]:
    return tuple(
        Linked(order.trace.trace_id, SPAN_NAMES[order.order.action])
        for order in concerned(index, dealt.deal, dealt.ours)
        if order.trace.trace_id
    )
