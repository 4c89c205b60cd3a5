"""Errors and security events as they are told: the last ones kept, all of them counted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from app.domain.events import ErrorEvent, Scope, SecurityEvent, SecurityType
from app.monitoring.ledger import Ledger
from app.monitoring.refusals import KEPT, WAITING_MAX, SecurityLog, SecurityRows

ERROR, SECURITY, AUTHENTICATION = "error.", "security.", "authentication."
"""What the names in the ledger begin with."""


class Notes:
    """Takes errors, security events and log-ins from anywhere in the program, in any thread.

    Args:
        ledger: where they are counted.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._errors: deque[ErrorEvent] = deque(maxlen=KEPT)
        self._new_errors: deque[ErrorEvent] = deque(maxlen=WAITING_MAX)
        self._security = SecurityLog()

    def tell_error(self, event: ErrorEvent) -> None:
        """An answer of 500 and above, or a fault inside."""
        self._ledger.count(ERROR + event.scope.value)
        with self._lock:
            self._errors.append(event)
            self._new_errors.append(event)

    def tell_security(self, event: SecurityEvent) -> None:
        """Somebody was refused, or a key changed."""
        self._ledger.count(SECURITY + event.type.value)
        with self._lock:
            self._security.add(event)

    def authenticated(self, good: bool) -> None:
        """Somebody showed a key: a valid one or not."""
        self._ledger.count(AUTHENTICATION + ("good" if good else "bad"))

    def errors_by_scope(self, window_s: float) -> dict[str, int]:
        """How many errors there were in the window, scopes without any left out."""
        return self._counted(ERROR, (scope.value for scope in Scope), window_s)

    def security_by_type(self, window_s: float) -> dict[str, int]:
        """How many security events there were in the window, types without any left out."""
        return self._counted(SECURITY, (kind.value for kind in SecurityType), window_s)

    def authentications(self, window_s: float) -> dict[str, int]:
        """How many keys were shown in the window, `good` and `bad`."""
        counts = self._ledger.counts(window_s)
        return {result: counts[AUTHENTICATION + result] for result in ("good", "bad")}

    def errors_ever(self) -> dict[str, int]:
        """How many errors there were ever, by scope."""
        return self._ever(ERROR)

    def security_ever(self) -> dict[str, int]:
        """How many security events there were ever, by type."""
        return self._ever(SECURITY)

    def authentications_ever(self) -> dict[str, int]:
        """How many keys were shown ever, `good` and `bad`."""
        return self._ever(AUTHENTICATION)

    def last_errors(self, since_ns: int, count: int = 10) -> list[ErrorEvent]:
        """The last errors since a moment, newest first."""
        with self._lock:
            return [event for event in reversed(self._errors) if event.at_ns >= since_ns][:count]

    def last_security(self, since_ns: int, count: int = 10) -> list[SecurityEvent]:
        """The last security events since a moment, newest first; refusals of one caller in one minute are one."""
        with self._lock:
            return self._security.last(since_ns, count)

    def take_errors(self) -> list[ErrorEvent]:
        """The errors that are to be written, each once, oldest first."""
        with self._lock:
            taken = list(self._new_errors)
            self._new_errors.clear()
            return taken

    def take_security(self, now_ns: int, *, ending: bool = False) -> SecurityRows:
        """The rows that are to be written of security events, each once; with *ending* the minute is over."""
        with self._lock:
            return self._security.take(now_ns, ending=ending)

    def restore(self, errors: Iterable[ErrorEvent], security: Iterable[SecurityEvent]) -> None:
        """Take what the files hold, oldest first; it is counted in the ledger already."""
        with self._lock:
            self._errors.extend(errors)
            self._security.restore(security)

    def _counted(self, prefix: str, names: Iterable[str], window_s: float) -> dict[str, int]:
        counts = self._ledger.counts(window_s)
        return {name: counts[prefix + name] for name in names if counts[prefix + name]}

    def _ever(self, prefix: str) -> dict[str, int]:
        ever = self._ledger.ever().items()
        return {name.removeprefix(prefix): count for name, count in ever if name.startswith(prefix)}
