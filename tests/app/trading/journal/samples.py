"""Orders, outcomes and journals for these tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.domain.orders import Action, Filled, Order, Side
from app.domain.trace import TraceRef
from app.trading.journal.lines import GENESIS, encode, link, seal
from app.trading.journal.records import Decided, Entry, Intent

NOW_NS = 1_800_000_000_123_456_000


@dataclass
class FixedClock:
    """Stands still until the test moves it."""

    now_ns: int = NOW_NS

    def time_ns(self) -> int:
        """The moment set."""
        return self.now_ns

    def monotonic(self) -> float:
        """The same in seconds."""
        return self.now_ns / 1e9


def an_order(order_id: str = "A", action: Action = Action.OPEN, position: int | None = None) -> Order:
    """A buy of 0.1 lots EURUSD."""
    return Order(
        order_id=order_id, action=action, symbol="EURUSD", side=Side.BUY, volume=0.1, position=position, magic=7
    )


def a_trace(span: int = 1) -> TraceRef:
    """A trace of its own for each number."""
    return TraceRef(f"{span:032x}", f"{span:016x}", None)


def a_fill(order: int = 11, deal: int = 12, position: int | None = 11) -> Filled:
    """A complete fill at 1.1."""
    return Filled(order=order, deal=deal, position=position, volume=0.1, price=1.1, retcode=10009)


def an_intent(order_id: str = "A", span: int = 1) -> Intent:
    """An order about to be sent."""
    return Intent(order=an_order(order_id), trace=a_trace(span), comment_sent="~A", started_ns=NOW_NS)


def a_decision(order_id: str = "A") -> Decided:
    """The order was filled."""
    return Decided(order_id=order_id, outcome=a_fill(), ended_ns=NOW_NS + 5_000_000)


def chained(entries: Iterable[Entry], *, prev: str = GENESIS, seq: int = 0) -> list[bytes]:
    """The lines that a journal of these entries has, each with its newline."""
    lines = []
    for number, entry in enumerate(entries, start=seq + 1):
        line = seal(encode(entry), seq=number, time_ns=NOW_NS, prev=prev)
        prev = link(line)
        lines.append(line + b"\n")
    return lines


def write_segment(directory: Path, number: int, data: bytes) -> Path:
    """Put a segment of these bytes into *directory*."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{number:08d}.jsonl"
    path.write_bytes(data)
    return path
