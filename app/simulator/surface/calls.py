"""How the package's functions take arguments and say that something went wrong.

The functions are callable objects, not Python functions: the package's are built-ins, which bots keep as class
attributes, and a Python function kept there would turn into a method.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from ..vocabulary import constants as mt5
from ..vocabulary.functions import Kind
from ..vocabulary.last_errors import LastError, failure
from ..vocabulary.texts import NAME_MAX, utf16_units

Arguments = tuple[Any, ...]
Keywords = dict[str, Any]

# What a function gets where its caller gave no keywords at all: C can tell that from an empty dictionary of them.
NO_KEYWORDS: Keywords = {}
GROUP_MAX = 1997
_INVALID = "Invalid arguments"
WRONG_NUMBER = "Invalid number of arguments"
_HEAP_TYPE = 1 << 9  # of a type that was made by a class statement
# What the package sends for a date that its 32 bits cannot hold: 1901.
_DATE_OVERFLOW = -(2**31)


class CallFailed(Exception):
    """The call has no result: the function answers its failure value, `last_error()` says this code and text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.last_error: LastError = (code, text)


class BadArguments(CallFailed):
    """The arguments are refused before anything is asked of the terminal."""

    def __init__(self, text: str = _INVALID) -> None:
        super().__init__(mt5.RES_E_INVALID_PARAMS, text)


class PendingError(BadArguments):
    """The package refuses the arguments and leaves an exception behind, which Python reports as a SystemError."""

    def __init__(self, cause: Exception, text: str = _INVALID) -> None:
        super().__init__(text)
        self.cause = cause


def not_found() -> CallFailed:
    """Name the failure of asking for something that the terminal does not know."""
    return CallFailed(*failure(mt5.RES_E_NOT_FOUND))


def invalid_params() -> CallFailed:
    """Name the failure of arguments that the package passes on and the terminal refuses."""
    return CallFailed(*failure(mt5.RES_E_INVALID_PARAMS))


class Caller(Protocol):
    """Where calls run: keeps the last error and decides who waits for whom."""

    # An exception that the package leaves behind though the call goes on: it ends with a SystemError.
    left_behind: Exception | None

    def run(self, name: str, call: Callable[[], Any], failure_value: Any) -> Any:
        """Run one call of this name; on CallFailed note its last error and answer `failure_value`."""
        ...


class Function:
    """One function of the package: its kind of parameters, its body, and what it answers when it fails."""

    def __init__(
        self,
        caller: Caller,
        kind: Kind,
        body: Callable[[Any, Arguments, Keywords], Any],
        failure_value: Any = None,
    ) -> None:
        self.__name__ = self.__qualname__ = body.__name__
        self.__doc__ = body.__doc__
        self.__module__ = "MetaTrader5._core"
        self._caller = caller
        self._kind = kind
        self._body = body
        self._failure_value = failure_value

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Run the function."""
        return self.call(args, kwargs or NO_KEYWORDS)

    def call(self, args: Arguments, kwargs: Keywords) -> Any:
        """Run the function with what C would get: `NO_KEYWORDS`, or a dictionary that may be empty."""
        self._check_kind(args, kwargs)
        return self._caller.run(self.__name__, lambda: self._body(self._caller, args, kwargs), self._failure_value)

    def __repr__(self) -> str:
        return f"<built-in function {self.__name__}>"

    def __reduce__(self) -> str:
        # As of a built-in: a copy is the function itself, and a pickle its module's name and its own.
        return self.__name__

    def _check_kind(self, args: Arguments, kwargs: Keywords) -> None:
        """Refuse what the interpreter itself refuses, leaving the last error alone."""
        if self._kind == "keywords":
            return
        name = self.__name__ if self._kind == "positional" else f"MetaTrader5._core.{self.__name__}"
        if kwargs:
            raise TypeError(f"{name}() takes no keyword arguments")
        if self._kind == "none" and args:
            raise TypeError(f"{name}() takes no arguments ({len(args)} given)")


def take(args: Arguments, least: int, most: int | None = None) -> Arguments:
    """Return the positional arguments if their number is right."""
    if not least <= len(args) <= (least if most is None else most):
        raise BadArguments
    return args


def take_text(value: Any, text: str = _INVALID, longest: int = NAME_MAX) -> str:
    """Return a string of at most so many UTF-16 units; refuse anything else with this text."""
    if not isinstance(value, str) or utf16_units(value) > longest:
        raise BadArguments(text)
    return str(value)


def take_int(value: Any) -> int:
    """Return a 32-bit integer from anything that is an index, NumPy's integers included."""
    try:
        return _as_long(operator.index(value))
    except Exception as error:
        raise PendingError(error) from error


