"""Lines cut to what fits into a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from otel.accounts import Signal
from otel.documents import Document, Protocol, encode, halves, parse
from otel.segments import Line, Position


@dataclass(frozen=True, slots=True)
class Part:
    """A line, or a piece of one that is too large for a request.

    Attributes:
        line: its document as JSON.
        body: the same as a request body; empty if it cannot be sent.
        items: how many it holds; one for a line that is no document.
        end: where its line ends; None for all but the last piece of a line.
        undeliverable: why it cannot be sent, one of `accounts.FROM_DISK`; empty if it can.
        recorded_at: when its first item was recorded, Unix seconds; 0 if that is not known.
    """

    line: bytes
    body: bytes
    items: int
    end: Position | None
    undeliverable: str = ""
    recorded_at: float = 0.0


def batches(signal: Signal, lines: Iterable[Line], protocol: Protocol, max_bytes: int) -> Iterator[list[Part]]:
    """Yield *lines* in order as lists of parts that fit into one request together.

    What cannot be sent comes alone.
    """
    batch: list[Part] = []
    size = 0
    for line in lines:
        for part in cut(signal, line, protocol, max_bytes):
            if batch and (part.undeliverable or size + len(part.body) > max_bytes):
                yield batch
                batch, size = [], 0
            batch.append(part)
            size += len(part.body)
            if part.undeliverable:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def cut(signal: Signal, line: Line, protocol: Protocol, max_bytes: int) -> list[Part]:
    """Return *line* as parts of which each fits into *max_bytes*, or says why it cannot be sent."""
    document = parse(signal, line.data)
    if document is None:
        return [Part(line.data, b"", 1, line.end, "unreadable")]
    *pieces, last = _pieces(document, protocol, max_bytes)
    return [*(_part(*piece, None) for piece in pieces), _part(*last, line.end)]


def _pieces(document: Document, protocol: Protocol, max_bytes: int) -> Iterator[tuple[Document, bytes, str]]:
    try:
        body = encode(document, protocol)
    except ValueError:
        yield document, b"", "unreadable"
        return
    if len(body) <= max_bytes:
        yield document, body, ""
    elif (parts := halves(document)) is None:
        yield document, b"", "too_large"
    else:
        for half in parts:
            yield from _pieces(half, protocol, max_bytes)


def _part(document: Document, body: bytes, undeliverable: str, end: Position | None) -> Part:
    return Part(document.line, body, document.items, end, undeliverable, document.recorded_at)
