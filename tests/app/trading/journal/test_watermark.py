"""Orders whose span a crash may have lost are found, and only those."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.orders import Denied
from app.domain.trace import TraceRef
from app.trading.journal.index import OrderIndex
from app.trading.journal.records import Dealt, Entry, Stamped, Unsent
from app.trading.journal.watermark import Lost, Watermark, lost_spans
from tests.app.trading.journal.samples import NOW_NS, a_decision, a_trace, an_intent, an_order
from tests.app.trading.journal.test_deals import a_deal

SPAN_LESS = Unsent(
    order=an_order("D"),
    trace=TraceRef(),
    outcome=Denied(reason="RISK_BLOCK", message="no"),
    started_ns=1,
    ended_ns=2,
)
ENTRIES: list[Entry] = [
    an_intent("A", 1),
    a_decision("A"),
    an_intent("B", 2),
    a_decision("B"),
    SPAN_LESS,
    an_intent("open", 3),
]
ORDERS = OrderIndex(Stamped(seq, NOW_NS, entry) for seq, entry in enumerate(ENTRIES, start=1))


def test_the_watermark_is_kept(tmp_path: Path) -> None:
    """It starts at 0, moves up only, and is the same after a restart."""
    watermark = Watermark.open(tmp_path)
    assert watermark.seq == 0

    watermark.advance(7)
    watermark.advance(3)

    assert watermark.seq == 7
    assert Watermark.open(tmp_path).seq == 7


@pytest.mark.parametrize("content", [b"", b"[]", b"7", b'{"seq":"high"}', b'{"seq":-5}'])
def test_a_damaged_watermark_is_none(tmp_path: Path, content: bytes) -> None:
    """An unreadable file costs a search of the telemetry files, nothing else."""
    (tmp_path / "watermark.json").write_bytes(content)

    assert Watermark.open(tmp_path).seq == 0


def test_orders_without_a_span_in_any_file_are_lost(tmp_path: Path) -> None:
    """Decided orders beyond the watermark are looked up; open ones and those without telemetry are not."""
    asked: list[int] = []

    def written(since_ns: int) -> set[str]:
        asked.append(since_ns)
        return {a_trace(1).span_id}

    lost = lost_spans(ORDERS, Watermark.open(tmp_path), written)

    assert [record.order.order_id for record in lost.orders] == ["B"]
    assert asked == [an_intent("A", 1).started_ns]


def test_orders_up_to_the_watermark_are_certain(tmp_path: Path) -> None:
    """They are not looked for, and where nothing else is left the files are not even read."""
    watermark = Watermark.open(tmp_path)
    watermark.advance(2)
    assert [record.order.order_id for record in lost_spans(ORDERS, watermark, lambda since_ns: set()).orders] == ["B"]

    def no_search(since_ns: int) -> set[str]:
        raise AssertionError("there was nothing to search for")

    watermark.advance(ORDERS.last_seq)
    assert lost_spans(ORDERS, watermark, no_search) == Lost()


def test_deals_without_their_span_in_any_file_are_lost(tmp_path: Path) -> None:
    """Deals beyond the watermark that have a span of their own are looked up; those told by their order's are not."""
    old, written, gone, silent = (a_deal(ticket, time_msc=1_000 * ticket) for ticket in (1, 2, 3, 4))
    entries: list[Entry] = [
        Dealt(deal=old, trace=a_trace(1)),
        Dealt(deal=written, trace=a_trace(2)),
        Dealt(deal=gone, trace=a_trace(3)),
        Dealt(deal=silent),
    ]
    journal = OrderIndex(Stamped(seq, NOW_NS, entry) for seq, entry in enumerate(entries, start=1))
    watermark = Watermark.open(tmp_path)
    watermark.advance(1)
    asked: list[int] = []

    def found(since_ns: int) -> set[str]:
        asked.append(since_ns)
        return {a_trace(2).span_id}

    lost = lost_spans(journal, watermark, found)
    assert [(seq, dealt.deal.ticket) for seq, dealt in lost.deals] == [(3, 3)]
    assert asked == [written.time_ns]
    watermark.advance(4)
    assert not lost_spans(journal, watermark, found)
