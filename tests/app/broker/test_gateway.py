"""The gateway: requests as the package demands them, values with true times, fills held against deals."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.broker.gateway import Gateway, ServerTimes
from app.broker.requests import filling_for, tagged_comment
from app.broker.server_time import ServerTime
from app.broker.terminal import Answer, WorkerState
from app.domain.account import AccountMode, Missing, Symbol, Tick, Unavailable
from app.domain.clock import SystemClock
from app.domain.orders import Action, Filled, NotSent, Order, Rejected, Side
from tests.support.terminal import ACCOUNT, DEAL, DONE, SYMBOL, TICK, FakeTerminal, failed

OFFSET_S = 7_200


def gateway(terminal: FakeTerminal, *, simulated: bool = False) -> Gateway:
    """A gateway whose broker's clock is two hours ahead."""
    return Gateway(
        terminal,
        clock=SystemClock(),
        server_time=ServerTime(OFFSET_S),
        simulated=simulated,
        read_timeout_s=0.2,
        deals_timeout_s=0.12,
    )


def buy(volume: float = 0.1, **fields: Any) -> Order:
    """An order to buy EURUSD."""
    return Order(order_id="01ARZ3NDEKTSV4RRFFQ69G5FAV", action=Action.OPEN, symbol="EURUSD", side=Side.BUY,
                 volume=volume, **fields)  # fmt: skip


async def known(terminal: FakeTerminal) -> Symbol:
    """EURUSD as the gateway sees it."""
    symbol = await gateway(terminal).symbol("EURUSD")
    assert isinstance(symbol, Symbol)
    return symbol


async def test_a_request_has_the_exact_types_of_the_package() -> None:
    """Volume and price are floats, the other numbers ints: anything else is refused as a whole."""
    terminal = FakeTerminal()
    execution = await gateway(terminal).send(buy(1), await known(terminal), "mine~9G5FAV", deadline=_soon())
    assert isinstance(execution.outcome, Filled)
    (request,) = terminal.requests()
    assert request == {
        "action": 1,
        "symbol": "EURUSD",
        "volume": 1.0,
        "type": 0,
        "price": 0.0,
        "deviation": 10,
        "magic": 0,
        "comment": "mine~9G5FAV",
        "type_time": 0,
        "type_filling": 0,
    }
    assert {key: type(value) for key, value in request.items()} == {
        **dict.fromkeys(("volume", "price"), float),
        **dict.fromkeys(("symbol", "comment"), str),
        **dict.fromkeys(("action", "type", "deviation", "magic", "type_time", "type_filling"), int),
    }


async def test_stops_are_sent_where_they_are_set() -> None:
    """Stop-loss and take-profit go along as floats; one that is not set is no field of the request."""
    terminal = FakeTerminal()
    await gateway(terminal).send(buy(sl=1, tp=None), await known(terminal), "", deadline=_soon())
    (request,) = terminal.requests()
    assert (request["sl"], type(request["sl"]), "tp" in request) == (1.0, float, False)


async def test_instant_execution_sends_the_price_it_saw() -> None:
    """Where the execution mode compares prices the request carries the last ask of a buy."""
    terminal = FakeTerminal(symbol_info={**SYMBOL, "trade_exemode": 1})
    await gateway(terminal).send(buy(), await known(terminal), "", deadline=_soon())
    assert terminal.requests()[0]["price"] == 1.2


async def test_instant_execution_without_a_price_is_not_sent() -> None:
    """Without a quote nothing is sent."""
    terminal = FakeTerminal(symbol_info={**SYMBOL, "trade_exemode": 1}, symbol_info_tick=failed(-1, "Call failed"))
    execution = await gateway(terminal).send(buy(), await known(terminal), "", deadline=_soon())
    assert isinstance(execution.outcome, NotSent)
    assert not terminal.requests()


