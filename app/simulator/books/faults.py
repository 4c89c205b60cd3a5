"""Faults on request: what the simulated terminal and broker are to do wrong, how often and how long.

They are written to the ledger, never sent through the process that is to suffer them: a hanging one could not listen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ..vocabulary.faults import EXTERNAL_TRADE, HOLDING, FaultRefused, checked
from ..vocabulary.symbols import SYMBOLS, SymbolSpec, with_suffix
from .fault_rows import Fault
from .held import take_all_down
from .ledger import Ledger
from .records import rfc3339


class FaultBook:
    """The faults of one ledger, opened anew for every question; from any process and thread.

    Args:
        ledger: path of the simulator's SQLite file, made where it is not there yet.
        clock: seconds UTC.
        symbol_suffix: what the broker ends its symbols' names with, where the books do not say it yet.
    """

    def __init__(self, ledger: Path, clock: Callable[[], float], symbol_suffix: str = "") -> None:
        self._path = ledger
        self._clock = clock
        self._suffix = symbol_suffix

    def add(self, fault: str, **parameters: Any) -> dict[str, Any]:
        """Begin a fault and describe it; parameters that are None are not given.

        Raises:
            FaultRefused: there is no such fault, or not with such parameters.
        """
        given = {name: value for name, value in parameters.items() if value is not None}
        with self._opened() as ledger, ledger.writing():
            now_msc, suffix = self._now_msc(), ledger.naming.suffix()
            specs = {spec.name: spec for spec in with_suffix(SYMBOLS, self._suffix if suffix is None else suffix)}
            known = checked(fault, given, specs)
            if known.get("position"):
                _check_position(ledger, known, specs)
            ledger.faults.clear(now_msc)
            if fault == "terminal_gone":
                ledger.faults.restart_terminal()
            since_msc = ledger.not_before(now_msc) if fault == EXTERNAL_TRADE else now_msc
            number = ledger.faults.add(_row(fault, known, since_msc))
            (added,) = (each for each in ledger.faults.at_work(now_msc) if each.id == number)
            return _described(added, now_msc)

    def active(self) -> list[dict[str, Any]]:
        """The faults at work with what is left of them, oldest first."""
        with self._opened() as ledger:
            now_msc = self._now_msc()
            return [_described(fault, now_msc) for fault in ledger.faults.at_work(now_msc)]

    def end(self, id: int | None = None) -> int:
        """End one fault, or all; return how many were at work."""
        with self._opened() as ledger, ledger.writing():
            now_msc = self._now_msc()
            ending = [fault.id for fault in ledger.faults.at_work(now_msc) if id in (None, fault.id)]
            for number in ending:
                ledger.faults.end(number)
            ledger.faults.clear(now_msc)
        take_all_down(self._path)
        return len(ending)

    @contextmanager
    def _opened(self) -> Iterator[Ledger]:
        with closing(Ledger(str(self._path), self._now_msc())) as ledger:
            yield ledger

    def _now_msc(self) -> int:
        return int(self._clock() * 1000)


def _row(fault: str, parameters: Mapping[str, Any], now_msc: int) -> Fault:
    """The fault as it enters the books. The time of one that holds something begins when it does."""
    seconds, calls = parameters.get("seconds"), parameters.get("count")
    if seconds is None and calls is None:
        calls = 1
    until_msc = None if seconds is None or fault in HOLDING else now_msc + round(seconds * 1000)
    return Fault(0, fault, parameters, now_msc, until_msc, calls)


def _described(fault: Fault, now_msc: int) -> dict[str, Any]:
    ends_msc = fault.until_msc if fault.until_msc is not None else fault.held_until_msc
    return {
        "id": fault.id,
        "fault": fault.fault,
        **fault.parameters,
        "since": rfc3339(fault.since_msc),
        "seconds_left": (ends_msc - now_msc) / 1000 if ends_msc > now_msc else None,
        "count_left": fault.calls_left,
    }


def _check_position(ledger: Ledger, parameters: Mapping[str, Any], specs: Mapping[str, SymbolSpec]) -> None:
    held, volume = ledger.positions_anywhere(parameters["position"]), parameters["volume"]
    if not held:
        raise FaultRefused("position", "should be the ticket of an open position")
    if volume and (volume > held[0].volume or not specs[held[0].symbol].takes_volume(volume)):
        raise FaultRefused("volume", f"should be lots of the position, which has {held[0].volume:g}")
