"""How arguments are taken: what is refused, with which words, and what Python itself refuses."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator.surface.calls import BadArguments, PendingError, take_date, take_int, take_text
from app.simulator.vocabulary.texts import utf16_units

SECONDS = 1_773_146_096


class Nobody:
    """A caller that only keeps what was left behind."""

    left_behind: Exception | None = None

    def run(self, name: str, call: Callable[[], Any], failure_value: Any) -> Any:
        """Never asked to."""
        raise AssertionError((name, call, failure_value))


@pytest.mark.parametrize("name", ["version", "account_info", "terminal_info", "positions_total", "shutdown"])
def test_functions_without_parameters_refuse_any(mt5: Any, name: str) -> None:
    """The interpreter refuses arguments here, and the last error stays what it was."""
    mt5.symbol_info("NOPE")

    with pytest.raises(TypeError, match=rf"MetaTrader5\._core\.{name}\(\) takes no arguments \(1 given\)"):
        getattr(mt5, name)(1)
    with pytest.raises(TypeError, match=rf"{name}\(\) takes no keyword arguments"):
        getattr(mt5, name)(x=1)
    assert mt5.last_error() == (-4, "Terminal: Not found")


@pytest.mark.parametrize(
    "name",
    ["symbol_info", "symbol_info_tick", "symbol_select", "copy_rates_from", "order_calc_margin", "history_deals_total"],
)
def test_positional_functions_refuse_keywords(mt5: Any, name: str) -> None:
    """The interpreter refuses keywords of a positional function."""
    with pytest.raises(TypeError, match=rf"^{name}\(\) takes no keyword arguments$"):
        getattr(mt5, name)(symbol="EURUSD")


@pytest.mark.parametrize(
    "call",
    [
        lambda mt5: mt5.symbol_info(),
        lambda mt5: mt5.symbol_info("EURUSD", "GBPUSD"),
        lambda mt5: mt5.symbol_info(5),
        lambda mt5: mt5.symbol_info("N" * 30),
        lambda mt5: mt5.symbol_info_tick("🙂" * 15),
        lambda mt5: mt5.copy_rates_from_pos("EURUSD", 1, 0),
        lambda mt5: mt5.copy_rates_range("EURUSD", 1, "2026-03-10", SECONDS),
        lambda mt5: mt5.copy_rates_range("EURUSD", 1, date(2026, 3, 10), SECONDS),
        lambda mt5: mt5.copy_rates_range("EURUSD", 1, np.int64(SECONDS), SECONDS),
        lambda mt5: mt5.copy_ticks_range("EURUSD", np.float32(1.0), SECONDS, -1),
        lambda mt5: mt5.history_deals_total(SECONDS),
        lambda mt5: mt5.history_deals_get(),
        lambda mt5: mt5.history_deals_get(SECONDS),
        lambda mt5: mt5.history_deals_get(date_from=SECONDS, date_to=SECONDS),
        lambda mt5: mt5.history_orders_get(SECONDS, SECONDS, SECONDS),
        lambda mt5: mt5.order_calc_profit(0, "EURUSD", 1.0, 1.1),
        lambda mt5: mt5.order_send([]),
        lambda mt5: mt5.order_check(None),
    ],
)
def test_refused_arguments_are_none_and_minus_two(mt5: Any, call: Callable[[Any], Any]) -> None:
    """A wrong number, a wrong type or too long a text is refused without an exception."""
    assert call(mt5) is None
    assert mt5.last_error() == (-2, "Invalid arguments")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda mt5: mt5.positions_get("EURUSD"), "Unnamed arguments not allowed"),
        (lambda mt5: mt5.orders_get(1), "Unnamed arguments not allowed"),
        (lambda mt5: mt5.positions_get(ticket="1"), 'Invalid "ticket" argument'),
        (lambda mt5: mt5.positions_get(ticket=None, symbol="EURUSD"), 'Invalid "ticket" argument'),
        (lambda mt5: mt5.positions_get(ticket=np.int64(1)), 'Invalid "ticket" argument'),
        (lambda mt5: mt5.positions_get(symbol="N" * 30), 'Invalid "symbol" argument'),
        (lambda mt5: mt5.positions_get(group="N" * 1998), 'Invalid "group" argument'),
        (lambda mt5: mt5.history_deals_get(1, ticket=1), "Unnamed arguments not allowed"),
        (lambda mt5: mt5.history_deals_get(SECONDS, SECONDS, group=5), 'Invalid "group" argument'),
        (lambda mt5: mt5.order_send(), "Invalid number of arguments"),
        (lambda mt5: mt5.order_send({}, {}), "Invalid number of arguments"),
        (lambda mt5: mt5.order_send({}, volume=1.0), "Unnamed arguments not allowed"),
    ],
)
def test_refusals_name_what_is_wrong(mt5: Any, call: Callable[[Any], Any], text: str) -> None:
    """Where the package names the argument, so does the simulator."""
    assert call(mt5) is None
    assert mt5.last_error() == (-2, text)


@pytest.mark.parametrize(
    ("call", "cause", "text"),
    [
        (lambda mt5: mt5.copy_rates_from_pos("EURUSD", "1", 0, 1), TypeError, "Invalid arguments"),
        (lambda mt5: mt5.copy_rates_from_pos("EURUSD", 1, 0, 1.0), TypeError, "Invalid arguments"),
        (lambda mt5: mt5.copy_rates_from_pos("EURUSD", 1, 0, 2**31), OverflowError, "Invalid arguments"),
        (lambda mt5: mt5.copy_rates_from(5, 1, 2**31, "1"), TypeError, "Invalid arguments"),
        (lambda mt5: mt5.symbol_select("EURUSD", np.array([1, 2])), ValueError, "Invalid arguments"),
        (lambda mt5: mt5.order_calc_margin("0", "EURUSD", 0.1, 1.1), TypeError, "Invalid arguments"),
        (lambda mt5: mt5.order_calc_margin(0, "EURUSD", "0.1", 1.1), TypeError, "Invalid arguments"),
        (lambda mt5: mt5.order_calc_margin(0, "EURUSD", None, 1.1), TypeError, "Invalid arguments"),
        (lambda mt5: mt5.positions_get(ticket=-1), OverflowError, 'Invalid "ticket" argument'),
        (lambda mt5: mt5.order_send({"magic": -1}), OverflowError, 'Invalid "magic" argument'),
        (lambda mt5: mt5.order_send({"deviation": 2**64}), OverflowError, 'Invalid "deviation" argument'),
    ],
)
def test_wrong_types_in_number_slots_are_system_errors(
    mt5: Any, call: Callable[[Any], Any], cause: type[Exception], text: str
) -> None:
    """The package leaves an exception behind, which Python turns into a SystemError."""
    with pytest.raises(SystemError, match=r"^<built-in function \w+> returned a result with an exception set$") as said:
        call(mt5)
    assert type(said.value.__cause__) is cause
    assert mt5.last_error() == (-2, text)


def test_a_date_that_does_not_fit_is_asked_for_as_minus_one(mt5: Any) -> None:
    """The call is made, and ends with the exception that was left behind; what it found is lost."""
    for seconds in (2**31, -(2**31) - 1):
        with pytest.raises(SystemError, match="history_deals_total> returned a result with an exception set") as said:
            mt5.history_deals_total(seconds, SECONDS)
        assert str(said.value.__cause__) == "Python int too large to convert to C long"
        assert mt5.last_error() == (1, "Success")

    assert mt5.history_deals_total(0, SECONDS) is not None


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda mt5: mt5.login(1, server=None, password=None), 'Invalid "server" argument'),
        (lambda mt5: mt5.login(1, password=None, timeout=None), 'Invalid "password" argument'),
        (lambda mt5: mt5.login(None, login=1), "Invalid 1st unnamed argument"),
        (lambda mt5: mt5.login(1, "p", "s", 1), "Invalid number of arguments"),
        (lambda mt5: mt5.initialize(path=None, timeout=None), 'Invalid "timeout" argument'),
        (lambda mt5: mt5.initialize("p", "q"), "Invalid number of arguments"),
        (lambda mt5: mt5.symbols_get(1, group=1), "Invalid 1st unnamed argument"),
        (lambda mt5: mt5.symbols_get("*", "*"), "Invalid number of arguments"),
    ],
)
def test_of_several_wrong_arguments_the_packages_first_is_named(
    mt5: Any, call: Callable[[Any], Any], text: str
) -> None:
    """Positional ones come first, then keywords in the package's own order."""
    assert call(mt5) is False
    assert mt5.last_error() == (-2, text)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("volume", 1),
        ("volume", Decimal("0.1")),
        ("volume", np.float32(0.1)),
        ("volume", None),
        ("sl", 0),
        ("price", "1.1"),
        ("type", 0.0),
        ("type", np.int64(0)),
        ("magic", None),
        ("position", "5"),
        ("expiration", datetime(2026, 3, 10, tzinfo=UTC)),
        ("symbol", b"EURUSD"),
        ("symbol", "N" * 30),
        ("comment", "c" * 30),
        ("comment", "🙂" * 15),
    ],
)
def test_request_fields_are_strictly_typed(mt5: Any, buy: dict[str, Any], field: str, value: object) -> None:
    """One field of a wrong type refuses the whole request, by name; nothing is traded."""
    assert mt5.order_send(buy | {field: value}) is None
    assert mt5.last_error() == (-2, f'Invalid "{field}" argument')
    assert mt5.positions_total() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("volume", np.float64(0.1)),
        ("comment", "c" * 29),
        ("comment", "🙂" * 14),
        ("comment", "half \ud83d"),
        ("magic", True),
        ("magic", 2**64 - 1),
        ("expiration", -5),
        ("deviation", 2**64 - 1),
        ("invented", object()),
    ],
)
def test_request_fields_that_pass(mt5: Any, buy: dict[str, Any], field: str, value: object) -> None:
    """NumPy's double is a float, a bool is an int, 29 units fit, unknown keys are ignored."""
    assert mt5.order_send(buy | {field: value}).retcode == mt5.TRADE_RETCODE_DONE