async def test_a_fill_takes_position_volume_and_price_from_its_deals() -> None:
    """Several deals of one order add up, their price weighted by volume."""
    deals = [{**DEAL, "volume": 0.1, "price": 1.2}, {**DEAL, "ticket": 22, "volume": 0.2, "price": 1.5}]
    other = {**DEAL, "ticket": 23, "order": 99, "volume": 5.0}
    terminal = FakeTerminal(
        order_send={**DONE, "volume": 0.3},
        history_deals_get=lambda call: [deals[0]] if "ticket" in call.kwargs else [*deals, other],
    )
    asked = gateway(terminal)
    execution = await asked.send(buy(0.3), await known(terminal), "", deadline=_soon())
    assert isinstance(execution.outcome, Filled)
    settlement = await asked.settle(execution.outcome, deadline=_soon())
    assert (settlement.filled.position, settlement.filled.volume) == (31, 0.3)
    assert settlement.filled.price == pytest.approx(1.4)
    assert settlement.server == ServerTimes(setup_msc=1_000, done_msc=1_040)


async def test_deals_that_do_not_show_leave_the_answer_as_it_is() -> None:
    """Past the time for deals the fill keeps the answer's numbers, with no position."""
    terminal = FakeTerminal(history_deals_get=[], history_orders_get=[])
    filled = Filled(order=11, deal=21, position=None, volume=0.1, price=1.2, retcode=10009)
    begun = time.monotonic()
    settlement = await gateway(terminal).settle(filled, deadline=_soon())
    assert settlement.filled == filled
    assert time.monotonic() - begun < 1


async def test_deals_are_found_by_the_order_where_the_answer_has_no_deal() -> None:
    """A broker that answers no deal number, or a terminal that finds none by it, is asked by way of the order."""
    terminal = FakeTerminal(
        history_deals_get=lambda call: [DEAL] if call.kwargs == {"position": 31} else failed(-2, "Invalid params")
    )
    for deal in (0, 21):
        filled = Filled(order=11, deal=deal, position=None, volume=0.1, price=0.0, retcode=10009)
        settlement = await gateway(terminal).settle(filled, deadline=_soon())
        assert (settlement.filled.position, settlement.filled.price) == (31, 1.2)


async def test_a_terminal_that_is_away_is_not_waited_for() -> None:
    """When the terminal goes away after a fill the answer is not held up for deals that cannot be read."""
    terminal = FakeTerminal(history_deals_get=failed(-10004, "No IPC connection"))
    terminal.state = WorkerState(alive=True, ready=False, reason="gone")
    begun = time.monotonic()
    await gateway(terminal).settle(
        Filled(order=11, deal=21, position=None, volume=0.1, price=1.2, retcode=10009), deadline=begun + 5
    )
    assert time.monotonic() - begun < 0.5


async def test_a_symbol_that_is_chosen_now_has_prices_at_once() -> None:
    """Outside the Market Watch terms and tick come without prices: the symbol is chosen, and asked for again."""
    chosen: list[bool] = []

    def choose(_: Any) -> bool:
        chosen.append(True)
        return True

    terminal = FakeTerminal(
        symbol_select=choose,
        symbol_info=lambda _: {**SYMBOL, "select": bool(chosen), "bid": 1.1 if chosen else 0.0},
        symbol_info_tick=lambda _: TICK if chosen else {**TICK, "time": 0, "time_msc": 0, "bid": 0.0, "ask": 0.0},
    )

    tick = await gateway(terminal).tick("EURUSD")
    assert isinstance(tick, Tick)
    assert tick.record["bid"] == TICK["bid"]
    chosen.clear()
    assert (await known(terminal)).record["bid"] == 1.1


async def test_symbols_are_found_in_any_case_and_selected() -> None:
    """A name in other letters finds the broker's own, and a symbol outside Market Watch is selected."""
    terminal = FakeTerminal(symbol_info={**SYMBOL, "name": "GBPUSD.r", "select": False})
    symbol = await gateway(terminal).symbol("gbpusd.R")
    assert isinstance(symbol, Symbol)
    assert symbol.name == "GBPUSD.r"
    assert [call.args for call in terminal.calls if call.function == "symbol_select"] == [("GBPUSD.r", True)]


