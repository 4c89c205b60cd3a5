"""A folder of minute bars as the market: played as recorded, to the bit."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from app.simulator import SimulatorModule
from app.simulator.market.bar_files import BarsError, read_minutes
from app.simulator.market.history import TIMEFRAMES, History
from app.simulator.market.market import Market
from app.simulator.market.server_clock import ServerClock
from app.simulator.vocabulary.structs import RATES

# In the development group, so only a system that the package does not install on goes without.
pa = pytest.importorskip("pyarrow", reason="bars are files of pyarrow's, the extra `bars`")
pq = pytest.importorskip("pyarrow.parquet")

M1, H1 = TIMEFRAMES[1], TIMEFRAMES[1 | 0x4000]
CLOCK = ServerClock(7200, "new_york")
NAMES = ("time", "open", "high", "low", "close", "tick_volume", "spread")
HOUR, DAY = 3600, 86_400
NOW_MSC = int(datetime(2026, 3, 11, 12, tzinfo=UTC).timestamp()) * 1000


def seconds(*fields: int) -> int:
    """Seconds of a clock's face."""
    year, month, day, hour = (*fields, 0)[:4]
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())


def write(folder: Path, name: str, bars: npt.NDArray[Any]) -> None:
    """Write bars as a terminal's export has them: server time labelled UTC."""
    columns: dict[str, Any] = {column: bars[column] for column in NAMES[1:]}
    time = pa.array(bars["time"] * 1_000_000, pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"time": time, **columns}), folder / name)


def read(path: Path) -> npt.NDArray[Any]:
    """Read such a file as a terminal's array."""
    table = pq.read_table(path)
    rates = np.zeros(len(table), dtype=RATES)
    for name in NAMES[1:]:
        rates[name] = table[name].to_numpy()
    rates["time"] = table["time"].to_numpy().astype("datetime64[s]").astype(np.int64)
    return rates


def history(market: Market, symbol: str, now_msc: int = NOW_MSC) -> History:
    """A symbol's past."""
    return History(market.feeds[symbol], market.specs[symbol], CLOCK, now_msc)


def played(bars: Path) -> Market:
    """The market out of a folder."""
    return Market(seed=1, clock=lambda: NOW_MSC / 1000, server_clock=CLOCK, sessions="real", bars=bars)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Minutes of two months in the form of real ones: pauses, thin minutes, minutes that are not there."""
    folder = tmp_path_factory.mktemp("bars")
    market = Market(seed=9, clock=lambda: 0.0, server_clock=CLOCK, sessions="real")
    draws = np.random.default_rng(4)
    for symbol in ("EURUSD", "XAUUSD"):
        for month in (10, 11):
            past = history(market, symbol)
            minutes = past.bars(M1, M1.index(seconds(2025, month, 1)), M1.index(seconds(2025, month + 1, 1)) - 1)
            minutes = minutes[draws.random(len(minutes)) < 0.97]
            thin = draws.random(len(minutes)) < 0.05
            for name in ("high", "low", "close"):
                minutes[name][thin] = minutes["open"][thin]
            minutes["tick_volume"][thin] = draws.integers(1, 4, thin.sum())
            write(folder, f"{symbol}-M1-2025-{month}.parquet", minutes)
            hours = [minutes[minutes["time"] // HOUR == hour] for hour in np.unique(minutes["time"] // HOUR)]
            write(folder, f"{symbol}-H1-2025-{month}.parquet", np.concatenate([_whole(hour) for hour in hours]))
    return folder


def _whole(minutes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """One hour of its minutes, by the rule of MetaTrader's own bars."""
    hour = minutes[:1].copy()
    hour["time"] = minutes["time"][0] // HOUR * HOUR
    hour["high"], hour["low"] = minutes["high"].max(), minutes["low"].min()
    hour["close"] = minutes["close"][-1]
    hour["tick_volume"], hour["spread"] = minutes["tick_volume"].sum(), minutes["spread"].min()
    return hour


def _folders() -> Iterator[str]:
    """The generated folder in any clone, and the one that the environment names."""
    yield "made"
    if os.environ.get("MT5_OTEL_BARS"):
        yield "recorded"


