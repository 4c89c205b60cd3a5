"""Which orders' spans are certain to be in the telemetry files, so that a crash loses none.

The journal is durable before telemetry is: a program that is killed may have journalled an order whose span had not
reached a file yet. At the next start those orders are looked for and their spans written again, with the same ids.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

import orjson

from app.trading.journal.files import Files, SystemFiles
from app.trading.journal.index import OrderIndex
from app.trading.journal.records import OrderRecord

FILE_NAME: Final = "watermark.json"


class Watermark:
    """The number of a journal line, kept in a small file: the spans of all orders decided up to it are in files.

    It may lag behind, which costs a search; it must never run ahead.
    """

    def __init__(self, path: Path, seq: int, files: Files) -> None:
        self._path = path
        self._seq = seq
        self._files = files

    @classmethod
    def open(cls, directory: Path, files: Files | None = None) -> Self:
        """Read the watermark beside the journal's segments; without a readable one it is 0."""
        files = files or SystemFiles()
        path = directory / FILE_NAME
        try:
            seq = int(orjson.loads(files.read(path))["seq"])
        except (OSError, ValueError, KeyError, TypeError):
            seq = 0
        return cls(path, max(seq, 0), files)

    @property
    def seq(self) -> int:
        """Up to which line of the journal the spans are in files."""
        return self._seq

    def advance(self, seq: int) -> None:
        """Move up to *seq*, durably; a lower number changes nothing. Blocks.

        Raises:
            OSError: the file cannot be written; the watermark stays where it was.
        """
        if seq > self._seq:
            self._files.replace(self._path, orjson.dumps({"seq": seq}) + b"\n")
            self._seq = seq


def lost_spans(
    journal: OrderIndex, watermark: Watermark, span_ids_since: Callable[[int], set[str]]
) -> list[OrderRecord]:
    """Return the decided orders beyond the watermark whose span is in no file, oldest first.

    Orders without a span, as with telemetry switched off, are left out.

    Args:
        journal: the orders.
        watermark: up to where nothing needs to be looked for.
        span_ids_since: returns the span ids of orders in the files, given when the oldest wanted order began (ns since
            1970); called only if there are orders to look for.
    """
    beyond = [
        record
        for record in journal.orders()
        if record.outcome_seq is not None and record.outcome_seq > watermark.seq and record.trace.span_id
    ]
    if not beyond:
        return []
    found = span_ids_since(min(record.started_ns for record in beyond))
    return [record for record in beyond if record.trace.span_id not in found]
