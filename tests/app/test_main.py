"""Being asked to stop."""

from __future__ import annotations

import asyncio
import signal

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


def test_a_signal_after_the_end_is_no_error() -> None:
    """Whoever presses Ctrl-C once more while the last things are closed does not see a traceback."""

    async def watch(stop: StopSignals) -> None:
        stop.then(lambda: None)

    with StopSignals() as stop:
        asyncio.run(watch(stop))
        ask()
