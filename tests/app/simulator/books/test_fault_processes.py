"""Faults across processes: written by one, suffered by others, there after any of them is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule, open_module
from app.simulator.books.faults import FaultBook
from tests.app.simulator.conftest import ROOT

TERMINAL = """
import sys
from app.simulator import open_module
mt5 = open_module({"ledger": sys.argv[1]})
assert mt5.initialize(), mt5.last_error()
print("up", flush=True)
for line in sys.stdin:
    print(eval(line), mt5.last_error()[0], flush=True)
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A terminal in a process of its own, which evaluates what it is sent."""
    process = subprocess.Popen(
        [sys.executable, "-c", TERMINAL, str(tmp_path / "l")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert answer(process) == "up"
        yield process
    finally:
        process.kill()
        process.communicate()


def ask(process: subprocess.Popen[str], expression: str) -> None:
    """Send it something to evaluate."""
    assert process.stdin is not None
    process.stdin.write(expression + "\n")
    process.stdin.flush()


def answer(process: subprocess.Popen[str]) -> str:
    """Wait for its next line."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_hanging_process_is_reached_from_outside(tmp_path: Path, terminal: subprocess.Popen[str]) -> None:
    """Another process sees the hang holding its call, and ends it at once."""
    book = FaultBook(tmp_path / "l", time.time)
    book.add("hang", seconds=1000.0, function="positions_total")
    ask(terminal, "mt5.positions_total()")
    deadline = time.monotonic() + 30
    while book.active()[0]["count_left"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert book.active()[0]["seconds_left"] > 900
    ended = time.monotonic()
    assert book.end() == 1
    assert answer(terminal) == "0 1"
    assert time.monotonic() - ended < 10


def test_a_fault_outlives_the_process_that_suffers_it(tmp_path: Path, terminal: subprocess.Popen[str]) -> None:
    """A hang that was to hold two calls holds one of the next process after the first one is killed."""
    book = FaultBook(tmp_path / "l", time.time)
    book.add("hang", seconds=1000.0, count=2, function="positions_total")
    ask(terminal, "mt5.positions_total()")
    deadline = time.monotonic() + 30
    while book.active()[0]["count_left"] == 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    terminal.kill()
    terminal.wait()

    held: list[float] = []

    def let_go(seconds: float) -> None:
        held.append(seconds)
        book.end()

    successor: Any = SimulatorModule(ledger=tmp_path / "l", clock=time.time, sleep=let_go)
    assert successor.initialize()
    assert successor.positions_total() == 0
    assert held
    successor.shutdown()


def test_two_terminals_suffer_the_same(tmp_path: Path, terminal: subprocess.Popen[str]) -> None:
    """Every process on the ledger loses the terminal, and each sees a trade of somebody else, which happens once."""
    own: Any = open_module({"ledger": str(tmp_path / "l")})
    assert own.initialize()
    book = FaultBook(tmp_path / "l", time.time)
    book.add("external_trade", symbol="EURUSD", side="buy", volume=0.1)
    ask(terminal, "len(mt5.positions_get())")
    assert len(own.positions_get()) == 1
    assert answer(terminal) == "1 1"
    book.add("terminal_gone", seconds=1000.0)
    ask(terminal, "mt5.positions_get()")
    assert answer(terminal) == "None -10002"
    assert own.positions_get() is None
    assert own.last_error()[0] == -10002
    book.end()
    ask(terminal, "mt5.initialize() and mt5.positions_total()")
    assert answer(terminal) == "1 1"
    own.shutdown()
