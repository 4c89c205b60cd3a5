"""Orders as traces: looked through in memory, read from the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.domain.orders import Outcome, Placed, Rejected, Unknown
from app.domain.trace import TraceRef
from app.history.lookup import Match
from app.history.search import Gone, Summary, Traces, Wanted, search
from app.trading.journal.index import OrderIndex
from app.trading.journal.journal import read_journal
from app.trading.journal.reading import OpenReport
from app.trading.journal.records import Dealt, Entry, Stamped
from tests.app.history.folders import (
    START_NS,
    a_log,
    a_span,
    an_intent,
    decided,
    filled,
    logs_line,
    span_id,
    spans_line,
    trace_id,
    write_journal,
    write_telemetry,
)
from tests.app.trading.journal.test_deals import a_deal

REFUSED = Rejected(retcode=10019, comment="No money")
OPENING = a_deal(12, order=11, position=11, time_msc=START_NS // 10**6 + 5)
STOP = a_deal(22, order=21, position=11, type=1, entry=1, reason=4, time_msc=START_NS // 10**6 + 60_000)


def records(*entries: Entry) -> OrderIndex:
    """A journal of these entries."""
    return OrderIndex(Stamped(seq, START_NS, entry) for seq, entry in enumerate(entries, start=1))


def an(order_id: str, outcome: Outcome, number: int, symbol: str = "EURUSD") -> list[Entry]:
    """An order and what came of it, in the trace of this number."""
    intent = an_intent(order_id, trace=number)
    object.__setattr__(intent.order, "symbol", symbol)
    object.__setattr__(intent, "started_ns", START_NS + number)
    return [intent, decided(order_id, outcome)]


JOURNAL = records(
    *an("A", filled(11, 12, 11), 1),
    Dealt(deal=OPENING, ours="A", opened=True, left=0.1),
    *an("B", REFUSED, 2, "GBPUSD"),
    *an("C", Unknown(reason="deadline"), 3),
    Dealt(deal=STOP, closed=True, trace=TraceRef(trace_id(9), "9" * 16)),
)


def names(found: list[Summary]) -> list[str | None]:
    """Order ids, and the names of deals."""
    return [summary.order_id or summary.name for summary in found]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["deal sl", "C", "B", "A"]),
        ({"limit": 2}, ["deal sl", "C"]),
        ({"outcome": "rejected"}, ["B"]),
        ({"outcome": "external"}, ["deal sl"]),
        ({"symbol": "gbpusd"}, ["B"]),
        ({"error": True}, ["C", "B"]),
        ({"error": False}, ["deal sl", "A"]),
        ({"min_ms": 5}, ["C", "B", "A"]),
        ({"min_ms": 11}, []),
        ({"since_ns": START_NS + 2}, ["deal sl", "C", "B"]),
        ({"until_ns": START_NS + 2}, ["A"]),
        ({"ticket": 12}, ["A"]),
        ({"ticket": 11}, ["deal sl", "A"]),
        ({"ticket": 22}, ["deal sl", "A"]),
        ({"ticket": 21}, ["deal sl", "A"]),
        ({"ticket": 404}, []),
    ],
)
def test_orders_are_looked_through(wanted: dict[str, Any], expected: list[str]) -> None:
    """Newest first; every number leads to its order, that of a stop to the order whose position it closed."""
    assert names(search(JOURNAL, Wanted(**wanted))) == expected


def test_a_line_of_the_list_is_whole() -> None:
    """A trace is told with its numbers, how long it took and what went wrong."""
    shown = [summary.to_json() for summary in search(JOURNAL, Wanted())]
    assert shown[3] == {
        "trace_id": trace_id(1),
        "start": "2027-01-15T08:00:00.000000Z",
        "duration_ms": pytest.approx(10.0, abs=0.001),
        "name": "place_order",
        "symbol": "EURUSD",
        "outcome": "filled",
        "order": 11,
        "deal": 12,
        "position": 11,
        "error": None,
        "order_id": "A",
    }
    assert "10019" in shown[2]["error"]
    assert (shown[0]["trace_id"], shown[0]["position"]) == (trace_id(9), 11)


def test_an_unknown_order_shows_the_numbers_of_its_deal() -> None:
    """Once its deal is found, an order whose answer was lost has numbers."""
    journal = records(*an("C", Unknown(reason="deadline"), 3), Dealt(deal=OPENING, ours="C", opened=True, left=0.1))
    (found,) = search(journal, Wanted())
    assert found.numbers == {"order": 11, "deal": 12, "position": 11}


def test_a_pending_orders_deal_is_listed_beside_its_order() -> None:
    """Filled long after its order, a deal of ours has a trace, a line and the order's id; it is no `external` one."""
    journal = records(
        *an("C", Placed(order=11, retcode=10009), 3),
        Dealt(deal=OPENING, ours="C", opened=True, left=0.1, trace=TraceRef(trace_id(9), "9" * 16)),
    )
    deal, order = search(journal, Wanted(ticket=12))
    assert (deal.trace_id, deal.name, deal.outcome, deal.order_id) == (trace_id(9), "deal expert", "filled", "C")
    assert (order.trace_id, order.outcome) == (trace_id(3), "placed")
    assert search(journal, Wanted(outcome="external")) == []


