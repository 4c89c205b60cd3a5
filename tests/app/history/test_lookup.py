"""Whatever a person has at hand leads to the trace."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from app.domain.orders import Rejected
from app.domain.trace import TraceRef
from app.history.lookup import (
    Found,
    Match,
    NotFound,
    Number,
    OrderId,
    Reference,
    TraceId,
    find_trace,
    parse_reference,
)
from app.trading.journal.records import Dealt
from tests.app.history.folders import (
    START_NS,
    a_log,
    a_span,
    an_intent,
    decided,
    filled,
    logs_line,
    moment,
    span_id,
    spans_line,
    trace_id,
    write_journal,
    write_telemetry,
)
from tests.app.trading.journal.test_deals import a_deal

OPENED = "01JD0000000000000000000001"
CLOSED = "01JD0000000000000000000002"
OTHER = "01JD0000000000000000000003"
SILENT = "01JD0000000000000000000004"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A position opened (order 11, deal 12) and closed (order 21, deal 22), an order 12, and one without a trace."""
    write_journal(
        tmp_path,
        [
            an_intent(OPENED, trace=1, span=2),
            decided(OPENED, filled(11, 12, 11)),
            an_intent(CLOSED, position=11, trace=2, span=20),
            decided(CLOSED, filled(21, 22, 11)),
            an_intent(OTHER, trace=3, span=30),
            decided(OTHER, filled(12, 13, 12)),
            an_intent(SILENT, trace=0),
            decided(SILENT, Rejected(retcode=10019)),
        ],
    )
    spans = [a_span(2, "place_order"), a_span(20, "close_position", trace=2), a_span(30, "place_order", trace=3)]
    write_telemetry(tmp_path, "traces", 1, [spans_line([span]) for span in spans])
    write_telemetry(tmp_path, "traces", 2, [spans_line([a_span(40, "GET /health", trace=4, at_ms=100)])])
    write_telemetry(tmp_path, "logs", 1, [logs_line([a_log("filled", uid="u")])])
    return tmp_path


def _matches(data_dir: Path, reference: Reference) -> tuple[Match, ...]:
    found = find_trace(data_dir, reference)
    assert isinstance(found, Found)
    return found.matches


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("11", Number(11)),
        (" order:11 ", Number(11, "order")),
        ("Deal:11", Number(11, "deal")),
        ("position:11", Number(11, "position")),
        (OPENED, OrderId(OPENED)),
        (OPENED.lower(), OrderId(OPENED)),
        ("4BF92F3577B34DA6A3CE929D0E0E4736", TraceId("4bf92f3577b34da6a3ce929d0e0e4736")),
        ("1" * 32, TraceId("1" * 32)),
        ("1" * 26, OrderId("1" * 26)),
    ],
)
def test_references_are_told_by_their_form(text: str, reference: Reference) -> None:
    """Numbers with or without their kind, order ids and trace ids are recognised in any case."""
    assert parse_reference(text) == reference


@pytest.mark.parametrize("text", ["", "order:", "ticket:5", "-5", "1.5", "order:5x", "z" * 32, "9" * 27, "٣"])
def test_anything_else_is_no_reference(text: str) -> None:
    """What has none of the forms is told apart from what is not there."""
    assert parse_reference(text) is None


def test_an_intent_number_leads_to_its_trace(data_dir: Path) -> None:
    """The match holds the journal's record, the spans and the logs."""
    (match,) = _matches(data_dir, Number(11, "order"))

    assert [order.order.order_id for order in match.orders] == [OPENED]
    assert [span.name for span in match.trace.spans] == ["place_order"]
    assert [log.body for log in match.trace.logs] == ["filled"]


@pytest.mark.parametrize(
    ("reference", "order_ids"),
    [
        (Number(22, "deal"), [CLOSED]),
        (Number(11, "position"), [OPENED, CLOSED]),
        (Number(12), [OPENED, OTHER]),
        (Number(12, "order"), [OTHER]),
        (Number(12, "deal"), [OPENED]),
        (OrderId(OTHER), [OTHER]),
    ],
)
def test_a_number_leads_to_all_that_it_means(data_dir: Path, reference: Reference, order_ids: list[str]) -> None:
    """With its kind a number means one thing, without it all orders it stands for, oldest first."""
    matches = _matches(data_dir, reference)

    assert [order.order.order_id for match in matches for order in match.orders] == order_ids
    assert all(match.trace.spans for match in matches)


