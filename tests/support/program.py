"""The whole program as a person runs it: a process of its own, talked to over HTTP, stopped and killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil

from app.history.csv_files import decode
from app.history.csv_rows import SECURITY_COLUMNS, security_from

KEY = "test-key-of-the-operator-0123456789"
START_S = 90.0

QUICK = {
    "MT5_OTEL_TELEMETRY__COLLECT_S": "0.5",
    "MT5_OTEL_TELEMETRY__EXPORT_EVERY": "2",
    "MT5_OTEL_TERMINAL__POLL_S": "0.5",
    "MT5_OTEL_LIMITS__ENABLED": "false",
}
"""Seconds instead of ten, so that a test sees metrics arrive; and as many calls as a test likes."""

UNMEASURED = {"COVERAGE_PROCESS_CONFIG": ""}
"""For a program that does the same thing so often that measuring its coverage would take as long again."""


def clean_environment() -> dict[str, str]:
    """The environment without anything that would set this program up."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("MT5_OTEL_", "OTEL_"))}


@dataclass
class Program:
    """`mt5-otel run` on the simulator, on a free port, in a data folder that outlives it.

    Attributes:
        folder: its data folder.
        environ: over a clean environment.
        arguments: more flags of `run`.
    """

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    process: subprocess.Popen[str] | None = None
    url: str = ""

    @property
    def log(self) -> Path:
        """What it printed, of all its lives."""
        return self.folder.parent / f"{self.folder.name}.log"

    def start(self, *, ready: bool = True) -> None:
        """Start it, and wait until it answers (and, with *ready*, takes orders)."""
        environ = {**clean_environment(), "MT5_OTEL_API_KEY": KEY, **QUICK, **self.environ}
        command = [sys.executable, "-m", "app", "run", "--no-demo", "--port", "0", "--data-dir", str(self.folder)]
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*command, *self.arguments], env=environ, stdout=log, stderr=subprocess.STDOUT, text=True
            )
        self.url = self.await_url(before)
        if ready:
            self.await_ready()

    def await_ready(self) -> None:
        """Wait until orders are taken."""
        deadline = time.monotonic() + START_S
        # A key that is shown is counted: only where it is needed.
        headers = {"X-API-Key": KEY} if self.environ.get("MT5_OTEL_AUTH__ANONYMOUS_READ") == "off" else {}
        while httpx2.get(f"{self.url}/api/ready", headers=headers, trust_env=False).status_code != 200:
            assert time.monotonic() < deadline, self.log.read_text(encoding="utf-8")
            time.sleep(0.1)

    def stop(self) -> float:
        """Ask it to stop as Ctrl-C or a service manager does, and say how long that took in seconds."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.terminate()
        self.process.wait(30)
        return time.monotonic() - begun

    def kill(self) -> None:
        """End it as a crash would, and wait until its terminal's process is gone too."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait(30)
        _, alive = psutil.wait_procs(children, timeout=15)
        assert not alive

    def close(self) -> None:
        """End it if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)

    def client(self, key: str | None = KEY) -> httpx2.Client:
        """A client of its API; a generous timeout, since it promises an answer within 8 s."""
        headers = {} if key is None else {"X-API-Key": key}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=20, trust_env=False)

    def journal(self) -> list[dict[str, Any]]:
        """Every line of its journal."""
        return [
            json.loads(line)
            for path in sorted((self.folder / "journal").glob("*.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines(keepends=True)
            if line.endswith("\n")  # the last one may be in the middle of being written
        ]

    def journalled(self) -> dict[str, str]:
        """First outcome by order id, as the journal has it."""
        return {
            entry.get("order_id") or entry["order"]["order_id"]: entry["outcome"]["name"]
            for entry in self.journal()
            if entry["kind"] in ("outcome", "unsent")
        }

    def text(self, *parts: str) -> str:
        """Everything in the files of its data folder, or of these parts of it, and everything it printed."""
        folders = [self.folder / part for part in parts] or [self.folder]
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in [*files, self.log])

    def await_url(self, offset: int) -> str:
        """Wait for the banner behind this many bytes of its log, and return the API's URL."""
        deadline = time.monotonic() + START_S
        while True:
            printed = self.log.read_bytes()[offset:].decode("utf-8", errors="replace")
            for line in printed.splitlines():
                if "API and its docs" in line:
                    return line.split()[-1].removesuffix("/docs")
            assert self.process is not None
            assert self.process.poll() is None, printed
            assert time.monotonic() < deadline, printed
            time.sleep(0.05)


