"""Figures of orders, positions and deals."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from app.domain.account import Position
from app.domain.orders import OUTCOME_NAMES, Side
from app.monitoring.figures import FAILED, SUCCESSFUL, Figures, Orders
from app.monitoring.ledger import Ledger
from app.monitoring.windows import DAY_S
from app.trading.journal.counts import DealSums
from app.watch.state import Snapshot
from tests.support.clock import NOON_NS, MovedClock
from tests.support.monitoring import CountedJournal

OUTCOMES = {"filled": 5, "placed": 1, "unchanged": 1, "rejected": 2, "not_sent": 1, "unknown": 1, "denied": 4}


@dataclass
class FakeWatch:
    """Saw this."""

    latest: Snapshot = field(default_factory=Snapshot)


@dataclass
class Desk:
    """The figures, and everything they come from."""

    journal: CountedJournal
    watch: FakeWatch
    ledger: Ledger
    clock: MovedClock
    figures: Figures

    def reset(self) -> None:
        """Begin anew."""
        self.ledger.reset(self.figures.ever().counts())


@pytest.fixture
def desk() -> Desk:
    """Some of everything."""
    clock = MovedClock()
    journal, watch, ledger = CountedJournal(outcomes=dict(OUTCOMES)), FakeWatch(), Ledger(clock=clock)
    return Desk(journal, watch, ledger, clock, Figures(journal=journal, watch=watch, ledger=ledger, clock=clock))


def test_every_outcome_is_successful_failed_or_denied() -> None:
    """No outcome is forgotten, none is two of these."""
    assert sorted([*SUCCESSFUL, *FAILED, "denied"]) == sorted(OUTCOME_NAMES)


def test_orders_by_what_came_of_them(desk: Desk) -> None:
    """Successful: filled, placed, unchanged; failed: rejected, not sent, unknown; denied ones are in no total."""
    orders = desk.figures.ever().orders
    assert (orders.successful, orders.failed, orders.denied, orders.total) == (7, 4, 4, 11)
    assert orders.success_rate == 7 / 11
    assert Orders().success_rate == 0.0


def test_a_reset_shows_what_came_after_it(desk: Desk) -> None:
    """Orders, positions and lost connections begin at zero; what there was ever, and today, stays."""
    desk.journal.opened, desk.journal.closed, desk.journal.failures = 3, 2, 1
    today = desk.figures.orders_today()
    desk.reset()
    assert set(desk.figures.shown().counts().values()) == {0}
    assert desk.figures.orders_within(3_600) == Orders()
    desk.journal.outcomes["filled"] += 2
    desk.journal.opened += 1
    desk.journal.failures += 1
    shown = desk.figures.shown()
    assert (shown.orders, shown.positions_opened, shown.positions_closed, shown.connection_failures) == (
        Orders(2, 0, 0),
        1,
        0,
        1,
    )
    assert desk.figures.orders_within(3_600) == Orders(2, 0, 0)
    assert desk.figures.ever().orders.successful == today.successful + 2


def test_the_rate_of_a_window_is_asked_of_the_journal(desk: Desk) -> None:
    """Once the reset is older than the window, orders are those that arrived within it."""
    desk.reset()
    desk.clock.advance(3_601)
    desk.figures.orders_within(3_600)
    assert desk.journal.asked_since_ns[-1] == desk.clock.now_ns - 3_600 * 10**9


def test_today_begins_at_broker_midnight(desk: Desk) -> None:
    """The watch knows when; until it does the day is that of UTC."""
    assert desk.figures.day_start_ns() == NOON_NS - DAY_S // 2 * 10**9
    desk.watch.latest = Snapshot(day_start_ns=NOON_NS - 14 * 3_600 * 10**9)
    assert desk.figures.day_start_ns() == NOON_NS - 14 * 3_600 * 10**9
    desk.figures.today()
    assert set(desk.journal.asked_since_ns) == {NOON_NS - 14 * 3_600 * 10**9}


def test_today(desk: Desk) -> None:
    """Orders, deals, positions and result of the day; floating is what open positions would bring."""
    position = Position(
        ticket=1,
        symbol="EURUSD",
        side=Side.BUY,
        volume=1,
        price_open=1.1,
        profit=3.0,
        swap=-0.5,
        magic=0,
        record={},
    )
    desk.watch.latest = Snapshot(positions=(position,))
    desk.journal.sums = DealSums(since_ns=0, deals=9, opened=5, closed=4, pnl=-1.25)
    day = desk.figures.today()
    assert (day.deals, day.pnl, day.floating, day.positions_opened, day.positions_closed) == (9, -1.25, 2.5, 5, 4)
    assert day.orders == Orders(7, 4, 4)


def test_todays_orders_are_counted_on(desk: Desk) -> None:
    """The journal is asked for the day once; what is decided later is added, and a new day begins anew."""
    assert desk.figures.orders_today() == Orders(7, 4, 4)
    desk.journal.outcomes["filled"] += 2
    desk.journal.outcomes["denied"] += 1
    assert desk.figures.orders_today() == Orders(9, 4, 5)
    assert len(desk.journal.asked_since_ns) == 1
    desk.clock.advance(DAY_S)
    desk.figures.orders_today()
    assert len(desk.journal.asked_since_ns) == 2


def test_just_after_midnight_the_journal_is_asked_each_time(desk: Desk) -> None:
    """An order that is under way over midnight arrived yesterday, however late it is decided."""
    desk.clock.advance(DAY_S / 2 + 30)
    for _ in range(3):
        desk.figures.orders_today()
    assert len(desk.journal.asked_since_ns) == 3


def test_failures_for_the_condition_know_no_reset(desk: Desk) -> None:
    """An alert goes on over a reset: today's failures, or those of a window."""
    desk.reset()
    assert desk.figures.failed_within(None) == 4
    assert desk.figures.failed_within(30) == 4
    assert desk.journal.asked_since_ns[-1] == NOON_NS - 30 * 10**9


def test_deals_ever_are_trades(desk: Desk) -> None:
    """Money paid in is no deal that is counted here."""
    desk.journal.deals_ever = 6
    assert desk.figures.deals_ever() == 6
