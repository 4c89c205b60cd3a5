"""Traces are read from the files, beside a writer and past damage."""

from __future__ import annotations

import os
from pathlib import Path

from app.history.telemetry import KeptRange, journalled_span_ids, kept_range, read_traces
from tests.app.history.folders import (
    MS,
    START_NS,
    a_log,
    a_span,
    logs_line,
    span_id,
    spans_line,
    trace_id,
    write_telemetry,
)


def test_a_trace_is_gathered_from_all_segments(tmp_path: Path) -> None:
    """Its spans and logs may lie in several files; those of other traces in the same lines are left out."""
    write_telemetry(
        tmp_path, "traces", 1, [spans_line([a_span(3, "child", parent=2, at_ms=1), a_span(9, "x", trace=2)])]
    )
    write_telemetry(tmp_path, "traces", 2, [spans_line([a_span(2, "parent", took_ms=20)])])
    write_telemetry(tmp_path, "logs", 1, [logs_line([a_log("two", at_ms=2), a_log("other", trace=2)])])
    write_telemetry(tmp_path, "logs", 2, [logs_line([a_log("one", at_ms=1)])])

    trace = read_traces(tmp_path, {trace_id(1)}).traces[trace_id(1)]

    assert [span.name for span in trace.spans] == ["parent", "child"]
    assert [log.body for log in trace.logs] == ["one", "two"]


def test_copies_are_told_by_their_ids(tmp_path: Path) -> None:
    """A span or log record delivered twice is there once; records without an id are all kept."""
    span = a_span(2, "place_order")
    records = [a_log("same", uid="u"), a_log("same", uid="u"), a_log("plain"), a_log("plain")]
    write_telemetry(tmp_path, "traces", 1, [spans_line([span]), spans_line([span])])
    write_telemetry(tmp_path, "logs", 1, [logs_line(records)])

    trace = read_traces(tmp_path, {trace_id(1)}).traces[trace_id(1)]

    assert len(trace.spans) == 1
    assert [log.body for log in trace.logs] == ["same", "plain", "plain"]


def test_damage_is_counted_and_passed_over(tmp_path: Path) -> None:
    """Damaged lines that speak of the trace are counted, an unfinished last line is not seen, the rest is read."""
    whole = spans_line([a_span(2, "place_order")])
    write_telemetry(tmp_path, "traces", 1, [whole[:-9], b"rubbish", whole], tail=spans_line([a_span(3, "x")])[:-1])

    read = read_traces(tmp_path, {trace_id(1)})

    assert [span.span_id for span in read.traces[trace_id(1)].spans] == [span_id(2)]
    assert read.damaged_lines == 1


def test_a_folder_without_telemetry_has_empty_traces(tmp_path: Path) -> None:
    """Where there are no files, a trace has no spans, and nothing is made."""
    read = read_traces(tmp_path, {trace_id(1)})

    assert read.traces[trace_id(1)].spans == ()
    assert kept_range(tmp_path) is None
    assert journalled_span_ids(tmp_path) == set()
    assert list(tmp_path.iterdir()) == []


def test_order_spans_are_found_by_name(tmp_path: Path) -> None:
    """Only spans that stand for a whole order count, whatever else mentions their name."""
    write_telemetry(
        tmp_path,
        "traces",
        1,
        [
            spans_line([a_span(1, "POST", attributes={"note": "place_order"}), a_span(2, "place_order")]),
            spans_line([a_span(3, "close_position", trace=2), a_span(4, "risk")]),
            b'{"resourceSpans":"place_order" damaged',
        ],
    )

    assert journalled_span_ids(tmp_path) == {span_id(2), span_id(3)}


def test_files_finished_before_an_order_began_are_not_searched(tmp_path: Path) -> None:
    """Looking for recent orders reads recent files only, with an hour of doubt for clocks that were set."""
    old = write_telemetry(tmp_path, "traces", 1, [spans_line([a_span(2, "place_order")])])
    write_telemetry(tmp_path, "traces", 2, [spans_line([a_span(3, "place_order")])])
    os.utime(old, ns=(START_NS, START_NS))

    assert journalled_span_ids(tmp_path, START_NS + 3600 * 10**9) == {span_id(2), span_id(3)}
    os.utime(tmp_path / "telemetry" / "traces" / "00000002.jsonl", ns=(START_NS + 900, START_NS + 900))
    assert journalled_span_ids(tmp_path, START_NS + 3600 * 10**9 + 500) == {span_id(3)}
    assert journalled_span_ids(tmp_path, START_NS + 2 * 3600 * 10**9) == set()


def test_the_kept_range_goes_from_the_oldest_span_to_the_newest(tmp_path: Path) -> None:
    """It is read from the ends of the files, past damaged lines."""
    write_telemetry(tmp_path, "traces", 1, [b"rubbish", spans_line([a_span(1, "a", at_ms=5), a_span(2, "b", at_ms=1)])])
    write_telemetry(tmp_path, "traces", 2, [spans_line([a_span(3, "c", at_ms=50, took_ms=7)]), b"rubbish"])

    assert kept_range(tmp_path) == KeptRange(START_NS + 1 * MS, START_NS + 57 * MS)
