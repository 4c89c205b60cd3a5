"""What a thread beside a call that hangs can do: nothing, as beside the vendor's."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.simulator import FaultBook, SimulatorModule, open_module
from app.simulator.surface.holding import hold


@contextmanager
def stamping() -> Iterator[list[float]]:
    """A thread that notes the time a thousand times a second."""
    stamps, over = list[float](), threading.Event()

    def stamp() -> None:
        while not over.wait(0.001):
            stamps.append(time.monotonic())

    thread = threading.Thread(target=stamp)
    thread.start()
    try:
        yield stamps
    finally:
        over.set()
        thread.join()


def test_no_other_thread_runs_meanwhile() -> None:
    """It takes as long as it should, and what another thread noted has a gap of all that time."""
    with stamping() as stamps:
        time.sleep(0.1)
        assert hold(0.7) >= 0.7
        time.sleep(0.1)

    assert max(after - before for before, after in pairwise(stamps)) > 0.6


def test_it_is_over_when_its_sign_is_gone(tmp_path: Path) -> None:
    """Another process that takes the sign away ends the waiting, and until then no other thread runs."""
    sign = tmp_path / "säule"
    sign.touch()
    remover = "import pathlib, sys, time; time.sleep(1); pathlib.Path(sys.argv[1]).unlink()"
    with stamping() as stamps, subprocess.Popen([sys.executable, "-c", remover, str(sign)]):
        time.sleep(0.1)
        held = hold(60.0, sign)
        time.sleep(0.1)

    assert 0.5 < held < 30
    assert max(after - before for before, after in pairwise(stamps)) > held - 0.1


def test_each_fault_has_a_sign_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call goes on as soon as its fault is ended, in whatever folder its program is, while another's is held on."""
    other, ledger = "positions_total", tmp_path / "l"
    book = FaultBook(ledger, time.time)
    monkeypatch.chdir(tmp_path)
    mt5: Any = SimulatorModule(ledger=Path("l"), clock=time.time)
    assert mt5.initialize()
    monkeypatch.chdir(tmp_path.parent)
    number = book.add("hang", seconds=20.0, function="account_info")["id"]
    book.add("hang", seconds=20.0, function=other)
    holder, ender = (
        f"import pathlib, sys, time; from app.simulator import FaultBook, SimulatorModule\n"
        f"ledger = pathlib.Path({str(ledger)!r})\n{what}"
        for what in (
            f"mt5 = SimulatorModule(ledger=ledger, clock=time.time); mt5.initialize(); mt5.{other}()",
            f"while len([*ledger.parent.glob('l-held-*')]) < 2: time.sleep(0.01)\n"
            f"time.sleep(0.5); FaultBook(ledger, time.time).end({number})",
        )
    )
    with (
        subprocess.Popen([sys.executable, "-c", holder]) as beside,
        subprocess.Popen([sys.executable, "-c", ender]),
    ):
        begun = time.monotonic()
        assert mt5.account_info().login
        took = time.monotonic() - begun
        assert beside.poll() is None
        assert [fault["function"] for fault in book.active()] == [other]
        book.end()
        assert beside.wait(10) == 0
    mt5.shutdown()

    assert took < 15
    assert [each.name for each in tmp_path.iterdir() if "held" in each.name] == []


def test_what_a_killed_program_left_goes_with_the_next_end(tmp_path: Path) -> None:
    """A sign that nobody waits beside any more is cleared away, and nothing else is."""
    left, kept = tmp_path / "l-held-7", tmp_path / "l-holdings"
    for each in (left, kept):
        each.touch()
    FaultBook(tmp_path / "l", time.time).end()

    assert kept.exists()
    assert not left.exists()


def noticed_s(mt5: Any, ledger: Path) -> float:
    """When a thread's deadline of a second is noticed beside a call that hangs for a second and a half."""
    assert mt5.initialize()
    FaultBook(ledger, time.time).add("hang", seconds=1.5, function="account_info")
    noticed, begun = list[float](), time.monotonic()
    deadline = threading.Timer(1.0, lambda: noticed.append(time.monotonic() - begun))
    deadline.start()
    assert mt5.account_info().login
    assert time.monotonic() - begun >= 1.5
    deadline.join()
    mt5.shutdown()
    assert [each.name for each in ledger.parent.iterdir() if "held" in each.name] == []
    return noticed[0]


def test_a_call_that_hangs_holds_its_process(tmp_path: Path) -> None:
    """A deadline that another thread keeps passes unnoticed until the fault is over."""
    mt5 = SimulatorModule(ledger=tmp_path / "l", clock=time.time)

    assert noticed_s(mt5, tmp_path / "l") >= 1.5


def test_a_hosted_module_lets_its_process_look_after_its_parent(tmp_path: Path) -> None:
    """In the API's own process another thread gets a moment now and then, however long a call hangs."""
    mt5 = open_module({"ledger": str(tmp_path / "l")})

    assert 1.0 <= noticed_s(mt5, tmp_path / "l") < 1.4
