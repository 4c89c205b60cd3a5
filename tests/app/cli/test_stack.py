"""`mt5-otel stack` brings programs up and down and says in words and in JSON what runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.stack import stack_app
from app.stack import Binaries
from app.stack.binaries import BINARIES
from tests.app.stack.fakes import STAND_IN, ended, free_port, write_script

needs_scripts = pytest.mark.skipif(sys.platform == "win32", reason="the stack is built on Linux and macOS only")

runner = CliRunner()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user whose cache holds stand-ins for all programs, with ports of their own for what has no flag."""
    internal = ("COLLECTOR_HEALTH_PORT", "JAEGER_OTLP_PORT", "JAEGER_GRPC_PORT", "JAEGER_HEALTH_PORT")
    cache = Binaries(tmp_path / "cache" / "mt5-otel" / "bin", search_path="")
    cache.folder.mkdir(parents=True)
    for binary in BINARIES:
        write_script(cache.cached(binary), STAND_IN)
    ports = {f"MT5_OTEL_STACK__{name}": "0" for name in internal}
    return {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": "", **ports}


def run(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a shell does, in a process of its own."""
    code = "from app.cli.stack import stack_app; stack_app()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=90, check=False)


@needs_scripts
@pytest.mark.skipif(sys.platform == "darwin", reason="the cache's place is set by XDG_CACHE_HOME on Linux only")
def test_up_status_and_down_from_processes_of_their_own(environ: dict[str, str], tmp_path: Path) -> None:
    """What `up` leaves running, `status` shows with exit 0 and `down` ends, each knowing only the data folder."""
    data_dir = ("--data-dir", str(tmp_path / "data"))
    port = free_port()
    flags = ("--otlp-http-port", str(port), "--otlp-grpc-port", "0", "--jaeger-port", "0", "--prometheus-port", "0")

    up = run(environ, "up", *data_dir, *flags)
    assert up.returncode == 0, up.stderr
    assert f"http://127.0.0.1:{port}" in up.stdout
    assert "docker compose up" in up.stdout

    status = run(environ, "status", "--json", *data_dir)
    found = json.loads(status.stdout)
    assert status.returncode == 0
    assert {name: program["state"] for name, program in found.items()} == {
        "collector": "running",
        "jaeger": "running",
        "prometheus": "running",
    }
    assert found["collector"]["url"] == f"http://127.0.0.1:{port}"
    assert not any(ended(program["pid"]) for program in found.values())

    down = run(environ, "down", *data_dir)
    assert down.stdout.strip() == "Ended: collector, jaeger, prometheus."
    assert all(ended(program["pid"]) for program in found.values())


def test_status_of_nothing_exits_1(tmp_path: Path) -> None:
    """Where nothing runs, the table says so of each program, with its version, and the exit code is 1."""
    result = runner.invoke(stack_app, ["status", "--data-dir", str(tmp_path)])

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["collector", "stopped", "0.158.0"],
        ["jaeger", "stopped", "2.13.0"],
        ["prometheus", "stopped", "3.14.0"],
    ]


def test_status_as_json_has_the_promised_fields(tmp_path: Path) -> None:
    """Scripts find state, pid, version and url under each program's name, null where there is none."""
    result = runner.invoke(stack_app, ["status", "--json", "--data-dir", str(tmp_path)])

    programs = json.loads(result.stdout)
    assert list(programs) == ["collector", "jaeger", "prometheus"]
    for program in programs.values():
        assert (program["state"], program["pid"], program["url"]) == ("stopped", None, None)
        assert program["version"]


def test_down_where_nothing_runs(tmp_path: Path) -> None:
    """Ending nothing is no fault."""
    result = runner.invoke(stack_app, ["down", "--data-dir", str(tmp_path)])

    assert result.exit_code == 0
    assert "Nothing of the stack ran" in result.stdout


def test_a_configuration_that_is_not_there_exits_2(tmp_path: Path) -> None:
    """A wrong file is an error in words, not a traceback."""
    result = runner.invoke(stack_app, ["up", "--data-dir", str(tmp_path), "--collector-config", "absent.yaml"])

    assert result.exit_code == 2
    assert "absent.yaml is missing" in result.stderr