def take_float(value: Any) -> float:
    """Return a number from anything that converts itself to float; a string does not."""
    try:
        # Takes a number as the package does; float() would take strings too.
        return math.ldexp(value, 0)
    except Exception as error:
        raise PendingError(error) from error


def take_truth(value: Any) -> bool:
    """Return what anything is worth as a condition."""
    try:
        return bool(value)
    except Exception as error:
        raise PendingError(error) from error


def take_action(value: Any) -> int:
    """Return an order type: an int, of which the package looks at 32 bits."""
    if not isinstance(value, int):
        given = "None" if value is None else _full_name(type(value))
        raise PendingError(TypeError(f"argument 1 must be int, not {given}"))
    return int(value) & 0xFFFFFFFF


def take_date(value: Any, caller: Caller) -> int:
    """Return whole seconds of an int, float or datetime, cut towards zero; naive datetimes are machine time.

    An int of more than 32 bits is asked for as -1 all the same; the call then ends with what was left behind.
    """
    if isinstance(value, datetime):
        value = value.timestamp()
    if isinstance(value, float):
        fits = math.isfinite(value) and -(2**31) <= value < 2**31
        return int(value) if fits else _DATE_OVERFLOW
    if not isinstance(value, int):
        raise BadArguments
    try:
        return _as_long(value)
    except OverflowError as error:
        caller.left_behind = error
        return -1


def take_number(value: Any, name: str, *, bits: int = 64, signed: bool = False, text: str = "") -> int:
    """Return an integer field; only Python's own int (or bool) will do, and it must fit."""
    text = text or f'Invalid "{name}" argument'
    if not isinstance(value, int):
        raise BadArguments(text)
    try:
        return _as_unsigned_long(value) if bits == 32 else _as_eight_bytes(value, signed)
    except OverflowError as error:
        raise PendingError(error, text) from error


def _as_long(value: int) -> int:
    """Convert as C does where a long has 32 bits."""
    if not -(2**31) <= value < 2**31:
        raise OverflowError("Python int too large to convert to C long")
    return int(value)


def _as_unsigned_long(value: int) -> int:
    if value < 0:
        raise OverflowError("can't convert negative value to unsigned int")
    if value >= 2**32:
        raise OverflowError("Python int too large to convert to C unsigned long")
    return int(value)


def _as_eight_bytes(value: int, signed: bool) -> int:
    value.to_bytes(8, "little", signed=signed)  # refuses as the package's conversion does
    return int(value)


def _full_name(kind: type) -> str:
    """Return a type's name as C has it: with its module where C made it."""
    heap = kind.__flags__ & _HEAP_TYPE
    return kind.__name__ if heap or kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def first_filter(kwargs: Keywords, names: Sequence[str]) -> tuple[str, Any] | None:
    """Return the filter that wins: the first of these names that was given; other keywords are ignored."""
    for name in names:
        if name in kwargs:
            if name in ("ticket", "position"):
                return name, take_number(kwargs[name], name)
            longest = GROUP_MAX if name == "group" else NAME_MAX
            return name, take_text(kwargs[name], f'Invalid "{name}" argument', longest)
    return None
