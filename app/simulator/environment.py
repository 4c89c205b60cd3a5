"""The simulator of a program that says `import MetaTrader5`: set up by environment variables."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from .books.ledger import LEDGER
from .market.virtual_clock import VirtualClock
from .module import SimulatorModule
from .vocabulary.symbols import SYMBOLS, SymbolSpec
from .vocabulary.texts import NAME_MAX, utf16_units

# What each variable sets; the documentation's table is made from this.
VARIABLES: Mapping[str, str] = {
    "MT5_SIMULATOR_DATA_DIR": "folder of the account's books, made if need be; without it each process has its own, "
    "which goes with it",
    "MT5_SIMULATOR_SEED": "the market: a whole number (1)",
    "MT5_SIMULATOR_SYMBOLS": "the Market Watch at the start, separated by commas; one ending for all is the broker's "
    "(`EURUSD.r,XAUUSD.r`)",
    "MT5_SIMULATOR_SPEED": "how many seconds pass on the market in one of the machine's (1)",
    "MT5_SIMULATOR_SPEED_SINCE": "when that began, in seconds since 1970 (the import)",
    "MT5_SIMULATOR_STRICT": "`1`: functions are built-ins, and an empty `**{}` loses an order (0)",
    "MT5_SIMULATOR_SYNCED": "`0`: nothing waits for the disk; faster, and a power cut may cost all of the books (1)",
    "MT5_OTEL_BARS": "folder of minute bars to play instead of the built-in market",
}
_YES_OR_NO = {"1": True, "0": False}
_Value = TypeVar("_Value")


class VariableRefused(ValueError):
    """A variable cannot be understood: which, and what it should be."""

    def __init__(self, name: str, expected: str, value: str) -> None:
        super().__init__(f"{name} must be {expected}, not {value!r}")


def module_from(environ: Mapping[str, str]) -> SimulatorModule:
    """Build the module; nothing is opened before `initialize()`.

    Raises:
        VariableRefused: a variable cannot be understood.
    """
    symbols, suffix = take_symbols(environ.get("MT5_SIMULATOR_SYMBOLS", ""))
    given = _Variables(environ)
    speed = given.take("SPEED", 1.0, float, "a number above zero")
    if not 0 < speed < float("inf"):
        given.refuse("SPEED", "a number above zero")
    since = given.take("SPEED_SINCE", time.time(), float, "seconds since 1970")
    bars = environ.get("MT5_OTEL_BARS")
    options: dict[str, Any] = {
        "clock": time.time if speed == 1 else VirtualClock(since, speed=speed, since_s=since),
        "seed": given.take("SEED", 1, int, "a whole number"),
        "strict": given.take("STRICT", False, _YES_OR_NO.__getitem__, "1 or 0"),
        "bars": Path(bars) if bars else None,
        "symbols": symbols,
        "symbol_suffix": suffix,
    }
    if folder := environ.get("MT5_SIMULATOR_DATA_DIR"):
        synced = given.take("SYNCED", True, _YES_OR_NO.__getitem__, "1 or 0")
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError:
            given.refuse("DATA_DIR", "a folder that is there or can be made")
        return SimulatorModule(ledger=Path(folder).absolute() / LEDGER, synced=synced, **options)
    return _with_temporary_books(options)


def take_symbols(names: str) -> tuple[tuple[SymbolSpec, ...], str]:
    """Return all symbols, those named in the Market Watch, and the ending that all the names have.

    Raises:
        VariableRefused: there is no such symbol, or the names end differently.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if not wanted:
        return SYMBOLS, ""
    known = [spec.name for spec in SYMBOLS]
    parts = [next(((root, name[len(root) :]) for root in known if name.startswith(root)), None) for name in wanted]
    roots, suffixes = {part[0] for part in parts if part}, {part[1] for part in parts if part}
    if None in parts or len(suffixes) != 1:
        expected = f"names out of {', '.join(known)}, all with the same ending if any"
        raise VariableRefused("MT5_SIMULATOR_SYMBOLS", expected, names)
    (suffix,) = suffixes
    if max(utf16_units(root + suffix) for root in known) > NAME_MAX:
        raise VariableRefused("MT5_SIMULATOR_SYMBOLS", f"names of at most {NAME_MAX} characters, all of them", names)
    return tuple(replace(spec, watched=spec.name in roots) for spec in SYMBOLS), suffix


class _Variables:
    """The environment, read by the names behind the prefix."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def take(self, name: str, default: _Value, convert: Callable[[str], _Value], expected: str) -> _Value:
        if (text := self._environ.get(f"MT5_SIMULATOR_{name}")) is None:
            return default
        try:
            return convert(text)
        except (ValueError, KeyError):
            self.refuse(name, expected)

    def refuse(self, name: str, expected: str) -> NoReturn:
        full = f"MT5_SIMULATOR_{name}"
        raise VariableRefused(full, expected, self._environ[full])


def _with_temporary_books(options: Mapping[str, Any]) -> SimulatorModule:
    """The module on books that go with the process."""
    folder = tempfile.mkdtemp(prefix="mt5-simulator-")
    module = SimulatorModule(ledger=Path(folder) / LEDGER, synced=False, **options)
    owner = os.getpid()

    def clear() -> None:
        if os.getpid() != owner:
            return  # a fork ends: the books are its parent's
        # Books that are open cannot be deleted everywhere.
        module.shutdown()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(clear)
    return module


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How a program's simulator is to be: what `variables` hands to it."""

    data_dir: Path
    seed: int = 1
    symbols: str = ""
    speed: float = 1.0
    strict: bool = False
    synced: bool = True

    @property
    def ledger(self) -> Path:
        """The file of the books."""
        return self.data_dir.absolute() / LEDGER

    def variables(self, since_s: float) -> dict[str, str]:
        """The variables that set it up like this, its clock running since then."""
        return {
            "MT5_SIMULATOR_DATA_DIR": str(self.data_dir.absolute()),
            "MT5_SIMULATOR_SEED": str(self.seed),
            "MT5_SIMULATOR_SYMBOLS": self.symbols,
            "MT5_SIMULATOR_SPEED": repr(self.speed),
            "MT5_SIMULATOR_SPEED_SINCE": repr(since_s),
            "MT5_SIMULATOR_STRICT": str(int(self.strict)),
            "MT5_SIMULATOR_SYNCED": str(int(self.synced)),
        }

    def clock_since(self, now_s: float, newest_s: float) -> float:
        """Since when a fast clock must have been running to be past the newest entry of the books."""
        if self.speed == 1 or newest_s <= now_s:
            return now_s
        return (now_s * self.speed - newest_s) / (self.speed - 1)
