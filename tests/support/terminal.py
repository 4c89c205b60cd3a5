"""A `Terminal` that answers from a script, for tests of what stands above the port."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from app.broker.terminal import Answer, Call, NoAnswer, NotCalled, Reply, WorkerState

ACCOUNT: Mapping[str, Any] = {
    "login": 7,
    "trade_mode": 0,
    "server": "Broker-Demo",
    "currency": "USD",
    "balance": 1000.0,
    "equity": 1001.5,
    "margin": 10.0,
    "margin_free": 991.5,
    "margin_level": 10015.0,
    "trade_allowed": True,
    "trade_expert": True,
}
TERMINAL: Mapping[str, Any] = {"connected": True, "trade_allowed": True, "tradeapi_disabled": False}
SYMBOL: Mapping[str, Any] = {
    "name": "EURUSD",
    "select": True,
    "time": 7_200,
    "digits": 5,
    "point": 0.00001,
    "volume_min": 0.01,
    "volume_max": 100.0,
    "volume_step": 0.01,
    "filling_mode": 1,
    "trade_exemode": 2,
}
TICK: Mapping[str, Any] = {"time": 7_201, "time_msc": 7_201_500, "bid": 1.1, "ask": 1.2}
POSITION: Mapping[str, Any] = {
    "ticket": 31,
    "symbol": "EURUSD",
    "type": 0,
    "volume": 0.1,
    "price_open": 1.1,
    "profit": 2.0,
    "magic": 5,
    "swap": -0.5,
    "sl": 0.0,
    "tp": 0.0,
    "time_msc": 7_200_000,
}
DONE: Mapping[str, Any] = {
    "retcode": 10009,
    "order": 11,
    "deal": 21,
    "volume": 0.1,
    "price": 1.2,
    "bid": 1.1,
    "ask": 1.2,
    "comment": "Request executed",
}
DEAL: Mapping[str, Any] = {
    "ticket": 21,
    "order": 11,
    "position_id": 31,
    "symbol": "EURUSD",
    "entry": 0,
    "reason": 3,
    "volume": 0.1,
    "price": 1.2,
    "profit": 0.0,
    "type": 0,
    "commission": -0.7,
    "swap": 0.0,
    "fee": 0.0,
    "time": 7_201,
    "time_msc": 7_201_040,
    "magic": 5,
    "comment": "",
}
ORDER: Mapping[str, Any] = {"ticket": 11, "position_id": 31, "time_setup_msc": 7_201_000, "time_done_msc": 7_201_040}

Scripted = Any | Callable[[Call], Any]


def failed(code: int, text: str) -> Answer:
    """A call that returned None with this `last_error`."""
    return Answer(value=None, last_error=(code, text), submitted_ns=1, started_ns=2, ended_ns=3)


class FakeTerminal:
    """Answers each function by its entry: a value, a `Reply`, or a callable taking the call and giving either.

    Attributes:
        calls: every call made, in order.
        state: what `state` shows; settable.
        busy_since: what `busy_since` shows; settable.
    """

    def __init__(self, **functions: Scripted) -> None:
        self.functions: dict[str, Scripted] = {
            "account_info": ACCOUNT,
            "terminal_info": TERMINAL,
            "symbols_get": [{"name": "EURUSD", "select": True}, {"name": "GBPUSD.r", "select": False}],
            "symbol_info": SYMBOL,
            "symbol_info_tick": TICK,
            "symbol_select": True,
            "positions_get": [],
            "orders_get": [],
            "order_send": DONE,
            "history_deals_get": [DEAL],
            "history_orders_get": [ORDER],
            **functions,
        }
        self.calls: list[Call] = []
        self.state = WorkerState(alive=True, ready=True, reason="")
        self.busy_since: float | None = None

    async def call(self, call: Call) -> Reply:
        """Answer from the script."""
        self.calls.append(call)
        if not self.state.ready:
            return NotCalled(reason=self.state.reason, submitted_ns=1, ended_ns=1)
        if call.deadline <= time.monotonic():
            return NotCalled(reason="its deadline passed", submitted_ns=1, ended_ns=1)
        scripted = self.functions[call.function]
        value = scripted(call) if callable(scripted) else scripted
        if isinstance(value, Answer | NoAnswer | NotCalled):
            return value
        return Answer(value=value, last_error=(1, "Success"), submitted_ns=1_000, started_ns=2_000, ended_ns=3_000)

    def requests(self) -> list[Mapping[str, Any]]:
        """Every trade request sent."""
        return [call.args[0] for call in self.calls if call.function == "order_send"]