async def test_an_unknown_symbol_is_missing_and_not_asked_for() -> None:
    """A name that the terminal does not list costs it no call of its own."""
    terminal = FakeTerminal()
    assert await gateway(terminal).symbol("NOPE") == Missing(what="NOPE")
    assert [call.function for call in terminal.calls] == ["symbols_get"]


async def test_times_become_utc() -> None:
    """Broker time two hours ahead is shown as UTC."""
    tick = await gateway(FakeTerminal()).tick("eurusd")
    assert isinstance(tick, Tick)
    assert (tick.record["time"], tick.time_msc) == (1, 1_500)


async def test_a_terminal_that_fails_is_unavailable_with_its_error() -> None:
    """A read that returned None says why; it is never an empty list."""
    positions = await gateway(FakeTerminal(positions_get=failed(-10004, "No IPC connection"))).positions()
    assert positions == Unavailable(reason="No IPC connection (-10004)", last_error=(-10004, "No IPC connection"))


@pytest.mark.parametrize(
    ("trade_mode", "simulated", "mode"),
    [(0, False, AccountMode.DEMO), (1, False, AccountMode.DEMO), (2, False, AccountMode.REAL),
     (0, True, AccountMode.SIMULATED)],
)  # fmt: skip
async def test_the_account_says_whose_money_it_is(trade_mode: int, simulated: bool, mode: AccountMode) -> None:
    """Contest counts as demo, and the simulator's demo account is simulated."""
    terminal = FakeTerminal(account_info={**ACCOUNT, "trade_mode": trade_mode})
    account = await gateway(terminal, simulated=simulated).account()
    assert not isinstance(account, Unavailable)
    assert account.mode is mode


async def test_a_refusal_keeps_the_brokers_words() -> None:
    """A refusal carries return code, comment and the prices of the answer."""
    terminal = FakeTerminal(order_send={**DONE, "retcode": 10019, "comment": "No money"})
    execution = await gateway(terminal).send(buy(), await known(terminal), "", deadline=_soon())
    assert execution.outcome == Rejected(retcode=10019, comment="No money", bid=1.1, ask=1.2)
    assert isinstance(execution.reply, Answer)


@pytest.mark.parametrize(
    ("execution", "filling_mode", "filling"),
    [(2, 1, 0), (2, 3, 0), (2, 2, 1), (3, 0, 2), (1, 0, 0), (0, 2, 0)],
)
async def test_filling_is_one_that_the_symbol_allows(execution: int, filling_mode: int, filling: int) -> None:
    """The bits of `filling_mode` are not passed for a filling mode."""
    terminal = FakeTerminal(symbol_info={**SYMBOL, "trade_exemode": execution, "filling_mode": filling_mode})
    assert filling_for(await known(terminal)) == filling


@pytest.mark.parametrize(
    ("comment", "kept"), [("", ""), ("short", "short"), ("x" * 40, "x" * 19), ("😀" * 10, "😀" * 9)]
)
def test_a_comment_ends_with_the_orders_tag(comment: str, kept: str) -> None:
    """At most 19 UTF-16 units of the caller's comment, no character split, then `~` and 8 of the order id."""
    assert tagged_comment(comment, "01ARZ3NDEKTSV4RRFFQ69G5FAV", tag=True) == f"{kept}~Q69G5FAV"


def test_a_comment_without_a_tag_is_cut_to_what_the_package_takes() -> None:
    """Without the tag 29 UTF-16 units are sent at most."""
    assert tagged_comment("😀" * 40, "", tag=False) == "😀" * 14


def test_the_offset_is_learnt_from_a_price_that_moves() -> None:
    """An old tick teaches nothing; one that came since the last look gives the broker's offset."""
    server_time = ServerTime()
    now_ns = 1_700_000_000 * 10**9
    server_time.observe("EURUSD", (1_700_000_000 - 40_000) * 1_000, now_ns)
    server_time.observe("GBPUSD", (1_700_000_000 - 30_000) * 1_000, now_ns)
    assert not server_time.known
    server_time.observe("EURUSD", (1_700_000_000 + 10_800 - 2) * 1_000, now_ns)
    assert (server_time.known, server_time.offset_s) == (True, 10_800)


def _soon() -> float:
    return time.monotonic() + 1
