"""Searching the telemetry files of a data folder, also while they are being written.

Unfinished last lines are not seen, damaged ones are counted and passed over, copies are told by their ids.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import orjson

from app.history.items import LogRecord, Span, Trace, logs_of, spans_of
from app.telemetry.deals import SPAN_NAME as DEAL_SPAN
from app.telemetry.orders import SPAN_NAMES
from otel.segments import Line, Position, iterate, read, segment_numbers, segment_path

JOURNALLED_SPANS: Final = frozenset((*SPAN_NAMES.values(), DEAL_SPAN))
"""Names of the spans that stand for a whole order, or for a deal: the journal has their ids."""

_READ_BYTES: Final = 1024 * 1024
_CLOCK_SLACK_NS: Final = 3600 * 10**9
"""A clock set back by less than this makes no file look older than the orders in it."""

_T = TypeVar("_T")
_UNREADABLE: Final = (ValueError, LookupError, TypeError, AttributeError)
"""What decoding a damaged or foreign line may raise."""


class KeptRange(NamedTuple):
    """From the oldest span to the newest one in the files; ns since 1970."""

    oldest_ns: int
    newest_ns: int


@dataclass(frozen=True, slots=True)
class TracesRead:
    """The traces asked for, also those without a single span left, and how many damaged lines were passed over."""

    traces: dict[str, Trace]
    damaged_lines: int


def read_traces(data_dir: Path, trace_ids: Set[str], within: KeptRange | None = None) -> TracesRead:
    """Read everything that the files of *data_dir* hold of these traces (ids in lower-case hex).

    Args:
        data_dir: the data folder.
        trace_ids: the traces.
        within: when they began and ended, where that is known: files of other times are read only if those lack some.
    """
    damaged = _Count()
    spans: dict[str, dict[str, Span]] = {trace_id: {} for trace_id in trace_ids}
    for span in _search(_folder(data_dir, "traces"), trace_ids, spans_of, damaged, within):
        if span.trace_id in spans:
            spans[span.trace_id].setdefault(span.span_id, span)
    if within is not None and not all(spans.values()):
        return read_traces(data_dir, trace_ids)
    logs: dict[str, dict[object, LogRecord]] = {trace_id: {} for trace_id in trace_ids}
    for log in _search(_folder(data_dir, "logs"), trace_ids, logs_of, damaged, within):
        if log.trace_id in logs:
            logs[log.trace_id].setdefault(log.uid or object(), log)
    traces = {trace_id: _trace(trace_id, spans[trace_id].values(), logs[trace_id].values()) for trace_id in trace_ids}
    return TracesRead(traces, damaged.lines)


def journalled_span_ids(data_dir: Path, since_ns: int = 0) -> set[str]:
    """Return the span id of every order and deal whose own span is in the files of *data_dir*.

    Args:
        data_dir: the data folder.
        since_ns: when the oldest one began that is looked for, ns since 1970; files that were finished well before
            need not be read.
    """
    folder = _folder(data_dir, "traces")
    quoted = [f'"{name}"'.encode() for name in JOURNALLED_SPANS]
    position = Position(_first_segment_since(folder, since_ns), 0)
    found: set[str] = set()
    while lines := read(folder, position, _READ_BYTES):
        position = lines[-1].end
        for line in lines:
            if any(name in line.data for name in quoted):
                found.update(_decoded(line.data, _journalled_spans_of) or ())
    return found


def kept_range(data_dir: Path) -> KeptRange | None:
    """Return what period the traces in the files of *data_dir* cover; None if there are none."""
    folder = _folder(data_dir, "traces")
    oldest = _first_spans(folder, newest_first=False)
    newest = _first_spans(folder, newest_first=True)
    if not oldest or not newest:
        return None
    return KeptRange(min(span.start_ns for span in oldest), max(span.end_ns for span in newest))


@dataclass(slots=True)
class _Count:
    lines: int = 0


def _trace(trace_id: str, spans: Iterable[Span], logs: Iterable[LogRecord]) -> Trace:
    by_time = sorted(spans, key=lambda span: (span.start_ns, -span.end_ns))
    return Trace(trace_id, tuple(by_time), tuple(sorted(logs, key=lambda log: log.time_ns)))


def _folder(data_dir: Path, signal: str) -> Path:
    return data_dir / "telemetry" / signal


def _search(
    folder: Path,
    needles: Iterable[str],
    decode: Callable[[Any], Iterator[_T]],
    damaged: _Count,
    within: KeptRange | None = None,
) -> Iterator[_T]:
    """Yield the items of every line that holds one of the needles; only such lines are worth decoding."""
    encoded = [needle.encode() for needle in needles]
    for line in iterate(folder) if within is None else _lines_within(folder, within):
        if any(needle in line.data for needle in encoded):
            items = _decoded(line.data, decode)
            damaged.lines += items is None
            yield from items or ()


def _journalled_spans_of(document: Any) -> Iterator[str]:
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                if span["name"] in JOURNALLED_SPANS:
                    yield span["spanId"]


def _lines_within(folder: Path, within: KeptRange) -> Iterator[Line]:
    """Yield the lines of those segments that were being written then, give or take a clock's change."""
    position = Position(_first_segment_since(folder, within.oldest_ns), 0)
    last = _first_segment_since(folder, within.newest_ns + 2 * _CLOCK_SLACK_NS)
    while lines := read(folder, position, _READ_BYTES):
        position = lines[-1].end
        for line in lines:
            if line.end.segment > last:
                return
            yield line


def _first_segment_since(folder: Path, since_ns: int) -> int:
    for number in segment_numbers(folder):
        try:
            if segment_path(folder, number).stat().st_mtime_ns >= since_ns - _CLOCK_SLACK_NS:
                return number
        except FileNotFoundError:  # deleted by retention since the listing
            continue
    return sys.maxsize


def _first_spans(folder: Path, *, newest_first: bool) -> list[Span]:
    for line in iterate(folder, newest_first=newest_first):
        if spans := _decoded(line.data, spans_of):
            return spans
    return []


def _decoded(line: bytes, decode: Callable[[Any], Iterator[_T]]) -> list[_T] | None:
    try:
        return list(decode(orjson.loads(line)))
    except _UNREADABLE:
        return None
