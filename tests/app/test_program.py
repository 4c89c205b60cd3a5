"""The whole program without a Collector: how it starts, what it refuses, and what a kill leaves."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import httpx2
import psutil
import pytest

from tests.support.program import Program, clean_environment, order, running, side_by_side

T = TypeVar("T")

PACKAGE = '''
"""A package called MetaTrader5 on a machine that has none: the simulator under its name."""
from types import SimpleNamespace
from app.simulator import open_module

_module = open_module({{"ledger": {ledger!r}, "utc_offset_s": 0}})

class _Account(SimpleNamespace):
    def _asdict(self):
        return dict(vars(self))

def account_info():
    found = _module.account_info()
    return found and _Account(**{{**found._asdict(), "trade_mode": {trade_mode}}})

def __getattr__(name):
    return getattr(_module, name)
'''


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `mt5-otel` to its end."""
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(
        command, env={**clean_environment(), **environ}, capture_output=True, text=True, timeout=60, check=False
    )


def install_package(folder: Path, trade_mode: int = 0) -> str:
    """Make `import MetaTrader5` find the simulator, and return the PYTHONPATH for that."""
    package = folder / "site" / "MetaTrader5"
    package.mkdir(parents=True)
    text = PACKAGE.format(ledger=str(folder / "broker.sqlite"), trade_mode=trade_mode)
    (package / "__init__.py").write_text(text, encoding="utf-8")
    return str(package.parent)


def test_first_start_makes_a_key_and_shows_it_once(tmp_path: Path) -> None:
    """The banner has a key that works and a curl line with it; the next start shows the variable instead."""
    with running(tmp_path / "data", MT5_OTEL_API_KEY="") as program:
        banner = program.log.read_text(encoding="utf-8")
        key = next(word for word in banner.split() if word.startswith("mt5ot_"))
        with program.client(key) as client:
            assert order(client).status == 200
        with program.client("wrong" * 8) as client:
            assert order(client).status == 401
        program.stop()
        kept = (program.folder / "keys.json").read_text(encoding="utf-8")
        assert key not in kept
        if sys.platform != "win32":
            assert stat.S_IMODE((program.folder / "keys.json").stat().st_mode) == 0o600
        program.start()
        second = program.log.read_text(encoding="utf-8").removeprefix(banner)
        assert key not in second
        assert "$MT5_OTEL_API_KEY" in second
        with program.client(key) as client:
            assert order(client).status == 200


