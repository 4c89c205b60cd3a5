"""A fault in telling an order must never become a fault of the order."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec

from otel.guard import QuietLog, contained

_P = ParamSpec("_P")
_log = QuietLog(logging.getLogger(__name__))


def harmless(tell: Callable[_P, None]) -> Callable[_P, None]:
    """Let *tell* fail without its caller noticing; the fault is logged, at most once a minute."""

    @functools.wraps(tell)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> None:
        with contained(_log, tell.__qualname__):
            tell(*args, **kwargs)

    return wrapper
