"""The book of faults: what may be asked for, what is told of it, how faults end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.books.faults import FaultBook
from app.simulator.vocabulary.faults import FAULTS, FaultRefused
from app.simulator.vocabulary.functions import ASKING
from tests.app.simulator.conftest import ROOT, FakeClock


@pytest.fixture
def book(tmp_path: Path, clock: FakeClock) -> FaultBook:
    """The faults of a ledger that is not there yet."""
    return FaultBook(tmp_path / "l", clock)


def test_the_book_makes_the_ledger(book: FaultBook) -> None:
    """Faults may be asked about before any terminal has run."""
    assert book.active() == []
    assert book.end() == 0


def test_a_fault_is_described_with_what_is_left(book: FaultBook, clock: FakeClock) -> None:
    """The description holds number, parameters, beginning, and the rest of time and calls."""
    added = book.add("disconnect", seconds=30.0)
    assert added == {
        "id": 1, "fault": "disconnect", "seconds": 30.0, "since": "2026-03-10T12:34:56.789Z", "seconds_left": 30.0,
        "count_left": None,
    }  # fmt: skip
    clock.advance(12)
    rejecting = book.add("reject", count=3)
    assert (rejecting["retcode"], rejecting["count_left"], rejecting["seconds_left"]) == (10006, 3, None)
    assert book.active() == [added | {"seconds_left": 18.0}, rejecting]


def test_faults_end_by_time_and_by_hand(book: FaultBook, clock: FakeClock) -> None:
    """One, all, or what its time has run out for; numbers are not used again."""
    for name in ("disconnect", "autotrading_off", "frozen_feed"):
        book.add(name)
    clock.advance(5)
    assert book.end(2) == 1
    assert book.end(2) == 0
    assert [fault["id"] for fault in book.active()] == [1, 3]
    book.add("disconnect")
    clock.advance(5)
    assert [fault["id"] for fault in book.active()] == [4]
    assert book.end() == 1
    assert book.add("disconnect")["id"] == 5


REFUSED = [
    ("earthquake", {}, "fault"),
    ("disconnect", {"count": 1}, "count"),
    ("disconnect", {"seconds": 0.0}, "seconds"),
    ("disconnect", {"seconds": float("nan")}, "seconds"),
    ("disconnect", {"seconds": 86_401.0}, "seconds"),
    ("disconnect", {"seconds": "long"}, "seconds"),
    ("requote", {"symbol": ["EURUSD"]}, "symbol"),
    ("requote", {"count": 1.5}, "count"),
    ("partial_fill", {"fraction": "half"}, "fraction"),
    ("hang", {"count": 0}, "count"),
    ("hang", {"function": "format_disk"}, "function"),
    ("hang", {"function": "last_error"}, "function"),
    ("reject", {"retcode": 10009}, "retcode"),
    ("reject", {"retcode": 1}, "retcode"),
    ("frozen_feed", {"symbol": "NOPE"}, "symbol"),
    ("partial_fill", {"fraction": 0.0}, "fraction"),
    ("partial_fill", {"fraction": 1.0}, "fraction"),
    ("partial_fill", {"seconds": 1.0}, "seconds"),
    ("requote", {"retcode": 10004}, "retcode"),
    ("wrong_account", {"value": "me"}, "value"),
    ("wrong_account", {"value": 1.5}, "value"),
    ("wrong_account", {"value": float("inf")}, "value"),
    ("offset_jump", {"value": 90}, "value"),
    ("offset_jump", {"value": 86_400}, "value"),
    ("offset_jump", {"value": float("nan")}, "value"),
    ("history_lag", {"value": 0}, "value"),
    ("history_lag", {"value": "long"}, "value"),
    ("comment_rewritten", {"value": 5.0}, "value"),
    ("comment_rewritten", {"value": "x" * 30}, "value"),
    ("comment_rewritten", {"value": "half an emoji: \ud800"}, "value"),
    ("external_trade", {}, "symbol"),
    ("external_trade", {"symbol": "EURUSD"}, "side"),
    ("external_trade", {"symbol": "EURUSD", "side": "up", "volume": 0.1}, "side"),
    ("external_trade", {"symbol": "EURUSD", "side": "buy"}, "volume"),
    ("external_trade", {"symbol": "EURUSD", "side": "buy", "volume": 0.015}, "volume"),
    ("external_trade", {"symbol": "EURUSD", "side": "buy", "volume": "1"}, "volume"),
    ("external_trade", {"position": 5.5}, "position"),
    ("external_trade", {"symbol": "EURUSD", "side": "buy", "volume": 0.1, "reason": "so"}, "reason"),
    ("external_trade", {"symbol": "EURUSD", "side": "buy", "volume": 0.1, "reason": "whim"}, "reason"),
    ("external_trade", {"position": 5}, "position"),
    ("external_trade", {"position": 5, "side": "buy"}, "side"),
]


@pytest.mark.parametrize(("fault", "parameters", "named"), REFUSED)
def test_what_cannot_be_is_refused_by_name(book: FaultBook, fault: str, parameters: dict[str, Any], named: str) -> None:
    """The parameter that is wrong is named, with what it should be, and nothing begins."""
    with pytest.raises(FaultRefused, match="should be") as refused:
        book.add(fault, **parameters)
    assert refused.value.parameter == named
    assert book.active() == []


def test_symbols_are_called_as_the_broker_calls_them(tmp_path: Path, clock: FakeClock) -> None:
    """In any case, but with a suffix the symbols' own names are none."""
    book = FaultBook(tmp_path / "l", clock, ".r")
    assert book.add("frozen_feed", symbol="EURUSD.r")["symbol"] == "EURUSD.r"
    assert book.add("frozen_feed", symbol="eurusd.R")["symbol"] == "EURUSD.r"
    with pytest.raises(FaultRefused, match="symbol"):
        book.add("frozen_feed", symbol="EURUSD")


