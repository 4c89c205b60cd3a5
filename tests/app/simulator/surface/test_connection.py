"""Connecting: what works before, after and without it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule

LOGIN, SERVER = 5_100_001, "MT5-OTEL-Simulator"
NEEDS_CONNECTION: list[tuple[str, tuple[Any, ...]]] = [
    ("account_info", ()),
    ("terminal_info", ()),
    ("symbol_info", ("EURUSD",)),
    ("symbol_info_tick", ("EURUSD",)),
    ("copy_rates_from_pos", ("EURUSD", 1, 0, 1)),
    ("copy_ticks_from", ("EURUSD", 1, 1, -1)),
    ("positions_get", ()),
    ("positions_total", ()),
    ("orders_get", ()),
    ("orders_total", ()),
    ("history_deals_get", (1, 2)),
    ("history_orders_total", (1, 2)),
    ("order_calc_margin", (0, "EURUSD", 0.1, 1.1)),
    ("order_check", ({},)),
    ("order_send", ({},)),
]


@pytest.mark.parametrize(("name", "arguments"), NEEDS_CONNECTION)
def test_nothing_works_unconnected(unconnected: Any, name: str, arguments: tuple[Any, ...]) -> None:
    """Before initialize() a call is None with -10004."""
    assert getattr(unconnected, name)(*arguments) is None
    assert unconnected.last_error() == (-10004, "No IPC connection")


@pytest.mark.parametrize("name", ["login", "symbol_select"])
def test_failures_that_are_false(unconnected: Any, name: str) -> None:
    """Login and symbol_select fail with False."""
    assert getattr(unconnected, name)(LOGIN if name == "login" else "EURUSD") is False
    assert unconnected.last_error() == (-10004, "No IPC connection")


def test_no_call_no_error(unconnected: Any) -> None:
    """Before any call the last error is empty."""
    assert unconnected.last_error() == (0, "")


def test_version(unconnected: Any) -> None:
    """The version is never None: zeros without a connection."""
    assert unconnected.version() == (0, 0, "")
    assert unconnected.initialize() is True
    assert unconnected.version() == (500, 5100, "27 Mar 2026")
    assert unconnected.shutdown() is True
    assert unconnected.version() == (0, 0, "")


def test_symbols_need_a_known_build(unconnected: Any) -> None:
    """Symbols fail with -5 as long as no terminal was ever seen, later with -10004."""
    assert unconnected.symbols_get() is None
    assert unconnected.last_error()[0] == -5
    assert unconnected.symbols_total() is None
    unconnected.initialize()
    unconnected.shutdown()
    assert unconnected.symbols_get() is None
    assert unconnected.last_error() == (-10004, "No IPC connection")


def test_shutdown_always_succeeds(unconnected: Any) -> None:
    """shutdown() is True, connected or not, and lets go of the account."""
    assert unconnected.shutdown() is True
    unconnected.initialize()
    assert unconnected.shutdown() is True
    assert unconnected.account_info() is None


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"login": LOGIN},
        {"login": LOGIN, "password": "simulator", "server": SERVER, "timeout": 200, "portable": True},
        {"path": "C:/terminal64.exe"},
    ],
)
def test_initialize(unconnected: Any, keywords: dict[str, Any]) -> None:
    """The terminal's own account is taken with or without naming it."""
    assert unconnected.initialize(**keywords) is True
    assert unconnected.last_error() == (1, "Success")
    assert unconnected.account_info().login == LOGIN
    unconnected.shutdown()


@pytest.mark.parametrize(
    "keywords", [{"login": 1}, {"login": LOGIN, "server": "Elsewhere"}, {"login": LOGIN, "password": "Simulator"}]
)
def test_initialize_with_another_account(mt5: Any, keywords: dict[str, Any]) -> None:
    """An unknown account is refused with -6, and the connection that was there is gone."""
    assert mt5.initialize(**keywords) is False
    assert mt5.last_error() == (-6, "Terminal: Authorization failed")
    assert mt5.account_info() is None


