"""What a module exports, asked with expressions: names, constants, types, constructors, copies, pickles."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from types import ModuleType
from typing import Any

# S is one of the exported types, n how many fields it has, v a value of it.
_OF_A_TYPE = (
    "S", "S.__name__", "S.__qualname__", "S.__module__", "S.__mro__", "S.__bases__", "type(S)", "S.__match_args__",
    "S.n_fields", "S.n_sequence_fields", "S.n_unnamed_fields", "hasattr(S, '_fields')", "hasattr(S, '_replace')",
    "hasattr(S, '_make')", "hasattr(v, '__dict__')", "issubclass(S, tuple)",
    "S()", "S(1)", "S(None)", "S([])", "S(range(n - 1))", "S(range(n + 1))", "S(*range(n))", "S(range(n), {})",
    "S(range(n), 1)", "S(sequence=range(n))", "S('x' * n)", "S({})", "S(iter(range(n)))", "S(sequence=1, dict={})",
    "v", "str(v)", "repr(v)", "len(v)", "v[0]", "v[-1]", "v[1:3]", "v[n]", "v + (1,)", "v == tuple(range(n))",
    "v == S(range(n))", "v != S(range(n))", "v < S(range(n))", "hash(v) == hash(tuple(range(n)))", "list(v)",
    "isinstance(v, S)", "isinstance(v, tuple)", "0 in v", "v.index(1)", "v.count(1)", "v.nonsense", "v._asdict()",
    "S._asdict(v)", "v._asdict(1)", "S._asdict()", "type(v._asdict())", "v.__reduce__()[0]", "pickle.dumps(v)",
    "pickle.dumps(S)", "copy.copy(v)", "copy.deepcopy(v)", "json.dumps(v)", "type('Mine', (S,), {})",
    "setattr(v, S.__match_args__[0], 1)", "delattr(v, S.__match_args__[0])", "setattr(v, 'nonsense', 1)",
    "v.__getnewargs__()", "S.__doc__", "v * 2", "copy.replace", "tuple(v)", "S(v)", "S(v) is v", "bool(v)",
    "[getattr(v, name) for name in S.__match_args__]", "type(getattr(S, S.__match_args__[0])).__name__",
)  # fmt: skip
# f is one of the functions.
_OF_A_FUNCTION = (
    "callable(f)", "type(f)", "f.__name__", "f.__qualname__", "repr(f)", "hasattr(f, '__get__')", "f.__module__",
    "type('Mine', (), {'f': f})().f is f", "pickle.dumps(f) and 1", "copy.copy(f) is f", "hash(f) == hash(f)",
)  # fmt: skip
_OF_THE_MODULE = (
    "public", "m.__version__", "m.__author__", "m.__name__", "type(m)", "m.nonsense", "callable(m)",
)  # fmt: skip
_NAMES = {"copy": copy, "pickle": pickle, "json": json}


def _public(module: Any) -> list[str]:
    return sorted(name for name in dir(module) if not name.startswith("_"))


def questions(module: Any) -> Iterator[str]:
    """Return what is asked: `NAME` for a constant, `NAME: EXPRESSION` for the rest."""
    yield from (f"module: {expression}" for expression in _OF_THE_MODULE)
    for name in _public(module):
        value = getattr(module, name)
        if isinstance(value, ModuleType):
            continue
        if isinstance(value, type):
            yield from (f"{name}: {expression}" for expression in _OF_A_TYPE)
        elif callable(value):
            yield from (f"{name}: {expression}" for expression in _OF_A_FUNCTION)
        else:
            yield name


def look(module: Any, question: str) -> Any:
    """Return what the module answers to one of them."""
    name, _, expression = question.partition(": ")
    if name == "module":
        return eval(expression, {"m": module, "public": _public(module)})
    value = getattr(module, name)
    if not expression:
        return value
    known: dict[str, Any] = {**_NAMES, "S": value, "f": value}
    if isinstance(value, type):
        count = value.n_fields  # type: ignore[attr-defined]
        known |= {"n": count, "v": value(range(count))}
    return eval(expression, known)
