"""The faults that may be asked for: what each takes, and what will do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import constants as mt5
from .functions import ASKING
from .last_errors import TEXTS
from .order_types import BUY, SELL
from .retcodes import REFUSALS
from .symbols import SymbolSpec
from .texts import NAME_MAX, utf16_units

SECONDS = 10.0
SECONDS_MAX = 86_400.0
COUNT_MAX = 1_000_000
_JUMP_MAX_S = 43_200
EXTERNAL_TRADE = "external_trade"
# Those whose seconds say how long they hold a call, or a fill, and not how long they last.
HOLDING = ("hang", "slow", "late_fill")
SIDES = {"buy": BUY, "sell": SELL}
REASONS = {
    "client": mt5.DEAL_REASON_CLIENT,
    "mobile": mt5.DEAL_REASON_MOBILE,
    "expert": mt5.DEAL_REASON_EXPERT,
    "sl": mt5.DEAL_REASON_SL,
    "tp": mt5.DEAL_REASON_TP,
    "so": mt5.DEAL_REASON_SO,
}
# What each fault takes, and what it is where nothing is said. Where it could take a time and calls and was given
# neither, it takes one call.
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "disconnect": {"seconds": SECONDS},
    "terminal_gone": {"seconds": SECONDS},
    "hang": {"seconds": SECONDS, "count": 1, "function": "order_send"},
    "slow": {"seconds": 1.0, "count": 1, "function": "order_send"},
    "ipc_timeout": {"count": 1, "function": "order_send"},
    "call_failed": {"seconds": None, "count": None, "function": "order_send", "value": -1},
    "reject": {"seconds": None, "count": None, "retcode": mt5.TRADE_RETCODE_REJECT, "symbol": None},
    "requote": {"seconds": None, "count": None, "symbol": None},
    "partial_fill": {"count": 1, "fraction": 0.5, "symbol": None},
    "late_fill": {"count": 1, "seconds": 5.0, "symbol": None},
    "autotrading_off": {"seconds": SECONDS},
    "frozen_feed": {"seconds": SECONDS, "symbol": None},
    "zero_tick": {"seconds": SECONDS, "symbol": None},
    "wrong_account": {"seconds": SECONDS, "value": 9_999_999},
    "offset_jump": {"seconds": SECONDS, "value": 3600},
    "history_lag": {"seconds": SECONDS, "value": 5.0},
    "comment_rewritten": {"seconds": SECONDS, "value": "rewritten"},
    EXTERNAL_TRADE: {"symbol": None, "side": None, "volume": None, "position": None, "reason": "client"},
}
_CLOSING_REASONS = ("sl", "tp", "so")


class FaultRefused(ValueError):
    """A fault cannot be had like this: which parameter, and what it should be."""

    def __init__(self, parameter: str, expected: str) -> None:
        super().__init__(f"{parameter}: {expected}")
        self.parameter = parameter
        self.expected = expected


def checked(fault: str, given: Mapping[str, Any], specs: Mapping[str, SymbolSpec]) -> dict[str, Any]:
    """All parameters of a fault, those that were not given included.

    `specs` are the symbols that there are, which may be named in any case.

    Raises:
        FaultRefused: there is no such fault, or not with such parameters.
    """
    if fault not in FAULTS:
        raise FaultRefused("fault", f"should be one of {', '.join(FAULTS)}")
    takes = FAULTS[fault]
    for name in given:
        if name not in takes:
            raise FaultRefused(name, f"should be left out: {fault} takes {', '.join(takes)}")
    parameters = {**takes, **given}
    if isinstance(symbol := parameters.get("symbol"), str):
        parameters["symbol"] = {name.upper(): name for name in specs}.get(symbol.upper(), symbol)
    checks = {**_CHECKS, "symbol": _one_of(specs)}
    if fault in _VALUE_CHECKS:
        checks["value"] = _VALUE_CHECKS[fault]
    for name, value in parameters.items():
        if value is not None and (expected := checks[name](value)):
            raise FaultRefused(name, expected)
    if fault == EXTERNAL_TRADE:
        _check_trade(parameters, specs)
    return parameters


def _check_trade(parameters: Mapping[str, Any], specs: Mapping[str, SymbolSpec]) -> None:
    """An external trade closes the position that is named, or opens one."""
    if parameters["position"]:
        for name in ("symbol", "side"):
            if parameters[name] is not None:
                raise FaultRefused(name, "should be left out where a position is closed")
        return
    for name in ("symbol", "side", "volume"):
        if parameters[name] is None:
            raise FaultRefused(name, "should be given, or the position to close")
    if not specs[parameters["symbol"]].takes_volume(parameters["volume"]):
        raise FaultRefused("volume", "should be lots that the symbol may be traded in")
    if parameters["reason"] in _CLOSING_REASONS:
        raise FaultRefused("reason", "should be client, mobile or expert where a position is opened")


def _between(least: float, most: float, *, whole: bool = False) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        fits = isinstance(value, int if whole else int | float) and least <= value <= most
        return None if fits else f"should be {'a whole number ' if whole else ''}from {least:g} to {most:g}"

    return check


def _whole_minutes(value: Any) -> str | None:
    fits = isinstance(value, int | float) and value % 60 == 0 and abs(value) <= _JUMP_MAX_S
    return None if fits else f"should be seconds in whole minutes, from -{_JUMP_MAX_S} to {_JUMP_MAX_S}"


def _lag(value: Any) -> str | None:
    fits = isinstance(value, int | float) and 0 < value <= SECONDS_MAX
    return None if fits else f"should be seconds, up to {SECONDS_MAX:g}"


def _login(value: Any) -> str | None:
    fits = isinstance(value, int | float) and value == value // 1 and 0 < value < 2**53
    return None if fits else "should be the number of an account"


def _comment(value: Any) -> str | None:
    fits = (
        isinstance(value, str) and utf16_units(value) <= NAME_MAX and not any("\ud800" <= c <= "\udfff" for c in value)
    )
    return None if fits else f"should be a text of at most {NAME_MAX} characters, each of them whole"


def _one_of(names: Mapping[Any, Any] | tuple[str, ...], what: str = "") -> Callable[[Any], str | None]:
    expected = what or f"one of {', '.join(names)}"
    # A tuple, since a mapping does not say "no" to a list.
    return lambda value: None if value in tuple(names) else f"should be {expected}"


_CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    "seconds": _between(0.001, SECONDS_MAX),
    "count": _between(1, COUNT_MAX, whole=True),
    "function": _one_of(ASKING, "a function of the package that asks the terminal"),
    "fraction": _between(0.01, 0.99),
    "retcode": _one_of(REFUSALS, "the code of a refusal, 10004 to 10046"),
    "side": _one_of(SIDES),
    "volume": _between(0.01, 1000),
    "position": _between(1, 2**63 - 1, whole=True),
    "reason": _one_of(REASONS),
}
# What `value` is depends on the fault: a code, a login, seconds of the clock, seconds of delay, a text.
_VALUE_CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    "call_failed": _one_of(TEXTS, "a negative code of last_error(), as -1 or -10005"),
    "wrong_account": _login,
    "offset_jump": _whole_minutes,
    "history_lag": _lag,
    "comment_rewritten": _comment,
}