def test_a_trace_id_needs_no_order(data_dir: Path) -> None:
    """A trace is found by its id, with its order if it has one."""
    (with_order,) = _matches(data_dir, TraceId(trace_id(2)))
    (without,) = _matches(data_dir, TraceId(trace_id(4)))

    assert [order.order.order_id for order in with_order.orders] == [CLOSED]
    assert (without.orders, without.trace.spans[0].name) == ((), "GET /health")


def test_orders_of_one_trace_are_one_match(tmp_path: Path) -> None:
    """A caller that places two orders in one trace sees one trace with both."""
    write_journal(
        tmp_path,
        [
            an_intent(OPENED),
            decided(OPENED, filled(11, 12, 11)),
            an_intent(CLOSED, position=11, span=3),
            decided(CLOSED, filled(21, 22, 11)),
        ],
    )
    write_telemetry(tmp_path, "traces", 1, [spans_line([a_span(2, "place_order"), a_span(3, "close_position")])])

    (match,) = _matches(tmp_path, Number(11, "position"))

    assert len(match.orders) == 2
    assert match.to_json()["numbers"] == {"order": 21, "deal": 22, "position": 11}


@pytest.mark.parametrize(("ours", "told"), [(None, ["deal", "order"]), (OPENED, ["order", "deal"])])
def test_traces_are_told_oldest_first(tmp_path: Path, ours: str | None, told: list[str]) -> None:
    """A deal stands before the order that came after it, and never before its own, whatever the server's clock says."""
    before = a_deal(22, order=21, position=11, time_msc=START_NS // 10**6 - 50)
    dealt = Dealt(deal=before, ours=ours, opened=True, left=0.1, trace=TraceRef(trace_id(9), span_id(9)))
    write_journal(tmp_path, [an_intent(OPENED), decided(OPENED, filled(11, 12, 11)), dealt])
    spans = [a_span(2, "place_order"), a_span(9, "deal", trace=9, at_ms=-50)]
    write_telemetry(tmp_path, "traces", 1, [spans_line(spans)])

    matches = _matches(tmp_path, Number(11, "position"))
    assert ["order" if match.orders else "deal" for match in matches] == told


def test_an_intent_without_a_trace_is_found_too(data_dir: Path) -> None:
    """With telemetry off, or its spans past what is kept, the journal still knows the order."""
    (match,) = _matches(data_dir, OrderId(SILENT))

    assert match.orders[0].outcome == Rejected(retcode=10019)
    assert (match.trace.trace_id, match.trace.spans) == ("", ())


def test_a_match_can_be_shown_as_json(data_dir: Path) -> None:
    """Trace id, spans, logs, numbers and orders are there under the names that the API uses."""
    (match,) = _matches(data_dir, Number(11, "order"))

    shown = orjson.loads(orjson.dumps(match.to_json()))

    assert list(shown) == ["trace_id", "spans", "logs", "numbers", "orders", "linked"]
    assert shown["numbers"] == {"order": 11, "deal": 12, "position": 11}
    assert shown["orders"][0]["status"] == "filled"


def test_what_is_not_there_says_where_it_was_looked_for(data_dir: Path) -> None:
    """The answer names the folder, how many orders its journal holds, and the period of its traces."""
    missing = find_trace(data_dir, Number(99, "deal"))

    assert isinstance(missing, NotFound)
    said = missing.describe()
    assert "No deal 99 in" in said
    assert "its journal holds 4 orders" in said
    assert f"traces from {moment(0)} to {moment(110)}" in said
    empty = find_trace(data_dir / "nowhere", TraceId(trace_id(9)))
    assert isinstance(empty, NotFound)
    assert empty.describe().endswith("its journal holds 0 orders, its telemetry files hold no traces.")
