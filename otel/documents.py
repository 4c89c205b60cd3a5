"""One line, one document: what it holds, how it is cut smaller, and how several become one request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from otel.accounts import Signal
from otel.transcode import to_protobuf

Protocol = Literal["http/protobuf", "http/json"]

CONTENT_TYPES: Final[Mapping[Protocol, str]] = {
    "http/protobuf": "application/x-protobuf",
    "http/json": "application/json",
}

# From the outside in, to the items; a metric has one of several kinds of data.
_PATHS: Final[Mapping[Signal, tuple[tuple[str, ...], ...]]] = {
    "traces": (("resourceSpans",), ("scopeSpans",), ("spans",)),
    "logs": (("resourceLogs",), ("scopeLogs",), ("logRecords",)),
    "metrics": (
        ("resourceMetrics",),
        ("scopeMetrics",),
        ("metrics",),
        ("gauge", "sum", "histogram", "exponentialHistogram", "summary"),
        ("dataPoints",),
    ),
}
# When an item was recorded, the first of these that is there and not zero.
_TIMES: Final = ("endTimeUnixNano", "observedTimeUnixNano", "timeUnixNano")


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed line: its bytes, its content and the number of its items (spans, log records, metric points)."""

    signal: Signal
    line: bytes
    content: Mapping[str, Any]
    items: int

    @property
    def recorded_at(self) -> float:
        """When its first item was recorded, in Unix seconds; 0 if it has none or does not say."""
        first = next(_items(self.content, _PATHS[self.signal]), {})
        return next((int(first[key]) / 1e9 for key in _TIMES if int(first.get(key) or 0)), 0.0)


def parse(signal: Signal, line: bytes) -> Document | None:
    """Return the document that *line* is, or None if it is none of this signal."""
    try:
        content = orjson.loads(line)
        if _outermost(signal) not in content:
            return None
        items = sum(1 for _ in _items(content, _PATHS[signal]))
    except (ValueError, AttributeError, TypeError):  # the parser's error is a ValueError
        return None
    return Document(signal, line, content, items)


def count_items(signal: Signal, line: bytes) -> int:
    """Return how many items *line* holds; one for a line that is no document, so that its loss can be counted."""
    document = parse(signal, line)
    return 1 if document is None else document.items


def halves(document: Document) -> tuple[Document, Document] | None:
    """Return two documents with half the items each, or None if there is but one."""
    parts = _halve(document.content, _PATHS[document.signal])
    if parts is None:
        return None
    first, second = (parse(document.signal, orjson.dumps(part)) for part in parts)
    return (first, second) if first and second else None


def encode(document: Document, protocol: Protocol) -> bytes:
    """Return *document* as a request body; `ValueError` if its content cannot be one."""
    if protocol == "http/protobuf":
        return to_protobuf(document.signal, document.content)
    head, tail = _frame(document.signal)
    if len(document.content) == 1 and document.line.startswith(head) and document.line.endswith(tail):
        return document.line
    outermost = _outermost(document.signal)
    return orjson.dumps({outermost: document.content[outermost]})


def join(signal: Signal, bodies: Sequence[bytes], protocol: Protocol) -> bytes:
    """Return one body that holds what *bodies*, each made by `encode`, hold.

    Receivers read one document and ignore what follows, behind a 200; so the lists are merged.
    """
    if len(bodies) == 1:
        return bodies[0]
    if protocol == "http/protobuf":
        return b"".join(bodies)
    head, tail = _frame(signal)
    lists = [body[len(head) : -len(tail)] for body in bodies]
    return head + b",".join(entries for entries in lists if entries) + tail


def _outermost(signal: Signal) -> str:
    return _PATHS[signal][0][0]


def _frame(signal: Signal) -> tuple[bytes, bytes]:
    return b'{"%s":[' % _outermost(signal).encode(), b"]}"


def _child(node: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next((name for name in names if node.get(name)), None)


def _items(node: Mapping[str, Any], path: Sequence[Sequence[str]]) -> Iterator[Mapping[str, Any]]:
    if not path:
        yield node
    elif (name := _child(node, path[0])) is not None:
        for entry in node[name] if isinstance(node[name], list) else (node[name],):
            yield from _items(entry, path[1:])


def _halve(node: Mapping[str, Any], path: Sequence[Sequence[str]]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    name = _child(node, path[0]) if path else None
    if name is None:
        return None
    child = node[name]
    if not isinstance(child, list):
        parts = _halve(child, path[1:])
        return None if parts is None else ({**node, name: parts[0]}, {**node, name: parts[1]})
    if len(child) > 1:
        middle = len(child) // 2
        return {**node, name: child[:middle]}, {**node, name: child[middle:]}
    parts = _halve(child[0], path[1:])
    return None if parts is None else ({**node, name: [parts[0]]}, {**node, name: [parts[1]]})
