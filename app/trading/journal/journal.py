"""The record of every order: written before anything is sent, read by everything that counts or shows orders."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from pathlib import Path
from typing import Final

from app.domain.clock import Clock
from app.domain.orders import Denied, NotSent, Order, Outcome, Unknown
from app.domain.trace import TraceRef
from app.errors import JournalError
from app.trading.journal.files import Files, SystemFiles
from app.trading.journal.index import OrderIndex
from app.trading.journal.reading import Contents, OpenReport, read_contents
from app.trading.journal.records import (
    Amended,
    ConnectionTurn,
    Dealt,
    Decided,
    Entry,
    Intent,
    OrderRecord,
    Unsent,
)
from app.trading.journal.writer import Writer

SEGMENT_BYTES_MAX: Final = 16 * 1024 * 1024
CRASHED: Final = "the program ended before the answer came"


class Journal(OrderIndex):
    """The journal of a data folder, open for writing; one process at a time may have it open.

    An append returns once its line is durable and is seen by the reading methods from then on. When it raises
    `JournalError`, nothing was written: an order whose intent was refused must not be sent. Later appends may
    succeed again.
    """

    def __init__(
        self, contents: Contents, directory: Path, *, clock: Clock, files: Files, segment_bytes_max: int
    ) -> None:
        super().__init__(contents.stamped)
        self.report: OpenReport = contents.report
        """What was found at opening."""
        self.clock = clock
        self._writer = Writer(
            directory,
            contents.tail,
            clock=clock,
            files=files,
            durable=self._add,
            segment_bytes_max=segment_bytes_max,
        )

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        clock: Clock,
        files: Files | None = None,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
    ) -> Journal:
        """Read and check everything, cut unfinished last lines, and get ready to write. Blocks.

        Damaged lines are skipped, reported and left where they are.

        Raises:
            JournalError: the folder or a file in it cannot be read or written at all.
        """
        files = files or SystemFiles()
        try:
            contents = read_contents(directory, files)
            for path, size in contents.torn:
                files.truncate(path, size)
        except OSError as error:
            raise JournalError(f"The journal in {directory} cannot be opened: {error}") from error
        return cls(contents, directory, clock=clock, files=files, segment_bytes_max=segment_bytes_max)

    async def intent(self, order: Order, trace: TraceRef, *, comment_sent: str, started_ns: int) -> None:
        """Put down that the order is about to be sent. Not until this has returned may it be."""
        if self.get(order.order_id) is not None:
            raise ValueError(f"order {order.order_id} is in the journal already")
        await self._append(Intent(order=order, trace=trace, comment_sent=comment_sent, started_ns=started_ns))

    async def outcome(self, order_id: str, outcome: Outcome, *, ended_ns: int) -> None:
        """Put down what first came of an order that has an intent."""
        if self._known(order_id).outcome is not None:
            raise ValueError(f"order {order_id} has an outcome already; a later truth is an amendment")
        await self._append(Decided(order_id=order_id, outcome=outcome, ended_ns=ended_ns))

    async def refused(
        self, order: Order, trace: TraceRef, outcome: Denied | NotSent, *, started_ns: int, ended_ns: int
    ) -> None:
        """Put down an order that was decided before anything was sent and has no intent."""
        if self.get(order.order_id) is not None:
            raise ValueError(f"order {order.order_id} is in the journal already")
        await self._append(Unsent(order=order, trace=trace, outcome=outcome, started_ns=started_ns, ended_ns=ended_ns))

    async def amend(self, order_id: str, outcome: Outcome, *, reason: str) -> None:
        """Put down what was found out later, and how. The count of first outcomes stays as it is."""
        if self._known(order_id).outcome is None:
            raise ValueError(f"order {order_id} has no outcome that could be amended")
        await self._append(Amended(order_id=order_id, outcome=outcome, reason=reason))

    async def dealt(self, entry: Dealt) -> None:
        """Put down a deal. One that is in the journal already is left as it is."""
        if self.deal(entry.deal.ticket) is None:
            await self._append(entry)

    def turned(self, connected: bool, reason: str, *, at_ns: int) -> Future[None]:
        """Put down that the connection was lost or came back; who calls need not wait for the future."""
        return self._writer.append(ConnectionTurn(connected=connected, reason=reason, at_ns=at_ns))

    def health(self) -> str | None:
        """Return what went wrong at the last write, None after one that went well."""
        return self._writer.fault

    def close(self) -> None:
        """Write what waits and let go of the files; idempotent. Later appends raise `JournalError`."""
        self._writer.close()

    def _known(self, order_id: str) -> OrderRecord:
        record = self.get(order_id)
        if record is None:
            raise ValueError(f"order {order_id} is not in the journal")
        return record

    async def _append(self, entry: Entry) -> None:
        await asyncio.wrap_future(self._writer.append(entry))


def read_journal(directory: Path, files: Files | None = None) -> tuple[OrderIndex, OpenReport]:
    """Read a journal without opening it: takes no lock and changes nothing, also beside a running program.

    Raises:
        JournalError: a file in it cannot be read.
    """
    try:
        contents = read_contents(directory, files or SystemFiles())
    except OSError as error:
        raise JournalError(f"The journal in {directory} cannot be read: {error}") from error
    return OrderIndex(contents.stamped), contents.report


async def close_open_intents(journal: Journal) -> tuple[OrderRecord, ...]:
    """Make every order unknown that was under way when the program ended; return those, as they are now.

    To be called once, after opening and before any new order.
    """
    opened = journal.open_intents()
    ended_ns = journal.clock.time_ns()
    await asyncio.gather(
        *(journal.outcome(record.order.order_id, Unknown(reason=CRASHED), ended_ns=ended_ns) for record in opened)
    )
    return tuple(filter(None, (journal.get(record.order.order_id) for record in opened)))