@pytest.fixture(params=list(_folders()))
def folder(request: pytest.FixtureRequest, made: Path) -> Path:
    """Each folder of bars that there is."""
    return made if request.param == "made" else Path(os.environ["MT5_OTEL_BARS"])


def test_bars_come_back_to_the_bit(folder: Path) -> None:
    """Minutes are those of the files, and hours built from them equal the recorded hours exactly."""
    market = played(folder)
    files = sorted(folder.glob("*-[MH]1-*.parquet"))
    assert {path.name.split("-")[1] for path in files} == {"M1", "H1"}

    for path in files:
        symbol, frame, _ = path.name.split("-", 2)
        frame_, expected = {"M1": M1, "H1": H1}[frame], read(path)
        first, last = (frame_.index(int(expected["time"][at])) for at in (0, -1))
        assert np.array_equal(history(market, symbol).bars(frame_, first, last), expected), path.name


def test_ticks_make_the_recorded_minutes(folder: Path) -> None:
    """The ticks of every recorded minute re-aggregate to it: prices, count and smallest spread."""
    market = played(folder)
    for symbol in {path.name.partition("-")[0] for path in folder.glob("*-M1-*.parquet")}:
        feed = market.feeds[symbol]
        since = seconds(2025, 10, 6) // HOUR
        minutes = feed.minutes(np.arange(since, since + 14 * 24))
        ticks = feed.ticks_of(minutes)
        built = ticks.minutes()

        assert len(minutes) > 10_000
        for name in ("start", "open", "high", "low", "close", "ticks", "spread"):
            assert np.array_equal(getattr(built, name), getattr(minutes, name)), (symbol, name)
        assert (built.ask_low >= minutes.ask_low).all()
        assert (built.ask_high <= minutes.ask_high).all()
        assert (np.diff(ticks.time_msc) > 0).all()


