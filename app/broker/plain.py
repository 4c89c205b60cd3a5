"""MetaTrader5 values as plain Python data that can cross a pipe: structures as dicts, arrays as lists of dicts."""

from __future__ import annotations

from typing import Any


def plain(value: Any, fields: tuple[str, ...] | None = None) -> Any:
    """Turn a result of the package into dicts, lists, numbers and strings.

    Raises TypeError for anything else: the parent must not load foreign code to read an answer.

    Args:
        value: what a function of the package returned.
        fields: where given, only these fields of each structure are kept.
    """
    if hasattr(value, "_asdict"):
        record = value._asdict()
        names = record if fields is None else fields
        return {name: plain(record[name]) for name in names if name in record}
    if hasattr(value, "dtype") and getattr(value.dtype, "names", None):
        return [dict(zip(value.dtype.names, row, strict=True)) for row in value.tolist()]
    if isinstance(value, tuple) and value and hasattr(value[0], "_asdict"):
        return [plain(item, fields) for item in value]
    if isinstance(value, tuple):
        return list(value)
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    raise TypeError(f"{type(value).__name__} is nothing that the package should return")
