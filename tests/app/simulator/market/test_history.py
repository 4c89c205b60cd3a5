"""Bars and ticks out of history: their places in time, their directions, their limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator import SimulatorModule
from app.simulator.market.history import TIMEFRAMES
from app.simulator.market.laps import FIRST_HOUR
from app.simulator.vocabulary.structs import RATES, TICKS
from tests.app.simulator.conftest import terminal_behind

NOW_S = 1_773_146_096  # 2026-03-10 12:34:56 UTC
SERVER_NOW_S = NOW_S + 7200
HOUR, DAY = 3600, 86_400
FRAMES = sorted(TIMEFRAMES)


def server_time(*fields: int) -> int:
    """Seconds of a server clock's face."""
    year, month, day, hour, minute = (*fields, 0, 0)[:5]
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())


def opens(rates: Any) -> list[int]:
    """The open times of bars."""
    return [int(time) for time in rates["time"]]


@pytest.mark.parametrize("frame", FRAMES)
def test_bars_are_the_aggregate_of_their_minutes(mt5: Any, frame: int) -> None:
    """Every timeframe's last finished bar and forming bar have exactly the price and volume of their minutes."""
    bars = mt5.copy_rates_from_pos("EURUSD", frame, 0, 2)
    ends = [int(bars["time"][1]), SERVER_NOW_S + 1]

    for bar, end in zip(bars, ends, strict=True):
        minutes = mt5.copy_rates_range("EURUSD", mt5.TIMEFRAME_M1, int(bar["time"]), end - 1)
        assert bar["open"] == minutes["open"][0]
        assert bar["high"] == minutes["high"].max()
        assert bar["low"] == minutes["low"].min()
        assert bar["close"] == minutes["close"][-1]
        assert bar["tick_volume"] == minutes["tick_volume"].sum()
        assert bar["spread"] == minutes["spread"].min()


def test_the_forming_minute_is_made_of_its_ticks(mt5: Any, clock: Any) -> None:
    """The newest minute holds the ticks so far and nothing of the future."""
    for _ in range(30):
        clock.advance(2.0)
        bar = mt5.copy_rates_from_pos("GBPUSD", mt5.TIMEFRAME_M1, 0, 1)[0]
        ticks = mt5.copy_ticks_from("GBPUSD", int(bar["time"]), 10_000, mt5.COPY_TICKS_ALL)
        last = mt5.symbol_info_tick("GBPUSD")

        assert bar["tick_volume"] == len(ticks)
        assert round(bar["close"], 5) == ticks["bid"][-1] == last.bid
        assert (round(bar["high"], 5), round(bar["low"], 5)) == (ticks["bid"].max(), ticks["bid"].min())
        assert ticks["time_msc"][-1] == last.time_msc


@pytest.mark.parametrize(
    ("frame", "start"),
    [
        ("M1", (2026, 3, 10, 14, 34)),
        ("M5", (2026, 3, 10, 14, 30)),
        ("M20", (2026, 3, 10, 14, 20)),
        ("H1", (2026, 3, 10, 14)),
        ("H4", (2026, 3, 10, 12)),
        ("H12", (2026, 3, 10, 12)),
        ("D1", (2026, 3, 10)),
        ("W1", (2026, 3, 8)),
        ("MN1", (2026, 3, 1)),
    ],
)
def test_bars_open_where_the_servers_clock_says(mt5: Any, frame: str, start: tuple[int, ...]) -> None:
    """Days begin at the server's midnight, weeks on Sunday, months on day 1."""
    newest = mt5.copy_rates_from_pos("EURUSD", getattr(mt5, f"TIMEFRAME_{frame}"), 0, 1)

    assert opens(newest) == [server_time(*start)]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(FRAMES), st.integers(0, 50), st.integers(1, 50), st.sampled_from([0, 7200, 10800, 19800]))
