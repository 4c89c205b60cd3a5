"""Whoever waits for a price is told of its first tick beyond, and nothing is looked at twice."""

from __future__ import annotations

import pytest

from app.simulator.due.sentry import Sentry
from app.simulator.due.triggers import Corridor, below
from app.simulator.market.exchange import Exchange
from app.simulator.vocabulary.symbols import SYMBOLS
from tests.app.simulator.conftest import NOW_S, FakeClock

NOW_MSC = int(NOW_S * 1000)
DAY_MS = 86_400_000


@pytest.fixture
def exchange() -> Exchange:
    """The symbols as they are."""
    return Exchange(seed=1, clock=FakeClock())


def lane(exchange: Exchange) -> Corridor:
    """What the ask leaves when it falls by a few points."""
    spec, quote = exchange.specs[SYMBOLS[0].name], exchange.market(SYMBOLS[0].name, NOW_MSC)
    return below(spec, spec.price(quote.ask - 3), on_ask=True)


def test_many_looks_find_what_one_finds(exchange: Exchange) -> None:
    """Piece by piece or at once, it is the same first tick."""
    watched = lane(exchange)
    at_once = Sentry(exchange).touch("EURUSD", watched, NOW_MSC, NOW_MSC + DAY_MS)
    sentry, until_msc, found = Sentry(exchange), NOW_MSC, None
    while found is None:
        until_msc += 7_000
        sentry.begin_round()
        found = sentry.touch("EURUSD", watched, NOW_MSC, until_msc)

    assert found == at_once
    assert until_msc - 7_000 < found.time_msc <= until_msc


def test_what_is_known_of_later_is_not_told_before(exchange: Exchange) -> None:
    """One who may only know of an earlier instant is not told of the tick that another has seen."""
    sentry, watched = Sentry(exchange), lane(exchange)
    touch = sentry.touch("EURUSD", watched, NOW_MSC, NOW_MSC + DAY_MS)
    assert touch is not None
    assert sentry.touch("EURUSD", watched, NOW_MSC, touch.time_msc - 1) is None
    assert sentry.touch("EURUSD", watched, NOW_MSC, touch.time_msc) == touch