def test_the_market_leads_on(made: Path) -> None:
    """After the last recorded minute prices are generated, from where it ended; before the first there are none."""
    market = played(made)
    feed = market.feeds["EURUSD"]
    first, last = feed.first_hour, int(read(made / "EURUSD-M1-2025-11.parquet")["time"][-1])
    end = feed.tick_at(CLOCK.to_utc_s(last) * 1000 + 59_999)
    later = feed.hours(np.arange(CLOCK.to_utc_s(last) // HOUR + 1, CLOCK.to_utc_s(last) // HOUR + 100))

    assert end is not None
    assert abs(int(later.open[0]) - end.bid) < 60
    assert feed.tick_at(first * HOUR * 1000 - 1) is None
    assert history(market, "EURUSD").last_bars(TIMEFRAMES[24 | 0x4000], 2**40, 5000)["time"][0] >= seconds(2025, 10, 1)
    assert feed.tick_at(NOW_MSC) is not None


def test_an_hour_across_the_end(made: Path) -> None:
    """Hours that are recorded and hours that are not are asked for together, and come in order."""
    feed = played(made).feeds["XAUUSD"]
    last = int(read(made / "XAUUSD-M1-2025-11.parquet")["time"][-1])
    hours = np.arange(CLOCK.to_utc_s(last) // HOUR - 5, CLOCK.to_utc_s(last) // HOUR + 120)
    minutes = feed.minutes(hours)
    ticks = feed.ticks_of(minutes)

    assert (np.diff(minutes.start) > 0).all()
    assert np.array_equal(ticks.minutes().start, minutes.start)
    assert np.array_equal(minutes.aggregate(minutes.start // HOUR * HOUR).close, feed.hours(hours).close)


def test_recorded_pauses_are_kept_in_the_loop(made: Path) -> None:
    """Where bars were recorded, their pauses are the market's, even where it never closes otherwise."""
    market = Market(seed=1, clock=lambda: 0.0, server_clock=CLOCK, bars=made)
    saturday, later = seconds(2025, 10, 11, 12) * 1000, seconds(2026, 1, 10, 12) * 1000

    assert [market.is_open("EURUSD", at) for at in (saturday, later)] == [False, True]
    assert [market.is_open("GBPUSD", at) for at in (saturday, later)] == [True, True]
    assert [market.is_open("EURJPY", at) for at in (saturday, later)] == [False, True]


def test_months_that_are_missing(made: Path, tmp_path: Path) -> None:
    """Between recorded times, however far apart, the market is closed at its last price."""
    write(tmp_path, "EURUSD-M1-2025-10.parquet", read(made / "EURUSD-M1-2025-10.parquet")[:100])
    write(tmp_path, "EURUSD-M1-2025-11.parquet", read(made / "EURUSD-M1-2025-11.parquet"))
    feed = played(tmp_path).feeds["EURUSD"]
    quote = feed.tick_at(seconds(2025, 10, 30, 12) * 1000)

    assert quote is not None
    assert quote.time_msc < seconds(2025, 10, 2) * 1000
    assert not feed.is_open(seconds(2025, 10, 30, 12) * 1000)
    assert feed.tick_at(feed.first_hour * HOUR * 1000 - 1) is None


def test_a_recorded_cross_is_played_as_recorded(made: Path, tmp_path: Path) -> None:
    """A cross that has bars of its own is played from them, and follows its legs after their end."""
    bars = history(played(made), "EURJPY").bars(M1, M1.index(seconds(2025, 10, 6)), M1.index(seconds(2025, 10, 7)) - 1)
    bars["close"], bars["open"] = bars["low"], bars["low"]
    write(tmp_path, "EURJPY-M1-2025-10.parquet", bars)
    market = played(tmp_path)

    assert np.array_equal(history(market, "EURJPY").bars(M1, 0, M1.index(seconds(2025, 10, 7)) - 1), bars)
    one, other = (market.quote_or_raise(name, NOW_MSC) for name in ("EURUSD", "USDJPY"))
    assert market.quote_or_raise("EURJPY", NOW_MSC).bid == one.bid * other.bid // 10**5


def test_a_terminal_plays_them(made: Path) -> None:
    """The module takes the folder, and trades on its prices."""
    now = seconds(2025, 10, 9, 12)
    mt5: Any = SimulatorModule(
        ledger=Path(":memory:"), clock=lambda: now, sessions="real", summer_time="new_york", bars=made
    )
    assert mt5.initialize()
    result = mt5.order_send(
        {"action": mt5.TRADE_ACTION_DEAL, "symbol": "EURUSD", "volume": 0.1, "type": mt5.ORDER_TYPE_SELL}
    )
    bar = mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_H1, 0, 1)[0]
    mt5.shutdown()

    assert bar["low"] - 1e-9 <= result.price <= bar["high"] + 1e-9


def spoilt(made: Path, folder: Path, **changes: Any) -> Path:
    """A folder with one file, of which the third bar has been changed."""
    bars = read(made / "EURUSD-M1-2025-10.parquet")[:100]
    for name, value in changes.items():
        bars[name][2] = value
    write(folder, "EURUSD-M1-2025-10.parquet", bars)
    return folder


@pytest.mark.parametrize(
    "changes",
    [{"high": 0.5}, {"low": 2.0}, {"tick_volume": 0}, {"tick_volume": 1, "close": 1.2, "high": 1.2}, {"spread": -1},
     {"low": -1.0}, {"time": 5}, {"time": 60}],
)  # fmt: skip
def test_impossible_bars(made: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    """Bars that no ticks can make, or that go back in time, are refused by the name of their file or symbol."""
    with pytest.raises(BarsError, match="EURUSD"):
        played(spoilt(made, tmp_path, **changes))


def test_files_that_are_none(made: Path, tmp_path: Path) -> None:
    """A folder that is not there, a file that is no Parquet and one without the columns are named."""
    with pytest.raises(BarsError, match="no such folder"):
        played(tmp_path / "nowhere")
    (tmp_path / "EURUSD-M1-2025-10.parquet").write_text("time,open")
    with pytest.raises(BarsError, match="cannot be read as bars"):
        played(tmp_path)
    pq.write_table(pa.table({"time": [1]}), tmp_path / "EURUSD-M1-2025-10.parquet")
    with pytest.raises(BarsError, match="cannot be read as bars"):
        played(tmp_path)
    write(tmp_path, "EURUSD-M1-2025-10.parquet", read(made / "EURUSD-M1-2025-10.parquet")[:0])
    with pytest.raises(BarsError, match="no bars of EURUSD"):
        played(tmp_path)


def test_the_extra_is_named(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package that reads them, the message says which extra to install."""
    read_minutes.cache_clear()
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(BarsError, match=r"mt5-otel\[bars\]"):
        played(made)
