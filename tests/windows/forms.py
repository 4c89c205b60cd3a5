"""Every form in which the package's functions can be called, as data: names of values, in places.

Nothing here knows what the answer is. `ask.py` asks the vendor's package and the simulator, `test_vendor.py` compares.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np


class _Int(int):
    pass


class _Float(float):
    pass


class _Str(str):
    __slots__ = ()


class _Dict(dict[str, Any]):
    pass


class _Enum(enum.IntEnum):
    ONE = 1


class _Index:
    def __index__(self) -> int:
        return 1


class _BadIndex:
    def __index__(self) -> int:
        raise ValueError("no index today")


class _AsFloat:
    def __float__(self) -> float:
        return 1.5


class _BadFloat:
    def __float__(self) -> float:
        raise ValueError("no float today")


_REQUEST = {"action": 1, "symbol": "EURUSD", "volume": 0.1, "type": 0, "price": 1.1, "type_filling": 1}

# What stands in a place of a call. A form names a value, so that a difference reads well.
VALUES: Mapping[str, Any] = {
    "None": None, "True": True, "False": False, "...": ...,
    "0": 0, "1": 1, "2": 2, "-1": -1, "10": 10, "1700000000": 1_700_000_000,
    "2**31-1": 2**31 - 1, "2**31": 2**31, "-2**31": -(2**31), "-2**31-1": -(2**31) - 1,
    "2**32-1": 2**32 - 1, "2**32": 2**32, "2**63-1": 2**63 - 1, "2**63": 2**63, "-2**63": -(2**63),
    "-2**63-1": -(2**63) - 1, "2**64-1": 2**64 - 1, "2**64": 2**64, "2**100": 2**100,
    "0.0": 0.0, "0.1": 0.1, "1.1": 1.1, "-1.5": -1.5, "1e300": 1e300, "2.0**31": 2.0**31, "nan": math.nan,
    "inf": math.inf, "-inf": -math.inf, "2**2000": 2**2000,
    "''": "", "'EURUSD'": "EURUSD", "'*'": "*", "'1'": "1", "'€'": "€", "'a\\0b'": "a\0b",
    "29 letters": "x" * 29, "30 letters": "x" * 30, "14 emoji": "😀" * 14, "15 emoji": "😀" * 15,
    "253 letters": "x" * 253, "254 letters": "x" * 254, "257 letters": "x" * 257, "258 letters": "x" * 258,
    "1997 letters": "x" * 1997, "1998 letters": "x" * 1998,
    "b'EURUSD'": b"EURUSD", "bytearray": bytearray(b"EURUSD"), "memoryview": memoryview(b"E"),
    "[]": [], "[1]": [1], "()": (), "(1,)": (1,), "{}": {}, "{1: 2}": {1: 2}, "set()": set(), "range": range(2),
    "request": _REQUEST, "dict subclass": _Dict(_REQUEST),
    "object": object, "type": int, "function": len, "1j": 1j, "Decimal": Decimal("1.5"), "Fraction": Fraction(3, 2),
    "naive": dt.datetime.fromisoformat("2024-01-02 03:04:05"),
    "aware": dt.datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=dt.UTC),
    "1969": dt.datetime(1969, 1, 1, tzinfo=dt.UTC), "1900": dt.datetime(1900, 1, 1, tzinfo=dt.UTC),
    "2038": dt.datetime(2038, 1, 20, tzinfo=dt.UTC), "9999": dt.datetime(9999, 1, 1, tzinfo=dt.UTC),
    "date": dt.date(2024, 1, 2), "timedelta": dt.timedelta(1), "time": dt.time(1, 2),
    "np.int32": np.int32(1), "np.int64": np.int64(1), "np.uint8": np.uint8(1), "np.bool_": np.bool_(True),
    "np.float32": np.float32(1.5), "np.float64": np.float64(1.5), "np.str_": np.str_("EURUSD"),
    "np 0-d": np.array(1), "np.array": np.array([1, 2]), "np.datetime64": np.datetime64("2024-01-02"),
    "int subclass": _Int(1), "float subclass": _Float(1.5), "str subclass": _Str("EURUSD"), "IntEnum": _Enum.ONE,
    "__index__": _Index(), "bad __index__": _BadIndex(), "__float__": _AsFloat(), "bad __float__": _BadFloat(),
}  # fmt: skip

# The 17 fields of a request, in the order in which they are checked.
FIELDS: Mapping[str, str] = {
    "action": "1", "magic": "1", "order": "1", "symbol": "'EURUSD'", "volume": "0.1", "price": "1.1",
    "stoplimit": "1.1", "sl": "1.1", "tp": "1.1", "deviation": "10", "type": "0", "type_filling": "1",
    "type_time": "0", "expiration": "0", "comment": "'1'", "position": "1", "position_by": "1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function is given when all is well: positional values, then keywords that it may know."""

    positional: tuple[str, ...] = ()
    keywords: Mapping[str, str] = field(default_factory=dict)


