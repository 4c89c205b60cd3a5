"""A signal that comes while a function runs is for afterwards: the vendor's functions are C, which none breaks off.

Python runs a handler between any two steps of the main thread. An exception out of one (Ctrl-C, an alarm) would leave
a call half done, where the vendor's is done and its result lost.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` wraps it, and costs ten to forty times as much
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

_NAMES = ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP", "SIGQUIT", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGUSR1", "SIGUSR2")
_SIGNALS = tuple(int(getattr(signal, name)) for name in _NAMES if hasattr(signal, name))
_Answer = TypeVar("_Answer")


def uninterrupted(call: Callable[[], _Answer]) -> _Answer:
    """Run the call to its end; Python's handlers of signals that come meanwhile run behind it."""
    if threading.get_ident() != threading.main_thread().ident:
        return call()
    delay = _Delay()
    try:
        delay.begin()
        return call()
    finally:
        delay.end()


class _Delay:
    """Stands in the place of all handlers for the length of one call."""

    def __init__(self) -> None:
        self._handlers: dict[int, Any] = {}
        self._came: list[tuple[Any, int, FrameType | None]] = []
        self.is_over = False

    def begin(self) -> None:
        for number in _SIGNALS:
            handler = _signal.getsignal(number)
            if isinstance(handler, _Substitute) and handler.delay.is_over:
                handler = handler.handler
            if callable(handler):
                self._handlers[number] = handler
                _signal.signal(number, _Substitute(self, handler))

    def end(self) -> None:
        # From here on a substitute that could not be taken out, since another's handler has raised, does no harm.
        self.is_over = True
        try:
            for number, handler in self._handlers.items():
                _signal.signal(number, handler)
        finally:
            self._run_handlers()

    def note(self, handler: Any, number: int, frame: FrameType | None) -> None:
        self._came.append((handler, number, frame))

    def _run_handlers(self) -> None:
        """Run them in the order in which they came, whichever of them raises."""
        if self._came:
            handler, number, frame = self._came.pop(0)
            try:
                handler(number, frame)
            finally:
                self._run_handlers()


class _Substitute:
    """In a handler's place: notes its signals until the call is over, then does what the handler does."""

    def __init__(self, delay: _Delay, handler: Any) -> None:
        self.delay = delay
        self.handler = handler

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.delay.is_over:
            self.handler(number, frame)
        else:
            self.delay.note(self.handler, number, frame)
