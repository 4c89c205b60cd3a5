"""What is printed once the API answers is to be used as it stands."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.banner import called_as
from tests.support.program import order, running


def test_the_command_that_shows_a_trace_works_as_printed(tmp_path: Path) -> None:
    """With an order's number put in, and nothing else, the trace of an order in any data folder is shown."""
    with running(tmp_path / "data") as program:
        with program.client() as client:
            number = order(client).body["order"]
        printed = program.log.read_text(encoding="utf-8").split("See its trace:")[1].splitlines()[0]
        name, *arguments = shlex.split(printed.replace("NUMBER", str(number)))
        command = [sys.executable, "-m", "app", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)

    assert name == "mt5-otel"
    assert done.returncode == 0, done.stderr
    assert f"order {number}" in done.stdout


def test_it_is_called_by_its_path_where_its_name_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a checkout, whose programs are not on the PATH."""
    program = tmp_path / ("mt5-otel.exe" if sys.platform == "win32" else "mt5-otel")
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", os.devnull)
    assert called_as(str(program)) == str(program)
    assert called_as("/my programs/mt5-otel") == '"/my programs/mt5-otel"'
    monkeypatch.setenv("PATH", str(tmp_path))
    assert called_as(str(program)) == "mt5-otel"


@pytest.mark.parametrize("started", ["-c", "app/__main__.py"])
def test_it_has_its_name_however_it_was_started(started: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own ways to start it are no command for a person."""
    monkeypatch.setenv("PATH", os.devnull)
    assert called_as(started) == "mt5-otel"
