"""`mt5-otel stack run`, which is `make stack`: everything at once, and everything ended at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.settings import StackSettings
from tests.stack.backends import Jaeger, RunningStack, eventually
from tests.support.program import KEY, QUICK, Program, clean_environment, order

pytestmark = pytest.mark.stack


def test_one_command_runs_all_and_ctrl_c_ends_all(running_stack: RunningStack, tmp_path: Path) -> None:
    """Beside another stack on other ports: links are printed, an order is in Jaeger, Ctrl-C leaves no process."""
    del running_stack  # it has built what this one runs
    free = {f"MT5_OTEL_STACK__{name.upper()}": "0" for name in StackSettings.model_fields}
    environ = {**clean_environment(), **QUICK, **free, "MT5_OTEL_API_KEY": KEY}
    command = [sys.executable, "-m", "app", "stack", "run", "--no-demo", "--port", "0", "--data-dir"]
    data = tmp_path / "data"
    with (tmp_path / "data.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, str(data)], env=environ, stdout=log, stderr=log, text=True, start_new_session=True
        )
    program = Program(data, process=process)
    try:
        program.url = program.await_url(0)
        program.await_ready()
        jaeger = Jaeger(_status(data)["jaeger"]["url"])
        with program.client() as client:
            asked = order(client)
        spans = eventually(lambda: jaeger.trace(asked.trace_id), lambda seen: len(seen) >= 6)
        jaeger.close()
        assert "place_order" in {span.name for span in spans}
        printed = program.log.read_text(encoding="utf-8")
        assert "no web pages" in printed
        assert "docker compose up" in printed

        pids = [entry["pid"] for entry in _status(data).values()]
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) == 0
        assert not [pid for pid in pids if psutil.pid_exists(pid)]
    finally:
        program.close()


def _status(data: Path) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "app", "stack", "status", "--json", "--data-dir", str(data)]
    ended = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True, timeout=60)
    status: dict[str, dict[str, Any]] = json.loads(ended.stdout)
    return status
