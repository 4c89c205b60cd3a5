"""Signals and other exceptions out of nowhere: a call is done or was never made."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.books import schema
from app.simulator.surface.signals import uninterrupted
from tests.app.simulator.conftest import NOW_S

SEEN: list[int] = []


class Bell(BaseException):
    """What the handlers of these tests raise."""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Handlers of two signals that all systems have, each of which raises."""

    def ring(number: int, frame: FrameType | None) -> None:
        SEEN.append(number)
        raise Bell(number)

    SEEN.clear()
    before = {number: signal.signal(number, ring) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Clock:
    """A clock that does something when it is looked at, if it is set to."""

    def __init__(self) -> None:
        self.does: list[Any] = []

    def __call__(self) -> float:
        """The time."""
        if self.does:
            self.does.pop()()
        return NOW_S


def raising() -> None:
    """Raise what a debugger, or another thread, may raise anywhere."""
    raise Bell


def ringing() -> None:
    """Have the process told something."""
    signal.raise_signal(signal.SIGINT)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """The file of the books."""
    return tmp_path / "simulator.sqlite"


@pytest.fixture
def bell() -> Clock:
    """The simulator's clock."""
    return Clock()


@pytest.fixture
def mt5(ledger: Path, bell: Clock) -> Iterator[Any]:
    """A connected module on that clock."""
    module: Any = SimulatorModule(ledger=ledger, clock=bell)
    assert module.initialize()
    yield module
    module.shutdown()


def test_a_signal_comes_after_the_call(mt5: Any, bell: Clock, buy: dict[str, Any]) -> None:
    """As with the vendor's: the handler's exception takes the result away, and the order is in the books."""
    handler = signal.getsignal(signal.SIGINT)
    bell.does.append(ringing)

    with pytest.raises(Bell):
        mt5.order_send(buy)

    assert signal.getsignal(signal.SIGINT) is handler
    assert mt5.positions_total() == 1
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE


def test_a_handler_may_wait_for_another_thread(mt5: Any, bell: Clock, buy: dict[str, Any]) -> None:
    """It runs when the call has let go: what it waits for in another thread may trade meanwhile."""
    ended: list[bool] = []

    def wait(number: int, frame: FrameType | None) -> None:
        thread = threading.Thread(target=mt5.order_send, args=(buy,), daemon=True)
        thread.start()
        thread.join(30)
        ended.append(not thread.is_alive())

    signal.signal(signal.SIGINT, wait)
    bell.does.append(ringing)

    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE
    assert ended == [True]
    assert mt5.positions_total() == 2


def test_what_breaks_a_call_off_leaves_the_books_free(mt5: Any, bell: Clock, buy: dict[str, Any], ledger: Path) -> None:
    """Nothing of the call was done, and neither this process nor another waits for it."""
    bell.does.append(raising)

    with pytest.raises(Bell):
        mt5.order_send(buy)

    with closing(sqlite3.connect(ledger, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
    assert mt5.positions_total() == 0
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE


class Interrupted(sqlite3.Connection):
    """A connection that is broken off right after it has begun to write."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Do it, and raise."""
        cursor = super().execute(sql, *values)
        if sql.startswith("BEGIN"):
            raise Bell
        return cursor


def test_a_transaction_that_has_just_begun_ends_too() -> None:
    """What comes between its beginning and the first statement rolls it back."""
    with closing(sqlite3.connect(":memory:", isolation_level=None, factory=Interrupted)) as connection:
        with pytest.raises(Bell), schema.writing(connection):
            pass

        assert not connection.in_transaction


def test_no_signal_is_lost() -> None:
    """Two that come in one call are handled both, in their order, though the first raises."""

    def call() -> None:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(Bell):
        uninterrupted(call)

    assert SEEN == [signal.SIGTERM, signal.SIGINT]


def test_a_substitute_that_stays_is_the_handler() -> None:
    """What a program has read and set again during a call does what its handler does, and goes with the next call."""
    handler = signal.getsignal(signal.SIGINT)
    left = uninterrupted(lambda: signal.getsignal(signal.SIGINT))
    signal.signal(signal.SIGINT, left)

    with pytest.raises(Bell):
        signal.raise_signal(signal.SIGINT)
    uninterrupted(lambda: None)

    assert signal.getsignal(signal.SIGINT) is handler


def test_other_threads_change_no_handler() -> None:
    """Handlers are the main thread's: a call in another leaves them."""
    handler = signal.getsignal(signal.SIGINT)
    seen: list[Any] = []
    thread = threading.Thread(target=lambda: seen.append(uninterrupted(lambda: signal.getsignal(signal.SIGINT))))
    thread.start()
    thread.join()
    assert seen == [handler]
