"""The whole program as a process of its own, on the simulator, asked over HTTP as any client would."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that was filled; `seconds` from asking to the whole answer."""

    position: int
    trace_id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Program:
    """The program while it runs and takes orders."""

    process: psutil.Process
    client: httpx2.Client

    def cpu_s(self) -> tuple[float, float]:
        """Processor time used so far: by the API's process, and by it and the terminal's together."""
        api, *others = [sum(one.cpu_times()[:2]) for one in (self.process, *self.process.children(recursive=True))]
        return api, api + sum(others)

    def open(self) -> Placed:
        """Buy a little."""
        return self._ask("/api/order", {"canonical": "EURUSD", "side": "buy", "volume": 0.01})

    def close(self, position: int) -> Placed:
        """Close it again."""
        return self._ask(f"/api/positions/{position}/close", None)

    def _ask(self, path: str, body: dict[str, object] | None) -> Placed:
        begun = time.perf_counter()
        answer = self.client.post(path, json=body)
        seconds = time.perf_counter() - begun
        if answer.status_code != 200:
            raise BenchError(f"an order was answered {answer.status_code}: {answer.text}")
        trace_id = answer.headers.get("traceresponse", "--").split("-")[1]
        return Placed(answer.json()["position"] or 0, trace_id, seconds)


@contextmanager
def running(folder: Path, **environ: str) -> Iterator[Program]:
    """Start the program with its data in *folder*, wait until it takes orders, and end it afterwards."""
    folder.mkdir(parents=True)
    log = folder / "output.log"
    command = [sys.executable, "-m", "app", "run", "--no-demo", "--port", "0", "--data-dir", str(folder / "data")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**clean_environment(), "MT5_OTEL_API_KEY": KEY, **environ},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx2.Client(headers={"X-API-Key": KEY}, timeout=20, trust_env=False) as client:
            client.base_url = _await_ready(process, log, client)
            yield Program(psutil.Process(process.pid), client)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_ready(process: subprocess.Popen[bytes], log: Path, client: httpx2.Client) -> str:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        url = _url(log.read_text(encoding="utf-8", errors="replace"))
        if url is not None and client.get(f"{url}/api/ready").status_code == 200:
            return url
        time.sleep(0.1)
    raise BenchError(f"the program did not start: {log.read_text(encoding='utf-8', errors='replace')}")


def _url(printed: str) -> str | None:
    lines = [line for line in printed.splitlines() if BANNER in line]
    return lines[0].split()[-1].removesuffix("/docs") if lines else None
