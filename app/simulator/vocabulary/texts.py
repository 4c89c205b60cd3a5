"""How long the terminal lets a text be, and how it counts."""

from __future__ import annotations

NAME_MAX = 29  # UTF-16 units of a symbol or comment


def utf16_units(value: str) -> int:
    """Count what a string is long by in the terminal (an emoji is two)."""
    return len(value) + sum(ord(char) > 0xFFFF for char in value)
