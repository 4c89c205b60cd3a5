"""The strict mode: functions of C, which see what a wrapper hands on."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import BuiltinFunctionType
from typing import Any

import pytest

from app.simulator import SimulatorModule

EMPTY: dict[str, Any] = {}
UNNAMED = (-2, "Unnamed arguments not allowed")


@pytest.fixture
def strict(clock: Callable[[], float]) -> Iterator[Any]:
    """A strict module, connected."""
    mt5 = SimulatorModule(ledger=Path(":memory:"), clock=clock, strict=True)
    assert mt5.initialize()
    yield mt5
    mt5.shutdown()


def handed_on(function: Callable[..., Any]) -> Callable[..., Any]:
    """The wrapper that loses orders: it hands on all that it gets, an empty dictionary included."""

    @functools.wraps(function, assigned=())
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


@pytest.mark.parametrize("name", ["order_send", "order_check"])
def test_an_empty_dictionary_of_keywords_loses_the_request(strict: Any, buy: dict[str, Any], name: str) -> None:
    """A wrapper that hands on `**{}` gets None and never reaches the broker, as with the vendor's package."""
    assert handed_on(getattr(strict, name))(buy) is None
    assert strict.last_error() == UNNAMED
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(getattr(strict, name), buy).result() is None
    assert strict.last_error() == UNNAMED
    assert strict.orders_total() == strict.positions_total() == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda send, request: send(request),
        lambda send, request: send(*(request,)),
        lambda send, request: send(**request),
        lambda send, request: functools.partial(send, request)(),
        lambda send, request: handed_on(send)(**request),
    ],
)
def test_calls_without_one_arrive(strict: Any, buy: dict[str, Any], call: Callable[..., Any]) -> None:
    """A request alone, or its fields as keywords, is executed."""
    assert call(strict.order_send, buy).retcode == strict.TRADE_RETCODE_DONE


def test_nothing_but_an_empty_dictionary_is_a_request_of_zeros(strict: Any) -> None:
    """`order_send(**{})` is sent, and refused by the broker; `order_send()` has no arguments."""
    assert strict.order_send(**EMPTY).retcode == strict.TRADE_RETCODE_INVALID
    assert strict.order_send() is None
    assert strict.last_error() == (-2, "Invalid number of arguments")


def test_the_usual_mode_lets_it_pass(mt5: Any, buy: dict[str, Any]) -> None:
    """Without strict the same wrapper trades: Python cannot see the difference."""
    assert handed_on(mt5.order_send)(buy).retcode == mt5.TRADE_RETCODE_DONE


def test_other_keyword_functions_take_an_empty_dictionary(strict: Any) -> None:
    """Where no keyword is looked for, an empty dictionary of them changes nothing."""
    assert strict.positions_get(**EMPTY) == ()
    assert strict.history_orders_get(0, 1, **EMPTY) == ()
    assert strict.login(5_100_001, **EMPTY) is True
    assert strict.symbol_info("EURUSD", **EMPTY).name == "EURUSD"


def test_functions_are_builtins(strict: Any) -> None:
    """They look like the package's, stay unbound in a class and keep their documentation."""

    class Bot:
        send = strict.order_send

    assert type(strict.order_send) is BuiltinFunctionType
    assert repr(strict.order_send) == "<built-in function order_send>"
    assert (strict.order_send.__name__, strict.order_send.__module__) == ("order_send", "MetaTrader5._core")
    assert strict.order_check.__doc__.startswith("Say what a request would lead to.")
    assert Bot().send({}).retcode == strict.TRADE_RETCODE_INVALID


def test_exceptions_pass_through(strict: Any) -> None:
    """What the package leaves behind and what the interpreter refuses is raised as in the usual mode."""
    with pytest.raises(SystemError, match="<built-in function positions_get> returned a result") as said:
        strict.positions_get(ticket=-1)
    assert type(said.value.__cause__) is OverflowError
    with pytest.raises(TypeError, match=r"^MetaTrader5\._core\.shutdown\(\) takes no arguments \(1 given\)$"):
        strict.shutdown(1)
    with pytest.raises(TypeError, match=r"^symbol_info\(\) takes no keyword arguments$"):
        strict.symbol_info(symbol="EURUSD")


def test_a_function_outlives_its_module(clock: Callable[[], float]) -> None:
    """A built-in that a bot keeps stays whole when nothing else is left of the module."""
    kept = SimulatorModule(ledger=Path(":memory:"), clock=clock, strict=True).version
    gc.collect()

    assert kept() == (0, 0, "")
    assert kept.__name__ == "version"
