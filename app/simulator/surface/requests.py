"""Trade requests: strictly typed on the way in, echoed whole on the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..vocabulary.structs import Struct, TradeRequest
from .calls import NO_KEYWORDS, WRONG_NUMBER, Arguments, BadArguments, Keywords, take_number, take_text


def _float(value: Any, name: str) -> float:
    # An int is no float here: `volume: 1` and `sl: 0` are refused, as the package refuses them.
    if not isinstance(value, float):
        raise BadArguments(f'Invalid "{name}" argument')
    return float(value)


def _text(value: Any, name: str) -> str:
    return take_text(value, f'Invalid "{name}" argument')


_uint32 = partial(take_number, bits=32)
_uint64 = partial(take_number, bits=64)
_int64 = partial(take_number, bits=64, signed=True)

# In the order of the struct, which is the order in which the package complains.
_FIELDS: dict[str, tuple[Callable[[Any, str], Any], Any]] = {
    "action": (_uint32, 0),
    "magic": (_uint64, 0),
    "order": (_uint64, 0),
    "symbol": (_text, ""),
    "volume": (_float, 0.0),
    "price": (_float, 0.0),
    "stoplimit": (_float, 0.0),
    "sl": (_float, 0.0),
    "tp": (_float, 0.0),
    "deviation": (_uint64, 0),
    "type": (_uint32, 0),
    "type_filling": (_uint32, 0),
    "type_time": (_uint32, 0),
    "expiration": (_int64, 0),
    "comment": (_text, ""),
    "position": (_uint64, 0),
    "position_by": (_uint64, 0),
}


def take_request(args: Arguments, kwargs: Keywords) -> Struct:
    """Return the request of order_send or order_check: one dict, or the fields as keywords, never both.

    A dictionary of keywords that is there and empty counts as fields, none of which was given.
    """
    if kwargs is not NO_KEYWORDS:
        if args:
            raise BadArguments("Unnamed arguments not allowed")
        return to_request(kwargs)
    if len(args) != 1:
        raise BadArguments(WRONG_NUMBER)
    if not isinstance(args[0], dict):
        raise BadArguments
    return to_request(args[0])


def to_request(fields: Mapping[str, Any]) -> Struct:
    """Check each field's type; missing ones are zero or empty, unknown ones are ignored."""
    return TradeRequest(
        [take(fields[name], name) if name in fields else default for name, (take, default) in _FIELDS.items()]
    )
