"""What each fault does, and how it ends by time, by count, by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule, VirtualClock
from app.simulator.books.faults import FaultBook
from app.simulator.vocabulary.faults import FaultRefused
from tests.app.simulator.conftest import EVER, NOW_S, FakeClock

Request = dict[str, Any]


class Sleeper:
    """Lets the clock go on instead of waiting, and does something after a while."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.slept_s = 0.0
        self.after_s = float("inf")
        self.then: Callable[[], object] = lambda: None

    def __call__(self, seconds: float) -> None:
        """Let time pass."""
        self.slept_s += seconds
        self._clock.advance(seconds)
        if self.slept_s >= self.after_s:
            self.after_s = float("inf")
            self.then()


@pytest.fixture
def sleeper(clock: FakeClock) -> Sleeper:
    """How the terminal waits."""
    return Sleeper(clock)


@pytest.fixture
def book(tmp_path: Path, clock: FakeClock) -> FaultBook:
    """The faults of the ledger that `mt5` is on."""
    return FaultBook(tmp_path / "l", clock)


@pytest.fixture
def mt5(tmp_path: Path, clock: FakeClock, sleeper: Sleeper) -> Iterator[Any]:
    """A module connected to books on disk."""
    module: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock, sleep=sleeper)
    assert module.initialize()
    yield module
    module.shutdown()


