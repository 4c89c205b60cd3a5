"""What a trade server objects to, code by code, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.books.faults import FaultBook
from app.simulator.books.ledger import Ledger
from app.simulator.vocabulary.symbols import SYMBOLS
from tests.app.simulator.conftest import OFFSET_S, FakeClock, change_terms

Request = dict[str, Any]
POINT = 0.00001
EURUSD = next(spec for spec in SYMBOLS if spec.name == "EURUSD")
REQUEST, INSTANT, MARKET, EXCHANGE = range(4)
FOK, IOC, RETURN, BOC = range(4)
BUY_LIMIT, SELL_LIMIT, BUY_STOP, SELL_STOP, BUY_STOP_LIMIT, SELL_STOP_LIMIT = range(2, 8)

Broker = Callable[..., Any]


@pytest.fixture
def broker(tmp_path: Path, clock: FakeClock) -> Iterator[Broker]:
    """Makes a terminal whose broker has EURUSD on other terms: `broker(stops_level=10)`."""
    opened: list[Any] = []

    def open_terminal(**terms: Any) -> Any:
        symbols = [replace(EURUSD, **terms)]
        mt5: Any = SimulatorModule(ledger=tmp_path / "l", clock=clock, symbols=symbols)
        assert mt5.initialize()
        opened.append(mt5)
        return mt5

    yield open_terminal
    for mt5 in opened:
        mt5.shutdown()


def agree(path: Path, **terms: Any) -> None:
    """Give the account other terms."""
    with closing(Ledger(str(path), 0)) as ledger:
        change_terms(ledger, **terms)


def answered(mt5: Any, request: Request) -> int:
    """The code with which a request is answered; checking it says the same, but for a success, which is 0."""
    checked, sent = mt5.order_check(request).retcode, mt5.order_send(request).retcode
    assert checked == (0 if sent in {mt5.TRADE_RETCODE_DONE, mt5.TRADE_RETCODE_PLACED} else sent)
    return int(sent)


def pending(mt5: Any, kind: int, points: int = 500, **fields: Any) -> Request:
    """A pending order so many points away, on the side where it waits."""
    tick = mt5.symbol_info_tick("EURUSD")
    up = 1 if kind in (BUY_STOP, SELL_LIMIT, BUY_STOP_LIMIT) else -1
    price = round((tick.ask if kind % 2 == 0 else tick.bid) + up * points * POINT, 5)
    request = {"action": 5, "symbol": "EURUSD", "volume": 0.1, "type": kind, "price": price, "type_filling": RETURN}
    return request | fields


@pytest.mark.parametrize(
    ("terms", "retcode"),
    [
        ({"trade_expert": False}, 10026),
        ({"trade_allowed": False}, 10017),
        ({"trade_expert": False, "trade_allowed": False}, 10026),
    ],
)
def test_an_account_may_be_kept_from_trading(
    broker: Broker, tmp_path: Path, buy: Request, terms: Request, retcode: int
) -> None:
    """Programs may be shut out, or everybody; nothing else is looked at before."""
    mt5 = broker()
    agree(tmp_path / "l", **terms)

    assert answered(mt5, buy) == answered(mt5, buy | {"volume": 0.001}) == retcode


MALFORMED = [
    {"action": 0},
    {"action": 5, "type": 0},
    {"action": 5, "type": 8},
    {"action": 6},
    {"action": 7},
    {"action": 8},
    {"action": 10, "position": 5},
    {"type": 2},
    {"symbol": "NOPE"},
    {"symbol": ""},
    {"action": 5, "type": 2, "symbol": ""},
]


@pytest.mark.parametrize("change", MALFORMED)
def test_requests_that_mean_nothing(mt5: Any, buy: Request, change: Request) -> None:
    """An action without what it needs is an invalid request."""
    assert answered(mt5, buy | change) == mt5.TRADE_RETCODE_INVALID


@pytest.mark.parametrize(
    ("action", "number", "retcode"),
    [(1, "position", 10036), (6, "position", 10036), (7, "order", 10035), (8, "order", 10035)],
)
@pytest.mark.parametrize("symbol", ["EURUSD", ""])
def test_what_is_not_there(mt5: Any, buy: Request, *, action: int, number: str, retcode: int, symbol: str) -> None:
    """A position that is gone is closed, an order that is gone is invalid; a deal must name its symbol."""
    expected = 10013 if action == 1 and not symbol else retcode
    assert answered(mt5, buy | {"action": action, number: 5, "symbol": symbol, "price": 1.0}) == expected


@pytest.mark.parametrize(
    ("order_mode", "kinds"),
    [(1, (0, 1)), (2, (2, 3)), (4, (4, 5)), (8, (6, 7)), (127, range(8))],
)
def test_order_types_that_a_symbol_does_not_have(broker: Broker, buy: Request, order_mode: int, kinds: Any) -> None:
    """The bits of order_mode say which types there are; others are invalid orders."""
    mt5 = broker(order_mode=order_mode)
    for kind in range(8):
        request = buy | {"type": kind} if kind < 2 else pending(mt5, kind)
        if kind >= BUY_STOP_LIMIT:
            request |= {"stoplimit": request["price"] + (POINT * 100 if kind == SELL_STOP_LIMIT else -POINT * 100)}
        assert answered(mt5, request) == (10009 if kind in kinds else mt5.TRADE_RETCODE_INVALID_ORDER)


@pytest.mark.parametrize(
    ("trade_mode", "buying", "selling"),
    [(0, 10017, 10017), (1, 10009, 10042), (2, 10043, 10009), (3, 10044, 10044), (4, 10009, 10009)],
)
def test_trade_modes_hold_for_pending_orders(broker: Broker, trade_mode: int, buying: int, selling: int) -> None:
    """A symbol that is closed to one side takes no waiting order of that side either."""
    mt5 = broker(trade_mode=trade_mode)

    for kind in range(2, 6):
        assert answered(mt5, pending(mt5, kind)) == (selling if kind % 2 else buying)


ALL = 7
FILLINGS = [
    # execution, bits of filling_mode, which fillings a market order may have, and which a pending one
    (REQUEST, 0, [FOK], [RETURN]),
    (INSTANT, 2, [FOK, IOC], [IOC, RETURN]),
    (MARKET, 0, [], [RETURN]),
    (MARKET, 1, [FOK], [FOK, RETURN]),
    (MARKET, 2, [IOC], [IOC, RETURN]),
    (MARKET, 3, [FOK, IOC], [FOK, IOC, RETURN]),
    (MARKET, ALL, [FOK, IOC], [FOK, IOC, RETURN, BOC]),
    (EXCHANGE, 0, [RETURN], [RETURN]),
    (EXCHANGE, 2, [IOC, RETURN], [IOC, RETURN]),
]


@pytest.mark.parametrize(("execution", "bits", "dealt", "waiting"), FILLINGS)
def test_fillings(
    broker: Broker, buy: Request, *, execution: int, bits: int, dealt: list[int], waiting: list[int]
) -> None:
    """Bits allow fillings; RETURN has none, and is for exchanges and waiting orders; no other number is a filling."""
    mt5 = broker(trade_exemode=execution, filling_mode=bits)
    price = mt5.symbol_info_tick("EURUSD").ask
    for filling in (FOK, IOC, RETURN, BOC, 4, 2**32 - 1):
        market = buy | {"type_filling": filling, "price": price}
        assert answered(mt5, market) == (10009 if filling in dealt else mt5.TRADE_RETCODE_INVALID_FILL)
        limit = pending(mt5, BUY_LIMIT, type_filling=filling)
        taken = 10008 if execution == EXCHANGE else 10009
        assert answered(mt5, limit) == (taken if filling in waiting else mt5.TRADE_RETCODE_INVALID_FILL)


def test_only_limits_are_for_the_book(broker: Broker) -> None:
    """Book-or-cancel means nothing to a stop order."""
    mt5 = broker(filling_mode=ALL)

    assert answered(mt5, pending(mt5, BUY_STOP, type_filling=BOC)) == mt5.TRADE_RETCODE_INVALID_FILL


@pytest.mark.parametrize("volume", [0.0, 0.005, 0.015, 100.01, float("nan")])
def test_volumes_of_pending_orders(mt5: Any, volume: float) -> None:
    """They are held to the same steps as deals."""
    assert answered(mt5, pending(mt5, BUY_LIMIT, volume=volume)) == mt5.TRADE_RETCODE_INVALID_VOLUME


def test_a_hidden_symbol_takes_no_new_orders(mt5: Any, buy: Request) -> None:
    """Outside the Market Watch nothing is opened or placed."""
    request = pending(mt5, BUY_LIMIT)
    mt5.symbol_select("EURUSD", False)

    assert answered(mt5, request) == answered(mt5, buy) == mt5.TRADE_RETCODE_PRICE_OFF


@pytest.mark.parametrize("execution", [REQUEST, INSTANT])
def test_a_named_price_must_be_the_market(broker: Broker, buy: Request, execution: int) -> None:
    """Within the deviation it is dealt; beyond it the market is quoted anew, and no price at all is invalid."""
    mt5 = broker(trade_exemode=execution)
    tick = mt5.symbol_info_tick("EURUSD")
    for side, price in ((0, tick.ask), (1, tick.bid)):
        wanted = buy | {"type": side, "deviation": 3}
        for away, retcode in ((0, 10009), (3, 10009), (-3, 10009), (4, 10004), (-4, 10004)):
            request = wanted | {"price": round(price + away * POINT, 5)}
            assert answered(mt5, request) == retcode
        requote = mt5.order_send(wanted | {"price": price + 1.0})
        assert (requote.comment, requote.bid, requote.ask) == ("Requote", tick.bid, tick.ask)
        assert (requote.price, requote.order, requote.deal) == (0.0, 0, 0)
        for nothing in (0.0, -1.0, float("nan"), float("inf")):
            assert answered(mt5, wanted | {"price": nothing}) == mt5.TRADE_RETCODE_INVALID_PRICE


@pytest.mark.parametrize("level", [0, 30])
@pytest.mark.parametrize("kind", range(2, 8))
def test_a_pending_order_lies_on_its_side(broker: Broker, kind: int, level: int) -> None:
    """It waits at least a point away from the market, or the symbol's level, and never beyond it."""
    mt5 = broker(stops_level=level)
    least = max(level, 1)
    for points in (-500, 0, least - 1, least, 500):
        request = pending(mt5, kind, points)
        if kind >= BUY_STOP_LIMIT:
            request["stoplimit"] = round(request["price"] + (least if kind == SELL_STOP_LIMIT else -least) * POINT, 5)
        expected = 10009 if points >= least else mt5.TRADE_RETCODE_INVALID_PRICE
        assert answered(mt5, request) == expected
    for nothing in (0.0, -1.0, float("nan"), float("inf")):
        assert answered(mt5, request | {"price": nothing}) == mt5.TRADE_RETCODE_INVALID_PRICE


