"""Whoever waits for a price is told of its first tick beyond, and nothing is looked at twice."""

from __future__ import annotations

import pytest

from app.simulator.due.sentry import Sentry
from app.simulator.due.triggers import Corridor, below
from app.simulator.market.market import Market
from app.simulator.vocabulary.symbols import SYMBOLS
from tests.app.simulator.conftest import NOW_S, FakeClock

NOW_MSC = int(NOW_S * 1000)
DAY_MS = 86_400_000


@pytest.fixture
def market() -> Market:
    """The symbols as they are."""
    return Market(seed=1, clock=FakeClock())


def corridor(market: Market) -> Corridor:
    """What the ask leaves when it falls by a few points."""
    spec, quote = market.specs[SYMBOLS[0].name], market.quote_or_raise(SYMBOLS[0].name, NOW_MSC)
    return below(spec, spec.price(quote.ask - 3), on_ask=True)


def test_many_looks_find_what_one_finds(market: Market) -> None:
    """Piece by piece or at once, it is the same first tick."""
    watched = corridor(market)
    at_once = Sentry(market).touch("EURUSD", watched, NOW_MSC, NOW_MSC + DAY_MS)
    sentry, until_msc, found = Sentry(market), NOW_MSC, None
    while found is None:
        until_msc += 7_000
        sentry.begin_round()
        found = sentry.touch("EURUSD", watched, NOW_MSC, until_msc)

    assert found == at_once
    assert until_msc - 7_000 < found.time_msc <= until_msc


def test_what_is_known_of_later_is_not_told_before(market: Market) -> None:
    """One who may only know of an earlier instant is not told of the tick that another has seen."""
    sentry, watched = Sentry(market), corridor(market)
    touch = sentry.touch("EURUSD", watched, NOW_MSC, NOW_MSC + DAY_MS)
    assert touch is not None
    assert sentry.touch("EURUSD", watched, NOW_MSC, touch.time_msc - 1) is None
    assert sentry.touch("EURUSD", watched, NOW_MSC, touch.time_msc) == touch
