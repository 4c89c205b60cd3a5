"""Being asked to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import suppress

import pytest

from app.main import StopSignals


def ask() -> None:
    """Send this process what Ctrl-C sends."""
    signal.raise_signal(signal.SIGINT)


async def test_a_signal_waits_for_the_loops_next_turn() -> None:
    """Nothing is called in the midst of what the loop does: its list of timers may be half sorted just then."""
    told: list[str] = []
    with StopSignals() as stop:
        stop.then(lambda: told.append("told"))
        ask()
        told.append("asked")
        await asyncio.sleep(0.01)

    assert told == ["asked", "told"]


async def test_who_was_asked_before_stops_at_once() -> None:
    """A signal that came while everything was being opened is not lost."""
    told: list[str] = []
    with StopSignals() as stop:
        ask()
        stop.then(lambda: told.append("told"))

        assert told == ["told"]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGHUP there")
def test_what_is_to_outlive_its_window_does() -> None:
    """Where SIGHUP is ignored, as by `nohup`, it stays so; elsewhere a closed window asks to stop."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopSignals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with StopSignals():
            assert callable(signal.getsignal(signal.SIGHUP))
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_after_the_end_is_no_error() -> None:
    """Whoever presses Ctrl-C once more while the last things are closed does not see a traceback."""

    async def watch(stop: StopSignals) -> None:
        stop.then(lambda: None)

    with StopSignals() as stop:
        asyncio.run(watch(stop))
        ask()


async def test_a_loop_that_has_been_woken_often_enough_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    """A signal is taken where the socket that wakes the loop is full, and Python prints no traceback about it."""
    told = asyncio.Event()
    reading, full = socket.socketpair()
    with reading, full:
        full.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                full.send(bytes(65_536))
        before = signal.set_wakeup_fd(full.fileno())
        try:
            with StopSignals() as stop:
                stop.then(told.set)
                ask()
                await asyncio.sleep(0.01)
        finally:
            signal.set_wakeup_fd(before)

    assert told.is_set()
    assert "Traceback" not in capfd.readouterr().err
