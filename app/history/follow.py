"""orders.csv and deals.csv follow the journal: each order and each deal gets one row, over restarts too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from app.history.csv_files import CsvTable
from app.history.csv_rows import deal_row, order_row
from app.trading.journal.counts import DealKey
from app.trading.journal.records import Dealt, OrderRecord

LATE_NS: Final = 2 * 86_400 * 10**9
"""A deal that becomes known so late after others were still gets its row at once; a later one at the next start."""


class Orders(Protocol):
    """The journal's orders."""

    def orders(self) -> tuple[OrderRecord, ...]:
        """Every order, oldest first."""

    def get(self, order_id: str) -> OrderRecord | None:
        """The order of this id."""


class Deals(Protocol):
    """The journal's deals, and whose they are."""

    def deals(self, since_ns: int = 0) -> tuple[Dealt, ...]:
        """The deals made since a moment, oldest first."""

    def deal_totals(self) -> Mapping[DealKey, int]:
        """How many deals there are."""

    def get(self, order_id: str) -> OrderRecord | None:
        """The order of this id."""


class OrdersFile:
    """Appends the orders that the file lacks, once they are decided. Blocks.

    Args:
        table: the file.
        journal: has the orders.
        since_ns: older ones are left out.
    """

    def __init__(self, table: CsvTable, journal: Orders, *, since_ns: int) -> None:
        self._table = table
        self._journal = journal
        self._since_ns = since_ns
        self._next = 0
        self._undecided: list[str] = []
        self._written: set[str] | None = None

    def follow(self) -> None:
        """Write what has been decided since the last time.

        Raises:
            OSError: it could not be written; it waits for the next time.
        """
        written = self._written if self._written is not None else {row["order_id"] for row in self._table.rows()}
        records = self._journal.orders()
        waiting = filter(None, map(self._journal.get, self._undecided))
        found = [record for record in (*waiting, *records[self._next :]) if record.started_ns >= self._since_ns]
        self._next = len(records)
        self._undecided = [record.order.order_id for record in found if record.outcome is None]
        # What the file has is asked once: from then on an order comes by once.
        self._written = set()
        decided = (record for record in found if record.outcome is not None)
        self._table.append(order_row(record) for record in decided if record.order.order_id not in written)


class DealsFile:
    """Appends the deals that the file lacks. Blocks.

    Args:
        table: the file.
        journal: has the deals.
        since_ns: older ones are left out.
    """

    def __init__(self, table: CsvTable, journal: Deals, *, since_ns: int) -> None:
        self._table = table
        self._journal = journal
        self._since_ns = since_ns
        self._count = -1
        self._written: set[int] | None = None

    def follow(self) -> None:
        """Write what has become known since the last time.

        Raises:
            OSError: it could not be written; it waits for the next time.
        """
        count = sum(self._journal.deal_totals().values())
        if count == self._count:
            self._table.append(())
            return
        if self._written is None:
            self._written = set(_tickets(row["ticket"] for row in self._table.rows()))
        new = [dealt for dealt in self._journal.deals(self._since_ns) if dealt.deal.ticket not in self._written]
        self._written.update(dealt.deal.ticket for dealt in new)
        self._count = count
        if new:
            self._since_ns = max(self._since_ns, new[-1].deal.time_ns - LATE_NS)
        self._table.append(deal_row(dealt, self._trace_id(dealt)) for dealt in new)

    def _trace_id(self, dealt: Dealt) -> str:
        order = self._journal.get(dealt.ours) if dealt.ours else None
        return order.trace.trace_id if order else dealt.trace.trace_id


def _tickets(cells: Iterable[str]) -> Iterable[int]:
    return (int(cell) for cell in cells if cell.isdecimal())