def test_fields_are_checked_in_the_structs_order(mt5: Any) -> None:
    """Of two wrong fields the package names the one that comes first in the struct."""
    assert mt5.order_send({"comment": 5, "volume": 1, "action": 1}) is None
    assert mt5.last_error() == (-2, 'Invalid "volume" argument')


def test_every_call_starts_from_success(mt5: Any) -> None:
    """The last error is the last call's; asking for it does not clear it."""
    mt5.symbol_info("NOPE")
    assert mt5.last_error() == mt5.last_error() == (-4, "Terminal: Not found")
    mt5.symbol_info("EURUSD")
    assert mt5.last_error() == (1, "Success")


def test_functions_stay_functions_on_a_class(mt5: Any) -> None:
    """Kept as a class attribute, a function does not turn into a method."""

    class Bot:
        send = mt5.order_send
        info = mt5.symbol_info

    assert Bot().info("EURUSD").name == "EURUSD"
    assert Bot().send({}).retcode == mt5.TRADE_RETCODE_INVALID


def test_functions_introduce_themselves(mt5: Any) -> None:
    """Name, doc and repr are a built-in function's."""
    assert mt5.order_send.__name__ == "order_send"
    assert mt5.order_send.__doc__.startswith("Send a trade request")
    assert repr(mt5.order_send) == "<built-in function order_send>"


