"""Log lines: to the console, to `<data-dir>/logs/mt5-otel.log`, and as OpenTelemetry log records."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from otel import Pipeline
from otel.redaction import Redaction

FILE_BYTES_MAX = 5_000_000
FILES_KEPT = 5
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


@contextmanager
def log_lines(folder: Path, pipeline: Pipeline) -> Iterator[None]:
    """Send this program's log lines to console, file and telemetry while the block runs."""
    pattern = "%(asctime)s %(levelname)-7s %(message)s"
    console: logging.Handler = logging.StreamHandler()
    file: logging.Handler = RotatingFileHandler(
        folder / "logs" / "mt5-otel.log", maxBytes=FILE_BYTES_MAX, backupCount=FILES_KEPT, encoding="utf-8", delay=True
    )
    for handler in (console, file):
        handler.setFormatter(RedactingFormatter(pattern, pipeline.redaction))
    root = logging.getLogger()
    level = root.level
    handlers = (console, file, pipeline.logging_handler())
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
