"""Every text of `last_error()` is met by somebody who makes the right call at the right moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.books.faults import FaultBook
from app.simulator.vocabulary.faults import FaultRefused
from app.simulator.vocabulary.last_errors import TEXTS

OUTDATED = "Terminal: Incompatible versions, please install the latest version of Terminal and Python module"
AUTHORIZATION = "Unsupported authorization mode, OTP or certificate password needed"


@pytest.fixture
def away(clock: Callable[[], float], tmp_path: Path) -> Iterator[Any]:
    """A module with its books on disk, not yet initialised."""
    module = SimulatorModule(ledger=tmp_path / "simulator.sqlite", clock=clock)
    yield module
    module.shutdown()


@pytest.fixture
def faults(clock: Callable[[], float], tmp_path: Path) -> FaultBook:
    """What is to go wrong there."""
    return FaultBook(tmp_path / "simulator.sqlite", clock)


LOCAL: tuple[tuple[Callable[[Any], Any], int, str], ...] = (
    (lambda m: m.terminal_info(), 1, "Success"),
    (lambda m: m.symbol_select("NOPE"), -1, "Terminal: Call failed"),
    (lambda m: m.copy_rates_from_pos("EURUSD", 1, 0, 100_000), -2, "Terminal: Invalid params"),
    (lambda m: m.copy_ticks_from("EURUSD", 0, 2**31 - 1, -1), -3, "Terminal: Out of memory"),
    (lambda m: m.symbol_info("NOPE"), -4, "Terminal: Not found"),
    (lambda m: m.login(5_100_001, "wrong"), -6, "Terminal: Authorization failed"),
    (lambda m: m.initialize(server="elsewhere"), -6, "Terminal: Authorization failed"),
    (lambda m: m.symbol_info(1), -2, "Invalid arguments"),
    (lambda m: m.order_send(), -2, "Invalid number of arguments"),
    (lambda m: m.positions_get("EURUSD"), -2, "Unnamed arguments not allowed"),
    (lambda m: m.initialize(1), -2, "Invalid 1st unnamed argument"),
    (lambda m: m.login("1"), -2, "Invalid 1st unnamed argument"),
    (lambda m: m.login(1, 2), -2, "Invalid 2nd unnamed argument"),
    (lambda m: m.login(1, "", 3), -2, "Invalid 3rd unnamed argument"),
    (lambda m: m.symbols_get(1), -2, "Invalid 1st unnamed argument"),
    (lambda m: m.initialize(path=b"x"), -2, 'Invalid "path" argument'),
    (lambda m: m.login(), -2, 'Invalid "login" argument'),
    (lambda m: m.initialize(password=1), -2, 'Invalid "password" argument'),
    (lambda m: m.initialize(server="s" * 254), -2, 'Invalid "server" argument'),
    (lambda m: m.initialize(timeout="1"), -2, 'Invalid "timeout" argument'),
    (lambda m: m.symbols_get(group="g" * 1998), -2, 'Invalid "group" argument'),
    (lambda m: m.orders_get(ticket="1"), -2, 'Invalid "ticket" argument'),
    (lambda m: m.history_deals_get(position=1.0), -2, 'Invalid "position" argument'),
    (lambda m: m.orders_get(symbol=1), -2, 'Invalid "symbol" argument'),
    (lambda m: m.initialize("nowhere"), -10003, "IPC initialize failed, Process create failed 'nowhere'"),
    (lambda m: m.initialize("a.exe", path="nowhere"), -10003, "IPC initialize failed, Process create failed 'nowhere'"),
)


@pytest.mark.parametrize(("call", "code", "text"), LOCAL, ids=lambda value: value if isinstance(value, str) else "")
def test_texts_that_a_call_brings_about(mt5: Any, call: Callable[[Any], Any], code: int, text: str) -> None:
    """A call that is wrong in this way says so in these words."""
    call(mt5)
    assert mt5.last_error() == (code, text)


def test_no_connection_and_no_known_build(away: Any) -> None:
    """Before any terminal was met its version is unknown; any other call has no connection."""
    assert away.symbols_total() is None
    assert away.last_error() == (-5, OUTDATED)
    assert away.account_info() is None
    assert away.last_error() == (-10004, "No IPC connection")


@pytest.mark.parametrize("code", TEXTS)
def test_every_failure_of_the_terminal_can_be_had(away: Any, faults: FaultBook, code: int) -> None:
    """A call on which a failure is put answers None, says that failure, and leaves the connection usable."""
    assert away.initialize()
    faults.add("call_failed", function="account_info", value=code)

    assert away.account_info() is None
    assert away.last_error() == (code, TEXTS[code])
    assert away.account_info() is not None
    assert away.last_error() == (1, "Success")


def test_orders_have_words_of_their_own(away: Any, faults: FaultBook, buy: dict[str, Any]) -> None:
    """-8 says in order_send alone that the terminal takes no orders from Python; nothing was sent."""
    assert away.initialize()
    faults.add("call_failed", value=-8)

    assert away.order_send(buy) is None
    assert away.last_error() == (-8, "Auto-Trading using Python API disabled in Terminal")
    assert away.positions_total() == 0


@pytest.mark.parametrize("name", ["initialize", "login"])
def test_logging_in_has_words_of_its_own(away: Any, faults: FaultBook, name: str) -> None:
    """-7 says there that the way of logging in is not supported."""
    assert away.initialize()
    faults.add("call_failed", function=name, value=-7)

    assert getattr(away, name)(login=5_100_001) is False
    assert away.last_error() == (-7, AUTHORIZATION)


@pytest.mark.parametrize(("code", "stays"), [(-5, True), (-6, False), (-10005, False)])
def test_what_a_failed_initialize_leaves_open(away: Any, faults: FaultBook, code: int, stays: bool) -> None:
    """A terminal that is too old stays connected; any other failure closes what was opened."""
    assert away.initialize()
    faults.add("call_failed", function="initialize", value=code)

    assert away.initialize() is False
    assert away.last_error()[0] == code
    assert (away.account_info() is not None) is stays


def test_a_terminal_that_does_not_start(away: Any, faults: FaultBook) -> None:
    """One that is gone breaks the call that finds out; then there is no connection, and none to be had for a while."""
    assert away.initialize()
    faults.add("terminal_gone", seconds=30)

    assert away.account_info() is None
    assert away.last_error() == (-10002, "IPC recv failed")
    assert away.account_info() is None
    assert away.last_error() == (-10004, "No IPC connection")
    assert away.initialize() is False
    assert away.last_error() == (-10003, "IPC initialize failed, Pipe server didn't answer in 60 sec")


def test_a_path_beyond_ascii_cannot_be_told(away: Any) -> None:
    """The package repeats such a path in bytes that are no text, and `last_error()` stumbles over them each time."""
    assert away.initialize("C:\\Börse\\terminal") is False
    for _ in range(2):
        with pytest.raises(UnicodeDecodeError):
            away.last_error()
    assert away.initialize("C:\\Börse\\terminal64.exe") is True
    assert away.last_error() == (1, "Success")


def test_a_failure_that_there_is_not(faults: FaultBook) -> None:
    """A code that the package does not have is refused with an example of one that it has."""
    for value in (1, -9, "-1"):
        with pytest.raises(FaultRefused, match="value: should be a negative code of last_error"):
            faults.add("call_failed", value=value)