@settings(deadline=None)
@given(st.integers(-(2**31), 2**31 - 1))
def test_dates_in_seconds(seconds: int) -> None:
    """Whole seconds pass unchanged, as int, float or aware datetime."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    assert take_date(seconds, Nobody()) == take_date(float(seconds), Nobody()) == take_date(moment, Nobody()) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1.9, 1),
        (-1.9, -1),
        (True, 1),
        (np.float64(5.5), 5),
        (float("nan"), -(2**31)),
        (float("inf"), -(2**31)),
        (datetime(2100, 1, 1, tzinfo=UTC), -(2**31)),
        (datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 0),
    ],
)
def test_odd_dates(value: object, seconds: int) -> None:
    """Fractions are cut towards zero; what 32 bits cannot hold means 1901."""
    assert take_date(value, Nobody()) == seconds


@settings(deadline=None)
@given(st.text(max_size=40))
def test_text_is_measured_in_utf16(text: str) -> None:
    """A text passes exactly if it has at most 29 UTF-16 units."""
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    assert utf16_units(text) == units
    if units <= 29:
        assert take_text(text) == text
    else:
        with pytest.raises(BadArguments):
            take_text(text)


def test_numpy_integers_are_indexes() -> None:
    """Timeframes and counts take anything with `__index__`."""
    assert take_int(np.uint8(7)) == 7
    with pytest.raises(PendingError):
        take_int(7.0)


def test_a_function_copies_as_itself(mt5: Any) -> None:
    """As built-ins do: whoever copies what he keeps functions in has the same ones."""
    assert copy.copy(mt5.order_send) is mt5.order_send
    assert copy.deepcopy({"send": mt5.order_send})["send"] is mt5.order_send


@pytest.mark.parametrize("login", [5_100_001, 5_100_002])
def test_half_an_emoji_is_no_symbol(mt5: Any, login: int) -> None:
    """Text that nothing can store names nothing: no position, no order, and a request for it is invalid."""
    half = "\ud800"
    assert mt5.login(login, "simulator")
    request = {"action": 1, "symbol": half, "volume": 0.1, "type": 0}

    assert mt5.orders_get(symbol=half) == mt5.positions_get(symbol=half) == ()
    assert mt5.symbol_info(half) is None
    assert mt5.order_send(request).retcode == mt5.order_check(request).retcode == mt5.TRADE_RETCODE_INVALID
