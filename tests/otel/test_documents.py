"""Documents are counted, cut and merged without losing an item."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel.accounts import Signal
from otel.documents import Document, count_items, encode, halves, join, parse
from otel.transcode import to_protobuf
from tests.otel.spooled import spans

POINT = {"timeUnixNano": "1700000000000000000", "asInt": "1", "exemplars": [{"timeUnixNano": "1"}]}


def metrics(*points: int, kind: str = "sum") -> bytes:
    """Return a line with one metric for each number, of so many points."""
    entries = [{"name": f"m{n}", kind: {"dataPoints": [POINT] * count}} for n, count in enumerate(points)]
    return orjson.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": entries}]}]})


def parsed(signal: Signal, line: bytes) -> Document:
    """Return *line*'s document."""
    document = parse(signal, line)
    assert document is not None
    return document


def pieces(document: Document) -> list[Document]:
    """Halve *document* until nothing is left to halve."""
    parts = halves(document)
    return [document] if parts is None else [*pieces(parts[0]), *pieces(parts[1])]


@pytest.mark.parametrize(
    ("signal", "line", "items"),
    [
        ("traces", spans(0, 64), 64),
        ("traces", b'{"resourceSpans":[]}', 0),
        ("traces", b'{"resourceSpans":[{"scopeSpans":[{"spans":[{},{}]},{}]},{}]}', 2),
        ("logs", b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{},{}]}]}]}', 3),
        ("metrics", metrics(1, 2, 3), 6),
        ("metrics", metrics(2, kind="gauge"), 2),
        ("metrics", metrics(2, kind="exponentialHistogram"), 2),
        ("metrics", b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"none"}]}]}]}', 0),
    ],
)
def test_items_are_counted_exactly(signal: Signal, line: bytes, items: int) -> None:
    """Spans, log records and metric points count; nothing that lies inside them does."""
    assert count_items(signal, line) == items


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"1", b"null", b'{"resourceLogs":[]}', b'{"resourceSpans":[1]}', b"\0" * 9]
)
def test_a_line_that_is_no_document_counts_as_one(line: bytes) -> None:
    """Garbage, and the document of another signal, is no document, and losing it is losing one item."""
    assert parse("traces", line) is None
    assert count_items("traces", line) == 1


@pytest.mark.parametrize(
    ("signal", "line"),
    [("traces", spans(0, 7)), ("metrics", metrics(1, 5, 2)), ("metrics", metrics(9)), ("traces", spans(0, 1))],
)
def test_halving_ends_with_single_items_and_loses_none(signal: Signal, line: bytes) -> None:
    """Cut again and again, a document becomes documents of one item each that together are the whole."""
    document = parsed(signal, line)
    single = pieces(document)

    assert [piece.items for piece in single] == [1] * document.items
    assert all(parsed(signal, piece.line) == piece for piece in single)
    if signal == "traces":
        assert [span_of(piece) for piece in single] == all_spans(document.content)


def test_a_halved_document_keeps_what_is_around_its_items() -> None:
    """Resource, scope and the metric's own fields are on both halves."""
    line = orjson.dumps(
        {
            "resourceMetrics": [
                {
                    "resource": {"attributes": []},
                    "schemaUrl": "r",
                    "scopeMetrics": [
                        {
                            "scope": {"name": "s"},
                            "metrics": [{"name": "m", "sum": {"isMonotonic": True, "dataPoints": [1, 2]}}],
                        }
                    ],
                }
            ]
        }
    )
    document = parsed("metrics", line)
    parts = halves(document)
    assert parts is not None
    rejoined = [orjson.loads(part.line) for part in parts]
    for half, point in zip(rejoined, (1, 2), strict=True):
        points = half["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"]
        assert points == [point]
        points[:] = [1, 2]
        assert half == document.content


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_joined_bodies_hold_all_items_in_order(counts: list[int]) -> None:
    """Several bodies become one document with the items of all, as JSON and as protobuf alike."""
    lines = [spans(10 * n, count) if count else b'{"resourceSpans":[]}' for n, count in enumerate(counts)]
    documents = [parsed("traces", line) for line in lines]

    body = join("traces", [encode(document, "http/json") for document in documents], "http/json")
    binary = join("traces", [encode(document, "http/protobuf") for document in documents], "http/protobuf")

    merged = parsed("traces", body)
    assert all_spans(merged.content) == [span for document in documents for span in all_spans(document.content)]
    assert binary == to_protobuf("traces", merged.content)


@pytest.mark.parametrize(
    "line", [b'{ "resourceSpans": [ ] }', b'{"resourceSpans":[],"more":[1]}', b'{"more":[],"resourceSpans":[]}']
)
def test_a_document_of_another_shape_can_be_joined_too(line: bytes) -> None:
    """Spaces and foreign fields in a file do not garble the request they are merged into."""
    bodies = [encode(parsed("traces", each), "http/json") for each in (line, spans(0), line)]

    assert orjson.loads(join("traces", bodies, "http/json")) == orjson.loads(spans(0))


def test_an_item_tells_when_it_was_recorded() -> None:
    """The time is a span's end, a record's observation or a point's own, and 0 where there is none."""
    assert parsed("traces", spans(0)).recorded_at == pytest.approx(1_700_000_000.25, abs=1e-6)
    assert parsed("metrics", metrics(1)).recorded_at == 1_700_000_000
    assert parsed("traces", b'{"resourceSpans":[]}').recorded_at == 0
    record = (
        b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"0","observedTimeUnixNano":"5000000000"}]}]}]}'
    )
    assert parsed("logs", record).recorded_at == 5


def all_spans(content: Any) -> list[Any]:
    """Return the spans of a document."""
    return [s for r in content["resourceSpans"] for scope in r.get("scopeSpans", ()) for s in scope.get("spans", ())]


def span_of(document: Document) -> Any:
    """Return the only span of a document."""
    (span,) = all_spans(document.content)
    return span
