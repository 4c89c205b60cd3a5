"""The whole program as a process of its own, on the simulator, asked over HTTP as any client would."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from bench.results import BenchError
from bench.rounds import clean_environment

KEY = "bench-key-of-the-operator-0123456789"
START_S = 90.0
STOP_S = 20.0
BANNER = "API and its docs"
UNHURRIED = {
    "MT5_OTEL_LIMITS__OPERATOR_WRITES": "100000",
    "MT5_OTEL_LIMITS__OPERATOR_READS": "100000",
    "MT5_OTEL_LIMITS__PER_MINUTE": '{"GET /api/monitoring/dashboard": 100000}',
}
"""A bench asks more often than a person may; the calls are counted all the same."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that was filled; `seconds` from asking to the whole answer."""

    position: int | None
    trace_id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Program:
    """The program while it runs."""

    process: psutil.Process
    client: httpx2.Client
    log: Path

    def await_ready(self) -> None:
        """Return once it takes orders.

        Raises:
            BenchError: it does not; the message is what it printed.
        """
        deadline = time.monotonic() + START_S
        while self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                break
            if url := _url(self._printed()):
                self.client.base_url = url
                if self.client.get("/api/ready").status_code == 200:
                    return
            time.sleep(0.1)
        raise BenchError(f"the program did not start: {self._printed()}")

    def cpu_s(self) -> tuple[float, float]:
        """Processor time used so far: by the API's process, and by it and the terminal's together."""
        api, *others = [sum(one.cpu_times()[:2]) for one in (self.process, *self.process.children(recursive=True))]
        return api, api + sum(others)

    def open(self) -> Placed:
        """Buy a little."""
        return self._ask("/api/order", {"canonical": "EURUSD", "side": "buy", "volume": 0.01})

    def close(self, position: int | None) -> Placed:
        """Close it again.

        Raises:
            BenchError: there is none: the deals of the order could not be read in time.
        """
        if position is None:
            raise BenchError("an order was filled, but its position is not known")
        return self._ask(f"/api/positions/{position}/close", None)

    def _ask(self, path: str, body: dict[str, object] | None) -> Placed:
        begun = time.perf_counter()
        answer = self.client.post(path, json=body)
        seconds = time.perf_counter() - begun
        if answer.status_code != 200:
            raise BenchError(f"an order was answered {answer.status_code}: {answer.text}")
        trace_id = answer.headers.get("traceresponse", "--").split("-")[1]
        return Placed(answer.json()["position"], trace_id, seconds)

    def _printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def running(folder: Path, **environ: str) -> Iterator[Program]:
    """Start the program with its data in *folder*, and end it afterwards; `Program.await_ready` waits for it."""
    folder.mkdir(parents=True)
    log = folder / "output.log"
    command = [sys.executable, "-m", "app", "run", "--no-demo", "--port", "0", "--data-dir", str(folder / "data")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**clean_environment(), "MT5_OTEL_API_KEY": KEY, **UNHURRIED, **environ},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx2.Client(headers={"X-API-Key": KEY}, timeout=20, trust_env=False) as client:
            yield Program(psutil.Process(process.pid), client, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def side_by_side(folder: Path, environs: Mapping[str, Mapping[str, str]]) -> Iterator[dict[str, Program]]:
    """One program for each of *environs*, all running and taking orders."""
    with ExitStack() as opened:
        programs = {
            name: opened.enter_context(running(folder / str(number), **environ))
            for number, (name, environ) in enumerate(environs.items())
        }
        for program in programs.values():
            program.await_ready()
        yield programs


def _url(printed: str) -> str | None:
    lines = [line for line in printed.splitlines() if BANNER in line]
    return lines[0].split()[-1].removesuffix("/docs") if lines else None
