"""The one thread that writes the journal: waiting lines go to disk together and share one `fsync`."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Final, NamedTuple

from app.domain.clock import Clock, rfc3339
from app.errors import JournalError
from app.trading.journal.files import AppendFile, Files
from app.trading.journal.lines import encode, link, seal, written_ns
from app.trading.journal.reading import Tail, segment_path
from app.trading.journal.records import Entry, Stamped

BATCH_MAX: Final = 256
"""So many lines share one `fsync` at most."""


class _Waiting(NamedTuple):
    entry: Entry
    body: bytes
    done: Future[None]


class Writer:
    """Appends entries in the order they come, each batch wholly or not at all.

    Begins a new segment with its first line, when one is full, and after any failure that leaves doubt about the
    last one: a file whose `fsync` failed is never trusted again.

    Args:
        directory: of the segments; nobody else writes there.
        tail: where the journal goes on.
        clock: for the time of each line.
        files: the file system.
        durable: told, in this thread and in order, of entries that are on disk, before their appends return.
        segment_bytes_max: a segment that would grow beyond this is followed by a new one.
    """

    def __init__(
        self,
        directory: Path,
        tail: Tail,
        *,
        clock: Clock,
        files: Files,
        durable: Callable[[Sequence[Stamped]], None],
        segment_bytes_max: int,
    ) -> None:
        self._directory = directory
        self._tail = tail
        self._clock = clock
        self._files = files
        self._durable = durable
        self._segment_bytes_max = segment_bytes_max
        self._file: AppendFile | None = None
        self._segment = tail.segment
        self._size = 0
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self.fault: str | None = None
        """What went wrong at the last write; None after one that went well."""
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def append(self, entry: Entry) -> Future[None]:
        """Hand over an entry; the future ends once it is durable, or with `JournalError` and nothing written.

        Cancelling the future before its batch is begun takes the entry back.
        """
        waiting = _Waiting(entry, encode(entry), Future())
        with self._gate:
            if self._closed:
                raise JournalError("The journal is closed.")
            self._queue.put(waiting)
        return waiting.done

    def close(self) -> None:
        """Write what waits, then let go of the file; idempotent."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            batch, goes_on = self._next_batch()
            self._commit([waiting for waiting in batch if waiting.done.set_running_or_notify_cancel()])
        self._abandon()

    def _next_batch(self) -> tuple[list[_Waiting], bool]:
        """Wait for a line and take those that wait with it; false after the last batch there will be."""
        batch: list[_Waiting] = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            if len(batch) == BATCH_MAX:
                return batch, True
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        if not batch:
            return
        try:
            data, stamped, tail = self._chain(batch)
            self._write(data)
        except Exception as error:  # whatever it was, it must reach those who wait, and this thread must go on
            self.fault = f"The journal in {self._directory} cannot be written: {error}"
            for waiting in batch:
                waiting.done.set_exception(JournalError(self.fault))
            return
        self._tail = tail
        self.fault = None
        try:
            self._durable(stamped)
        finally:
            # They are durable, whatever becomes of the index.
            for waiting in batch:
                waiting.done.set_result(None)

    def _chain(self, batch: Sequence[_Waiting]) -> tuple[bytes, list[Stamped], Tail]:
        """Finish the lines of a batch, each referring to the one before."""
        # To the precision of the line, so that this run and the next agree on when the journal began.
        time_ns = written_ns(rfc3339(self._clock.time_ns()))
        seq, hash_before, segment = self._tail
        lines: list[bytes] = []
        stamped: list[Stamped] = []
        for waiting in batch:
            seq += 1
            line = seal(waiting.body, seq=seq, time_ns=time_ns, prev=hash_before)
            hash_before = link(line)
            lines.append(line + b"\n")
            stamped.append(Stamped(seq, time_ns, waiting.entry))
        return b"".join(lines), stamped, Tail(seq, hash_before, segment)

    def _write(self, data: bytes) -> None:
        """Append *data* durably, or raise and leave nothing of it behind."""
        file = self._file_for(len(data))
        try:
            file.append(data)
        except Exception:
            if not self._cut_back(file):
                self._abandon()
            raise
        try:
            file.fsync()
        except Exception:
            # The system may have thrown away what it could not write, and would not say so a second time.
            self._cut_back(file)
            self._abandon()
            raise
        self._size += len(data)

    def _file_for(self, length: int) -> AppendFile:
        if self._size and self._size + length > self._segment_bytes_max:
            self._abandon()
        if self._file is None:
            self._segment += 1
            self._file = self._files.create(segment_path(self._directory, self._segment))
            self._size = 0
        return self._file

    def _cut_back(self, file: AppendFile) -> bool:
        try:
            file.truncate(self._size)
        except OSError:
            return False
        return True

    def _abandon(self) -> None:
        file, self._file = self._file, None
        self._size = 0
        if file is not None:
            with contextlib.suppress(OSError):  # whatever was acknowledged is on disk already
                file.close()