@pytest.mark.parametrize("kind", [BUY_STOP_LIMIT, SELL_STOP_LIMIT])
def test_the_limit_of_a_stop_limit_order_waits_too(mt5: Any, kind: int) -> None:
    """Where it would be executed the moment it is made, it is an invalid price."""
    request = pending(mt5, kind)
    back = -POINT if kind == BUY_STOP_LIMIT else POINT
    for points, retcode in ((0, 10015), (-1, 10015), (1, 10009)):
        assert answered(mt5, request | {"stoplimit": round(request["price"] + points * back, 5)}) == retcode
    assert answered(mt5, request) == mt5.TRADE_RETCODE_INVALID_PRICE


@pytest.mark.parametrize("level", [0, 30])
@pytest.mark.parametrize("kind", range(2, 8))
def test_stops_of_a_pending_order_lie_around_its_own_price(broker: Broker, kind: int, level: int) -> None:
    """Not around the market's; around that of its limit for a stop-limit order."""
    mt5 = broker(stops_level=level)
    least, up = max(level, 1), (1 if kind % 2 == 0 else -1)
    request = pending(mt5, kind)
    if kind >= BUY_STOP_LIMIT:
        request["stoplimit"] = round(request["price"] - up * 200 * POINT, 5)
    price = float(request.get("stoplimit") or request["price"])
    for name, outwards in (("sl", -up), ("tp", up)):
        for points in (-5, 0, least - 1, least, 5000):
            wanted = request | {name: round(price + outwards * points * POINT, 5)}
            assert answered(mt5, wanted) == (10009 if points >= least else mt5.TRADE_RETCODE_INVALID_STOPS)


