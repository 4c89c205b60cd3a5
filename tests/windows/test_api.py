"""The API on Windows' Python: without a terminal it says so, on the simulator an order survives a kill."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.support.program import KEY, QUICK, Program, order
from tests.windows.place import WindowsPython, windows_path

_MARK = "TEST_PROGRAM_FOLDER"


@dataclass(kw_only=True)
class WindowsProgram(Program):
    """`mt5-otel run` on Windows' Python. Its leash is a connection whose end does there what this signal does."""

    windows: WindowsPython
    signal: str = "SIGINT"
    leash: socket.socket | None = None

    def start(self, *, ready: bool = True) -> None:
        """Start it, and wait until it answers (and, with *ready*, takes orders)."""
        self.log.touch()
        before = self.log.stat().st_size
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(60)
            self.process = self.windows.start(  # type: ignore[assignment]  # bytes here, and nobody reads them
                *("-m", "tests.windows.served", str(listener.getsockname()[1]), self.signal),
                *("run", "--no-demo", "--port", "0", "--data-dir", windows_path(self.folder), *self.arguments),
                more={_MARK: str(self.folder), "MT5_OTEL_API_KEY": KEY, **QUICK, **self.environ},
            )
            threading.Thread(target=_keep, args=(self.process, self.log), daemon=True).start()
            self.leash, _ = listener.accept()
        self.url = self.await_url(before)
        if ready:
            self.await_ready()

    def stop(self) -> float:
        """End it as its signal does; 0 is its exit code then."""
        assert self.process is not None
        assert self.leash is not None
        begun = time.monotonic()
        self.leash.close()
        assert self.process.wait(60) == 0, self.log.read_text(encoding="utf-8")
        return time.monotonic() - begun

    def processes(self) -> list[int]:
        """Its processes that run, the terminals' among them: Wine starts those beside it, not under it."""
        every = psutil.process_iter(["environ"])
        return [each.pid for each in every if (each.info["environ"] or {}).get(_MARK) == str(self.folder)]

    def kill(self) -> None:
        """End it as a crash would, and wait until its terminal's processes are gone too."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)
        self._let_go()
        until(lambda: not self.processes())

    def close(self) -> None:
        """End it if it runs."""
        super().close()
        self._let_go()

    def _let_go(self) -> None:
        if self.leash is not None:
            self.leash.close()


def _keep(process: subprocess.Popen[bytes], log: Path) -> None:
    """Write down what it prints: its output has to be a pipe."""
    assert process.stdout is not None
    with process.stdout as lines, log.open("ab", buffering=0) as file:
        for line in lines:
            file.write(line)


def until(holds: Callable[[], bool], within_s: float = 60) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def program(windows: WindowsPython, tmp_path: Path) -> Iterator[WindowsProgram]:
    """The program, not started yet; ended afterwards whatever happens."""
    with ExitStack() as stack:
        made = WindowsProgram(tmp_path / "data", windows=windows)
        stack.callback(made.close)
        yield made


def test_without_a_terminal_it_says_what_to_do(program: WindowsProgram) -> None:
    """The vendor's package finds no MetaTrader 5: the API answers, no order is sent, the log says how to get one."""
    program.arguments = ("--terminal", "native")
    program.start(ready=False)

    until(lambda: "start the MetaTrader 5 terminal" in program.log.read_text(encoding="utf-8"))
    with program.client() as client:
        asked = order(client)
        ready = client.get("/api/ready")
    program.stop()

    assert asked.status == 503
    assert asked.body["detail"]["error"]["code"] == "MT5_UNAVAILABLE"
    assert ready.status_code == 503
    said = program.log.read_text(encoding="utf-8")
    assert "MetaTrader 5 x64 not found (-10003)" in said
    assert "Traceback" not in said


def test_a_kill_loses_nothing(program: WindowsProgram) -> None:
    """Orders answered before a kill are in the journal, at the broker and in the trace files after a restart."""
    program.start()
    with program.client() as client:
        before = [order(client), order(client, 0.02, "GBPUSD", "sell")]
    program.kill()
    program.start()
    with program.client() as client:
        after = order(client, 0.03)
        positions = client.get("/api/positions").json()
    program.stop()

    asked = [*before, after]
    assert [each.status for each in asked] == [200, 200, 200]
    assert program.journalled() == {each.order_id: "filled" for each in asked}
    assert {each.body["position"] for each in asked} == {each["ticket"] for each in positions}
    traces = program.text("telemetry/traces")
    assert all(each.trace_id in traces for each in asked)
    assert "Traceback" not in program.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("signal", ["SIGINT", "SIGBREAK"])
def test_ctrl_c_and_ctrl_break_end_it_in_order(program: WindowsProgram, signal: str) -> None:
    """The end that they ask for takes seconds, with everything written and no process left."""
    program.signal = signal
    program.start()
    with program.client() as client:
        asked = order(client)

    assert len(program.processes()) >= 2  # the API and its terminal

    assert program.stop() < 15
    assert asked.trace_id in program.text("telemetry/traces")
    until(lambda: not program.processes())
