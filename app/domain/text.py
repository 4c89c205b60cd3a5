"""Text fit to be written: what came from outside, and numbers."""

from __future__ import annotations

from typing import Any

DIGITS = 15
"""As many as a double keeps of every decimal number: 93070.47 stays what it is, and 0.1 + 0.2 is 0.3."""


def writable(value: Any) -> Any:
    """Return *value*, of the kinds that JSON knows, with text that UTF-8 can hold.

    Half of a surrogate pair, as a broken client or terminal may send it, is no text and becomes `?`.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {writable(key): writable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [writable(item) for item in value]
    return value


def number(value: float) -> str:
    """Return *value*, a price or a volume, with every digit that it was written with and no zeros behind them."""
    return f"{value:.{DIGITS}g}"
