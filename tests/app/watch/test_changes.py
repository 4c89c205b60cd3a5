"""What changed between two looks, told once to everybody who listens."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from app.broker.records import pending_from, position_from
from app.domain.account import Tick
from app.domain.connection import Connection
from app.domain.orders import Lifetime
from app.watch.changes import (
    Change,
    Changes,
    ConnectionLost,
    ConnectionRestored,
    FeedChanged,
    OrdersChanged,
    PositionChanged,
    PositionClosed,
    PositionOpened,
    TradingChanged,
    changes_between,
)
from app.watch.state import Snapshot
from tests.support.terminal import POSITION

UP = Connection(worker=True, terminal=True, broker=True, account=True, trading=True, reason="", next_step="")
LOST = dataclasses.replace(UP, broker=False, trading=False, reason="lost")
HELD = position_from(POSITION)
BEFORE = Snapshot(connection=UP, positions=(HELD,), fresh_ns=10**9, looked_ns=10**9)
PENDING = pending_from(
    {"ticket": 5, "symbol": "EURUSD", "type": 2, "volume_initial": 0.1, "volume_current": 0.1, "price_open": 1.0,
     "sl": 0.0, "tp": 0.0, "magic": 0, "comment": "", "time_setup_msc": 1_000}, Lifetime(type=0, until=0),
)  # fmt: skip


def after(**changes: Any) -> list[Change]:
    """What a look three seconds later tells."""
    seen = dataclasses.replace(BEFORE, **{"fresh_ns": 4 * 10**9, "looked_ns": 4 * 10**9, **changes})
    return list(changes_between(BEFORE, seen))


def test_nothing_new_tells_nothing() -> None:
    """A look that saw the same is no news, and neither is floating profit."""
    assert after() == []
    assert after(positions=(dataclasses.replace(HELD, profit=99.0),)) == []


def test_positions_that_come_go_and_change() -> None:
    """A new ticket, a moved stop and a missing ticket are one change each."""
    other = dataclasses.replace(HELD, ticket=32)
    assert after(positions=(HELD, other)) == [PositionOpened(other)]
    moved = dataclasses.replace(HELD, sl=1.05)
    assert after(positions=(moved,)) == [PositionChanged(HELD, moved)]
    assert after(positions=()) == [PositionClosed(HELD)]


def test_pending_orders_that_change() -> None:
    """Another pending order or another price of one is told with all of them."""
    assert after(orders=(PENDING,)) == [OrdersChanged((PENDING,))]


def test_a_lost_connection_hides_no_position() -> None:
    """While the terminal is away nothing is told closed; the loss is told, and the return with its length."""
    (lost,) = after(connection=LOST, fresh_ns=10**9)
    assert lost == ConnectionLost(LOST, 4 * 10**9)
    away = dataclasses.replace(BEFORE, connection=LOST)
    back = dataclasses.replace(BEFORE, fresh_ns=6 * 10**9, looked_ns=6 * 10**9)
    assert list(changes_between(away, back)) == [ConnectionRestored(6 * 10**9, 5.0)]


def test_the_first_look_is_no_news() -> None:
    """Positions that were there before the program started were not opened now."""
    assert list(changes_between(Snapshot(), BEFORE)) == []


def test_trading_switched_off_and_prices_standing_still() -> None:
    """Both are told while connected."""
    off = dataclasses.replace(UP, trading=False, reason="off")
    assert after(connection=off) == [TradingChanged(False, off)]
    tick = Tick(symbol="EURUSD", bid=1.0, ask=1.1, time_msc=1_000, record={})
    frozen = {"frozen": True, "offset_s": 0, "never_closes": True, "ticks": {"EURUSD": tick}}
    assert after(**frozen) == [FeedChanged(True, 3.0)]


def test_a_failing_listener_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Every listener is told; one that raises is logged, one that left is told no more."""
    changes, told = Changes(), list[Change]()

    def fail(_: Change) -> None:
        raise RuntimeError("listener broke")

    changes.subscribe(fail)
    leave = changes.subscribe(told.append)
    changes.tell(PositionOpened(HELD))
    leave()
    leave()
    changes.tell(PositionClosed(HELD))
    assert told == [PositionOpened(HELD)]
    assert "listener broke" in caplog.text