@pytest.mark.parametrize(("order_mode", "sl", "tp"), [(127 - 16, 10016, 10009), (127 - 32, 10009, 10016)])
def test_a_symbol_may_have_no_stops(broker: Broker, buy: Request, order_mode: int, sl: int, tp: int) -> None:
    """The bits of order_mode say whether there are stop-losses and take-profits."""
    mt5 = broker(order_mode=order_mode)

    assert answered(mt5, buy | {"sl": 0.5}) == sl
    assert answered(mt5, buy | {"tp": 2.0}) == tp


def test_frozen_orders_and_positions(broker: Broker, buy: Request) -> None:
    """What lies within the freeze level of its execution can be neither changed nor closed; what lies beyond can."""
    mt5 = broker(freeze_level=40)
    near, far = (mt5.order_send(pending(mt5, SELL_LIMIT, points)).order for points in (40, 41))
    bid = mt5.symbol_info_tick("EURUSD").bid
    held, free = (mt5.order_send(buy | {"sl": round(bid - points * POINT, 5)}).order for points in (40, 41))
    for order, retcode in ((near, 10029), (far, 10009)):
        price = round(mt5.orders_get(ticket=order)[0].price_open + 0.01, 5)
        assert answered(mt5, {"action": 7, "order": order, "price": price}) == retcode
    assert answered(mt5, {"action": 8, "order": near}) == mt5.TRADE_RETCODE_FROZEN
    for position, retcode in ((held, 10029), (free, 10009)):
        assert answered(mt5, {"action": 6, "position": position, "sl": round(bid - 0.01, 5)}) == retcode
    assert answered(mt5, buy | {"type": 1, "position": held}) == mt5.TRADE_RETCODE_FROZEN
    assert answered(mt5, buy | {"type": 1, "position": free}) == mt5.TRADE_RETCODE_DONE


