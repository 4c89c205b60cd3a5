"""A program of the stack is started, found again, and ended; nobody else's process ever is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from app.errors import StartupError
from app.stack import Stack
from app.stack.process import STARTING_S, ProgramProcess, Record
from app.stack.programs import Program
from tests.app.stack.fakes import ended, free_port, python_program

FakeProgram = Callable[[str], Program]
RunStack = Callable[..., Stack]


def test_another_command_finds_and_ends_a_program(folder: Path, run_stack: RunStack, fake_program: FakeProgram) -> None:
    """What one process started, another knows by the record on disk: state, address, end."""
    stack = run_stack(fake_program("jaeger"))
    stack.start("jaeger")
    stack.wait_ready("jaeger")

    elsewhere = ProgramProcess("jaeger", folder)
    record = elsewhere.running
    assert record
    assert (record.version, record.url, record.state(record.created)) == ("1.2.3", stack.url("jaeger"), "running")

    assert elsewhere.stop()
    assert ended(record.pid)
    assert elsewhere.record is None
    assert not elsewhere.stop()


def test_a_process_that_got_the_same_id_is_not_ours(folder: Path) -> None:
    """A record whose id now belongs to a process created at another time counts as stopped, and nothing is ended."""
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        created = psutil.Process(stranger.pid).create_time()
        record = Record(
            pid=stranger.pid, created=created - 3_600, version="1", url="", health="", ports={}, arguments=()
        )
        (folder / "jaeger.json").write_text(json.dumps(asdict(record)), encoding="utf-8")
        process = ProgramProcess("jaeger", folder)

        assert record.state(created) == "stopped"
        assert process.running is None
        assert not process.stop()
        assert stranger.poll() is None
    finally:
        stranger.communicate(b"\n", timeout=10)


def test_a_killed_program_is_stopped_and_can_be_started_again(
    run_stack: RunStack, fake_program: FakeProgram, folder: Path
) -> None:
    """After a kill the program is gone though its record stays, and a start gives it another id."""
    stack = run_stack(fake_program("collector"))
    stack.start("collector")
    stack.wait_ready("collector")
    first = ProgramProcess("collector", folder).record

    stack.kill("collector")
    assert first
    assert first.process is None
    assert ProgramProcess("collector", folder).running is None

    stack.start("collector")
    stack.wait_ready("collector")
    second = ProgramProcess("collector", folder).running
    assert second
    assert second.pid != first.pid


@pytest.mark.skipif(sys.platform == "win32", reason="there is no request to end on Windows, only the end")
def test_a_program_that_does_not_end_when_asked_is_ended(
    folder: Path, executables: dict[str, Path], stand_in: Path
) -> None:
    """A program that ignores the request to end is killed after its time of grace."""
    port = free_port()
    ignore = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); exec(open({str(stand_in)!r}).read())"
    program = python_program("jaeger", ("-c", ignore, f"--web.listen-address=127.0.0.1:{port}"), port)
    process = ProgramProcess("jaeger", folder)
    record = process.start(program, executables["python"], os.environ)
    process.wait_ready()

    assert process.stop(grace_s=0.2)
    assert ended(record.pid)


def test_a_program_that_ends_while_starting_says_why(run_stack: RunStack) -> None:
    """A program that cannot start is reported with the last lines of its log."""
    program = python_program("prometheus", ("-c", "import sys; sys.exit('no such flag: --wrong')"), free_port())
    stack = run_stack(program)
    stack.start("prometheus")

    with pytest.raises(StartupError, match=r"(?s)prometheus ended while it was starting\..*no such flag: --wrong"):
        stack.wait_ready("prometheus")


def test_a_silent_program_is_starting_and_then_unhealthy(folder: Path, executables: dict[str, Path]) -> None:
    """Alive without an answer means starting for a minute, then unhealthy; waiting for it ends with an error."""
    program = python_program("jaeger", ("-c", "import time; time.sleep(60)"), free_port())
    process = ProgramProcess("jaeger", folder)
    record = process.start(program, executables["python"], os.environ)
    try:
        assert record.state(record.created + STARTING_S - 1) == "starting"
        assert record.state(record.created + STARTING_S + 1) == "unhealthy"
        with pytest.raises(StartupError, match=rf"jaeger does not answer at {program.health} after 0\.2 s"):
            process.wait_ready(timeout_s=0.2)
    finally:
        process.kill()


def test_a_program_inherits_the_environment_but_not_the_apis_secrets(
    folder: Path, executables: dict[str, Path]
) -> None:
    """A program sees what the user exported, but neither the API's key nor its other settings."""
    program = python_program("jaeger", ("-c", "import os; print(sorted(os.environ.items()))"), free_port())
    process = ProgramProcess("jaeger", folder)

    process.start(
        program, executables["python"], {**os.environ, "VENDOR_ENDPOINT": "here", "MT5_OTEL_API_KEY": "s3cret"}
    )

    with pytest.raises(StartupError, match="VENDOR_ENDPOINT") as said:
        process.wait_ready()
    assert "s3cret" not in str(said.value)


def test_an_executable_that_cannot_be_run_is_named(folder: Path, fake_program: FakeProgram) -> None:
    """A missing executable is an error that names the file."""
    with pytest.raises(StartupError, match="nowhere cannot be run"):
        ProgramProcess("jaeger", folder).start(fake_program("jaeger"), folder / "nowhere", os.environ)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"pid": 1}'])
def test_an_unreadable_record_counts_as_stopped(folder: Path, content: str) -> None:
    """A record that is torn or of another shape is no reason to fail, and no process is taken for ours."""
    (folder / "jaeger.json").write_text(content, encoding="utf-8")

    assert ProgramProcess("jaeger", folder).running is None


def test_the_log_of_the_run_before_is_kept(folder: Path, run_stack: RunStack, fake_program: FakeProgram) -> None:
    """A start moves the log aside, so that what a crash said can still be read."""
    program = replace(fake_program("jaeger"), arguments=("-c", "print('said it')"))
    stack = run_stack(program)
    for _ in range(2):
        stack.start("jaeger")
        with pytest.raises(StartupError, match="said it"):
            stack.wait_ready("jaeger")

    assert (folder / "logs" / "jaeger.log.1").read_text(encoding="utf-8").strip() == "said it"
