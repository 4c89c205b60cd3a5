"""Symbols as the terminal shows them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.simulator import SimulatorModule
from app.simulator.vocabulary import structs
from app.simulator.vocabulary.symbols import SymbolSpec
from tests.app.simulator.conftest import NOW_S

WATCHED = ("EURUSD", "GBPUSD", "USDCAD")
CROSSES = ("EURJPY", "GBPJPY")
SYMBOLS = (*WATCHED, "USDJPY", "USDCHF", *CROSSES, "US500", "XAUUSD", "BTCUSD", "ETHUSD")


def test_all_symbols(mt5: Any) -> None:
    """There are eleven symbols, of which the Market Watch has a few."""
    assert [info.name for info in mt5.symbols_get()] == list(SYMBOLS)
    assert mt5.symbols_total() == 11
    assert tuple(info.name for info in mt5.symbols_get() if info.select and info.visible) == WATCHED


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("", SYMBOLS),
        ("*", SYMBOLS),
        ("EUR*", ("EURUSD", "EURJPY")),
        ("*USD,!X*", ("EURUSD", "GBPUSD", "BTCUSD", "ETHUSD")),
        ("Z*", ()),
    ],
)
def test_symbol_groups(mt5: Any, group: str, names: tuple[str, ...]) -> None:
    """A group may be given either way; the empty one is all symbols."""
    assert tuple(info.name for info in mt5.symbols_get(group)) == names
    assert tuple(info.name for info in mt5.symbols_get(group=group)) == names


@pytest.mark.parametrize(
    ("arguments", "keywords", "text"),
    [
        ((5,), {}, "Invalid 1st unnamed argument"),
        (("*", "*"), {}, "Invalid number of arguments"),
        ((), {"group": None}, 'Invalid "group" argument'),
    ],
)
def test_bad_group_is_false(mt5: Any, arguments: tuple[Any, ...], keywords: dict[str, Any], text: str) -> None:
    """symbols_get is the one that answers bad arguments with False."""
    assert mt5.symbols_get(*arguments, **keywords) is False
    assert mt5.last_error() == (-2, text)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_symbol_info_agrees_with_tick_and_day(mt5: Any, symbol: str) -> None:
    """Prices, spread and time are the tick's; the day's highs and lows are its daily bar's and its ticks'."""
    assert mt5.symbol_select(symbol)
    info, tick = mt5.symbol_info(symbol), mt5.symbol_info_tick(symbol)
    day = mt5.copy_rates_from_pos(symbol, mt5.TIMEFRAME_D1, 0, 1)[0]

    assert (info.bid, info.ask, info.time) == (tick.bid, tick.ask, tick.time)
    assert info.spread == round((tick.ask - tick.bid) / info.point)
    assert (info.bidhigh, info.bidlow, info.session_open) == tuple(
        round(float(day[name]), info.digits) for name in ("high", "low", "open")
    )
    assert info.bidlow <= info.bid <= info.bidhigh
    asks = mt5.copy_ticks_range(symbol, int(day["time"]), tick.time + 1, mt5.COPY_TICKS_ALL)["ask"]
    assert (info.asklow, info.askhigh) == (asks.min(), asks.max())
    assert info.point == pytest.approx(10**-info.digits)
    assert info.last == 0.0


@settings(max_examples=25, deadline=None)
@given(
    symbol=st.sampled_from(SYMBOLS),
    seconds=st.integers(0, 3 * 86_400),
    offset_s=st.sampled_from([7200, 19_800]),
    sessions=st.sampled_from(["loop", "real"]),
)
@example(symbol="EURUSD", seconds=33_930, offset_s=7200, sessions="loop")  # in the day's first minute
def test_the_days_asks(symbol: str, seconds: int, offset_s: int, sessions: Any) -> None:
    """The day's lowest and highest ask are those of its ticks so far, at any time of any day and by any clock."""
    mt5: Any = SimulatorModule(
        ledger=Path(":memory:"), clock=lambda: NOW_S + seconds, utc_offset_s=offset_s, sessions=sessions
    )
    assert mt5.initialize()
    mt5.symbol_select(symbol)
    info, day = mt5.symbol_info(symbol), mt5.copy_rates_from_pos(symbol, mt5.TIMEFRAME_D1, 0, 1)[0]
    asks = mt5.copy_ticks_range(symbol, int(day["time"]), info.time + 1, mt5.COPY_TICKS_ALL)["ask"]
    mt5.shutdown()

    assert (info.asklow, info.askhigh) == (asks.min(), asks.max())


def test_every_field_has_its_type(mt5: Any) -> None:
    """Each of the 96 fields is an int, bool, float or str, as the package's are."""
    kinds = {name: type(value).__name__ for name, value in mt5.symbol_info("USDCAD")._asdict().items()}
    names = structs.SymbolInfo.__match_args__

    assert {kinds[name] for name in names[names.index("basis") :]} == {"str"}
    assert {kinds[name] for name in names[names.index("bid") : names.index("basis")]} == {"float"}
    flags = {"custom", "select", "visible", "spread_float", "margin_hedged_use_leg"}
    assert {name for name, kind in kinds.items() if kind == "bool"} == flags
    assert {kinds[name] for name in names[: names.index("bid")] if name not in flags} == {"int"}