def test_the_books_know_what_symbols_are_called(tmp_path: Path, clock: FakeClock) -> None:
    """Whoever asks for a fault need not know the ending: the books have it once a terminal was started with it."""
    mt5: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock, symbol_suffix=".r")
    assert mt5.initialize()
    mt5.shutdown()

    book = FaultBook(tmp_path / "l", clock)
    assert book.add("requote", symbol="EURUSD.r")["symbol"] == "EURUSD.r"
    with pytest.raises(FaultRefused, match="symbol"):
        book.add("external_trade", symbol="EURUSD", side="buy", volume=0.1)


def test_every_function_that_asks_the_terminal_can_hang(unconnected: SimulatorModule) -> None:
    """The list of functions is the module's, but for the two that ask nobody."""
    known = {name for name in vars(unconnected) if callable(getattr(unconnected, name)) and name.islower()}
    assert set(ASKING) == known - {"last_error", "shutdown"}


@pytest.mark.parametrize("fault", FAULTS)
def test_nulls_are_not_given(book: FaultBook, fault: str) -> None:
    """A parameter that is None is as one left out, for every fault."""
    needed = {"symbol": "EURUSD", "side": "buy", "volume": 0.1} if fault == "external_trade" else {}
    nulls = dict.fromkeys(("seconds", "count", "function", "retcode", "position"))
    assert book.add(fault, **nulls, **needed)["fault"] == fault


@pytest.mark.parametrize("fault", FAULTS)
def test_the_guide_has_every_fault(fault: str) -> None:
    """Each fault has a row in the guide, which names every parameter that it takes."""
    guide = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    (row,) = (line for line in guide.splitlines() if line.startswith("| ") and f"`{fault}`" in line.split("|")[1])

    assert [name for name in FAULTS[fault] if f"`{name}`" not in row.split("|")[2]] == []