def test_port_taken(tmp_path: Path) -> None:
    """A port in use ends with exit code 2 and a port to try instead."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("run", "--port", str(port), "--data-dir", str(tmp_path / "data"))
    assert ended.returncode == 2
    assert str(port) in ended.stderr
    assert f"--port {port + 1}" in ended.stderr


def test_data_folder_in_use(tmp_path: Path) -> None:
    """A second instance on one data folder refuses to start and names the first; the first goes on."""
    with running(tmp_path / "data") as program:
        ended = run("run", "--port", "0", "--data-dir", str(tmp_path / "data"))
        assert ended.returncode == 2
        assert program.process is not None
        assert f"process {program.process.pid}" in ended.stderr
        with program.client() as client:
            assert order(client).status == 200


def test_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A data folder that cannot be written ends with exit code 2 and what to do."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    ended = run("run", "--port", "0", "--data-dir", str(tmp_path / "file" / "data"))
    assert ended.returncode == 2
    assert "cannot be written" in ended.stderr
    assert "--data-dir" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "environ", "words"),
    [
        ((), {"MT5_OTEL_HTTP__PROT": "1"}, "MT5_OTEL_HTTP__PROT"),
        (("--terminal", "metatrader"), {}, "--terminal"),
        (("--terminal", "native"), {}, "for Windows on x64 only"),
        (("--terminal", "native", "--demo"), {}, "--demo"),
        ((), {"MT5_OTEL_API_KEY": "short"}, "MT5_OTEL_API_KEY"),
        ((), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "grpc"),
        (
            (),
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://127.0.0.1:1", "OTEL_EXPORTER_OTLP_CERTIFICATE": "no-such.pem"},
            "no-such.pem",
        ),
        (
            (),
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "carrier-pigeon"},
            "OTEL_EXPORTER_OTLP_PROTOCOL",
        ),
    ],
)
def test_what_cannot_be_is_refused_at_start(
    tmp_path: Path, arguments: tuple[str, ...], environ: dict[str, str], words: str
) -> None:
    """An impossible setting ends with exit code 2 and names itself as the operator wrote it."""
    ended = run("run", "--port", "0", "--data-dir", str(tmp_path / "data"), *arguments, **environ)
    assert ended.returncode == 2, ended.stderr
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


TAKING = """
import os, signal, sys
signal.signal(getattr(signal, sys.argv.pop(1)), signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "app", *sys.argv[1:]])
"""


@pytest.mark.timed
@pytest.mark.skipif(sys.platform == "win32", reason="signals to a process group are POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_to_the_whole_group_stops_it_in_order(tmp_path: Path, name: str) -> None:
    """Ctrl-C, SIGTERM and a closed window also reach the terminal's process; an order under way is still answered."""
    data = tmp_path / "data"
    environ = {
        **clean_environment(),
        "MT5_OTEL_SIMULATOR__LATENCY_S": '{"order_send": 1.0}',
        "MT5_OTEL_API_KEY": "k" * 20,
    }
    # By way of a program that takes the signal: where the tests run in the background, they ignore some.
    command = [sys.executable, "-c", TAKING, name, "run", "--no-demo", "--port", "0", "--data-dir", str(data)]
    with (tmp_path / "data.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, text=True, start_new_session=True)
    program = Program(data, process=process)
    try:
        program.url = program.await_url(0)
        program.await_ready()
        with program.client("k" * 20) as client:
            answers = _in_background(lambda: order(client))
            await_order(program)
            begun = time.monotonic()
            os.killpg(process.pid, getattr(signal, name))
            assert process.wait(10) == 0
            assert time.monotonic() - begun < 5
            assert answers.result(5).status == 200
    finally:
        program.close()
    assert list(program.journalled().values()) == ["filled"]


def _in_background(action: Callable[[], T]) -> Future[T]:
    return ThreadPoolExecutor(1).submit(action)


def test_a_killed_program_finds_account_and_orders_again(tmp_path: Path) -> None:
    """After a kill in the middle of an order the account is as it was, and the open order is unknown, not resent."""
    with running(tmp_path / "data") as program:
        side_by_side(program, 2, 6)
        program.stop()
        program.environ = {"MT5_OTEL_SIMULATOR__LATENCY_S": '{"order_send": 2.0}'}
        program.start()
        before = httpx2.get(f"{program.url}/api/account", trust_env=False).json()
        waiting = _in_background(lambda: _order_or_nothing(program))
        cut_short = await_order(program)
        program.kill()
        waiting.result(10)

        program.start()
        found = httpx2.get(f"{program.url}/api/orders/{cut_short}", trust_env=False).json()
        assert found["outcome"]["name"] == "unknown"
        after = httpx2.get(f"{program.url}/api/account", trust_env=False).json()
        assert after["login"] == before["login"]
        assert after["balance"] <= before["balance"]
        assert after["balance"] > before["balance"] - 1  # one more commission at most: nothing was sent twice


def await_order(program: Program) -> str:
    """Wait until an order is under way, and return its id."""
    deadline = time.monotonic() + 60
    while not (under_way := orders_under_way(program)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return under_way[0]


def orders_under_way(program: Program) -> list[str]:
    """Orders with an intent and without an outcome."""
    intents = [entry["order"]["order_id"] for entry in program.journal() if entry["kind"] == "intent"]
    decided = program.journalled()
    return [order_id for order_id in intents if order_id not in decided]


def _order_or_nothing(program: Program) -> object:
    try:
        with program.client() as client:
            return order(client)
    except httpx2.HTTPError:
        return None


@pytest.mark.timed
def test_a_hanging_terminal_is_answered_in_time_and_replaced(tmp_path: Path) -> None:
    """An order that hangs is `OUTCOME_UNKNOWN` within 8 s, liveness answers meanwhile, a new process takes over."""
    with running(tmp_path / "data", MT5_OTEL_SIMULATOR__LATENCY_S='{"order_send": 60}') as program:
        with program.client() as client:
            asking = _in_background(lambda: order(client))
            slowest = 0.0
            while not asking.done():
                begun = time.monotonic()
                assert httpx2.get(f"{program.url}/api/health", trust_env=False).status_code == 200
                slowest = max(slowest, time.monotonic() - begun)
                time.sleep(0.05)
            asked = asking.result()
        assert asked.status == 504
        assert asked.body["detail"]["error"]["code"] == "OUTCOME_UNKNOWN"
        assert asked.seconds < 8
        assert slowest < 0.5
        begun = time.monotonic()
        program.await_ready()
        assert time.monotonic() - begun < 10
        record = httpx2.get(f"{program.url}/api/orders/{asked.order_id}", trust_env=False).json()
        assert record["outcome"]["name"] == "unknown"


@pytest.mark.timed
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to handle on Windows")
@pytest.mark.parametrize("after_s", [0.0, 0.3, 0.6, 1.0])
def test_it_stops_whenever_it_is_asked_to(tmp_path: Path, after_s: float) -> None:
    """Asked to stop while its terminal is still being started, it ends within 5 s and leaves no process."""
    program = Program(tmp_path / "data")
    try:
        program.start(ready=False)
        time.sleep(after_s)
        assert program.process is not None
        children = psutil.Process(program.process.pid).children(recursive=True)
        assert program.stop() < 5
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive
    finally:
        program.close()


@pytest.mark.timed
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to handle on Windows")
def test_it_stops_in_time_whatever_hangs(tmp_path: Path) -> None:
    """An order that hangs holds it up until its own deadline, an endpoint that never answers does not at all."""
    hanging = {"MT5_OTEL_SIMULATOR__LATENCY_S": '{"order_send": 60}', "MT5_OTEL_TERMINAL__ORDER_TIMEOUT_S": "2"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            running(tmp_path / "data", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, **hanging) as program,
            program.client() as client,
        ):
            asking = _in_background(lambda: order(client))
            await_order(program)
            assert program.stop() < 2 + 5
            asked = asking.result(5)
    assert asked.status == 504
    assert asked.body["detail"]["error"]["code"] == "OUTCOME_UNKNOWN"
    assert program.journalled() == {asked.order_id: "unknown"}


@pytest.mark.timed
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to handle on Windows")
def test_an_order_under_way_ends_before_the_program_does(tmp_path: Path) -> None:
    """Its caller is answered soon, with its trace; the terminal's own answer is waited for and journalled."""
    latency = '{"order_send": 4}'
    with running(tmp_path / "data", MT5_OTEL_SIMULATOR__LATENCY_S=latency) as program, program.client() as client:
        asking = _in_background(lambda: order(client))
        await_order(program)
        stopping = _in_background(program.stop)
        asked = asking.result(10)
        assert (asked.status, stopping.done()) == (504, False)
        assert program.process is not None
        program.process.terminate()  # whoever loses patience ends no order with that
        assert stopping.result(20) < 4 + 5
    assert program.journalled() == {asked.order_id: "filled"}
    (intent,) = (line for line in program.journal() if line["kind"] == "intent")
    assert asked.body["detail"]["error"]["details"]["trace_id"] == intent["trace"]["trace_id"] != ""


def test_slow_deals_make_no_order_fail(tmp_path: Path) -> None:
    """A history that is slower than the answer waits leaves the terminal connected, and amends the journal later."""
    with running(
        tmp_path / "data",
        MT5_OTEL_SIMULATOR__LATENCY_S='{"history_deals_get": 1.3}',
        MT5_OTEL_TERMINAL__DEALS_TIMEOUT_S="0.3",
    ) as program:
        with program.client() as client:
            first, second = order(client), order(client)
        assert (first.status, second.status) == (200, 200)
        assert first.body["position"] is None
        program.stop()
        assert "replaced" not in program.log.read_text(encoding="utf-8")

        program.environ = {}
        program.start()
        deadline = time.monotonic() + 60
        while sum(entry["kind"] == "amended" for entry in program.journal()) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_telemetry_switched_off(tmp_path: Path) -> None:
    """With OTEL_SDK_DISABLED=true trading, status and journal work as before, and no telemetry is written."""
    with running(tmp_path / "data", OTEL_SDK_DISABLED="true") as program:
        asked = side_by_side(program, 2, 20)
        assert len(program.journalled()) == len(asked) == 20
        health = httpx2.get(f"{program.url}/health", trust_env=False).json()
        assert (health["status"], health["checks"]["mt5_connected"]) == ("healthy", True)
        assert httpx2.get(f"{program.url}/metrics", trust_env=False).status_code == 200
        program.stop()
    assert not list((tmp_path / "data").glob("telemetry/*/*.jsonl"))


def test_the_vendors_package_takes_the_same_path(tmp_path: Path) -> None:
    """A package called MetaTrader5 is hosted, its demo account shown as such, and orders are placed on it."""
    path = install_package(tmp_path)
    with running(tmp_path / "data", "--terminal", "native", PYTHONPATH=path) as program:
        with program.client() as client:
            asked = order(client)
            assert asked.status == 200, asked.body
            assert client.get("/api/account").headers["X-Account-Mode"] == "demo"
        assert not (tmp_path / "data" / "simulator.sqlite").exists()


def test_a_real_account_is_not_traded(tmp_path: Path) -> None:
    """On a real account nothing becomes ready, and an order is refused unsent with the reason."""
    path = install_package(tmp_path, trade_mode=2)
    program = Program(tmp_path / "data", {"PYTHONPATH": path}, ("--terminal", "native"))
    try:
        program.start(ready=False)
        deadline = time.monotonic() + 60
        while "real one" not in httpx2.get(f"{program.url}/api/ready", trust_env=False).text:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        with program.client() as client:
            asked = order(client)
        assert asked.status == 503
        assert "real one" in asked.body["detail"]["error"]["message"]
    finally:
        program.close()


def test_nothing_is_left_running(tmp_path: Path) -> None:
    """After it stopped, no process of its own is left."""
    with running(tmp_path / "data") as program:
        assert program.process is not None
        children = psutil.Process(program.process.pid).children(recursive=True)
        assert children
        program.stop()
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive
