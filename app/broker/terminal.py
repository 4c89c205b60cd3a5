"""The port: the functions of a MetaTrader5 package, called in another process and answered with plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

LastError = tuple[int, str]

CONNECTION_LOST: frozenset[int] = frozenset({-10001, -10002, -10004})
"""`last_error` codes after which the package must be initialised again."""

OVERDUE = "its deadline passed while it waited for the terminal"
"""Why a call is `NotCalled` that waited for too long, whichever side finds that out."""

ACCOUNT_REAL = 2
"""ACCOUNT_TRADE_MODE_REAL."""


def real_account_refusal(login: int, trade_mode: int) -> str | None:
    """Why this account may not be traded, else None: asked when connecting, and again before each `order_send`."""
    if trade_mode == ACCOUNT_REAL:
        return f"account {login} is a real one; this version trades demo accounts only"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalSpec:
    """Names a module with the MetaTrader5 surface, so that a spawned process can load it.

    Attributes:
        loader: `package.module` for a module, or `package.module:function` called with `options`.
        options: plain values for the function.
        initialize: keyword arguments of the package's `initialize`.
        simulated: no broker stands behind it.
        demo_only: before each `order_send` the account is looked at, and a real one is refused.
    """

    loader: str
    options: Mapping[str, Any] = field(default_factory=dict)
    initialize: Mapping[str, Any] = field(default_factory=dict)
    simulated: bool = False
    demo_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a function of the package.

    Attributes:
        deadline: moment of `time.monotonic()` past which it is not begun, and not waited for.
        hangs_after_s: a call that has run for so long hangs, and its process is replaced; waited for or not.
        fields: where given, only these fields of each structure come back.
        only_for: where given, log-in and server of the account that must be logged in, or it is not called.
    """

    function: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    deadline: float
    hangs_after_s: float = 5.0
    fields: tuple[str, ...] | None = None
    only_for: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The function returned (or raised: then `raised` says what and `value` is None).

    `value` is plain: a structure is a dict, several are a list of dicts, an array is a list of dicts too.
    Times are nanoseconds since 1970 UTC: handed over, begun and ended in the process that called it.
    """

    value: Any
    last_error: LastError
    submitted_ns: int
    started_ns: int
    ended_ns: int
    raised: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCalled:
    """The function was certainly not called: nothing reached the terminal."""

    reason: str
    submitted_ns: int
    ended_ns: int
    last_error: LastError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """The function was called and nothing came back: it may or may not have had its effect."""

    reason: Literal["deadline", "worker_died"]
    submitted_ns: int
    started_ns: int
    ended_ns: int

    def describe(self) -> str:
        """Why, in words; a process in which a call hangs is ended, too."""
        if self.reason == "deadline":
            return "the terminal did not answer before the deadline"
        return "the terminal's process hung or died during the call"


Reply = Answer | NotCalled | NoAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """Whether the terminal can be called.

    `alive`: the process runs; `ready`: the package is initialised and the account is one we may use.
    `reason` says in a sentence why it is not ready; `restarts` counts processes that came up and were replaced, and
    `ended` says why the last of them was.
    """

    alive: bool = False
    ready: bool = False
    reason: str = "the terminal's process has not started yet"
    last_error: LastError | None = None
    restarts: int = 0
    ended: str = ""


class Terminal(Protocol):
    """A MetaTrader5 package behind a boundary that cannot hang.

    Promises: `call` never blocks the event loop, never raises for the terminal's troubles, and returns at the
    latest 0.3 s after the call's deadline; a call is begun at most once; after `NotCalled` it was not begun.
    """

    async def call(self, call: Call) -> Reply:
        """Call a function and wait for what comes back."""

    @property
    def state(self) -> WorkerState:
        """Whether calls can be made now."""

    @property
    def busy_since(self) -> float | None:
        """The moment of the monotonic clock at which the call under way began; None while it is in none."""