def test_expirations(mt5: Any, clock: FakeClock) -> None:
    """An order's end lies ahead, on the server's clock; there are four kinds of end."""
    clock.now_s = float(int(clock.now_s))
    now = int(clock()) + OFFSET_S
    for type_time, expiration, retcode in (
        (0, 0, 10009), (1, 0, 10009), (2, now + 1, 10009), (3, now, 10009),
        (2, 0, 10022), (2, now, 10022), (2, -(2**63), 10022), (3, now - 86_400, 10022), (4, 0, 10022),
        (2**32 - 1, 0, 10022), (2, 2**62, 10009),
    ):  # fmt: skip
        request = pending(mt5, BUY_LIMIT, type_time=type_time, expiration=expiration)
        assert answered(mt5, request) == retcode


@pytest.mark.parametrize("bit", range(4))
def test_a_symbol_has_its_own_expirations(broker: Broker, clock: FakeClock, bit: int) -> None:
    """The bits of expiration_mode say which ends an order may have, a modified one too."""
    mt5 = broker(expiration_mode=1 << bit)
    expiration = int(clock()) + OFFSET_S + 100_000
    for type_time in range(4):
        request = pending(mt5, BUY_LIMIT, type_time=type_time, expiration=expiration)
        assert answered(mt5, request) == (10009 if type_time == bit else mt5.TRADE_RETCODE_INVALID_EXPIRATION)
    order = mt5.orders_get()[0]
    change = {"action": 7, "order": order.ticket, "price": round(order.price_open - 0.01, 5), "expiration": expiration}
    assert answered(mt5, change | {"type_time": (bit + 1) % 4}) == mt5.TRADE_RETCODE_INVALID_EXPIRATION


def test_so_many_orders_and_positions(broker: Broker, tmp_path: Path, buy: Request) -> None:
    """An account has room for so many waiting orders, and for so many positions."""
    mt5 = broker()
    agree(tmp_path / "l", limit_orders=2, limit_positions=2)
    for retcode in (10009, 10009, 10033):
        assert answered(mt5, pending(mt5, BUY_LIMIT)) == retcode
    for retcode in (10009, 10009, 10040):
        assert answered(mt5, buy) == retcode
    position = mt5.positions_get()[0].ticket
    assert answered(mt5, buy | {"type": 1, "position": position}) == 10009
    assert answered(mt5, buy) == 10009


def test_so_many_lots_in_one_direction(broker: Broker, buy: Request) -> None:
    """What is held and what waits may not be more than the symbol's limit, each direction for itself."""
    mt5 = broker(volume_limit=0.3)

    assert answered(mt5, buy) == 10009
    assert answered(mt5, pending(mt5, BUY_LIMIT)) == 10009
    assert answered(mt5, buy | {"volume": 0.11}) == mt5.TRADE_RETCODE_LIMIT_VOLUME
    assert answered(mt5, pending(mt5, BUY_STOP, volume=0.2)) == mt5.TRADE_RETCODE_LIMIT_VOLUME
    assert answered(mt5, pending(mt5, SELL_LIMIT, volume=0.3)) == 10009
    assert answered(mt5, buy) == 10009