@pytest.mark.parametrize(
    ("arguments", "keywords", "text"),
    [
        (("a", "b"), {}, "Invalid number of arguments"),
        ((5,), {}, "Invalid 1st unnamed argument"),
        ((), {"path": 5}, 'Invalid "path" argument'),
        ((), {"login": "5"}, 'Invalid "login" argument'),
        ((), {"password": "p" * 254}, 'Invalid "password" argument'),
        ((), {"server": None}, 'Invalid "server" argument'),
        ((), {"timeout": 1.5}, 'Invalid "timeout" argument'),
    ],
)
def test_initialize_with_bad_arguments(
    mt5: Any, arguments: tuple[Any, ...], keywords: dict[str, Any], text: str
) -> None:
    """Bad arguments are False with their name; the open connection is closed before they are looked at."""
    assert mt5.initialize(*arguments, **keywords) is False
    assert mt5.last_error() == (-2, text)
    assert mt5.account_info() is None


def test_login(mt5: Any) -> None:
    """Logging in to the account succeeds; a keyword beats its positional."""
    assert mt5.login(LOGIN) is True
    assert mt5.login(LOGIN, "simulator", SERVER) is True
    assert mt5.login(1, login=LOGIN) is True


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), (-2, 'Invalid "login" argument')),
        ((0,), (-2, 'Invalid "login" argument')),
        (("5",), (-2, "Invalid 1st unnamed argument")),
        ((LOGIN, 5), (-2, "Invalid 2nd unnamed argument")),
        ((LOGIN, "", 5), (-2, "Invalid 3rd unnamed argument")),
        ((LOGIN, "", "", ""), (-2, "Invalid number of arguments")),
        ((1,), (-6, "Terminal: Authorization failed")),
        ((LOGIN, "guess"), (-6, "Terminal: Authorization failed")),
        ((LOGIN, "", "Elsewhere"), (-6, "Terminal: Authorization failed")),
    ],
)
def test_login_that_fails_keeps_the_connection(mt5: Any, arguments: tuple[Any, ...], error: tuple[int, str]) -> None:
    """A refused login is False, and the terminal stays connected."""
    assert mt5.login(*arguments) is False
    assert mt5.last_error() == error
    assert mt5.account_info().login == LOGIN


def test_terminal_info(tmp_path: Path) -> None:
    """The terminal has the name that terminals have, is connected, may trade, and keeps its data beside the ledger."""
    mt5: Any = SimulatorModule(ledger=tmp_path / "simulator.sqlite", clock=lambda: 1.8e9)
    mt5.initialize()
    info = mt5.terminal_info()
    mt5.shutdown()

    assert (info.connected, info.trade_allowed, info.tradeapi_disabled) == (True, True, False)
    assert (info.name, info.build, info.maxbars) == ("MetaTrader 5", 5100, 100_000)
    assert info.data_path == str(tmp_path)


def test_ledger_that_cannot_be_opened(tmp_path: Path) -> None:
    """A ledger in a folder that is not there fails to initialise, and says where."""
    missing = tmp_path / "nowhere" / "simulator.sqlite"
    mt5: Any = SimulatorModule(ledger=missing, clock=lambda: 1.8e9)

    assert mt5.initialize() is False
    code, text = mt5.last_error()
    assert code == -10003
    assert text.startswith(f"IPC initialize failed, {missing}: ")


def test_ledger_that_is_no_ledger(tmp_path: Path) -> None:
    """A file that is no database fails to initialise and is left as it was."""
    path = tmp_path / "simulator.sqlite"
    path.write_bytes(b"not a database, but somebody's letters\n" * 100)
    mt5: Any = SimulatorModule(ledger=path, clock=lambda: 1.8e9)

    assert mt5.initialize() is False
    assert mt5.last_error()[0] == -10003
    assert path.read_bytes().startswith(b"not a database")


def test_last_error_is_shared_by_threads(mt5: Any) -> None:
    """Another thread sees the error of this one's call, as in the package."""
    mt5.symbol_info("NOPE")
    seen: list[tuple[int, str]] = []
    thread = threading.Thread(target=lambda: seen.append(mt5.last_error()))
    thread.start()
    thread.join()

    assert seen == [(-4, "Terminal: Not found")]


@pytest.mark.parametrize("path", ["a" * 256, "a/" * 128, "a\0b", "\ud800"])
def test_a_path_that_cannot_be_leads_nowhere(unconnected: Any, path: str) -> None:
    """A name that no file can have is refused as one that no file has."""
    assert unconnected.initialize(path) is False
    assert unconnected.last_error()[0] == -10003
