"""Which spans of orders and deals are certain to be in the telemetry files, so that a crash loses none.

The journal is durable before telemetry is: a program that is killed may have journalled an order or a deal whose span
had not reached a file yet. At the next start those are looked for and their spans written again, with the same ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import orjson

from app.trading.journal.files import Files, SystemFiles
from app.trading.journal.index import OrderIndex
from app.trading.journal.records import Dealt, OrderRecord

FILE_NAME: Final = "watermark.json"


class Watermark:
    """The number of a journal line, kept in a small file: the spans of all orders and deals up to it are in files.

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


@dataclass(frozen=True, slots=True)
class Lost:
    """What has no span in any file: decided orders, oldest first, and deals with the numbers of their lines."""

    orders: tuple[OrderRecord, ...] = ()
    deals: tuple[tuple[int, Dealt], ...] = ()

    def __len__(self) -> int:
        return len(self.orders) + len(self.deals)


def lost_spans(journal: OrderIndex, watermark: Watermark, span_ids_since: Callable[[int], set[str]]) -> Lost:
    """Return the decided orders, and the deals told by a span of their own, beyond the watermark without one.

    What never had a span, as with telemetry switched off, is left out.

    Args:
        journal: the orders and deals.
        watermark: up to where nothing needs to be looked for.
        span_ids_since: returns the ids of such spans in the files, given when the oldest wanted one began (ns since
            1970); called only if there is something to look for.
    """
    orders = [
        record
        for record in journal.orders()
        if record.outcome_seq is not None and record.outcome_seq > watermark.seq and record.trace.span_id
    ]
    deals = journal.told_after(watermark.seq)
    if not orders and not deals:
        return Lost()
    began = (*(record.started_ns for record in orders), *(dealt.deal.time_ns for _, dealt in deals))
    found = span_ids_since(min(began))
    return Lost(
        tuple(record for record in orders if record.trace.span_id not in found),
        tuple((seq, dealt) for seq, dealt in deals if dealt.trace.span_id not in found),
    )
