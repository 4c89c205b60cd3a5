"""Log lines: to the console, to `<data-dir>/logs/mt5-otel-NNNNNNNN.log`, and as OpenTelemetry log records.

Whoever logs never waits: a console may take nothing for as long as it likes (a pipe that nobody reads, text marked
with the mouse on Windows), and a disk may be slow. Each of them is written by a thread of its own.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler
from pathlib import Path
from typing import Any, TextIO

from app.bootstrap.log_files import LogFiles
from otel import Pipeline
from otel.redaction import Redaction

LINES_WAITING_MAX = 2_000
CLOSE_S = 0.2
"""How long closing waits for the lines of one destination; there are two."""
PATTERN = "%(asctime)s %(levelname)-7s %(message)s"
QUIET = ("httpx2", "httpcore2", "asyncio", "urllib3", "uvicorn", "filelock")
"""Libraries that log each request; what matters of them is logged here."""


class RedactingFormatter(logging.Formatter):
    """Formats a line, and takes secrets out of all of it: message, arguments and traceback."""

    def __init__(self, pattern: str, redaction: Redaction) -> None:
        super().__init__(pattern)
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        """The line as it may be written."""
        return self._redaction.text(super().format(record))


class Background(QueueHandler):
    """Writes lines on a thread of its own; what it cannot take or write is counted, and told when it goes on.

    Args:
        write: takes one line with its newline, and may block or raise.
        lines: makes the line of a record, on that thread.
        waiting_max: records that wait; one more is lost.
        end: called on that thread after the last line.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        lines: logging.Formatter,
        *,
        waiting_max: int = LINES_WAITING_MAX,
        end: Callable[[], object] = lambda: None,
    ) -> None:
        self._waiting: queue.Queue[logging.LogRecord | None] = queue.Queue(waiting_max)
        super().__init__(self._waiting)
        self._write = write
        self._lines = lines
        self._end = end
        self._lost = 0
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="log lines", daemon=True)
        self._thread.start()

    def enqueue(self, record: logging.LogRecord) -> None:
        """Let it wait, or count it as lost."""
        try:
            self._waiting.put_nowait(record)
        except queue.Full:
            self._lose(1)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the library's name
        """A log call whose arguments do not fit: the library would write of it to the console, and wait."""
        self._lose(1)

    def close(self) -> None:
        """Write what waits, for a short time at most; whoever still blocks then is left behind."""
        if self._thread.is_alive():
            try:
                self._waiting.put(None, timeout=CLOSE_S / 2)
            except queue.Full:
                pass
            else:
                self._thread.join(CLOSE_S / 2)
        super().close()

    def _work(self) -> None:
        while (record := self._waiting.get()) is not None:
            if not self._written(record):
                self._lose(1)
            if self._waiting.empty():
                self._tell_losses()
        self._tell_losses()
        self._end()

    def _written(self, record: logging.LogRecord) -> bool:
        try:
            self._write(f"{self._lines.format(record)}\n")
        except Exception:  # whatever it is, there is nowhere to tell of it
            return False
        return True

    def _tell_losses(self) -> None:
        with self._counting:
            lost, self._lost = self._lost, 0
        if lost and not self._written(_notice(lost)):
            self._lose(lost)

    def _lose(self, lines: int) -> None:
        with self._counting:
            self._lost += lines


@contextmanager
def log_lines(folder: Path, pipeline: Pipeline, console: TextIO | None = None) -> Iterator[None]:
    """Send this program's log lines to console (standard error), file and telemetry while the block runs."""
    lines = RedactingFormatter(PATTERN, pipeline.redaction)
    files = LogFiles(folder / "logs")
    handlers: list[logging.Handler] = [
        Background(files.write, lines, end=files.close),
        pipeline.logging_handler(),  # not in the background: it takes the trace of whoever logs
    ]
    if (stream := console or sys.stderr) is not None:  # a Windows service has no console
        handlers.append(Background(_unlocked(stream), lines))
    root = logging.getLogger()
    level = root.level
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    root.setLevel(logging.INFO)
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield
    finally:
        root.setLevel(level)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


def _unlocked(stream: TextIO) -> Callable[[str], object]:
    """How to write to *stream* past its buffer: a thread that blocks would hold the buffer's lock.

    The interpreter takes that lock at its end and aborts if it cannot have it.
    """
    raw: Any = getattr(getattr(stream, "buffer", None), "raw", None)
    if raw is None:
        return stream.write

    def write(text: str) -> None:
        data = text.encode(stream.encoding, "backslashreplace")
        while data:
            taken = raw.write(data)
            if not taken:
                raise BlockingIOError("the console takes nothing")
            data = data[taken:]

    return write


def _notice(lost: int) -> logging.LogRecord:
    return logging.makeLogRecord(
        {
            "levelno": logging.WARNING,
            "levelname": "WARNING",
            "msg": f"{lost} log lines before this one could not be written here",
        }
    )