def test_where_hedging_is_prohibited(broker: Broker, tmp_path: Path, buy: Request) -> None:
    """A position is not answered by one against it, now or later; closing it is something else."""
    mt5 = broker()
    agree(tmp_path / "l", hedge_prohibited=True)
    mt5.order_send(buy)

    assert answered(mt5, buy | {"type": 1}) == 10046
    assert mt5.order_send(buy | {"type": 1}).comment == "Opposite positions are prohibited"
    assert answered(mt5, pending(mt5, SELL_LIMIT)) == 10046
    assert answered(mt5, pending(mt5, BUY_LIMIT)) == answered(mt5, buy) == 10009
    assert answered(mt5, buy | {"type": 1, "position": mt5.positions_get()[0].ticket}) == 10009


def test_first_in_first_out(broker: Broker, tmp_path: Path, buy: Request) -> None:
    """Where the rule holds, the oldest position of a direction is closed first."""
    mt5 = broker()
    agree(tmp_path / "l", fifo_close=True)
    first, second = (mt5.order_send(buy).order for _ in range(2))

    assert answered(mt5, buy | {"type": 1, "position": second}) == mt5.TRADE_RETCODE_FIFO_CLOSE
    assert answered(mt5, buy | {"type": 1, "position": first}) == 10009
    assert answered(mt5, buy | {"type": 1, "position": second}) == 10009


def test_an_order_that_is_under_way(broker: Broker, tmp_path: Path, buy: Request, clock: FakeClock) -> None:
    """A position that is being closed can be neither closed again nor changed, and its order is out of reach."""
    mt5 = broker()
    opened = mt5.order_send(buy).order
    FaultBook(tmp_path / "l", clock).add("late_fill", seconds=5.0)
    close = buy | {"type": 1, "position": opened}
    assert mt5.order_send(close).retcode == mt5.TRADE_RETCODE_TIMEOUT
    (active,) = mt5.orders_get()

    assert answered(mt5, close) == mt5.TRADE_RETCODE_CLOSE_ORDER_EXIST
    assert answered(mt5, {"action": 6, "position": opened, "sl": 0.5}) == mt5.TRADE_RETCODE_LOCKED
    assert answered(mt5, {"action": 8, "order": active.ticket}) == mt5.TRADE_RETCODE_LOCKED
    assert answered(mt5, {"action": 7, "order": active.ticket, "price": 1.0}) == mt5.TRADE_RETCODE_LOCKED
    clock.advance(5)
    assert answered(mt5, close) == mt5.TRADE_RETCODE_POSITION_CLOSED


ORDER_OF_CHECKS = [
    # Each of these is wrong in all that stands in the lines below it, too.
    ({}, {"trade_mode": 0}, 10017),
    ({"position": 0}, {"trade_mode": 2}, 10043),
    ({"type_filling": 3}, {}, 10030),
    ({"type_filling": 0, "volume": 1000.0}, {}, 10014),
    ({"type_filling": 0, "volume": 0.1, "position": 5}, {}, 10036),
    ({"type_filling": 0, "volume": 0.1, "position": 0, "price": 0.0}, {}, 10015),
    ({"type_filling": 0, "volume": 0.1, "position": 0, "price": 5.0}, {}, 10004),
]


@pytest.mark.parametrize(("change", "terms", "retcode"), ORDER_OF_CHECKS)
def test_the_first_objection_is_the_answer(
    broker: Broker, buy: Request, change: Request, terms: Request, retcode: int
) -> None:
    """Cheap checks come before dear ones, so what is wrong in several ways is refused for the first."""
    mt5 = broker(**{"trade_exemode": INSTANT} | terms)
    wrong = buy | {"type_filling": 3, "volume": 1000.0, "position": 5, "price": 0.0, "sl": 9.0}

    assert answered(mt5, wrong | change) == retcode


def test_money_comes_last(mt5: Any, buy: Request) -> None:
    """An order that cannot be paid is refused for its stops first; checking it tells what the account would be."""
    assert answered(mt5, buy | {"volume": 99.0, "sl": 9.0}) == mt5.TRADE_RETCODE_INVALID_STOPS
    assert answered(mt5, buy | {"volume": 99.0}) == mt5.TRADE_RETCODE_NO_MONEY
    check = mt5.order_check(buy | {"volume": 99.0})
    assert check.margin_free < 0 < check.margin
    assert check.comment == "No money"
