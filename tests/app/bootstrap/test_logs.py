"""Log lines go to console, file and telemetry, and nobody who logs waits for any of them."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap.logs import Background, log_lines
from otel.config import TelemetryConfig
from otel.testing import InMemoryTelemetry

log = logging.getLogger("app.tests")
SECRET = "hunter2-and-a-half"
BLOCKED = """
import logging, sys, time
from pathlib import Path
from app.bootstrap.logs import log_lines
from otel.config import TelemetryConfig
from otel.pipeline import build_pipeline

pipeline = build_pipeline(TelemetryConfig(disabled=True), instance_id="i")
begun = time.monotonic()
with log_lines(Path(sys.argv[1]), pipeline):
    for number in range(1_500):
        logging.getLogger("app").info("%d %s", number, "x" * 200)
    logged = time.monotonic()
closed = time.monotonic()
print(logged - begun, closed - logged, flush=True)
"""


@pytest.fixture
def telemetry() -> Iterator[InMemoryTelemetry]:
    """Telemetry in memory."""
    with InMemoryTelemetry(TelemetryConfig(secrets=frozenset({SECRET}))) as made:
        yield made


class Destination:
    """Takes lines; blocks while it is not open."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.entered = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def write(self, line: str) -> None:
        """Take one."""
        self.entered.set()
        assert self.open.wait(20)
        self.lines.append(line.rstrip("\n"))


@pytest.fixture
def destination() -> Iterator[Destination]:
    """Somewhere to write to; let go at the end, whatever happens."""
    made = Destination()
    yield made
    made.open.set()


def record(message: str, *arguments: object) -> logging.LogRecord:
    """A log record."""
    return logging.makeLogRecord({"msg": message, "args": arguments, "levelno": 20, "levelname": "INFO"})


def background(destination: Destination, waiting_max: int = 3) -> Background:
    """A handler before it."""
    return Background(destination.write, logging.Formatter("%(message)s"), waiting_max=waiting_max)


def test_lines_reach_console_file_and_telemetry_without_secrets(tmp_path: Path, telemetry: InMemoryTelemetry) -> None:
    """Message, arguments and traceback are in all three, redacted, and the record knows its trace."""
    console = io.StringIO()
    tracer = telemetry.pipeline.tracer_provider.get_tracer("t")
    with log_lines(tmp_path, telemetry.pipeline, console), tracer.start_as_current_span("s") as span:
        log.info("hello %s", SECRET)
        try:
            raise ValueError(SECRET)
        except ValueError:
            log.exception("it failed")
    text = (tmp_path / "logs" / "mt5-otel-00000001.log").read_text(encoding="utf-8")
    assert text == console.getvalue()
    assert "INFO    hello [REDACTED]\n" in text
    assert "ERROR   it failed\nTraceback" in text
    assert "ValueError: [REDACTED]\n" in text
    assert SECRET not in text
    records = telemetry.logs()
    assert len(records) == 2
    assert {one.log_record.trace_id for one in records} == {span.get_span_context().trace_id}


def test_nothing_is_left_behind(tmp_path: Path, telemetry: InMemoryTelemetry) -> None:
    """After the block the program logs as before, and no thread is left."""
    root = logging.getLogger()
    before, threads = (root.level, list(root.handlers)), threading.active_count()
    with log_lines(tmp_path, telemetry.pipeline, io.StringIO()):
        assert threading.active_count() == threads + 2
    assert (root.level, list(root.handlers)) == before
    assert threading.active_count() == threads


def test_a_blocked_console_holds_nobody_and_says_what_it_lost(destination: Destination) -> None:
    """While it blocks, what finds no room is counted; when it goes on, what waited comes, then how many did not."""
    destination.open.clear()
    handler = background(destination)
    handler.handle(record("held"))
    assert destination.entered.wait(20)
    for number in range(10):
        handler.handle(record("line %d", number))
    destination.open.set()
    handler.close()
    assert destination.lines == [
        "held",
        "line 0",
        "line 1",
        "line 2",
        "7 log lines before this one could not be written here",
    ]


@pytest.mark.parametrize("waiting", [0, 3])
def test_closing_leaves_a_blocked_console_behind(destination: Destination, waiting: int) -> None:
    """Closing takes a fraction of a second, whether or not there is room for one more."""
    destination.open.clear()
    handler = background(destination)
    handler.handle(record("held"))
    assert destination.entered.wait(20)
    for _ in range(waiting):
        handler.handle(record("waits"))
    begun = time.monotonic()
    handler.close()
    handler.close()
    assert time.monotonic() - begun < 1


def test_lines_that_cannot_be_written_are_told_when_it_goes_on() -> None:
    """What was lost while the disk was full, and calls that made no line, are told together when it goes on."""
    lines: list[str] = []
    refused = threading.Event()

    def write(line: str) -> None:
        if not refused.is_set():
            refused.set()
            raise OSError("no space left")
        lines.append(line)

    handler = Background(write, logging.Formatter("%(message)s"))
    handler.handle(record("%d", "no number"))
    handler.handle(record("lost"))
    assert refused.wait(20)
    handler.handle(record("goes on"))
    handler.close()
    assert sum(int(line.split()[0]) for line in lines if "could not be written" in line) == 2
    assert "goes on\n" in lines


def test_the_program_goes_on_and_ends_beside_a_console_that_nobody_reads(tmp_path: Path) -> None:
    """With standard error in a full pipe, logging takes no time, all is in the file, and the end is quick and clean."""
    command = [sys.executable, "-c", BLOCKED, str(tmp_path)]
    # With a buffer, as it is without that variable: its lock is what the interpreter asks for at the end.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            assert process.wait(30) == 0
        finally:
            process.kill()
    logging_s, closing_s = map(float, told.split())
    assert logging_s < 10
    assert closing_s < 1
    lines = (tmp_path / "logs" / "mt5-otel-00000001.log").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1_500
