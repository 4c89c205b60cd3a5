"""The differences between the simulator and the vendor's package that are meant: each by name, with its reason.

Whatever else differs is a fault of the simulator.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """Questions that match `question`, answered as `meant` says of the vendor's answer and the simulator's."""

    name: str
    reason: str
    question: re.Pattern[str]
    meant: Callable[[Answer, Answer], bool]


def _error(answer: Answer) -> str:
    return str(answer.get("last_error", {}).get("result", ""))


MEANT = (
    Difference(
        "a terminal is always there",
        "initialize() with arguments in order connects, or refuses the account; the vendor's package finds no terminal",
        re.compile(r"initialize\("),
        lambda vendor, ours: (
            _error(vendor).startswith("tuple: (-10003,")
            and ("(1, 'Success')" in _error(ours) or "(-6, 'Terminal: Authorization failed')" in _error(ours))
        ),
    ),
)


def meant(question: str, vendor: Answer, ours: Answer) -> Difference | None:
    """Return the meant difference that explains these two answers, or None."""
    for difference in MEANT:
        if difference.question.match(question) and difference.meant(vendor, ours):
            return difference
    return None
