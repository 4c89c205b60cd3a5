"""What is shown of an order."""

from __future__ import annotations

from dataclasses import replace

import orjson

from app.domain.orders import Placed, Rejected
from app.domain.trace import TraceRef
from app.trading.journal.records import Dealt, OrderRecord
from tests.app.trading.journal.samples import NOW_NS, a_fill, a_trace, an_order
from tests.app.trading.journal.test_deals import a_deal


def test_a_record_shows_what_is_known() -> None:
    """The status is the latest truth; first outcome and amendment stand beside it, times in RFC 3339."""
    record = OrderRecord(
        order=an_order("A"),
        trace=a_trace(5),
        comment_sent="~A",
        started_ns=NOW_NS,
        intent_seq=1,
        outcome=a_fill(position=None),
        ended_ns=NOW_NS + 2_000_000,
        outcome_seq=2,
        amended=a_fill(position=11),
        amended_reason="deals read later",
        amended_seq=3,
    )

    shown = orjson.loads(orjson.dumps(record.to_json()))

    assert shown["status"] == "filled"
    assert shown["order"]["side"] == "buy"
    assert shown["outcome"]["position"] is None
    assert shown["amended"]["position"] == 11
    assert shown["numbers"] == {"order": 11, "deal": 12, "position": 11}
    assert shown["trace_id"] == f"{5:032x}"
    assert (shown["started"], shown["ended"]) == ("2027-01-15T08:00:00.123456Z", "2027-01-15T08:00:00.125456Z")


def test_a_record_has_the_numbers_of_its_deals() -> None:
    """An order that was placed has none of its own; where its outcome has some, they stand."""
    deals = [Dealt(deal=a_deal(31, order=11, position=30), ours="A")]
    placed = OrderRecord(
        order=an_order("A"), trace=a_trace(), comment_sent="~A", started_ns=NOW_NS, intent_seq=1,
        outcome=Placed(order=11, retcode=10009),
    )  # fmt: skip
    assert placed.to_json(deals)["numbers"] == {"order": 11, "deal": 31, "position": 30}
    assert placed.to_json()["deals"] == []
    filled = replace(placed, outcome=a_fill(11, 12, 11))
    assert filled.to_json(deals)["numbers"] == {"order": 11, "deal": 12, "position": 11}


def test_an_open_order_says_so() -> None:
    """Without an outcome, a trace or numbers the members are there and null."""
    record = OrderRecord(order=an_order("A"), trace=TraceRef(), comment_sent="", started_ns=NOW_NS, intent_seq=1)

    shown = record.to_json()

    assert shown["status"] == "open"
    assert shown["outcome"] is shown["ended"] is shown["trace_id"] is shown["amended"] is None
    assert shown["numbers"] == {"order": None, "deal": None, "position": None}


def test_an_order_without_numbers_yields_none() -> None:
    """A refusal has no number of the broker's."""
    record = OrderRecord(
        order=an_order("A"),
        trace=a_trace(),
        comment_sent="",
        started_ns=NOW_NS,
        intent_seq=1,
        outcome=Rejected(retcode=10019),
    )

    assert list(record.numbers()) == []
