"""The functions that show the market: symbols, ticks and bars."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..market.history import TIMEFRAMES, History, Timeframe
from ..vocabulary import constants as mt5
from ..vocabulary.last_errors import CALL_FAILED, NOT_CONNECTED, OUTDATED, failure
from ..vocabulary.structs import Struct
from ..vocabulary.symbols import SymbolSpec
from . import views
from .calls import (
    GROUP_MAX,
    WRONG_NUMBER,
    Arguments,
    BadArguments,
    CallFailed,
    Keywords,
    invalid_params,
    take,
    take_date,
    take_int,
    take_text,
    take_truth,
)
from .groups import group_filter
from .symbol_view import symbol_view
from .terminal import MAX_BARS, Terminal

_TICKS_MAX = 10_000_000  # 600 MB
_WHICH_TICKS = (
    mt5.COPY_TICKS_ALL, mt5.COPY_TICKS_INFO, mt5.COPY_TICKS_TRADE, mt5.COPY_TICKS_INFO | mt5.COPY_TICKS_TRADE,
)  # fmt: skip


def symbols_total(terminal: Terminal, args: Arguments, kwargs: Keywords) -> int:
    """Return the number of symbols."""
    del args, kwargs
    _require_build(terminal)
    return len(terminal.market.specs)


def symbols_get(terminal: Terminal, args: Arguments, kwargs: Keywords) -> Any:
    """Return all symbols, or those of a group.

    `symbols_get([group]) → tuple of SymbolInfo`
    """
    try:
        group = _take_group(args, kwargs)
    except BadArguments as error:
        # The one function that answers bad arguments with False and everything else with None.
        terminal.last_error = error.last_error
        return False
    _require_build(terminal)
    holds = group_filter(group or "*")
    return tuple(_symbol_view(terminal, spec) for spec in terminal.market.specs.values() if holds(spec.name))


def symbol_info(terminal: Terminal, args: Arguments, kwargs: Keywords) -> Struct:
    """Return a symbol's terms and prices.

    `symbol_info(symbol) → SymbolInfo`
    """
    del kwargs
    return _symbol_view(terminal, _take_symbol(terminal, *take(args, 1)))


def symbol_info_tick(terminal: Terminal, args: Arguments, kwargs: Keywords) -> Struct:
    """Return a symbol's last tick.

    `symbol_info_tick(symbol) → Tick`
    """
    del kwargs
    spec = _take_symbol(terminal, *take(args, 1))
    quote = terminal.quote(spec.name)
    if quote is None or spec.name not in terminal.priced():
        # Outside the Market Watch no ticks arrive.
        return views.no_tick()
    return views.tick(quote, spec, terminal.server_clock)


def symbol_select(terminal: Terminal, args: Arguments, kwargs: Keywords) -> bool:
    """Show or hide a symbol in the Market Watch.

    `symbol_select(symbol, [enable=True]) → bool`
    """
    del kwargs
    name, *rest = take(args, 1, 2)
    enable = take_truth(rest[0]) if rest else True
    name = take_text(name)
    ledger = terminal.books()
    if name not in terminal.market.specs or (not enable and ledger.positions(symbol=name)):
        raise CallFailed(*CALL_FAILED)
    terminal.show(name, shown=enable)
    return True


def copy_rates_from(terminal: Terminal, args: Arguments, kwargs: Keywords) -> npt.NDArray[Any]:
    """Return bars up to a date, going back.

    `copy_rates_from(symbol, timeframe, date_from, count)`
    """
    del kwargs
    symbol, timeframe, date_from, count = take(args, 4)
    number, wanted = take_int(timeframe), take_int(count)
    name, until = take_text(symbol), take_date(date_from, terminal)
    history, frame = _take_history(terminal, name, number, wanted)
    return _frozen(history.last_bars(frame, frame.index(until), wanted))


def copy_rates_from_pos(terminal: Terminal, args: Arguments, kwargs: Keywords) -> npt.NDArray[Any]:
    """Return bars counted back from the forming one (0).

    `copy_rates_from_pos(symbol, timeframe, start_pos, count)`
    """
    del kwargs
    symbol, timeframe, start_pos, count = take(args, 4)
    number, skip, wanted = take_int(timeframe), take_int(start_pos), take_int(count)
    name = take_text(symbol)
    history, frame = _take_history(terminal, name, number, wanted)
    if skip < 0 or skip + wanted > MAX_BARS:
        raise invalid_params()
    return _frozen(history.last_bars(frame, history.newest(frame), wanted, skip))


def copy_rates_range(terminal: Terminal, args: Arguments, kwargs: Keywords) -> npt.NDArray[Any]:
    """Return the bars that open between two dates, both included.

    `copy_rates_range(symbol, timeframe, from, to)`
    """
    del kwargs
    symbol, timeframe, date_from, date_to = take(args, 4)
    number = take_int(timeframe)
    name, since, until = take_text(symbol), take_date(date_from, terminal), take_date(date_to, terminal)
    history, frame = _take_history(terminal, name, number)
    if until < since:
        raise invalid_params()
    first = max(frame.index(since - 1) + 1, history.oldest(frame))
    last = min(frame.index(until), history.newest(frame))
    # Places without a bar do not count, so it takes the bars to know; far too many places are not worth that.
    if last - first >= 2 * MAX_BARS or len(bars := history.bars(frame, first, last)) >= MAX_BARS:
        raise invalid_params()
    return _frozen(bars)


def copy_ticks_from(terminal: Terminal, args: Arguments, kwargs: Keywords) -> npt.NDArray[Any]:
    """Return ticks from a date on, going forward.

    `copy_ticks_from(symbol, date_from, count, flags)`
    """
    del kwargs
    symbol, date_from, count, flags = take(args, 4)
    wanted, which = take_int(count), take_int(flags)
    name, since = take_text(symbol), take_date(date_from, terminal)
    history = terminal.history(terminal.symbol(name))
    if wanted <= 0:
        raise invalid_params()
    _require_room(wanted)
    return _frozen(_only(history.ticks(since * 1000, 2**62, wanted), which))


def copy_ticks_range(terminal: Terminal, args: Arguments, kwargs: Keywords) -> npt.NDArray[Any]:
    """Return the ticks between two dates.

    `copy_ticks_range(symbol, date_from, date_to, flags)`
    """
    del kwargs
    symbol, date_from, date_to, flags = take(args, 4)
    which = take_int(flags)
    name, since, until = take_text(symbol), take_date(date_from, terminal), take_date(date_to, terminal)
    history = terminal.history(terminal.symbol(name))
    if until < since:
        raise invalid_params()
    _require_room(history.ticks_expected(since, until))
    return _frozen(_only(history.ticks(since * 1000, until * 1000 + 1), which))


def _take_group(args: Arguments, kwargs: Keywords) -> str:
    if len(args) > 1:
        raise BadArguments(WRONG_NUMBER)
    group = take_text(args[0], "Invalid 1st unnamed argument", GROUP_MAX) if args else ""
    return take_text(kwargs["group"], 'Invalid "group" argument', GROUP_MAX) if "group" in kwargs else group


def _require_build(terminal: Terminal) -> None:
    """Fail as the package does when it does not know the terminal's build, or has lost the terminal."""
    if terminal.connection is None:
        raise CallFailed(*(NOT_CONNECTED if terminal.build_known else failure(OUTDATED)))
    terminal.connected()


