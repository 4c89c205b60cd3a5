"""The MetaTrader5 module as an object: its functions, types and constants as attributes, over one terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from .market.market import Market
from .market.server_clock import ServerClock, SummerTime
from .market.sessions import Sessions
from .surface import connection, market_book_calls, quotes, trade_calls
from .surface.buy_sell_close import buy_sell_close
from .surface.calls import Function
from .surface.holding import STEP_S, by_steps, hold
from .surface.strict import as_builtin
from .surface.terminal import Terminal
from .vocabulary.constants import CONSTANTS
from .vocabulary.functions import FUNCTIONS
from .vocabulary.structs import STRUCTS
from .vocabulary.symbols import SYMBOLS, SymbolSpec, with_suffix

_CALLS = (connection, trade_calls, quotes, market_book_calls)
# What each function does is the Python function of its name.
_BODIES = {name: body for calls in _CALLS for name, body in vars(calls).items() if name in FUNCTIONS}


class SimulatorModule(ModuleType):
    """Looks like `import MetaTrader5 as mt5`: `mt5.order_send(…)`, `mt5.ORDER_TYPE_BUY`, `mt5.AccountInfo`.

    Nothing is opened before `initialize()`; `shutdown()` lets go of the ledger. Calls are taken one at a time, from
    any thread.

    Args:
        ledger: the SQLite file of the books, made where it is not there.
        clock: tells seconds UTC.
        seed: the same one at the same time is the same market.
        utc_offset_s: how far the server's clock is ahead of UTC.
        summer_time: whose summer puts that clock forward by an hour more.
        sessions: with "real" symbols trade at their hours.
        bars: a folder of minute bars to play, as in bar_files.py.
        symbol_suffix: what every symbol's name ends with.
        latency_s: how long functions take, by name.
        sleep: lets seconds pass; without it a call that takes time holds all threads, as the vendor's does.
        look_s: how often, at least, such a call lets them run for a moment.
        symbols: their terms, and which are in the Market Watch at first.
        strict: functions are built-ins, which refuse an empty `**{}` where the vendor's do; see strict.py.
        synced: without it the books do not wait for the disk, and outlive the process, but not a power cut.
    """

    __version__ = "5.0.6231"
    __author__ = "MT5-OTEL Simulator"

    def __init__(
        self,
        *,
        ledger: Path,
        clock: Callable[[], float],
        seed: int = 1,
        utc_offset_s: int = 7200,
        summer_time: SummerTime = "none",
        sessions: Sessions = "loop",
        bars: Path | None = None,
        symbol_suffix: str = "",
        latency_s: Mapping[str, float] | None = None,
        sleep: Callable[[float], None] | None = None,
        look_s: float = 30.0,
        symbols: Iterable[SymbolSpec] = SYMBOLS,
        strict: bool = False,
        synced: bool = True,
    ) -> None:
        """Build the module."""
        super().__init__("MetaTrader5", "MetaTrader 5 without a broker: the package's functions, types and constants.")
        market = Market(
            seed=seed,
            clock=clock,
            server_clock=ServerClock(utc_offset_s, summer_time),
            sessions=sessions,
            bars=bars,
            symbols=with_suffix(symbols, symbol_suffix),
        )
        terminal = Terminal(
            ledger_path=ledger,
            market=market,
            latency_s=dict(latency_s or {}),
            wait=hold if sleep is None else by_steps(sleep),
            look_s=look_s,
            synced=synced,
            symbol_suffix=symbol_suffix,
            watched_first=frozenset(spec.name for spec in market.specs.values() if spec.watched),
        )
        functions = {
            name: Function(terminal, kind, _BODIES[name], failure) for name, (kind, failure) in FUNCTIONS.items()
        }
        core = {name: as_builtin(each) for name, each in functions.items()} if strict else functions
        self.__dict__.update(CONSTANTS, **STRUCTS, **core, **buy_sell_close(self))

    def __repr__(self) -> str:
        return "<module 'MetaTrader5' (simulator)>"


def open_module(options: Mapping[str, Any]) -> SimulatorModule:
    """Build the module from plain values, as they cross to another process.

    Options: `ledger` (path of the SQLite file, required), `seed` (1), `utc_offset_s` (7200), `summer_time` ("none"),
    `sessions` ("loop"), `bars` (path of a folder, none), `symbol_suffix` (""), `latency_s` (seconds by function name,
    none), `strict` (False), `synced` (True). An unknown option is an error.
    """
    known = {
        "ledger", "seed", "utc_offset_s", "summer_time", "sessions", "bars", "symbol_suffix", "latency_s", "strict",
        "synced",
    }  # fmt: skip
    if unknown := set(options) - known:
        raise ValueError(f"unknown simulator options: {', '.join(sorted(unknown))}")
    if "ledger" not in options:
        raise ValueError("the simulator needs the option `ledger`, the path of its SQLite file")
    given = {name: options[name] for name in known - {"ledger"} if name in options}
    if given.get("bars"):
        given["bars"] = Path(given["bars"])
    # At every step, since a process of the API's watches whether the API is there, beside a call that hangs too.
    return SimulatorModule(ledger=Path(options["ledger"]), clock=time.time, look_s=STEP_S, **given)
