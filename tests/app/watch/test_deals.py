"""Which deals are asked for, and which of them are new."""

from __future__ import annotations

from app.watch.deals import MARGIN_NS, WIDE_EVERY, WIDE_NS, DayDeals
from tests.app.trading.journal.test_deals import a_deal

DAY_NS = 1_800_000_000 * 10**9
NOW_NS = DAY_NS + 2 * 86_400 * 10**9


def test_a_first_start_asks_for_the_day_and_then_for_what_is_new() -> None:
    """From the beginning of the day, afterwards from a margin before the newest deal; each deal is new once."""
    deals = DayDeals(lambda: None)
    assert deals.from_ns(DAY_NS) == DAY_NS
    first, second = a_deal(1, time_msc=DAY_NS // 10**6 + 5_000), a_deal(2, time_msc=DAY_NS // 10**6 + 9_000)
    assert deals.take((first,), DAY_NS, NOW_NS) == (first,)
    assert deals.from_ns(DAY_NS) == first.time_ns - MARGIN_NS
    assert deals.take((first, second), DAY_NS, NOW_NS) == (second,)
    assert deals.of_day == (first, second)


def test_a_program_that_was_away_asks_for_everything_since() -> None:
    """What happened before the day is new too, and no deal of the day."""
    written = DAY_NS - 3 * 86_400 * 10**9
    deals = DayDeals(lambda: written)
    assert deals.from_ns(DAY_NS) == written - WIDE_NS
    old = a_deal(1, time_msc=(written + 10**9) // 10**6)
    assert deals.take((old,), DAY_NS, NOW_NS) == (old,)
    assert deals.of_day == ()


def test_without_a_deal_it_goes_on_from_the_day() -> None:
    """An old journal is not asked for again with every look."""
    deals = DayDeals(lambda: 5)
    deals.take((), DAY_NS, NOW_NS)
    assert deals.from_ns(DAY_NS) == DAY_NS - MARGIN_NS


def test_a_new_day_begins_empty() -> None:
    """Yesterday's deals leave the day when it ends, and are not new again."""
    deals = DayDeals(lambda: None)
    late = a_deal(1, time_msc=(DAY_NS + 86_399 * 10**9) // 10**6)
    deals.take((late,), DAY_NS, NOW_NS)
    next_day = DAY_NS + 86_400 * 10**9
    assert deals.take((late,), next_day, NOW_NS) == ()
    assert deals.of_day == ()


def test_after_an_outage_the_day_is_asked_for_again() -> None:
    """What happened meanwhile may carry older times than the newest deal seen."""
    deals = DayDeals(lambda: None)
    deals.take((a_deal(1, time_msc=DAY_NS // 10**6 + 3_600_000),), DAY_NS, NOW_NS)
    deals.ask_all_again()
    assert deals.from_ns(DAY_NS) == DAY_NS


def test_now_and_then_it_asks_further_back() -> None:
    """A deal that a terminal shows late is found within a minute or so."""
    deals = DayDeals(lambda: None)
    deals.take((a_deal(1, time_msc=DAY_NS // 10**6 + 5_000),), DAY_NS, NOW_NS)
    asked = {deals.from_ns(DAY_NS) for _ in range(WIDE_EVERY)}
    newest_ns = DAY_NS + 5 * 10**9
    assert asked == {newest_ns - MARGIN_NS, newest_ns - WIDE_NS}


def test_a_deal_whose_time_is_ahead_hides_no_later_one() -> None:
    """The server's clock jumped and came back: what is made now is asked for all the same."""
    deals = DayDeals(lambda: None)
    now_ns = DAY_NS + 3_600 * 10**9
    ahead = a_deal(1, time_msc=(now_ns + 3 * 3_600 * 10**9) // 10**6)
    assert deals.take((ahead,), DAY_NS, now_ns) == (ahead,)
    assert deals.from_ns(DAY_NS) == now_ns - MARGIN_NS
