"""What the journal knows of one order, and what it writes down about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

from app.domain.clock import rfc3339
from app.domain.deals import NO_SYMBOL, Deal
from app.domain.orders import TAG_MARK, Denied, Filled, NotSent, Order, Outcome, Placed, Unknown, tag_for
from app.domain.trace import TraceRef

NumberKind = Literal["order", "deal", "position"]
"""What a number of the broker's names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An order is about to be sent, with `comment_sent` as its comment; it arrived at `started_ns`."""

    kind: ClassVar[str] = "intent"
    order: Order
    trace: TraceRef
    comment_sent: str
    started_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What first came of an order that has an intent."""

    kind: ClassVar[str] = "outcome"
    order_id: str
    outcome: Outcome
    ended_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """An order that was decided before anything was sent: intent and outcome in one."""

    kind: ClassVar[str] = "unsent"
    order: Order
    trace: TraceRef
    outcome: Denied | NotSent
    started_ns: int
    ended_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """What was found out about an order after its outcome was told, and how."""

    kind: ClassVar[str] = "amended"
    order_id: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """A deal of the account's history, whoever caused it; written once, and counted from here.

    Attributes:
        deal: as the terminal shows it.
        ours: id of the order it belongs to; None where that is none of ours.
        opened: it is the first deal of its position.
        closed: it left nothing of its position.
        left: lots that it left of its position; below 0 by so many as were closed before their opening showed.
        trace: the span that tells of it; empty for deals of market orders of ours, whose own spans do.
        proved: that it belongs to `ours` is certain: by the number of its order, or by the tag of the deal or of its
            order. Otherwise it only looks like it.
    """

    kind: ClassVar[str] = "deal"
    deal: Deal
    ours: str | None = None
    opened: bool = False
    closed: bool = False
    left: float = 0.0
    trace: TraceRef = field(default_factory=TraceRef)
    proved: bool = False

    @property
    def origin(self) -> str:
        """One of `app.domain.deals.ORIGINS`."""
        if not self.deal.is_trade:
            return "balance"
        return "external" if self.ours is None else "ours"

    @property
    def cause(self) -> str:
        """One of `app.domain.deals.CAUSES`."""
        return self.deal.reason_name if self.ours is None else "own"

    @property
    def symbol(self) -> str:
        """The instrument as it is counted."""
        return self.deal.symbol or NO_SYMBOL


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionTurn:
    """The connection to the broker was lost at `at_ns`, for this reason, or came back."""

    kind: ClassVar[str] = "connection"
    connected: bool
    reason: str
    at_ns: int


Entry = Intent | Decided | Unsent | Amended | Dealt | ConnectionTurn
"""One line of the journal, without what every line has."""


class Stamped(NamedTuple):
    """An entry with its place and time in the journal."""

    seq: int
    time_ns: int
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """Everything the journal holds about one order.

    Attributes:
        comment_sent: the comment that went to the broker; empty when nothing was sent.
        started_ns: when the order arrived; ns since 1970.
        intent_seq: number of the line that first names the order.
        outcome: what was decided first; None while that is open.
        ended_ns: when it was decided.
        outcome_seq: number of the line with the outcome; the same as `intent_seq` when nothing was sent.
        amended: what was found out later, in place of `outcome`.
    """

    order: Order
    trace: TraceRef
    comment_sent: str
    started_ns: int
    intent_seq: int
    outcome: Outcome | None = None
    ended_ns: int | None = None
    outcome_seq: int | None = None
    amended: Outcome | None = None
    amended_reason: str = ""
    amended_seq: int | None = None

    @property
    def current(self) -> Outcome | None:
        """What is known now: the later truth, else the first outcome."""
        return self.outcome if self.amended is None else self.amended

    @property
    def tag(self) -> str:
        """The tag that the comment sent with it ends with; empty where none was sent."""
        tag = tag_for(self.order.order_id)
        return tag if self.comment_sent.endswith(tag) else ""

    @property
    def is_undecided(self) -> bool:
        """Whether nothing is known of what became of it."""
        return self.current is None or isinstance(self.current, Unknown)

    def is_at(self, number: int) -> bool:
        """Whether its outcome names this order of the broker's."""
        return any(("order", number) in _numbers(outcome) for outcome in (self.outcome, self.amended))

    def proves(self, dealt: Dealt) -> bool:
        """Whether a deal that was written down as its own certainly is."""
        return dealt.proved or self.is_at(dealt.deal.order) or self.tag == tag_of(dealt.deal.comment) != ""

    def numbers(self) -> Iterator[tuple[NumberKind, int]]:
        """The broker's numbers that lead to this order, the newest truth last; some may come twice."""
        if self.order.position:
            yield "position", self.order.position
        if self.order.pending:
            yield "order", self.order.pending
        for outcome in (self.outcome, self.amended):
            yield from _numbers(outcome)

    def to_json(self, deals: Iterable[Dealt] = ()) -> dict[str, Any]:
        """The record as the API and the command line show it, with the deals that the journal has of it."""
        numbers: dict[NumberKind, int | None] = {"order": None, "deal": None, "position": None}
        shown = []
        for dealt in deals:
            numbers.update(deal_numbers(dealt.deal))
            shown.append(deal_json(dealt.deal))
        return {
            "order_id": self.order.order_id,
            "status": self.current.name if self.current else "open",
            "order": asdict(self.order),
            "comment_sent": self.comment_sent,
            "outcome": outcome_json(self.outcome),
            "amended": outcome_json(self.amended),
            "amended_reason": self.amended_reason or None,
            "numbers": {**numbers, **dict(self.numbers())},
            "deals": shown,
            "trace_id": self.trace.trace_id or None,
            "span_id": self.trace.span_id or None,
            "started": rfc3339(self.started_ns),
            "ended": None if self.ended_ns is None else rfc3339(self.ended_ns),
        }


def tag_of(comment: str) -> str:
    """What may be the tag of an order of ours in a comment at the broker; empty without any."""
    mark = comment.rfind(TAG_MARK)
    return "" if mark < 0 else comment[mark:]


def outcome_json(outcome: Outcome | None) -> dict[str, Any] | None:
    """An outcome by its field names, its own name first."""
    return None if outcome is None else {"name": outcome.name, **asdict(outcome)}


def deal_numbers(deal: Deal) -> dict[NumberKind, int | None]:
    """The numbers of a deal by what they name."""
    return {"order": deal.order or None, "deal": deal.ticket, "position": deal.position or None}


def deal_json(deal: Deal) -> dict[str, Any]:
    """A deal as it is shown with its order."""
    return {
        "deal": deal.ticket,
        "position": deal.position or None,
        "volume": deal.volume,
        "price": deal.price,
        "time": rfc3339(deal.time_ns),
    }


def _numbers(outcome: Outcome | None) -> Iterator[tuple[NumberKind, int]]:
    if isinstance(outcome, Filled | Placed) and outcome.order:
        yield "order", outcome.order
    if isinstance(outcome, Filled) and outcome.deal:
        yield "deal", outcome.deal
    if isinstance(outcome, Filled) and outcome.position:
        yield "position", outcome.position