def test_terms_differ(mt5: Any) -> None:
    """There are symbols of each kind of filling, execution, calculation and swap, so that a bot meets them all."""
    infos = {info.name: info for info in mt5.symbols_get()}

    assert [infos[name].filling_mode for name in ("EURUSD", "USDCHF", "USDCAD")] == [3, 1, 2]
    assert {name: info.trade_exemode for name, info in infos.items() if info.trade_exemode != 2} == {
        "USDCHF": mt5.SYMBOL_TRADE_EXECUTION_INSTANT,
        "US500": mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE,
    }
    assert {name: info.trade_calc_mode for name, info in infos.items() if info.trade_calc_mode} == {
        "US500": mt5.SYMBOL_CALC_MODE_CFDINDEX,
        "XAUUSD": mt5.SYMBOL_CALC_MODE_CFDLEVERAGE,
        "BTCUSD": mt5.SYMBOL_CALC_MODE_CFD,
        "ETHUSD": mt5.SYMBOL_CALC_MODE_CFD,
    }
    assert {info.swap_mode for info in infos.values()} == {1, 5}
    assert {info.swap_rollover3days for info in infos.values()} == {3, 5}
    assert {name for name, info in infos.items() if info.trade_stops_level} == {"USDCHF", "GBPJPY", "US500"}
    assert {name: info.volume_limit for name, info in infos.items() if info.volume_limit} == {"BTCUSD": 5.0}
    assert [infos[name].digits for name in ("EURUSD", "USDJPY", "XAUUSD")] == [5, 3, 2]
    assert [infos[name].trade_contract_size for name in ("EURUSD", "XAUUSD", "BTCUSD")] == [100_000.0, 100.0, 1.0]
    assert infos["GBPJPY"].path == "Forex\\Crosses\\GBPJPY"
    assert (infos["XAUUSD"].currency_margin, infos["EURJPY"].currency_margin) == ("USD", "EUR")


def test_orders_last_until_they_are_taken_back(mt5: Any) -> None:
    """No symbol says, or can be made to say, that its orders end with the day, which they would not."""
    assert {info.order_gtc_mode for info in mt5.symbols_get()} == {mt5.SYMBOL_ORDERS_GTC}
    assert "gtc_mode" not in {field.name for field in fields(SymbolSpec)}


def test_a_suffix_ends_every_name(clock: Any) -> None:
    """A broker's suffix is part of the name, and changes no price."""
    plain: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock)
    suffixed: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock, symbol_suffix=".r")
    assert plain.initialize()
    assert suffixed.initialize()

    assert [info.name for info in suffixed.symbols_get()] == [f"{name}.r" for name in SYMBOLS]
    assert suffixed.symbol_info_tick("EURUSD") is None
    assert suffixed.symbol_info_tick("EURUSD.r") == plain.symbol_info_tick("EURUSD")
    plain.shutdown()
    suffixed.shutdown()


def test_tick_values(mt5: Any) -> None:
    """A point of a lot is a dollar where the dollar is quoted, and as many as it buys elsewhere."""
    assert mt5.symbol_info("EURUSD").trade_tick_value == pytest.approx(1.0)
    usdcad = mt5.symbol_info("USDCAD")
    assert usdcad.trade_tick_value_profit == pytest.approx(1 / usdcad.ask)
    assert usdcad.trade_tick_value_loss == pytest.approx(1 / usdcad.bid)


@pytest.mark.parametrize("name", ["symbol_info", "symbol_info_tick"])
def test_unknown_symbol(mt5: Any, name: str) -> None:
    """An unknown name is not found."""
    assert getattr(mt5, name)("eurusd") is None
    assert mt5.last_error() == (-4, "Terminal: Not found")


def test_market_watch(mt5: Any) -> None:
    """A hidden symbol is still described, but has no prices until it is shown again."""
    assert mt5.symbol_select("EURUSD", False) is True
    info = mt5.symbol_info("EURUSD")
    assert (info.select, info.bid, info.digits) == (False, 0.0, 5)
    assert tuple(mt5.symbol_info_tick("EURUSD")) == (0, 0.0, 0.0, 0.0, 0, 0, 0, 0.0)
    assert mt5.symbol_select("EURUSD") is True
    assert mt5.symbol_info_tick("EURUSD").bid > 0


def test_programs_share_the_market_watch(clock: Any, tmp_path: Path) -> None:
    """What one program of the terminal shows or hides, the others see, and so does who comes after a restart."""
    one, other, later = (SimulatorModule(ledger=tmp_path / "l", clock=clock) for _ in range(3))
    assert one.initialize()
    assert other.initialize()

    assert one.symbol_select("XAUUSD")
    assert other.symbol_info_tick("XAUUSD").bid > 0
    assert other.symbol_select("EURUSD", False)
    assert one.symbol_info("EURUSD").select is False
    one.shutdown()
    other.shutdown()
    assert later.initialize()
    assert [info.name for info in later.symbols_get() if info.select] == ["GBPUSD", "USDCAD", "XAUUSD"]
    later.shutdown()


def test_select_failures(mt5: Any, buy: dict[str, Any]) -> None:
    """An unknown symbol cannot be shown, and one with positions cannot be hidden."""
    mt5.order_send(buy)
    for arguments in (("NOPE",), ("\ud800",), ("EURUSD", False)):
        assert mt5.symbol_select(*arguments) is False
        assert mt5.last_error() == (-1, "Terminal: Call failed")


def test_ticks_are_in_server_time(mt5: Any, clock: Any) -> None:
    """A tick's time is the server's clock: two hours ahead, never in its future."""
    for _ in range(20):
        clock.advance(7.7)
        tick = mt5.symbol_info_tick("EURUSD")
        age_ms = (clock.now_s + 7200) * 1000 - tick.time_msc
        assert 0 <= age_ms < 60_000
        assert tick.time == tick.time_msc // 1000
        assert tick.flags in (2, 4, 6)
