"""When somebody else's trade can be made: while its market is open, behind what is in the books, with the money."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.books.faults import FaultBook
from tests.app.simulator.conftest import EVER, OFFSET_S, FakeClock

FRIDAY_S, SATURDAY_S, SUNDAY_S = (
    datetime(2026, 3, day, hour, tzinfo=UTC).timestamp() for day, hour in ((13, 20), (14, 12), (15, 22))
)


@pytest.fixture
def clock() -> FakeClock:
    """A Friday evening."""
    return FakeClock(FRIDAY_S)


@pytest.fixture
def book(tmp_path: Path, clock: FakeClock) -> FaultBook:
    """The faults of the terminal's ledger."""
    return FaultBook(tmp_path / "l", clock)


@pytest.fixture
def mt5(tmp_path: Path, clock: FakeClock) -> Iterator[Any]:
    """A terminal whose currencies rest at the week-end."""
    module: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock, sessions="real")
    assert module.initialize()
    assert module.symbol_select("BTCUSD")
    yield module
    module.shutdown()


def test_a_trade_waits_for_its_market(mt5: Any, book: FaultBook, buy: dict[str, Any], clock: FakeClock) -> None:
    """What is asked for at the week-end is dealt at the week's first tick, at its price; crypto is dealt at once."""
    held = mt5.order_send(buy).order
    clock.now_s = SATURDAY_S
    book.add("external_trade", symbol="EURUSD", side="sell", volume=0.2)
    book.add("external_trade", position=held)
    book.add("external_trade", symbol="BTCUSD", side="buy", volume=0.1)
    clock.now_s = SUNDAY_S - 1
    assert [each.symbol for each in mt5.positions_get()] == ["EURUSD", "BTCUSD"]
    assert [fault["fault"] for fault in book.active()] == ["external_trade", "external_trade"]
    clock.now_s = SUNDAY_S + 3600

    tick = mt5.copy_ticks_from("EURUSD", int(SUNDAY_S) + OFFSET_S, 1, mt5.COPY_TICKS_ALL)[0]
    sold, closed = mt5.history_deals_get(*EVER)[-2:]
    assert [(deal.time_msc, deal.price) for deal in (sold, closed)] == [(tick["time_msc"], tick["bid"])] * 2
    assert closed.position_id == held
    assert [each.symbol for each in mt5.positions_get()] == ["BTCUSD", "EURUSD"]
    assert book.active() == []


def test_the_end_does_not_depend_on_who_looks_when(tmp_path: Path, clock: FakeClock) -> None:
    """A trade that waited is the same whether anybody looks in between or nobody does until a day later."""
    ends = []
    for looks in ((), (SATURDAY_S + 3600, SUNDAY_S, SUNDAY_S + 1, SUNDAY_S + 100)):
        path = tmp_path / f"l{len(looks)}"
        clock.now_s = SATURDAY_S
        mt5: Any = SimulatorModule(ledger=path, clock=clock, sessions="real")
        assert mt5.initialize()
        FaultBook(path, clock).add("external_trade", symbol="EURUSD", side="buy", volume=0.1)
        for clock.now_s in (*looks, SUNDAY_S + 86_400):
            mt5.positions_get()
        ends.append((mt5.history_deals_get(*EVER), mt5.positions_get()))
        mt5.shutdown()

    assert ends[0] == ends[1]
    assert len(ends[0][1]) == 1


def test_a_trade_comes_behind_what_is_in_the_books(
    tmp_path: Path, mt5: Any, buy: dict[str, Any], clock: FakeClock
) -> None:
    """Whose clock is behind that of the books dates it with their newest state: deals and their times go one way."""
    held = mt5.order_send(buy | {"symbol": "BTCUSD"}).order
    clock.advance(3 * 86_400)
    newest = mt5.history_deals_get(ticket=mt5.order_send(buy | {"symbol": "BTCUSD"}).deal)[0]
    machine = FakeClock(FRIDAY_S + 60)
    FaultBook(tmp_path / "l", machine).add("external_trade", symbol="BTCUSD", side="buy", volume=0.1)
    assert mt5.history_deals_get(*EVER)[-1].time_msc == newest.time_msc

    clock.advance(86_400)
    swapped = mt5.positions_get(ticket=held)[0].swap
    FaultBook(tmp_path / "l", machine).add("external_trade", position=held)
    closed = mt5.history_deals_get(*EVER)[-1]
    assert (closed.position_id, closed.swap) == (held, swapped)
    assert closed.time % 86_400 == 0
    assert closed.time_msc > newest.time_msc


def test_nobody_trades_without_money(mt5: Any, book: FaultBook, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody else's trade that the account cannot pay for is not made, and the log says so."""
    number = book.add("external_trade", symbol="EURUSD", side="buy", volume=95.0)["id"]
    with caplog.at_level(logging.WARNING):
        assert mt5.positions_get() == ()

    assert caplog.messages == [f"simulator: no money for somebody else's 95 EURUSD (fault {number})"]
    assert book.active() == []
