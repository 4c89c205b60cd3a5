"""Which layers of the connection are up, in words that help: a pure function of what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.broker.terminal import WorkerState
from app.domain.account import Account, Unavailable
from app.domain.connection import Connection

NOT_UNDERSTOOD = 0
"""Stands as code of `last_error()`, which never has it, where an answer came that makes no sense here."""

NEXT_STEPS: Mapping[int, str] = {
    NOT_UNDERSTOOD: "look into the log for what it answered; update the terminal, the MetaTrader5 package and mt5-otel",
    -6: "log in to the trading account in the terminal (File, Login to Trade Account)",
    -8: "allow algorithmic trading by Python in the terminal (Tools, Options, Expert Advisors)",
    -5: "update the terminal (Help, Check for Updates) and the MetaTrader5 package",
    -10003: "start the MetaTrader 5 terminal, or name its terminal64.exe by --terminal native:PATH",
    -10004: "start the MetaTrader 5 terminal; connecting is tried again every few seconds",
    -10005: "look at the terminal for an open dialog, and log in to an account once",
}
"""What a person can do, by the code of `last_error()`."""
AGAIN = "connecting is tried again every few seconds"


def connection_from(
    state: WorkerState,
    terminal: Mapping[str, Any] | None = None,
    account: Account | None = None,
    failure: Unavailable | None = None,
) -> Connection:
    """Judge each layer.

    Args:
        state: the terminal's process.
        terminal: the `terminal_info()` record; None when it was not answered.
        account: the account; None when it was not answered.
        failure: why something was not answered.
    """
    if not state.alive:
        return Connection(reason=state.reason, next_step="wait: a new process is started every few seconds")
    if terminal is None or (failure is not None and (failure.last_error is None or account is not None)):
        # What was not answered tells of no account: the terminal is busy or hangs, or failed at something else.
        return _without_terminal(state, failure)
    if not terminal["connected"]:
        return Connection(
            worker=True,
            terminal=True,
            account=account is not None,
            reason="the terminal has lost its broker's server",
            next_step="look at the connection in the terminal's lower right corner; it reconnects by itself",
        )
    if account is None:
        reason = failure.reason if failure else "no account is logged in"
        understood = failure is None or failure.last_error is None or failure.last_error[0] != NOT_UNDERSTOOD
        next_step = NEXT_STEPS[-6 if understood else NOT_UNDERSTOOD]
        return Connection(worker=True, terminal=True, broker=True, reason=reason, next_step=next_step)
    return _trading(terminal, account)


def _without_terminal(state: WorkerState, failure: Unavailable | None) -> Connection:
    error = failure.last_error if failure else state.last_error
    if failure is not None and error is None:
        return Connection(
            worker=True,
            reason=f"the terminal does not answer, or hangs: {failure.reason}",
            next_step="wait: a process that hangs is replaced within seconds; if it comes again, restart the terminal",
        )
    return Connection(
        worker=True,
        reason=failure.reason if failure else state.reason,
        next_step=NEXT_STEPS.get(error[0], AGAIN) if error else AGAIN,
    )


def _trading(terminal: Mapping[str, Any], account: Account) -> Connection:
    reason, next_step = "", ""
    if not terminal["trade_allowed"] or terminal["tradeapi_disabled"]:
        reason, next_step = "algorithmic trading is off in the terminal", "press Algo Trading in its toolbar"
    elif not account.trade_allowed:
        reason, next_step = "the account may not trade", "log in with the master password, or ask the broker"
    return Connection(
        worker=True,
        terminal=True,
        broker=True,
        account=True,
        trading=not reason,
        reason=reason,
        next_step=next_step,
    )