async def test_a_trace_is_read_from_the_files(tmp_path: Path) -> None:
    """Spans, logs, numbers and orders of one trace, also of a deal that somebody else made."""
    write_journal(tmp_path, [*an("A", filled(11, 12, 11), 1), Dealt(deal=STOP, trace=TraceRef(trace_id(9), "9" * 16))])
    spans = [a_span(2, "place_order"), a_span(9, "deal", trace=9)]
    write_telemetry(tmp_path, "traces", 1, [spans_line(spans)])
    write_telemetry(tmp_path, "logs", 1, [logs_line([a_log("filled")])])
    journal, report = read_journal(tmp_path / "journal")
    traces = Traces(journal, report, tmp_path)
    found = await traces.get(trace_id(1))
    assert isinstance(found, Match)
    shown = found.to_json()
    assert [span["name"] for span in shown["spans"]] == ["place_order"]
    assert [log["body"] for log in shown["logs"]] == ["filled"]
    assert shown["numbers"] == {"order": 11, "deal": 12, "position": 11}
    other = await traces.get(trace_id(9))
    assert isinstance(other, Match)
    assert other.to_json()["numbers"] == {"order": 21, "deal": 22, "position": 11}


async def test_the_traces_of_an_order_and_its_deals_lead_to_each_other(tmp_path: Path) -> None:
    """From a pending order to its fill and to the stop after it, from each of these back, and the links themselves."""
    write_journal(
        tmp_path,
        [
            *an("A", Placed(order=11, retcode=10009), 1),
            Dealt(deal=OPENING, ours="A", opened=True, left=0.1, trace=TraceRef(trace_id(8), "8" * 16)),
            Dealt(deal=STOP, closed=True, trace=TraceRef(trace_id(9), "9" * 16)),
        ],
    )
    fill = {**a_span(8, "deal", trace=8), "links": [{"traceId": trace_id(1), "spanId": span_id(2)}]}
    spans = [a_span(2, "place_pending_order"), fill, a_span(9, "deal", trace=9)]
    write_telemetry(tmp_path, "traces", 1, [spans_line(spans)])
    journal, report = read_journal(tmp_path / "journal")
    shown = {}
    for number in (1, 8, 9):
        match = await Traces(journal, report, tmp_path).get(trace_id(number))
        assert isinstance(match, Match)
        shown[number] = match.to_json()
    assert [linked["trace_id"] for linked in shown[1]["linked"]] == [trace_id(8), trace_id(9)]
    back = {"trace_id": trace_id(1), "name": "place_order"}
    assert (shown[8]["linked"], shown[9]["linked"]) == ([back], [back])
    assert shown[8]["spans"][0]["links"] == [{"trace_id": trace_id(1), "span_id": span_id(2)}]


async def test_a_trace_that_is_gone_says_what_is_kept(tmp_path: Path) -> None:
    """Neither unknown ids nor orders older than the files are an empty trace."""
    write_journal(tmp_path, an("A", filled(11, 12, 11), 1))
    write_telemetry(tmp_path, "traces", 1, [spans_line([a_span(2, "place_order", trace=7)])])
    journal, report = read_journal(tmp_path / "journal")
    traces = Traces(journal, report, tmp_path)
    for wanted in (trace_id(1), trace_id(404)):
        found = await traces.get(wanted)
        assert isinstance(found, Gone)
        assert found.kept is not None
        assert found.kept.oldest_ns == START_NS
    assert await Traces(OrderIndex(), OpenReport(), tmp_path / "none").get(trace_id(1)) == Gone(None)