_FILTERS = {"ticket": "1", "symbol": "'EURUSD'", "group": "'*'"}
_HISTORY = {"group": "'*'", "ticket": "1", "position": "1"}
_ACCOUNT = {"login": "1", "password": "'1'", "server": "'1'", "timeout": "10"}
_DATES = ("aware", "1700000000")
_ORDER = {"comment": "'1'", "ticket": "1", "price": "1.1"}

SIGNATURES: Mapping[str, Signature] = {
    "login": Signature(("1", "'1'", "'1'"), _ACCOUNT),
    "shutdown": Signature(),
    "version": Signature(),
    "last_error": Signature(),
    "terminal_info": Signature(),
    "account_info": Signature(),
    "symbols_total": Signature(),
    "symbols_get": Signature(("'*'",), {"group": "'*'"}),
    "symbol_info": Signature(("'EURUSD'",), {"symbol": "'EURUSD'"}),
    "symbol_info_tick": Signature(("'EURUSD'",), {"symbol": "'EURUSD'"}),
    "symbol_select": Signature(("'EURUSD'", "True"), {"symbol": "'EURUSD'", "enable": "True"}),
    "market_book_add": Signature(("'EURUSD'",), {"symbol": "'EURUSD'"}),
    "market_book_get": Signature(("'EURUSD'",), {"symbol": "'EURUSD'"}),
    "market_book_release": Signature(("'EURUSD'",), {"symbol": "'EURUSD'"}),
    "copy_rates_from": Signature(("'EURUSD'", "1", "aware", "10"), {"count": "10"}),
    "copy_rates_from_pos": Signature(("'EURUSD'", "1", "0", "10"), {"count": "10"}),
    "copy_rates_range": Signature(("'EURUSD'", "1", *_DATES), {"date_to": "aware"}),
    "copy_ticks_from": Signature(("'EURUSD'", "aware", "10", "-1"), {"flags": "-1"}),
    "copy_ticks_range": Signature(("'EURUSD'", *_DATES, "-1"), {"flags": "-1"}),
    "orders_total": Signature(),
    "orders_get": Signature((), _FILTERS),
    "positions_total": Signature(),
    "positions_get": Signature((), _FILTERS),
    "history_orders_total": Signature(_DATES, {"date_from": "aware"}),
    "history_orders_get": Signature(_DATES, _HISTORY),
    "history_deals_total": Signature(_DATES, {"date_from": "aware"}),
    "history_deals_get": Signature(_DATES, _HISTORY),
    "order_calc_margin": Signature(("0", "'EURUSD'", "0.1", "1.1"), {"price": "1.1"}),
    "order_calc_profit": Signature(("0", "'EURUSD'", "0.1", "1.1", "1.1"), {"price_close": "1.1"}),
    "order_check": Signature(("request",), FIELDS),
    "order_send": Signature(("request",), FIELDS),
    "Buy": Signature(("'EURUSD'", "0.1"), _ORDER),
    "Sell": Signature(("'EURUSD'", "0.1"), _ORDER),
    "Close": Signature(("'EURUSD'",), {"comment": "'1'", "ticket": "1"}),
    # Last, since what it is given right would connect.
    "initialize": Signature(("'1'",), {"path": "'1'", **_ACCOUNT, "portable": "True"}),
}


