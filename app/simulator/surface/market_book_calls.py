"""The functions of the market book."""

from __future__ import annotations

from typing import Any

from ..market.market_book import levels
from ..vocabulary.last_errors import CALL_FAILED
from ..vocabulary.structs import BookInfo
from ..vocabulary.symbols import SymbolSpec
from .calls import Arguments, CallFailed, Keywords, take, take_text
from .terminal import Terminal


def market_book_add(terminal: Terminal, args: Arguments, kwargs: Keywords) -> bool:
    """Begin to receive a symbol's book.

    `market_book_add(symbol) → bool`
    """
    del kwargs
    spec = _found(terminal, args)
    if spec is not None and spec.book_depth and spec.name in terminal.selected:
        terminal.books_watched.add(spec.name)
        return True
    return False


def market_book_get(terminal: Terminal, args: Arguments, kwargs: Keywords) -> tuple[Any, ...]:
    """Return a symbol's book, dearest price first; empty while the symbol does not trade.

    `market_book_get(symbol) → tuple of BookInfo`
    """
    del kwargs
    name = take_text(*take(args, 1))
    terminal.connected()
    if name not in terminal.books_watched:
        raise CallFailed(*CALL_FAILED)
    market, quote = terminal.market, terminal.quote(name)
    if quote is None or not market.is_open(name, terminal.now_msc(name)):
        return ()
    spec = market.specs[name]
    return tuple(
        BookInfo([level.type, spec.price(level.price), int(level.lots), level.lots])
        for level in levels(spec, quote, market.seed)
    )


def market_book_release(terminal: Terminal, args: Arguments, kwargs: Keywords) -> bool:
    """Receive it no longer.

    `market_book_release(symbol) → bool`
    """
    del kwargs
    spec = _found(terminal, args)
    if spec is None or spec.name not in terminal.books_watched:
        return False
    terminal.books_watched.discard(spec.name)
    return True


def _found(terminal: Terminal, args: Arguments) -> SymbolSpec | None:
    """The symbol; None without a connection or for an unknown one: these two functions leave the last error alone."""
    name = take_text(*take(args, 1))
    try:
        terminal.connected()
    except CallFailed:
        return None
    return terminal.market.specs.get(name)
