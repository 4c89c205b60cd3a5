"""The spawned process that owns a MetaTrader5 package: reads calls from one pipe, writes answers to another.

The vendor's package holds the interpreter lock through every call and has no timeouts, so it lives here alone,
without telemetry. Messages to the parent are plain tuples, the first item naming the kind:
`("ready",)`, `("failed", text)`, `("started", id, ns)`, `("skipped", id, reason)` and
`("answer", id, value, last_error, started_ns, ended_ns, raised)`.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection, wait
from pickle import PicklingError
from typing import Any

from app.broker.plain import plain
from app.broker.terminal import OVERDUE, TerminalSpec, real_account_refusal

STOP_SIGNALS = [signal.SIGINT, signal.SIGTERM]
"""What asks the program to stop: Ctrl-C, SIGTERM, and on Windows Ctrl-Break, which a program can send to a group;
elsewhere SIGHUP, the end of its terminal's window.
"""
if sys.platform == "win32":
    STOP_SIGNALS.append(signal.SIGBREAK)
else:
    STOP_SIGNALS.append(signal.SIGHUP)
ORPHAN_S = 10.0
"""How long a call under way may still take once the parent is gone."""

Request = tuple[int, str, tuple[Any, ...], Mapping[str, Any], float, tuple[str, ...] | None, tuple[int, str] | None]
"""id, function, args, kwargs, deadline (time.monotonic), fields, only_for."""


def serve(spec: TerminalSpec, requests: Connection, answers: Connection, path: list[str]) -> None:
    """Load the package and answer calls until the parent closes the pipe or is gone."""
    # The parent decides when we end: a Ctrl-C or a SIGTERM to the whole group must not cut a running order.
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.path[:] = path
    threading.Thread(target=_end_with_parent, name="mt5-parent-watch", daemon=True).start()
    try:
        module = load(spec)
    except Exception as error:  # whatever a foreign package raises, the parent is told
        answers.send(("failed", f"{type(error).__name__}: {error}"))
        return
    with contextlib.suppress(EOFError, OSError):
        answers.send(("ready",))
        while True:
            _answer(module, spec, requests.recv(), answers)
    with contextlib.suppress(Exception):
        module.shutdown()


def _end_with_parent() -> None:
    """A call that hangs must not keep the process for ever after the parent was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        time.sleep(ORPHAN_S)
        os._exit(1)


def load(spec: TerminalSpec) -> Any:
    """Import what `spec.loader` names; a function is called with the options."""
    name, _, function = spec.loader.partition(":")
    module = importlib.import_module(name)
    return getattr(module, function)(dict(spec.options)) if function else module


def _answer(module: Any, spec: TerminalSpec, request: Request, answers: Connection) -> None:
    number, function, args, kwargs, deadline, fields, only_for = request
    started_ns = time.time_ns()
    # Told before the look at the clock: without this message the parent knows that nothing was called.
    answers.send(("started", number, started_ns))
    if (reason := _refusal(module, spec, function, deadline, only_for)) is not None:
        answers.send(("skipped", number, reason))
        return
    raised = None
    value = None
    started_ns = time.time_ns()
    try:
        # An empty **kwargs must not be passed: the vendor's order_send refuses it.
        target = getattr(module, function)
        value = target(*args, **kwargs) if kwargs else target(*args)
    except Exception as error:  # SystemError and others come out of the vendor's code
        raised = f"{type(error).__name__}: {error}"
    ended_ns = time.time_ns()
    times = (started_ns, ended_ns)
    try:
        answers.send(("answer", number, plain(value, fields), _last_error(module), *times, raised))
    except (TypeError, ValueError, AttributeError, PicklingError) as error:
        # An answer that cannot cross the pipe is no reason to die: the caller is told that there was one.
        raised = f"an answer that cannot be passed on ({type(error).__name__}: {error})"
        answers.send(("answer", number, None, _last_error(module), *times, raised))


def _last_error(module: Any) -> tuple[int, str]:
    try:
        code, text = module.last_error()
        return int(code), str(text)
    except Exception as error:  # the vendor's own fails on a path that is no ASCII
        return -1, f"last_error could not be read: {error}"


def _refusal(
    module: Any, spec: TerminalSpec, function: str, deadline: float, only_for: tuple[int, str] | None
) -> str | None:
    """Why the call must not be made, else None."""
    if time.monotonic() >= deadline:
        return OVERDUE
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        return "the API that asked is gone"
    demo_only = function == "order_send" and spec.demo_only
    if demo_only or only_for is not None:
        try:
            refusal = _account_refusal(module, only_for, demo_only=demo_only)
        except Exception as error:  # the vendor's code; nothing has been sent
            return f"the account could not be looked at before sending: {type(error).__name__}: {error}"
        # The look may have taken its time.
        return refusal or (OVERDUE if time.monotonic() >= deadline else None)
    return None


def _account_refusal(module: Any, only_for: tuple[int, str] | None, *, demo_only: bool) -> str | None:
    account = module.account_info()
    if account is None:
        return f"the account could not be looked at before sending, last_error {_last_error(module)}"
    if only_for is not None and (account.login, account.server) != only_for:
        login, server = only_for
        return (
            f"the terminal shows log-in {account.login} on {account.server}, "
            f"this data folder belongs to log-in {login} on {server}"
        )
    return real_account_refusal(account.login, account.trade_mode) if demo_only else None
