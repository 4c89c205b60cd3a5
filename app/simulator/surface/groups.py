"""The package's `group=` filter: a comma list of names with `*`, where `!` excludes."""

from __future__ import annotations

import re
from collections.abc import Callable


def group_filter(group: str) -> Callable[[str], bool]:
    """Return whether a symbol is in the group: any include, and no exclude, read from left to right.

    An exclude that matches decides at once; a group of nothing but excludes holds nothing. Names are case-sensitive
    and `?` is no wildcard.
    """
    items = [item.strip(" ") for item in group.split(",")]
    # A lone `!` excludes everything.
    rules = [(item.startswith("!"), _pattern(item.removeprefix("!") or "*")) for item in items if item]

    def holds(symbol: str) -> bool:
        included = False
        for excludes, pattern in rules:
            if pattern.fullmatch(symbol):
                if excludes:
                    return False
                included = True
        return included

    return holds


def _pattern(item: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in item.split("*")), re.DOTALL)
