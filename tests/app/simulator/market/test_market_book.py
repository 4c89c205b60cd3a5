"""The market book: asked for, read, let go of."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.vocabulary.structs import BookInfo

SUCCESS = (1, "Success")
# Saturday 2026-03-14 12:00 UTC.
SATURDAY_S = 1_773_489_600.0


def test_the_book_lies_around_the_tick(mt5: Any) -> None:
    """Offers come first, dearest first, then bids; the best of both are the tick's own prices."""
    assert mt5.market_book_add("EURUSD") is True
    book, tick = mt5.market_book_get("EURUSD"), mt5.symbol_info_tick("EURUSD")

    assert all(isinstance(level, BookInfo) for level in book)
    assert [level.type for level in book] == [mt5.BOOK_TYPE_SELL] * 10 + [mt5.BOOK_TYPE_BUY] * 10
    assert all(before.price > after.price for before, after in pairwise(book))
    assert (book[9].price, book[10].price) == (tick.ask, tick.bid)
    assert all(level.volume == level.volume_dbl >= 1 for level in book)
    assert mt5.symbol_info("EURUSD").ticks_bookdepth == 10


def test_the_same_tick_has_the_same_book(mt5: Any, clock: Any) -> None:
    """Looking twice shows one book; the next tick's is another."""
    mt5.market_book_add("EURUSD")
    first = mt5.market_book_get("EURUSD")
    assert mt5.market_book_get("EURUSD") == first

    clock.advance(60)
    assert mt5.market_book_get("EURUSD") != first


@pytest.mark.parametrize("symbol", ["NOPE", "XAUUSD", "US500"])
def test_no_book_without_one(mt5: Any, symbol: str) -> None:
    """An unknown symbol, one without a book and one outside the Market Watch answer False; no error is told."""
    assert mt5.market_book_add(symbol) is False
    assert mt5.last_error() == SUCCESS
    assert mt5.market_book_get(symbol) is None
    assert mt5.last_error() == (-1, "Terminal: Call failed")


def test_a_chosen_symbol_has_its_book(mt5: Any) -> None:
    """In the Market Watch the exchange symbol has a book too, in its own steps."""
    mt5.symbol_select("US500")

    assert mt5.market_book_add("US500") is True
    assert all(round(level.price, 2) == level.price for level in mt5.market_book_get("US500"))


def test_release(mt5: Any) -> None:
    """A book that was let go of is not read, and not let go of twice."""
    mt5.market_book_add("EURUSD")

    assert mt5.market_book_release("EURUSD") is True
    assert mt5.market_book_get("EURUSD") is None
    assert mt5.market_book_release("EURUSD") is False
    assert mt5.last_error() == SUCCESS


def test_books_end_with_the_connection(mt5: Any) -> None:
    """After a new connection books are asked for again."""
    mt5.market_book_add("EURUSD")
    mt5.initialize()

    assert mt5.market_book_get("EURUSD") is None


def test_unconnected(unconnected: Any) -> None:
    """Without a connection add and release answer False and tell no error; get tells it."""
    assert unconnected.market_book_add("EURUSD") is False
    assert unconnected.market_book_release("EURUSD") is False
    assert unconnected.last_error() == SUCCESS
    assert unconnected.market_book_get("EURUSD") is None
    assert unconnected.last_error() == (-10004, "No IPC connection")


@pytest.mark.parametrize("name", ["market_book_add", "market_book_get", "market_book_release"])
@pytest.mark.parametrize("arguments", [(), (1,), ("EURUSD", 1), ("E" * 30,)])
def test_bad_arguments(mt5: Any, name: str, arguments: tuple[Any, ...]) -> None:
    """Bad arguments give None, and are told."""
    assert getattr(mt5, name)(*arguments) is None
    assert mt5.last_error() == (-2, "Invalid arguments")


def test_a_closed_market_has_an_empty_book() -> None:
    """At the week-end nobody offers anything."""
    mt5: Any = SimulatorModule(ledger=Path(":memory:"), clock=lambda: SATURDAY_S, sessions="real")
    assert mt5.initialize()

    assert mt5.market_book_add("EURUSD") is True
    assert mt5.market_book_get("EURUSD") == ()
    assert mt5.last_error() == SUCCESS
    mt5.shutdown()
