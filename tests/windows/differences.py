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


def _both_answer(vendor: Answer, ours: Answer) -> bool:
    return "result" in vendor and "result" in ours


MEANT = (
    Difference(
        "a terminal is always there",
        "initialize() with arguments in order connects, or refuses the account; the vendor's package finds no terminal",
        re.compile(r"initialize\("),
        lambda vendor, ours: (
            _error(vendor).startswith("tuple: (-10003,")
            and ("(1, 'Success')" in _error(ours) or "(-6, 'Terminal: Authorization failed')" in _error(ours))
            and vendor.get("cause") == ours.get("cause")
        ),
    ),
    Difference(
        "it says who it is",
        "`__author__` is not the vendor, and the module is an object of a class, so that there can be several",
        re.compile(r"module: (m\.__author__|type\(m\))$"),
        _both_answer,
    ),
    Difference(
        "the types' documentation is not repeated",
        "it is the vendor's text",
        re.compile(r"\w+: S\.__doc__$"),
        _both_answer,
    ),
    Difference(
        "functions are not pickled",
        "pickle looks for `MetaTrader5._core`, which the simulator has not: there can be several in one process",
        re.compile(r"\w+: pickle\.dumps\(f\) and 1$"),
        lambda _, ours: str(ours.get("raised", "")).startswith("PicklingError: "),
    ),
    Difference(
        "functions are objects of a class unless strict",
        "an object in Python can be called like a built-in function, but is none; `strict` makes real ones",
        re.compile(r"\w+: (type\(f\)|copy\.copy\(f\) is f)$"),
        _both_answer,
    ),
)


def meant(question: str, vendor: Answer, ours: Answer) -> Difference | None:
    """Return the meant difference that explains these two answers, or None."""
    for difference in MEANT:
        if difference.question.match(question) and difference.meant(vendor, ours):
            return difference
    return None
