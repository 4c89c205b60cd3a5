"""Text that came from outside, made fit to be written."""

from __future__ import annotations

from typing import Any


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