def test_positions_count_back_from_the_forming_bar(frame: int, skip: int, count: int, offset: int) -> None:
    """Bars `skip` to `skip + count` from the end are the same whichever way they are asked for, in ascending order."""
    mt5 = _connected(offset)
    whole = mt5.copy_rates_from_pos("EURUSD", frame, 0, skip + count)
    part = mt5.copy_rates_from_pos("EURUSD", frame, skip, count)
    by_date = mt5.copy_rates_from("EURUSD", frame, int(part["time"][-1]), count)
    by_range = mt5.copy_rates_range("EURUSD", frame, int(part["time"][0]), int(part["time"][-1]))
    mt5.shutdown()

    assert len(part) == count
    assert (np.diff(part["time"]) > 0).all()
    assert part.tolist() == whole[:count].tolist() == by_date.tolist() == by_range.tolist()


def _connected(offset: int) -> Any:
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=lambda: NOW_S + 0.789, utc_offset_s=offset)
    assert mt5.initialize()
    return mt5


def test_range_includes_both_ends_by_open_time(mt5: Any) -> None:
    """A bar counts when it opens inside the range."""
    ten = server_time(2026, 3, 9, 10)
    hours = mt5.copy_rates_range("EURUSD", mt5.TIMEFRAME_H1, ten, ten + 2 * HOUR)
    inner = mt5.copy_rates_range("EURUSD", mt5.TIMEFRAME_H1, ten + 1, ten + 2 * HOUR - 1)

    assert opens(hours) == [ten, ten + HOUR, ten + 2 * HOUR]
    assert opens(inner) == [ten + HOUR]
    assert len(mt5.copy_rates_range("EURUSD", mt5.TIMEFRAME_D1, ten + 1, ten + 2)) == 0
    assert mt5.last_error() == (1, "Success")


def test_from_a_date_in_the_future_ends_at_the_forming_bar(mt5: Any) -> None:
    """The future has no bars."""
    late = mt5.copy_rates_from("EURUSD", mt5.TIMEFRAME_M1, SERVER_NOW_S + DAY, 3)

    assert opens(late)[-1] == SERVER_NOW_S // 60 * 60


def test_history_begins_with_the_recording(mt5: Any) -> None:
    """Before the first recorded hour there is nothing, and the first bar is the first recorded one."""
    first = FIRST_HOUR * HOUR + 7200

    assert len(mt5.copy_rates_range("EURUSD", mt5.TIMEFRAME_H1, first - DAY, first - 1)) == 0
    assert opens(mt5.copy_rates_from("EURUSD", mt5.TIMEFRAME_H1, first + HOUR, 50)) == [first, first + HOUR]
    assert len(mt5.copy_ticks_range("EURUSD", first - DAY, first - 1, mt5.COPY_TICKS_ALL)) == 0
    assert opens(mt5.copy_ticks_from("EURUSD", 0, 1, mt5.COPY_TICKS_ALL))[0] // 60 == first // 60


def test_before_all_history_nothing_is_made(mt5: Any) -> None:
    """Bars that would lie before the first one are none, and no price is made to find that out."""
    feed = terminal_behind(mt5).market.feeds["EURJPY"]
    feed.hours = None

    assert len(mt5.copy_rates_from_pos("EURJPY", mt5.TIMEFRAME_D1, 10_000, 10)) == 0
    assert mt5.last_error() == (1, "Success")
    assert len(mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_H1, 70_000, 29_999)) > 0


def test_arrays_are_the_packages(mt5: Any) -> None:
    """Arrays have the exact layout, own their data and cannot be written to."""
    rates = mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, 3)
    ticks = mt5.copy_ticks_from("EURUSD", SERVER_NOW_S - 60, 3, mt5.COPY_TICKS_ALL)

    assert (rates.dtype, ticks.dtype) == (RATES, TICKS)
    for array in (rates, ticks, ticks[:0]):
        assert not array.flags.writeable
    assert rates.flags.owndata
    assert ticks.flags.owndata
    with pytest.raises(ValueError, match="assignment destination is read-only"):
        rates["open"] = 1.0


