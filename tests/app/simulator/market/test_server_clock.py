"""The server's wall clock, with and without summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.simulator.market.server_clock import ServerClock, SummerTime
from tests.app.simulator.conftest import shows_again

seconds = st.integers(1_167_609_600, 2_145_916_800)  # 2007, when New York's rule began, to 2037
rules = st.sampled_from(["none", "europe", "new_york"])
HOUR = 3600


CHANGES = {
    "europe": [(2024, 3, 31), (2024, 10, 27), (2025, 3, 30), (2025, 10, 26), (2026, 3, 29), (2026, 10, 25)],
    "new_york": [(2024, 3, 10), (2024, 11, 3), (2025, 3, 9), (2025, 11, 2), (2026, 3, 8), (2026, 11, 1)],
}
HOURS_UTC = {"europe": (1, 1), "new_york": (7, 6)}


@pytest.mark.parametrize("rule", ["europe", "new_york"])
def test_known_changes(rule: SummerTime) -> None:
    """The clocks of three years changed on these Sundays, at these hours UTC, and at no other time."""
    clock = ServerClock(7200, rule)
    changes = [
        int(datetime(*day, HOURS_UTC[rule][number % 2], tzinfo=UTC).timestamp())
        for number, day in enumerate(CHANGES[rule])
    ]
    hours = np.arange(1_704_067_200, 1_798_761_600, HOUR)  # 2024 to 2026
    offsets = clock.offsets(hours)

    assert hours[1:][np.diff(offsets) != 0].tolist() == changes
    assert [clock.offset_s(change - 1) for change in changes] == [7200, 10_800] * 3
    assert [clock.offset_s(change) for change in changes] == [10_800, 7200] * 3


@pytest.mark.skipif(not available_timezones(), reason="this system has no time zones to compare with")
@given(seconds)
def test_the_rules_are_those_of_the_places(at: int) -> None:
    """Two hours of winter with Europe's summer are Athens' clock; with New York's, that city's and seven hours."""
    moment = datetime.fromtimestamp(at, UTC)
    athens, new_york = (moment.astimezone(ZoneInfo(name)).utcoffset() for name in ("Europe/Athens", "America/New_York"))
    assert new_york is not None

    assert timedelta(seconds=ServerClock(7200, "europe").offset_s(at)) == athens
    assert timedelta(seconds=ServerClock(7200, "new_york").offset_s(at)) == new_york + timedelta(hours=7)
    assert ServerClock(19_800).offset_s(at) == 19_800


@given(seconds, rules, st.sampled_from([-18_000, 0, 7200, 19_800]))
def test_there_and_back(at: int, rule: SummerTime, offset: int) -> None:
    """Server time leads back to its instant, but for the hour that is shown again, which means the second one."""
    clock = ServerClock(offset, rule)
    shown = clock.to_server_s(at)

    assert clock.to_utc_s(shown) == at + HOUR * shows_again(clock, at)
    assert clock.to_server_msc(at * 1000 + 789) == shown * 1000 + 789
    assert clock.to_utc_msc(shown * 1000 + 789) == clock.to_utc_s(shown) * 1000 + 789


@given(seconds, rules, st.sampled_from([-18_000, 0, 7200, 19_800]))
def test_the_first_of_two(at: int, rule: SummerTime, offset: int) -> None:
    """An hour that is shown twice has a first instant, an hour before its second; all other times have one."""
    clock = ServerClock(offset, rule)
    shown = clock.to_server_s(at)

    assert clock.to_first_utc_s(shown) == clock.to_utc_s(shown) - HOUR * (clock.to_server_s(at - HOUR) == shown)
    assert clock.to_first_utc_s(shown) <= at <= clock.to_utc_s(shown)


@pytest.mark.parametrize("rule", ["europe", "new_york"])
def test_later_is_never_earlier(rule: SummerTime) -> None:
    """Through a whole year a later time by the clock is no earlier instant, and the hour left out is the change's."""
    clock = ServerClock(7200, rule)
    shown = np.arange(1_767_225_600, 1_798_761_600, 600)  # 2026
    instants = clock.to_utc_many(shown)
    change = int(datetime(*CHANGES[rule][4], HOURS_UTC[rule][0], tzinfo=UTC).timestamp())

    assert (np.diff(instants) >= 0).all()
    assert instants.tolist() == [clock.to_utc_s(at) for at in shown.tolist()]
    for left_out_s in (0, 1800, HOUR - 1, HOUR):
        assert clock.to_utc_s(change + 7200 + left_out_s) == change
        assert clock.to_first_utc_s(change + 7200 + left_out_s) == change
        assert clock.to_utc_msc((change + 7200 + left_out_s) * 1000) == change * 1000
    assert clock.to_utc_msc((change + 7200) * 1000 + 999) == change * 1000


@given(st.lists(seconds, min_size=1), rules)
def test_many_at_once(times: list[int], rule: SummerTime) -> None:
    """Arrays are told the same as single instants."""
    clock, many = ServerClock(7200, rule), np.array(times)

    assert clock.to_server_many(many).tolist() == [clock.to_server_s(at) for at in times]
    assert clock.to_utc_many(many).tolist() == [clock.to_utc_s(at) for at in times]


def test_the_hour_shown_twice() -> None:
    """In October the hour before Europe's change is shown again, and no other."""
    clock, change = ServerClock(7200, "europe"), int(datetime(2025, 10, 26, 1, tzinfo=UTC).timestamp())

    assert [shows_again(clock, change + step) for step in (-HOUR - 1, -HOUR, -1, 0)] == [False, True, True, False]
    assert clock.to_server_s(change - 1) - clock.to_server_s(change) == HOUR - 1


@pytest.mark.parametrize(("offset", "rule", "said"), [(90, "none", "whole minutes"), (0, "mars", "summer_time must")])
def test_impossible_clocks(offset: int, rule: SummerTime, said: str) -> None:
    """Seconds, and places nobody knows, are refused."""
    with pytest.raises(ValueError, match=said):
        ServerClock(offset, rule)
