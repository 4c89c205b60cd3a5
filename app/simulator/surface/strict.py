"""The package's functions as real built-ins: C sees whether a caller handed on an empty dictionary of keywords.

To Python `f(x)` and `f(x, **{})` are the same call; to a C function that takes keywords they are not, and the vendor's
`order_send` refuses the second one. Wrappers that hand on `*args, **kwargs` make exactly that call, and every order is
lost. Only a built-in can show it.

CPython alone has what this needs.
"""

from __future__ import annotations

import ctypes
from types import ModuleType
from typing import Any

from .calls import NO_KEYWORDS, Arguments, Function, Keywords

CORE = "MetaTrader5._core"
# From CPython's headers; both belong to its stable interface.
_TAKES_ARGUMENTS_AND_KEYWORDS = 0x0001 | 0x0002  # METH_VARARGS | METH_KEYWORDS
_DESCRIPTOR_GET = 54  # Py_tp_descr_get


class _Definition(ctypes.Structure):
    """A PyMethodDef: what a built-in function is called and which C function it runs."""

    _fields_ = (("name", ctypes.c_char_p), ("run", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p))


class _Entry(ModuleType):
    """What stands behind one built-in, in the place of the module that it belongs to.

    `__get__` is no attribute access here. The slot that CPython keeps for it is a C function of three objects which
    tells a missing one as None and lets exceptions through: the shape of a function that takes arguments and keywords.
    """

    def __init__(self, function: Function) -> None:
        super().__init__(CORE)
        self._function = function
        # The built-in keeps this object, and this object the definition, which nobody else does.
        self.definition = _Definition(
            function.__name__.encode(),
            _slot_of(_Entry, _DESCRIPTOR_GET),
            _TAKES_ARGUMENTS_AND_KEYWORDS,
            (function.__doc__ or "").encode(),
        )

    def __get__(self, args: Arguments, kwargs: Keywords | None) -> Any:
        return self._function.call(args, NO_KEYWORDS if kwargs is None else kwargs)


def as_builtin(function: Function) -> Any:
    """Return the same function as a built-in one."""
    entry = _Entry(function)
    return _new_function(ctypes.addressof(entry.definition), entry, CORE)


_slot_of = ctypes.pythonapi.PyType_GetSlot
_slot_of.restype = ctypes.c_void_p
_slot_of.argtypes = [ctypes.py_object, ctypes.c_int]
_new_function = ctypes.pythonapi.PyCFunction_NewEx
_new_function.restype = ctypes.py_object
_new_function.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
