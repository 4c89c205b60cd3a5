"""The poller: the latest state kept, an outage noticed, the last known values left standing."""

from __future__ import annotations

import asyncio
import logging

import pytest

from app.broker.gateway import Gateway
from app.broker.server_time import ServerTime
from app.broker.terminal import WorkerState
from app.domain.clock import SystemClock
from app.watch.poller import Watch, counts_by_side
from tests.support.terminal import POSITION, TERMINAL, FakeTerminal, failed


def watching(terminal: FakeTerminal, poll_s: float = 0.01) -> Watch:
    """A watch over this terminal."""
    clock = SystemClock()
    gateway = Gateway(terminal, clock=clock, server_time=ServerTime(7_200), simulated=False, read_timeout_s=0.2)
    return Watch(gateway, clock=clock, poll_s=poll_s)


async def test_a_look_keeps_account_positions_and_prices() -> None:
    """After one look the snapshot holds what the terminal showed, and the symbols of Market Watch are priced."""
    watch = watching(FakeTerminal(positions_get=[POSITION, {**POSITION, "ticket": 32, "type": 1}]))
    await watch.look()
    seen = watch.latest
    assert seen.connection.connected
    assert seen.account is not None
    assert seen.account.balance == 1000.0
    assert counts_by_side(seen.positions) == {("EURUSD", "buy"): 1, ("EURUSD", "sell"): 1}
    assert list(seen.ticks) == ["EURUSD"]
    assert seen.looked_ns == seen.fresh_ns > 0


async def test_an_outage_leaves_the_last_known_values() -> None:
    """When the terminal goes, the connection says so and account and positions stay as last seen."""
    terminal = FakeTerminal(positions_get=[POSITION])
    watch = watching(terminal)
    await watch.look()
    fresh = watch.latest.fresh_ns
    terminal.state = WorkerState(alive=True, ready=False, reason="gone", last_error=(-10004, "No IPC connection"))
    await watch.look()
    assert watch.latest.connection.reason == "gone"
    assert watch.latest.account is not None
    assert len(watch.latest.positions) == 1
    assert watch.latest.fresh_ns == fresh < watch.latest.looked_ns


@pytest.mark.parametrize("function", ["terminal_info", "account_info", "positions_get"])
async def test_any_failing_read_is_an_outage(function: str) -> None:
    """A failing read never shows an empty account: the layer is down and the reason is the terminal's."""
    watch = watching(FakeTerminal(**{function: failed(-10004, "No IPC connection")}))
    await watch.look()
    assert not watch.latest.connection.connected
    assert "No IPC connection" in watch.latest.connection.reason
    assert watch.latest.account is None


async def test_subscribers_are_called_after_a_good_look_only() -> None:
    """Who wants to know is told after each look that the terminal answered."""
    terminal = FakeTerminal()
    watch = watching(terminal)
    told: list[int] = []

    async def on_look() -> None:
        told.append(watch.latest.looked_ns)

    watch.subscribe(on_look)
    await watch.look()
    terminal.state = WorkerState(alive=False, ready=False, reason="gone")
    await watch.look()
    assert len(told) == 1


async def test_a_faulty_subscriber_does_not_end_the_looking(caplog: pytest.LogCaptureFixture) -> None:
    """An exception in somebody who listens is logged, and the next look follows."""
    watch = watching(FakeTerminal())
    looks = asyncio.Semaphore(0)

    async def on_look() -> None:
        looks.release()
        raise RuntimeError("listener broke")

    watch.subscribe(on_look)
    watch.start()
    async with asyncio.timeout(5):
        await looks.acquire()
        await looks.acquire()
    await watch.close()
    assert "listener broke" in caplog.text


async def test_changes_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line when the connection changes, none while it stays as it is."""
    terminal = FakeTerminal()
    watch = watching(terminal)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            await watch.look()
        terminal.functions["terminal_info"] = {**TERMINAL, "connected": False}
        for _ in range(3):
            await watch.look()
    lines = [record.message for record in caplog.records]
    assert [line.split(":")[0] for line in lines] == ["Terminal connected", "Terminal"]
