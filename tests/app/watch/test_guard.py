"""Reads while the terminal is known to be away."""

from __future__ import annotations

import dataclasses
import time

from app.broker.archive import Archive
from app.broker.gateway import Gateway
from app.broker.server_time import ServerTime
from app.domain.account import Unavailable
from app.domain.clock import SystemClock
from app.domain.connection import Connection
from app.watch.guard import LiveReads, PastReads, known_away
from app.watch.poller import Watch
from tests.support.terminal import FakeTerminal, failed

LOST = Connection(worker=True, terminal=True, account=True, reason="the broker is gone")


def reads(terminal: FakeTerminal) -> tuple[Watch, LiveReads, PastReads]:
    """A watch, and the reads over its terminal."""
    clock = SystemClock()
    gateway = Gateway(terminal, clock=clock, server_time=ServerTime(0), simulated=True)
    watch = Watch(gateway, clock=clock)
    return watch, LiveReads(gateway, watch), PastReads(Archive(terminal, gateway, clock=clock), watch)


async def test_nothing_is_asked_of_a_terminal_that_is_away() -> None:
    """Every read says at once what the last look found, however willing the terminal is to show old records."""
    terminal = FakeTerminal()
    watch, live, past = reads(terminal)
    watch.latest = dataclasses.replace(watch.latest, connection=LOST, looked_ns=time.time_ns())
    expected = Unavailable(reason="the broker is gone")
    assert await live.account() == expected
    assert await live.positions() == expected
    assert await live.orders() == expected
    assert await live.symbol("EURUSD") == expected
    assert await live.tick("EURUSD") == expected
    assert await live.broker_name("EURUSD") == expected
    assert await past.symbols() == expected
    assert await past.bars("EURUSD", "M1", since_ns=None, until_ns=None, count=1) == expected
    assert await past.ticks("EURUSD", since_ns=None, until_ns=None, count=1) == expected
    assert await past.deals(0, 1) == expected
    assert await past.orders(0, 1) == expected
    assert terminal.calls == []


async def test_before_the_first_look_the_terminal_is_asked() -> None:
    """Nobody knows yet that it is away."""
    watch, live, past = reads(FakeTerminal())
    assert known_away(watch) is None
    assert not isinstance(await live.account(), Unavailable)
    assert not isinstance(await past.symbols(), Unavailable)


async def test_a_look_that_was_not_answered_refuses_nothing() -> None:
    """A terminal that is busy with a slow call is asked all the same: it may be free again before the next look."""
    watch, live, past = reads(FakeTerminal())
    slow = Connection(worker=True, reason="its deadline passed while it waited for the terminal")
    watch.latest = dataclasses.replace(watch.latest, connection=slow, looked_ns=1)
    assert known_away(watch) is None
    assert not isinstance(await live.account(), Unavailable)
    assert not isinstance(await past.symbols(), Unavailable)


async def test_what_the_terminal_said_long_ago_is_not_believed() -> None:
    """A look that keeps failing leaves no old word standing in the way: whoever asks, asks the terminal."""
    watch, live, _ = reads(FakeTerminal())
    watch.latest = dataclasses.replace(watch.latest, connection=LOST, looked_ns=time.time_ns() - 6 * 10**9)
    assert not isinstance(await live.account(), Unavailable)


async def test_one_failing_read_of_positions_refuses_nothing_else() -> None:
    """A terminal that could not list its positions once is asked all the same."""
    watch, live, _ = reads(FakeTerminal(positions_get=failed(-1, "Terminal: Call failed")))
    await watch.look()
    assert not watch.latest.connection.connected
    assert not isinstance(await live.account(), Unavailable)