@dataclass(frozen=True, slots=True)
class Form:
    """One call: which function, and the names of the values it is given.

    `keywords` None is a call without any; `{}` one that hands on an empty dictionary, which C can tell from it.
    `request` is the dictionary of a request, which then is the first argument.
    """

    function: str
    positional: tuple[str, ...] = ()
    keywords: Mapping[str, str] | None = None
    request: Mapping[str, str] | None = None

    def __str__(self) -> str:
        given = list(self.positional)
        if self.request is not None:
            given.insert(0, "{" + ", ".join(f"{name!r}: {value}" for name, value in self.request.items()) + "}")
        given += [f"{name}={value}" for name, value in (self.keywords or {}).items()]
        if self.keywords is not None and not self.keywords:
            given.append("**{}")
        return f"{self.function}({', '.join(given)})"

    def arguments(self) -> tuple[list[Any], dict[str, Any] | None]:
        """Return the values themselves."""
        positional = [VALUES[name] for name in self.positional]
        if self.request is not None:
            positional.insert(0, {name: VALUES[value] for name, value in self.request.items()})
        keywords = None if self.keywords is None else {name: VALUES[value] for name, value in self.keywords.items()}
        return positional, keywords


def forms(function: str) -> list[Form]:
    """Return all forms for one function, each once, always in the same order."""
    signature = SIGNATURES[function]
    found = [*_counts(function, signature), *_slots(function, signature), *_by_keyword(function, signature)]
    if signature.keywords is FIELDS:
        found += _requests(function)
    found += _chance(function, signature)
    return list({str(form): form for form in found}.values())


def _counts(function: str, signature: Signature) -> Iterator[Form]:
    """Too few, enough and too many arguments, each without keywords, with an empty dictionary, with a wrong one."""
    given = (*signature.positional, "1", "'EURUSD'", "None")
    for count in range(len(given) + 1):
        for keywords in (None, {}, {"nonsense": "1"}):
            yield Form(function, given[:count], keywords)


def _slots(function: str, signature: Signature) -> Iterator[Form]:
    """Each place with each value, the others right."""
    places = signature.positional or ("None",)
    for place in range(len(places)):
        for value in VALUES:
            yield Form(function, (*places[:place], value, *places[place + 1 :]))


def _by_keyword(function: str, signature: Signature) -> Iterator[Form]:
    """Each keyword with each value, alone, after the right arguments and after the first one."""
    for name in signature.keywords:
        for value in VALUES:
            yield Form(function, (), {name: value})
            yield Form(function, signature.positional, {name: value})
    names = list(signature.keywords)
    yield Form(function, (), dict(signature.keywords))
    for one in names:
        for other in names:
            for value in ("None", "1", "'1'", "2**64"):
                yield Form(function, (), {one: value, other: signature.keywords[other]})
                yield Form(function, signature.positional[:1], {one: value, other: value})


def _requests(function: str) -> Iterator[Form]:
    """Each field of a request with each value, alone and among right ones; fields that nobody knows."""
    yield Form(function, request={})
    yield Form(function, request=FIELDS)
    yield Form(function, ("1",), request=FIELDS)
    yield Form(function, (), {"symbol": "'EURUSD'"}, request=FIELDS)
    for name in (*FIELDS, "nonsense", "Symbol"):
        for value in VALUES:
            yield Form(function, request={name: value})
            yield Form(function, request={**FIELDS, name: value})
    for one in FIELDS:
        for other in FIELDS:
            yield Form(function, request={one: "object", other: "object"})
            yield Form(function, request={one: "2**64", other: "None"})


def _chance(function: str, signature: Signature, count: int = 300) -> Iterator[Form]:
    """Calls with several things wrong at once, which show what is looked at first."""
    dice = random.Random(function)
    values, names = list(VALUES), [*signature.keywords, "nonsense"]
    for _ in range(count):
        length = dice.choice((0, 1, len(signature.positional), len(signature.positional)))
        given = tuple(dice.choice(values) if dice.random() < 0.5 else right for right in signature.positional[:length])
        keywords = {name: dice.choice(values) for name in dice.sample(names, dice.randrange(min(4, len(names) + 1)))}
        yield Form(function, given, keywords or dice.choice((None, {})))