def test_disconnect(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """The terminal says so and sends nothing; account and prices stay as they were, until it is over."""
    mt5.order_send(buy)
    before = mt5.account_info(), mt5.positions_get(), mt5.symbol_info_tick("EURUSD"), mt5.symbol_info("GBPUSD")
    bars = mt5.copy_rates_from_pos("EURUSD", 1, 0, 3).tolist()
    book.add("disconnect", seconds=60.0)
    clock.advance(59)

    assert mt5.terminal_info().connected is False
    assert (
        mt5.account_info(),
        mt5.positions_get(),
        mt5.symbol_info_tick("EURUSD"),
        mt5.symbol_info("GBPUSD"),
    ) == before
    assert mt5.copy_rates_from_pos("EURUSD", 1, 0, 3).tolist() == bars
    result = mt5.order_send(buy)
    assert (result.retcode, result.request_id, result.price) == (mt5.TRADE_RETCODE_CONNECTION, 0, 0.0)
    assert mt5.order_check(buy).retcode == mt5.TRADE_RETCODE_CONNECTION
    clock.advance(1)
    assert mt5.terminal_info().connected is True
    assert mt5.symbol_info_tick("EURUSD").time_msc > before[2].time_msc + 50_000
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE


def test_stops_trigger_while_the_terminal_is_away(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """During the disconnection the position looks open; after it, it was closed in the middle of it."""
    price = mt5.symbol_info_tick("EURUSD").bid
    opened = mt5.order_send(buy | {"sl": price - 0.0001, "tp": price + 0.0001})
    began = mt5.history_deals_get(ticket=opened.deal)[0].time
    book.add("disconnect", seconds=86_400.0)
    clock.advance(86_399)
    assert mt5.positions_total() == 1
    assert mt5.history_deals_total(*EVER) == 2
    clock.advance(1)
    assert mt5.positions_total() == 0
    assert began < mt5.history_deals_get(position=opened.order)[1].time < began + 86_400


def test_terminal_gone(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """The call that notices gets -10002, those after it -10004, initialize fails meanwhile; the books are unharmed."""
    mt5.order_send(buy)
    book.add("terminal_gone", seconds=20.0)

    assert mt5.positions_get() is None
    assert mt5.last_error() == (-10002, "IPC recv failed")
    assert mt5.account_info() is None
    assert mt5.last_error() == (-10004, "No IPC connection")
    assert mt5.initialize() is False
    assert mt5.last_error()[0] == -10003
    assert mt5.version() == (0, 0, "")
    clock.advance(20)
    assert mt5.positions_get() is None
    assert mt5.last_error() == (-10004, "No IPC connection")
    assert mt5.initialize() is True
    assert mt5.positions_total() == 1


def test_a_terminal_that_was_gone_for_a_moment(mt5: Any, book: FaultBook, clock: FakeClock) -> None:
    """It has broken the connection even if nobody called meanwhile; ended by hand, it starts at once."""
    book.add("terminal_gone", seconds=1.0)
    clock.advance(60)
    assert mt5.positions_total() is None
    assert mt5.last_error()[0] == -10002
    book.add("terminal_gone", seconds=1000.0)
    assert mt5.initialize() is False
    book.end()
    assert mt5.initialize() is True


def test_hang_holds_the_calls_it_is_given(mt5: Any, book: FaultBook, buy: Request, sleeper: Sleeper) -> None:
    """Each of `count` calls of the function is held for `seconds`, then goes on; others are not held."""
    book.add("hang", seconds=30.0, count=2)
    assert mt5.positions_get() == ()
    assert sleeper.slept_s == 0
    for held_s in (30, 60, 60):
        assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE
        assert sleeper.slept_s == pytest.approx(held_s, abs=0.5)
    assert book.active() == []


def test_a_hang_shows_how_long_it_will_hold(mt5: Any, book: FaultBook, sleeper: Sleeper) -> None:
    """It waits for its call without end; while it holds one, what is left is told."""
    book.add("hang", seconds=10.0, function="positions_get")
    assert book.active()[0]["seconds_left"] is None
    told: list[dict[str, Any]] = []
    sleeper.after_s, sleeper.then = 4.0, lambda: told.extend(book.active())
    mt5.positions_get()
    assert told[0]["count_left"] == 0
    assert told[0]["seconds_left"] == pytest.approx(6, abs=0.1)


def test_a_hang_ends_by_hand(mt5: Any, book: FaultBook, sleeper: Sleeper) -> None:
    """Ending the fault lets the held call go on."""
    book.add("hang", seconds=1000.0, function="account_info")
    sleeper.after_s, sleeper.then = 2.0, book.end
    assert mt5.account_info() is not None
    assert sleeper.slept_s == pytest.approx(2, abs=0.1)


def test_what_begins_during_a_hang_is_met_after_it(mt5: Any, book: FaultBook, sleeper: Sleeper) -> None:
    """The held call goes on in the world as it then is."""
    book.add("hang", seconds=5.0, function="terminal_info")
    sleeper.after_s, sleeper.then = 1.0, lambda: book.add("disconnect", seconds=60.0)
    assert mt5.terminal_info().connected is False
    book.add("hang", seconds=5.0, function="terminal_info")
    sleeper.after_s, sleeper.then = sleeper.slept_s + 1, lambda: book.add("terminal_gone")
    assert mt5.terminal_info() is None
    assert mt5.last_error()[0] == -10002


def test_initialize_can_hang(mt5: Any, book: FaultBook, sleeper: Sleeper) -> None:
    """A terminal may start slowly: `initialize` is held for the time asked, and succeeds."""
    book.add("hang", seconds=7.0, function="initialize")
    assert mt5.initialize()
    assert sleeper.slept_s == pytest.approx(7, abs=0.1)


def test_reject_takes_its_count(mt5: Any, book: FaultBook, buy: Request) -> None:
    """So many requests are refused with that code, as a server does it; the next one is filled."""
    book.add("reject", count=2, retcode=10018)
    results = [mt5.order_send(buy) for _ in range(3)]

    assert [result.retcode for result in results] == [10018, 10018, 10009]
    assert results[0].comment == "Market closed"
    assert [result.request_id for result in results] == [1, 2, 3]
    assert mt5.positions_total() == 1
    assert book.active() == []


def test_reject_once_or_for_a_time(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """Without anything said it takes one request; with seconds, all of its symbol until they are over."""
    book.add("reject")
    assert [mt5.order_send(buy).retcode for _ in range(2)] == [10006, 10009]
    book.add("reject", seconds=10.0, symbol="EURUSD")
    assert [mt5.order_send(buy).retcode for _ in range(3)] == [10006] * 3
    assert mt5.order_send(buy | {"symbol": "GBPUSD"}).retcode == 10009
    assert mt5.order_check(buy).retcode == 0
    clock.advance(10)
    assert mt5.order_send(buy).retcode == 10009


def test_reject_ends_with_what_comes_first(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """Given both, time or calls end it."""
    book.add("reject", seconds=10.0, count=2)
    assert [mt5.order_send(buy).retcode for _ in range(3)] == [10006, 10006, 10009]
    book.add("reject", seconds=10.0, count=2)
    assert mt5.order_send(buy).retcode == 10006
    clock.advance(10)
    assert mt5.order_send(buy).retcode == 10009


def test_a_request_that_the_package_refuses_takes_no_call(mt5: Any, book: FaultBook, buy: Request) -> None:
    """What never reaches the terminal meets no fault."""
    book.add("reject")
    assert mt5.order_send(buy | {"sl": 1}) is None
    assert mt5.last_error()[0] == -2
    assert mt5.order_send(buy).retcode == 10006


def test_autotrading_off(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """The terminal refuses by itself: 10027 with zeros and no request id; looking goes on."""
    number = book.add("autotrading_off", seconds=60.0)["id"]
    result = mt5.order_send(buy)

    assert mt5.terminal_info().trade_allowed is False
    assert mt5.terminal_info().connected is True
    assert (result.retcode, result.comment) == (10027, "AutoTrading disabled by client")
    assert (result.request_id, result.order, result.deal, result.price, result.bid) == (0, 0, 0, 0.0, 0.0)
    assert mt5.order_check(buy).retcode == 10027
    assert mt5.account_info().trade_allowed is True
    book.end(number)
    assert mt5.terminal_info().trade_allowed is True
    assert mt5.order_send(buy).request_id == 1


def test_frozen_feed(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """Ticks, bars and profits of the symbol stand still, the others' go on; the server trades at its own price."""
    mt5.order_send(buy)
    before, other = _shown(mt5), mt5.symbol_info_tick("GBPUSD")
    book.add("frozen_feed", seconds=600.0, symbol="EURUSD")
    clock.advance(500)

    assert _shown(mt5) == before
    assert mt5.symbol_info_tick("GBPUSD").time_msc > other.time_msc + 400_000
    assert mt5.order_send(buy).ask != before[0].ask
    book.add("frozen_feed", seconds=600.0)
    later = mt5.symbol_info_tick("GBPUSD")
    clock.advance(99)
    assert mt5.symbol_info_tick("GBPUSD") == later
    book.end()
    assert mt5.symbol_info_tick("EURUSD").time_msc > before[0].time_msc + 590_000


def _shown(mt5: Any) -> tuple[Any, ...]:
    """All that a terminal shows of EURUSD's market, and of the position there."""
    held = mt5.positions_get()[0]
    ticks = mt5.copy_ticks_range("EURUSD", held.time - 60, held.time + 600, mt5.COPY_TICKS_ALL)
    bar = mt5.copy_rates_from_pos("EURUSD", 1, 0, 1).tolist()
    return mt5.symbol_info_tick("EURUSD"), mt5.symbol_info("EURUSD"), held.profit, bar, len(ticks)


@pytest.mark.parametrize(("reason", "number"), [("client", 0), ("mobile", 1), ("expert", 3)])
def test_somebody_else_opens(mt5: Any, book: FaultBook, clock: FakeClock, reason: str, number: int) -> None:
    """A position appears that nobody here has asked for, at the market of the moment it was ordered."""
    tick = mt5.symbol_info_tick("GBPUSD")
    added = book.add("external_trade", symbol="GBPUSD", side="sell", volume=0.2, reason=reason)
    assert added["fault"] == "external_trade"
    clock.advance(300)
    (position,) = mt5.positions_get()
    (order,) = mt5.history_orders_get(position=position.ticket)
    (deal,) = mt5.history_deals_get(position=position.ticket)

    assert (position.symbol, position.type, position.volume, position.price_open) == ("GBPUSD", 1, 0.2, tick.bid)
    assert (position.reason, order.reason, deal.reason) == (number, number, number)
    assert (position.magic, deal.magic, deal.comment, deal.entry) == (0, 0, "", 0)
    assert deal.time_msc == position.time_msc == 1_773_153_296_789
    assert deal.commission == -1.4
    assert book.active() == []


CLOSERS = [(0, "client", ""), (1, "mobile", ""), (4, "sl", "[sl "), (5, "tp", "[tp "), (6, "so", "so")]


@pytest.mark.parametrize("closer", CLOSERS)
def test_somebody_else_closes(mt5: Any, book: FaultBook, buy: Request, closer: tuple[int, str, str]) -> None:
    """The position named is closed by a deal with that reason and no magic number."""
    number, reason, comment = closer
    opened = mt5.order_send(buy)
    book.add("external_trade", position=opened.order, reason=reason)
    deal = mt5.history_deals_get(position=opened.order)[1]

    assert mt5.positions_total() == 0
    assert (deal.reason, deal.entry, deal.type, deal.magic, deal.volume) == (number, 1, 1, 0, 0.1)
    assert deal.comment.startswith(comment)
    assert mt5.history_orders_get(ticket=deal.order)[0].reason == number


def test_somebody_else_closes_a_part(mt5: Any, book: FaultBook, buy: Request) -> None:
    """So many lots of the position, no more than it has."""
    opened = mt5.order_send(buy)
    for volume in (0.2, 0.015):
        with pytest.raises(FaultRefused, match="volume"):
            book.add("external_trade", position=opened.order, volume=volume)
    book.add("external_trade", position=opened.order, volume=0.04)
    assert mt5.positions_get()[0].volume == 0.06


def test_what_somebody_else_cannot_do(mt5: Any, book: FaultBook, buy: Request) -> None:
    """A position already closed is not closed again, and nobody opens what the account cannot pay for."""
    opened = mt5.order_send(buy)
    book.add("external_trade", position=opened.order)
    book.add("external_trade", position=opened.order)
    book.add("external_trade", symbol="EURUSD", side="buy", volume=95.0)
    assert mt5.positions_get() == ()
    assert mt5.history_deals_total(*EVER) == 3
    assert book.active() == []


def test_trades_of_others_come_in_order_with_stops(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """What came due while the terminal was away is entered as it came due; numbers and times run the same way."""
    price = mt5.symbol_info_tick("EURUSD").bid
    stopped = mt5.order_send(buy | {"sl": price - 0.0001, "tp": price + 0.0001}).order
    kept = mt5.order_send(buy | {"sl": 0.5}).order
    book.add("disconnect", seconds=7200.0)
    clock.advance(3600)
    book.add("external_trade", position=kept, reason="mobile")
    assert mt5.positions_total() == 2
    clock.advance(3600)

    deals = mt5.history_deals_get(*EVER)
    assert [deal.position_id for deal in deals[3:]] == [stopped, kept]
    assert [deal.time_msc for deal in deals] == sorted(deal.time_msc for deal in deals)


def test_a_stop_comes_too_late_for_a_position_that_somebody_closed(
    mt5: Any, book: FaultBook, buy: Request, clock: FakeClock
) -> None:
    """Of two ends that come due in one look, the earlier one is the end."""
    price = mt5.symbol_info_tick("EURUSD").bid
    opened = mt5.order_send(buy | {"sl": price - 0.0005, "tp": price + 0.0005}).order
    book.add("external_trade", position=opened, reason="mobile")
    clock.advance(86_400)

    assert [deal.reason for deal in mt5.history_deals_get(position=opened)] == [3, 1]


def test_stops_trigger_while_the_feed_is_frozen(mt5: Any, book: FaultBook, buy: Request, clock: FakeClock) -> None:
    """The server knows its own prices."""
    price = mt5.symbol_info_tick("EURUSD").bid
    mt5.order_send(buy | {"sl": price - 0.0001, "tp": price + 0.0001})
    book.add("frozen_feed", seconds=86_400.0)
    clock.advance(86_399)
    assert mt5.positions_total() == 0


@pytest.mark.parametrize("speed", [0.0, 60.0])
def test_a_hang_goes_by_the_machines_clock(tmp_path: Path, speed: float) -> None:
    """It holds for seconds of whoever waits, wherever the market's clock stands or runs, and is over then."""
    clock, slept = VirtualClock(NOW_S, speed=speed), list[float]()
    mt5: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock, sleep=slept.append)
    book = FaultBook(tmp_path / "l", clock)
    book.add("slow", seconds=1.02, function="initialize")

    assert mt5.initialize()

    assert sum(slept) == pytest.approx(1.02)
    assert book.active() == []
    mt5.shutdown()
