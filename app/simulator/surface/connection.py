"""The functions of connection and terminal: initialize, login, shutdown, version, last_error, terminal_info."""

from __future__ import annotations

import os
from typing import Any

from ..vocabulary import structs
from ..vocabulary.last_errors import OUTDATED, not_created
from ..vocabulary.structs import Struct
from .calls import WRONG_NUMBER, Arguments, BadArguments, CallFailed, Keywords, take_number, take_text
from .terminal import BUILD, MAX_BARS, Terminal

BUILD_DATE = "27 Mar 2026"
_PATH_MAX, _SECRET_MAX = 257, 253


def initialize(terminal: Terminal, args: Arguments, kwargs: Keywords) -> bool:
    """Connect to the terminal.

    `initialize([path], login=, password=, server=, timeout=, portable=) → bool`
    """
    # The package lets go of an open connection before it looks at the arguments.
    terminal.close()
    given = _taken(args, kwargs, ("path",))
    path, account = given["path"], (given["login"], given["password"], given["server"])
    try:
        bool(kwargs.get("portable"))
    except Exception as error:
        terminal.left_behind = error
    if not _leads_to_terminal(path):
        raise CallFailed(*not_created(path))
    terminal.open()
    try:
        terminal.connected()
        # The package asks to log in only where it is given something to log in with.
        if any(account):
            terminal.log_in(*account)
    except CallFailed as error:
        # A terminal that is too old says so at once, and is left open.
        if error.last_error[0] != OUTDATED:
            terminal.close()
        raise
    return True


def login(terminal: Terminal, args: Arguments, kwargs: Keywords) -> bool:
    """Connect to a trading account.

    `login(login, [password], [server], [timeout=]) → bool`
    """
    given = _taken(args, kwargs, ("login", "password", "server"))
    if given["login"] == 0:
        raise BadArguments('Invalid "login" argument')
    terminal.log_in(given["login"], given["password"], given["server"])
    return True


def shutdown(terminal: Terminal, args: Arguments, kwargs: Keywords) -> bool:
    """Close the connection; always True."""
    del args, kwargs
    terminal.close()
    return True


def version(terminal: Terminal, args: Arguments, kwargs: Keywords) -> tuple[int, int, str]:
    """Return (500, build, date of the build); (0, 0, '') without a connection."""
    del args, kwargs
    terminal.connected()
    return (500, BUILD, BUILD_DATE)


def last_error(terminal: Terminal, args: Arguments, kwargs: Keywords) -> tuple[int, str]:
    """Return the code and text of the last call's error."""
    del args, kwargs
    code, text = terminal.last_error
    return code, text.encode("utf-8", "surrogateescape").decode("utf-8")


def terminal_info(terminal: Terminal, args: Arguments, kwargs: Keywords) -> Struct:
    """Return the terminal's state and settings."""
    del args, kwargs
    account = terminal.connected().ledger.account()
    connected, allowed = not terminal.fault("disconnect"), not terminal.fault("autotrading_off")
    folder = str(terminal.ledger_path.parent)
    return structs.TerminalInfo(
        [
            False, False, connected, False, allowed, False, False, False, False, False, BUILD, MAX_BARS, 0, 0, 0.0, 0.0,
            account.company, "MetaTrader 5", "English", folder, folder, folder,
        ]
    )  # fmt: skip


def _leads_to_terminal(path: str) -> bool:
    """Whether a terminal is taken to be there: no path, any program's, and any that exists."""
    return not path or path.lower().endswith(".exe") or os.path.exists(path)  # noqa: PTH110  # Path's raises on some


def _taken(args: Arguments, kwargs: Keywords, places: tuple[str, ...]) -> dict[str, Any]:
    """Return all parameters after checking what was given, in the package's order; `places` may be positional.

    A keyword beats its positional, which is checked all the same.
    """
    if len(args) > len(places):
        raise BadArguments(WRONG_NUMBER)
    values: dict[str, Any] = {"login": 0, "server": "", "password": "", "timeout": 0, "path": ""}
    for name, ordinal, value in zip(places, ("1st", "2nd", "3rd"), args, strict=False):
        values[name] = _take(name, value, f"Invalid {ordinal} unnamed argument")
    for name in values:
        if name in kwargs and (name != "path" or name in places):
            values[name] = _take(name, kwargs[name], f'Invalid "{name}" argument')
    return values


def _take(name: str, value: Any, text: str) -> Any:
    if name in ("login", "timeout"):
        return take_number(value, name, bits=64 if name == "login" else 32, text=text)
    return take_text(value, text, _PATH_MAX if name == "path" else _SECRET_MAX)
