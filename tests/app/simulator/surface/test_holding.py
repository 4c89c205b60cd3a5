"""What a thread beside a call that hangs can do: nothing, as beside the vendor's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from app.simulator import FaultBook, SimulatorModule
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
    """It takes as long as it should, and what another thread noted has a gap of a whole step."""
    with stamping() as stamps:
        time.sleep(0.1)
        begun = time.monotonic()
        hold(0.7)
        took = time.monotonic() - begun
        time.sleep(0.1)

    assert took >= 0.7
    assert max(after - before for before, after in pairwise(stamps)) >= 0.45


def test_a_call_that_hangs_holds_its_process(tmp_path: Path) -> None:
    """Another thread gets hardly anything done until the fault is over."""
    mt5: Any = SimulatorModule(ledger=tmp_path / "l", clock=time.time)
    assert mt5.initialize()
    FaultBook(tmp_path / "l", time.time).add("hang", seconds=1.5, function="account_info")
    with stamping() as stamps:
        begun = time.monotonic()
        account = mt5.account_info()
        took = time.monotonic() - begun
        meanwhile = sum(begun < stamp < begun + took for stamp in stamps)
    mt5.shutdown()

    assert account.login
    assert took >= 1.5
    assert meanwhile < 300