def test_ticks_go_forward(mt5: Any) -> None:
    """copy_ticks_from starts at the date, keeps order, and marks ticks as history's."""
    since = SERVER_NOW_S - 600
    ticks = mt5.copy_ticks_from("EURUSD", since, 100, mt5.COPY_TICKS_ALL)

    assert len(ticks) == 100
    assert ticks["time_msc"][0] >= since * 1000
    assert (np.diff(ticks["time_msc"]) > 0).all()
    assert (ticks["time"] == ticks["time_msc"] // 1000).all()
    assert set(ticks["flags"].tolist()) <= {0x82, 0x84, 0x86}
    assert (ticks["ask"] > ticks["bid"]).all()


def test_tick_flags_say_what_moved(mt5: Any) -> None:
    """A tick that is flagged for one side only moved that side only."""
    ticks = mt5.copy_ticks_from("EURUSD", SERVER_NOW_S - HOUR, 2000, mt5.COPY_TICKS_ALL)
    bid_moved, ask_moved = (np.diff(ticks[side]) != 0 for side in ("bid", "ask"))
    flags = ticks["flags"][1:] & 0x7F

    assert (ask_moved[flags == 4]).all()
    assert not (bid_moved[flags == 4]).any()
    assert not (ask_moved[flags == 2]).any()


def test_tick_ranges_join(mt5: Any) -> None:
    """Two halves of a range hold what the whole holds; the end second belongs to it."""
    since, middle, until = SERVER_NOW_S - 900, SERVER_NOW_S - 500, SERVER_NOW_S - 100
    whole, first, second = (
        mt5.copy_ticks_range("EURUSD", start, end, mt5.COPY_TICKS_INFO)
        for start, end in ((since, until), (since, middle), (middle, until))
    )

    assert len(whole) == len(np.union1d(first["time_msc"], second["time_msc"]))
    assert whole["time_msc"][-1] <= until * 1000


def test_there_are_no_trade_ticks(mt5: Any) -> None:
    """Foreign exchange has no trades to show: an empty array, not a failure."""
    ticks = mt5.copy_ticks_range("EURUSD", SERVER_NOW_S - 60, SERVER_NOW_S, mt5.COPY_TICKS_TRADE)

    assert ticks.shape == (0,)
    assert mt5.last_error() == (1, "Success")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda mt5: mt5.copy_rates_from_pos("NOPE", 1, 0, 1), (-4, "Terminal: Not found")),
        (lambda mt5: mt5.copy_ticks_from("NOPE", 1, 1, -1), (-4, "Terminal: Not found")),
        (lambda mt5: mt5.copy_rates_from_pos("EURUSD", 7, 0, 1), (-2, "Terminal: Invalid params")),
        (lambda mt5: mt5.copy_rates_from_pos("EURUSD", 1, -1, 1), (-2, "Terminal: Invalid params")),
        (lambda mt5: mt5.copy_rates_from_pos("EURUSD", 1, 0, 0), (-2, "Terminal: Invalid params")),
        (lambda mt5: mt5.copy_rates_from_pos("EURUSD", 1, 0, 100_000), (-2, "Terminal: Invalid params")),
        (lambda mt5: mt5.copy_rates_from_pos("EURJPY", 1, 2**31 - 1, 10), (-2, "Terminal: Invalid params")),
        (lambda mt5: mt5.copy_rates_from_pos("EURUSD", 1, 99_999, 2), (-2, "Terminal: Invalid params")),
        (lambda mt5: mt5.copy_rates_range("EURUSD", 1, 2, 1), (-2, "Terminal: Invalid params")),
        (lambda mt5: mt5.copy_rates_range("EURUSD", 1, 1, SERVER_NOW_S), (-2, "Terminal: Invalid params")),
        (lambda mt5: mt5.copy_ticks_range("EURUSD", 2, 1, -1), (-2, "Terminal: Invalid params")),
        (lambda mt5: mt5.copy_ticks_from("EURUSD", 1, 0, -1), (-2, "Terminal: Invalid params")),
        (lambda mt5: mt5.copy_ticks_from("EURUSD", 1, 1, 9), (-2, "Terminal: Invalid params")),
        (lambda mt5: mt5.copy_ticks_range("EURUSD", 1, SERVER_NOW_S, -1), (-3, "Terminal: Out of memory")),
        (lambda mt5: mt5.copy_ticks_from("EURUSD", 1, 2**31 - 1, -1), (-3, "Terminal: Out of memory")),
    ],
)
def test_what_the_terminal_refuses(mt5: Any, call: Callable[[Any], Any], error: tuple[int, str]) -> None:
    """Unknown symbols and timeframes, turned ranges and too much at once are None with a reason."""
    assert call(mt5) is None
    assert mt5.last_error() == error
