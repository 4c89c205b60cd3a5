"""Figures that only the page shows."""

from __future__ import annotations

from app.bootstrap.page import hourly
from app.monitoring.ledger import Ledger
from tests.support.clock import MovedClock

HOUR_NS = 3_600 * 10**9


def test_events_stand_in_the_hour_they_came_in() -> None:
    """Oldest first, the present hour last, each counted once; what is a day old is gone."""
    clock = MovedClock()
    ledger = Ledger(clock=clock)
    for count, hours in ((5, 1), (2, 20), (1, 2), (3, 0)):
        for _ in range(count):
            ledger.count("wrong")
        clock.now_ns += hours * HOUR_NS
    found = hourly(ledger, "wrong")
    assert (len(found), found[-1], sum(found)) == (24, 3, 3 + 1 + 2 + 5)
    clock.now_ns += 25 * HOUR_NS
    assert hourly(ledger, "wrong") == [0] * 24