def _take_symbol(terminal: Terminal, value: Any) -> SymbolSpec:
    return terminal.symbol(take_text(value))


def _symbol_view(terminal: Terminal, spec: SymbolSpec) -> Struct:
    selected, priced = (spec.name in symbols for symbols in (terminal.selected, terminal.priced()))
    return symbol_view(spec, terminal.history(spec), terminal.rates(), selected=selected, priced=priced)


def _take_history(terminal: Terminal, name: str, timeframe: int, count: int = 1) -> tuple[History, Timeframe]:
    spec = terminal.symbol(name)
    if timeframe not in TIMEFRAMES or not 0 < count < MAX_BARS:
        raise invalid_params()
    return terminal.history(spec), TIMEFRAMES[timeframe]


def _require_room(ticks: int) -> None:
    if ticks > _TICKS_MAX:
        raise CallFailed(*failure(mt5.RES_E_NO_MEMORY))


def _only(ticks: npt.NDArray[Any], which: int) -> npt.NDArray[Any]:
    """Keep what the COPY_TICKS flags ask for: every tick here changes bid or ask, none is a trade."""
    if which not in _WHICH_TICKS:
        raise invalid_params()
    return ticks[:0].copy() if which == mt5.COPY_TICKS_TRADE else ticks


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    owned = array if array.flags.owndata else np.array(array)
    owned.setflags(write=False)
    return owned