@contextmanager
def running(folder: Path, *arguments: str, **environ: str) -> Iterator[Program]:
    """The program, started and ready, ended afterwards whatever happens."""
    program = Program(folder, environ, arguments)
    try:
        program.start()
        yield program
    finally:
        program.close()


@dataclass(frozen=True, slots=True)
class Asked:
    """One order as a client saw it."""

    status: int
    body: dict[str, Any]
    seconds: float
    trace_id: str

    @property
    def order_id(self) -> str:
        """Our id of the order."""
        found = self.body.get("order_id") or self.body["detail"]["error"]["details"]["order_id"]
        assert isinstance(found, str)
        return found


ABOVE_MAXIMUM, OFF_STEP, NO_MONEY = 500.0, 0.015, 90.0


def order(client: httpx2.Client, volume: float = 0.01, symbol: str = "EURUSD", side: str = "buy", **more: Any) -> Asked:
    """Place one order and keep what came back."""
    begun = time.monotonic()
    answer = client.post("/api/order", json={"canonical": symbol, "side": side, "volume": volume, **more})
    seconds = time.monotonic() - begun
    return Asked(answer.status_code, answer.json(), seconds, _trace_id(answer))


def close(client: httpx2.Client, ticket: int) -> Asked:
    """Close one position and keep what came back."""
    begun = time.monotonic()
    answer = client.post(f"/api/positions/{ticket}/close")
    return Asked(answer.status_code, answer.json(), time.monotonic() - begun, _trace_id(answer))


def mixed_orders(client: httpx2.Client, count: int, *, pause_s: float = 0.0) -> list[Asked]:
    """So many orders, most of them filled, every tenth refused by the broker, every twentieth denied by us."""
    asked: list[Asked] = []
    for number in range(count):
        symbol = ("EURUSD", "GBPUSD", "USDCAD")[number % 3]
        side = ("buy", "sell")[number % 2]
        if number % 20 == 7:
            asked.append(order(client, OFF_STEP, symbol, side))
        elif number % 10 == 3:
            asked.append(order(client, (ABOVE_MAXIMUM, NO_MONEY)[number // 10 % 2], symbol, side))
        elif number % 5 == 4 and (opened := [one for one in asked if one.status == 200 and one.body["position"]]):
            asked.append(close(client, opened[-1].body["position"]))
        else:
            asked.append(order(client, 0.01, symbol, side))
        time.sleep(pause_s)
    return asked


def side_by_side(program: Program, clients: int, count: int, *, pause_s: float = 0.0) -> list[Asked]:
    """Orders from several clients at once."""

    def one(_: int) -> list[Asked]:
        with program.client() as client:
            return mixed_orders(client, count // clients, pause_s=pause_s)

    with ThreadPoolExecutor(clients) as pool:
        return [asked for many in pool.map(one, range(clients)) for asked in many]


def _trace_id(answer: httpx2.Response) -> str:
    return answer.headers.get("traceresponse", "--").split("-")[1]


def security_told(folder: Path) -> Counter[str]:
    """How many security events of each type the files of this data folder tell of, the minute under way included."""
    told: Counter[str] = Counter()
    for path in (*(folder / "logs").glob("security*.csv"), folder / "monitoring" / "security.csv"):
        for row in decode(path.read_bytes() if path.exists() else b"", SECURITY_COLUMNS):
            if (event := security_from(row)) is not None:
                told[event.type] += event.count
    return told
