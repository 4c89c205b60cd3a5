"""What positions cost or bring overnight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.due.swaps import next_midnight, nights
from app.simulator.market.server_clock import ServerClock
from app.simulator.vocabulary.symbols import SYMBOLS
from tests.app.simulator.conftest import EVER, FakeClock

DAY_S = 86_400
# Minus five points a lot and night for who is long: five dollars on a lot of EURUSD.
EURUSD = replace(SYMBOLS[0], swap_mode=1, swap_long=-5.0, swap_short=2.0)


@pytest.fixture
def mt5(clock: FakeClock) -> Iterator[Any]:
    """A terminal on a Tuesday afternoon, with a symbol of round swaps."""
    module: Any = SimulatorModule(ledger=Path(":memory:"), clock=clock, symbols=[EURUSD])
    assert module.initialize()
    yield module
    module.shutdown()


def at(text: str) -> int:
    """Milliseconds UTC of a time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_midnight_is_the_servers() -> None:
    """A day of the server begins two hours before UTC's in winter, and three hours before in summer."""
    clock = ServerClock(7200, "europe")

    assert next_midnight(clock, at("2026-03-10T12:00")) == at("2026-03-10T22:00")
    assert next_midnight(clock, at("2026-03-10T22:00")) == at("2026-03-11T22:00")
    assert next_midnight(clock, at("2026-07-10T12:00")) == at("2026-07-10T21:00")


@pytest.mark.parametrize(
    ("midnight", "times"),
    [("2026-03-08", 0), ("2026-03-09", 0), ("2026-03-10", 1), ("2026-03-11", 1), ("2026-03-12", 3), ("2026-03-13", 1),
     ("2026-03-14", 1)],
)  # fmt: skip
def test_one_night_counts_for_the_week_end(midnight: str, times: int) -> None:
    """The night after Wednesday counts three times, those after Saturday and Sunday not at all: seven a week."""
    assert nights(ServerClock(0), at(f"{midnight}T00:00"), 3) == times


def test_a_week_of_swaps(mt5: Any, buy: dict[str, Any], clock: FakeClock) -> None:
    """A position gathers its swap at each midnight, three on Wednesday's, as long as nobody looks, too."""
    mt5.order_send(buy | {"volume": 1.0})
    gathered = []
    for _ in range(3):
        clock.advance(DAY_S)
        gathered.append(mt5.positions_get()[0].swap)
    clock.advance(4 * DAY_S)

    assert gathered == [-5.0, -20.0, -25.0]
    assert mt5.positions_get()[0].swap == -35.0
    account = mt5.account_info()
    assert account.balance == 100_000.0 - 7.0
    assert account.equity == pytest.approx(account.balance + mt5.positions_get()[0].profit - 35.0, abs=1e-6)


def test_a_position_of_one_day_has_none(mt5: Any, buy: dict[str, Any], clock: FakeClock) -> None:
    """Opened after a midnight and closed before the next, a position costs no swap."""
    clock.now_s = at("2026-03-10T22:00") / 1000
    position = mt5.order_send(buy).order
    clock.now_s = at("2026-03-11T21:59:59.999") / 1000
    closing = mt5.order_send(buy | {"type": 1, "position": position})

    assert mt5.history_deals_get(ticket=closing.deal)[0].swap == 0.0


def test_swaps_leave_with_their_lots(mt5: Any, buy: dict[str, Any], clock: FakeClock) -> None:
    """A part of a position takes its part of the swaps; the money moves with the deal."""
    position = mt5.order_send(buy | {"volume": 1.0, "type": 1}).order
    clock.advance(DAY_S)
    closing = buy | {"position": position, "volume": 0.25}
    deal = mt5.history_deals_get(ticket=mt5.order_send(closing).deal)[0]

    assert (deal.swap, mt5.positions_get()[0].swap) == (0.5, 1.5)
    rest = mt5.history_deals_get(ticket=mt5.order_send(closing | {"volume": 0.75}).deal)[0]
    assert rest.swap == 1.5
    money = sum(each.profit + each.commission + each.swap + each.fee for each in mt5.history_deals_get(*EVER))
    assert mt5.account_info().balance == pytest.approx(money, abs=1e-6)


def test_midnight_itself_counts(mt5: Any, buy: dict[str, Any], clock: FakeClock) -> None:
    """Who looks at the very instant of midnight sees the night's swap."""
    mt5.order_send(buy | {"volume": 1.0})
    clock.now_s = at("2026-03-10T22:00") / 1000

    assert mt5.positions_get()[0].swap == -5.0


def test_positions_that_close_each_other_take_their_swaps_along(
    mt5: Any, buy: dict[str, Any], clock: FakeClock
) -> None:
    """Each of the two deals has the swaps of its lots; what is left keeps its own."""
    long, short = (mt5.order_send(buy | {"volume": 1.0 + side, "type": side}).order for side in (0, 1))
    clock.advance(DAY_S)
    request = {"action": mt5.TRADE_ACTION_CLOSE_BY, "position": long, "position_by": short}
    order = mt5.order_send(request).order

    assert [deal.swap for deal in mt5.history_deals_get(*EVER) if deal.order == order] == [-5.0, 2.0]
    assert [position.swap for position in mt5.positions_get()] == [2.0]


def test_looking_often_and_looking_once_give_the_same(tmp_path: Path, buy: dict[str, Any]) -> None:
    """Whoever looks, and how often, the books are the same."""
    seen = []
    for looks in (1, 97):
        clock = FakeClock()
        module: Any = SimulatorModule(ledger=tmp_path / f"{looks}.sqlite", clock=clock, symbols=[EURUSD])
        assert module.initialize()
        module.order_send(buy)
        for _ in range(looks):
            clock.advance(10 * DAY_S / looks)
            module.positions_total()
            module.account_info()
        clock.now_s = FakeClock().now_s + 10 * DAY_S
        (position,) = module.positions_get()
        seen.append(position._asdict())
        module.shutdown()

    assert seen[0] == seen[1]
