"""One terminal: its connection to the books, its last error, its Market Watch, and the faults it suffers."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any

from ..books.authorization import log_in
from ..books.fault_rows import Fault
from ..books.held import held_sign, put_up, take_down
from ..books.ledger import Ledger
from ..desk.desk import Desk
from ..due.queue import DueQueue
from ..market.conversion import Rates
from ..market.feed import Quote
from ..market.history import History
from ..market.market import Market
from ..market.server_clock import ServerClock
from ..vocabulary import constants as mt5
from ..vocabulary.last_errors import (
    CALL_FAILED,
    GONE,
    NOT_CONNECTED,
    NOT_STARTED,
    SUCCESS,
    TIMEOUT,
    UNAUTHORIZED,
    LastError,
    failure,
)
from ..vocabulary.symbols import SymbolSpec
from .calls import CallFailed, PendingError, not_found
from .holding import STEP_S, Wait
from .signals import uninterrupted

_log = logging.getLogger(__name__)

BUILD = 5100
MAX_BARS = 100_000


@dataclass(frozen=True, slots=True)
class Connection:
    """What initialize() opens and shutdown() closes; `start` says which start of the terminal it leads to."""

    ledger: Ledger
    due: DueQueue
    desk: Desk
    start: int


@dataclass(slots=True, kw_only=True)
class Terminal:
    """The state behind the functions. One call at a time, as the package's hold on the interpreter makes it.

    `watched_first` are the symbols of a new Market Watch. `latency_s` names functions that take that long before they
    do anything; `wait` is how. A held call looks into the books at least every `look_s` seconds.
    """

    ledger_path: Path
    market: Market
    latency_s: Mapping[str, float]
    wait: Wait
    look_s: float
    watched_first: frozenset[str]
    symbol_suffix: str = ""
    synced: bool = True
    books_watched: set[str] = field(default_factory=set)
    last_error: LastError = (0, "")
    left_behind: Exception | None = None
    connection: Connection | None = None
    build_known: bool = False
    selected: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _running: str = ""
    _reached: bool = False
    _restless: bool = False
    _watch: int = -1
    _faults: list[Fault] = field(default_factory=list)
    _request_ids: Iterator[int] = field(default_factory=lambda: count(1))

    def run(self, name: str, call: Callable[[], Any], failure_value: Any) -> Any:
        """Run one call; what goes wrong becomes its failure value and the last error."""
        return uninterrupted(partial(self._run, name, call, failure_value))

    def open(self) -> None:
        """Connect, closing the connection that is there."""
        self.close()
        try:
            ledger = Ledger(str(self.ledger_path), self.market.now_msc(), synced=self.synced)
            refused = ledger.naming.refusal(self.symbol_suffix, self.market.specs)
        except sqlite3.Error as error:
            raise self._not_opened(error) from error
        if refused:
            ledger.close()
            raise self._not_opened(refused)
        ledger = ledger.of(ledger.login, investor=ledger.kept_investor(ledger.login))
        due = DueQueue(ledger, self.market)
        self.connection = Connection(ledger, due, self._desk(ledger, due), ledger.pulse().starts)
        self.build_known = True
        self._watch = -1
        if any(fault.fault == "terminal_gone" for fault in ledger.faults.at_work(self.market.now_msc())):
            self.close()
            raise CallFailed(*NOT_STARTED)

    def log_in(self, login: int, password: str, server: str) -> None:
        """Become this account's terminal (0: stay the one's it is); what is wrong with it fails the call with -6."""
        connection = self.connected()
        ledger = log_in(connection.ledger, login, password, server, self.market.now_msc())
        if ledger is None:
            raise CallFailed(*UNAUTHORIZED)
        self.connection = replace(connection, ledger=ledger, desk=self._desk(ledger, connection.due))

    def close(self) -> None:
        """Disconnect, if connected."""
        connection, self.connection = self.connection, None
        if connection is not None:
            self.books_watched.clear()
            connection.ledger.close()

    def connected(self) -> Connection:
        """The connection; without one the call fails with -10004. Here a call meets the faults that are for it."""
        if self.connection is None:
            raise CallFailed(*NOT_CONNECTED)
        if not self._reached:
            self._reached = True
            self._meet_faults(self.connection)
        return self.connection

    def books(self) -> Ledger:
        """The books, with all that has come due by itself."""
        connection = self.connected()
        if self._restless or self._faults:
            connection.due.advance(self._known_msc())
        return connection.ledger

    def fault(self, name: str, symbol: str | None = None) -> Fault | None:
        """The fault of this name that the running call suffers; of this symbol's, if it is about symbols."""
        if not self._faults:
            return None
        found = (each for each in self._faults if each.fault == name)
        return next((each for each in found if symbol is None or each.takes("symbol", symbol)), None)

    def now_msc(self, symbol: str) -> int:
        """The instant of the newest tick that may have arrived here."""
        frozen = self.fault("frozen_feed", symbol)
        return min(self._known_msc(), frozen.since_msc) if frozen else self._known_msc()

    def symbol(self, name: str) -> SymbolSpec:
        """The terms of a symbol; the call fails without a connection, and with -4 where there is no such symbol."""
        self.connected()
        if name not in self.market.specs:
            raise not_found()
        return self.market.specs[name]

    def quote(self, symbol: str) -> Quote | None:
        """The symbol's last tick as it is known here."""
        return self.market.quote(symbol, self.now_msc(symbol))

    def rates(self) -> Rates:
        """Quotes of one moment as they are known here, and what currencies are worth to the account by them."""
        return Rates(self.connected().ledger.account().currency, self.market.specs, cache(self._quote_or_fail))

    def history(self, spec: SymbolSpec) -> History:
        """The symbol's past, as of now."""
        return History(self.market.feeds[spec.name], spec, self.server_clock, self.now_msc(spec.name))

    @property
    def server_clock(self) -> ServerClock:
        """The server's wall clock as it is known here."""
        clock, jump = self.market.server_clock, self.fault("offset_jump")
        return replace(clock, winter_offset_s=clock.winter_offset_s + int(jump.parameters["value"])) if jump else clock

    def show(self, symbol: str, *, shown: bool) -> None:
        """Show or hide a symbol in the Market Watch, which all programs of this terminal share."""
        ledger = self.connected().ledger
        if shown != (symbol in self.selected):
            with ledger.writing():
                ledger.show_symbol(symbol, shown=shown)
            self._look_around(self.connected())

    def priced(self) -> set[str]:
        """The symbols of the Market Watch that have prices."""
        if not self.fault("zero_tick"):
            return self.selected
        return {name for name in self.selected if not self.fault("zero_tick", name)}

    def _quote_or_fail(self, symbol: str) -> Quote:
        quote = self.quote(symbol)
        if quote is None:
            raise not_found()
        return quote

    def _desk(self, ledger: Ledger, due: DueQueue) -> Desk:
        return Desk(
            ledger,
            self.market,
            due,
            fault=self.fault,
            request_ids=self._request_ids,
            server_clock=lambda: self.server_clock,
        )

    def _not_opened(self, why: object) -> CallFailed:
        return CallFailed(mt5.RES_E_INTERNAL_FAIL_INIT, f"IPC initialize failed, {self.ledger_path}: {why}")

    def _run(self, name: str, call: Callable[[], Any], failure_value: Any) -> Any:
        with self._lock:
            if name == "last_error":  # the one call that leaves it as it is
                return call()
            self.last_error, self.left_behind = SUCCESS, None
            self._running, self._reached = name, False
            if name in self.latency_s:
                self.wait(self.latency_s[name])
            answer = failure_value
            try:
                answer = call()
            except PendingError as error:
                self.last_error, self.left_behind = error.last_error, error.cause
            except CallFailed as error:
                self.last_error = error.last_error
            except sqlite3.Error:
                # The books cannot be read or written. A terminal has one thing to say about its server's trouble.
                _log.exception("simulator: %s failed on %s", name, self.ledger_path)
                self.last_error = CALL_FAILED
            except BaseException:
                # Nobody else waits for a call that something has broken off, a thread's being told to end, say.
                if self.connection is not None:
                    self.connection.ledger.roll_back()
                raise
            if self.left_behind is not None:
                said = f"<built-in function {name}> returned a result with an exception set"
                raise SystemError(said) from self.left_behind
            return answer

    def _known_msc(self) -> int:
        """Until when news from the server have arrived: now, or when the connection to it was lost."""
        now_msc = self.market.now_msc()
        lost = self.fault("disconnect")
        return min(now_msc, lost.since_msc) if lost else now_msc

    def _meet_faults(self, connection: Connection) -> None:
        self._look_around(connection)
        for fault in self._faults:
            if not (fault.has_calls and fault.takes("function", self._running)):
                continue
            if fault.fault in ("hang", "slow"):
                self._hold(connection.ledger, fault)
                self._look_around(connection)
            elif fault.fault == "ipc_timeout" and self._take(connection.ledger, fault):
                raise CallFailed(*TIMEOUT)
            elif fault.fault == "call_failed" and self._take(connection.ledger, fault):
                raise CallFailed(*failure(int(fault.parameters["value"]), self._running))

    def _look_around(self, connection: Connection) -> None:
        ledger, self._faults = connection.ledger, []
        pulse, now_msc = ledger.pulse(), self.market.now_msc()
        self._restless = pulse.restless
        if pulse.watch != self._watch:
            changed = ledger.market_watch()
            self.selected = {name for name in self.market.specs if changed.get(name, name in self.watched_first)}
            self._watch = pulse.watch
        if pulse.starts != connection.start:
            self.close()
            raise CallFailed(*GONE)
        if pulse.faults:
            self._faults = ledger.faults.at_work(now_msc)
            if not self._faults:
                with ledger.writing():
                    ledger.faults.clear(now_msc)

    def _hold(self, ledger: Ledger, fault: Fault) -> None:
        """Hold the call until its time is over or somebody ends the fault.

        The process is held with it, but for the moment of a look into the books now and then.
        """
        left_s = fault.parameters["seconds"]
        if not self._take(ledger, fault, self.market.now_msc() + round(left_s * 1000)):
            return
        # Whoever looks at every step needs no sign.
        sign = held_sign(ledger.file, fault.id) if self.look_s > STEP_S else None
        # By what is slept: the market's clock may stand still, or run as fast as it likes.
        while left_s > 0:
            if sign is not None:
                put_up(sign)  # before the look: who ends the fault behind it takes the sign away again
            if not ledger.faults.is_there(fault.id):
                break
            left_s -= self.wait(min(self.look_s, left_s), sign)
        if sign is not None:
            take_down(sign)
        with ledger.writing():
            ledger.faults.release(fault.id)

    def _take(self, ledger: Ledger, fault: Fault, held_until_msc: int = 0) -> bool:
        with ledger.writing():
            return ledger.faults.take(fault.id, held_until_msc)
