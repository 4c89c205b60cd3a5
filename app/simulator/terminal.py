"""One terminal: its connection to the books, its last error, its Market Watch."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.simulator.calls import SUCCESS, CallFailed, LastError, PendingError
from app.simulator.exchange import Exchange
from app.simulator.ledger import Ledger
from app.simulator.rates import History
from app.simulator.symbols import SymbolSpec
from app.simulator.trading import Desk

_log = logging.getLogger(__name__)

BUILD = 5100
MAX_BARS = 100_000
NOT_CONNECTED: LastError = (-10004, "No IPC connection")


@dataclass(frozen=True, slots=True)
class Connection:
    """What initialize() opens and shutdown() closes."""

    ledger: Ledger
    desk: Desk


@dataclass(slots=True, kw_only=True)
class Terminal:
    """The state behind the functions. One call at a time, as the package's hold on the interpreter makes it.

    `latency_s` names functions that take that long before they do anything; `sleep` is how they wait.
    """

    ledger_path: Path
    exchange: Exchange
    utc_offset_s: int
    latency_s: Mapping[str, float]
    sleep: Callable[[float], None]
    selected: set[str]
    last_error: LastError = (0, "")
    connection: Connection | None = None
    build_known: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def run(self, name: str, call: Callable[[], Any], failure: Any) -> Any:
        """Run one call; what goes wrong becomes its failure value and the last error."""
        with self._lock:
            if name == "last_error":  # the one call that leaves it as it is
                return call()
            self.last_error = SUCCESS
            if name in self.latency_s:
                self.sleep(self.latency_s[name])
            try:
                return call()
            except PendingError as error:
                self.last_error = error.last_error
                said = f"<built-in function {name}> returned a result with an exception set"
                raise SystemError(said) from error.cause
            except CallFailed as error:
                self.last_error = error.last_error
            except sqlite3.Error:
                # The books cannot be read or written. A terminal has one thing to say about its server's trouble.
                _log.exception("simulator: %s failed on %s", name, self.ledger_path)
                self.last_error = (-1, "Terminal: Call failed")
            return failure

    def open(self) -> None:
        """Connect, closing the connection that is there."""
        self.close()
        try:
            ledger = Ledger(str(self.ledger_path), self.exchange.now_msc())
        except sqlite3.Error as error:
            raise CallFailed(-10003, f"IPC initialize failed, {self.ledger_path}: {error}") from error
        self.connection = Connection(ledger, Desk(ledger, self.exchange))
        self.build_known = True

    def close(self) -> None:
        """Disconnect, if connected."""
        if self.connection is not None:
            self.connection.ledger.close()
            self.connection = None

    def connected(self) -> Connection:
        """The connection; without one the call fails with -10004."""
        if self.connection is None:
            raise CallFailed(*NOT_CONNECTED)
        return self.connection

    def history(self, spec: SymbolSpec) -> History:
        """The symbol's past, as of now."""
        feed = self.exchange.feeds[spec.name]
        return History(feed, spec, self.utc_offset_s, self.exchange.now_msc())
