"""An application like the API without everything that takes time in it: validated in, validated out, no I/O."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Literal

from fastapi import FastAPI
from opentelemetry.metrics import Meter
from opentelemetry.trace import Tracer
from pydantic import BaseModel, Field

from app.broker.terminal import Answer, Call, Reply, WorkerState
from app.domain.account import AccountMode
from app.domain.orders import Action, Filled, Order, Outcome, Side
from app.telemetry.orders import OrderTelemetry
from app.telemetry.terminal import InstrumentedTerminal, answered
from bench.results import BenchError
from otel.http import FASTAPI_TELEMETRY_OFF
from otel.metatrader5.describe import Endpoint

Tell = Callable[[Order, Outcome], Awaitable[None]]
"""Tells an order and its outcome to telemetry."""

SPANS_PER_ORDER: Final = 7
"""The request, `place_order`, `risk`, `journal` twice, `mt5.queue`, `order_send`."""

PATH: Final = "/api/order"
BODY: Final = b'{"canonical": "EURUSD", "side": "buy", "volume": 0.1, "comment": "bench", "magic": 7}'
ORDER_ID: Final = "01JDJ5N0Z3V8Q4M2T7K9XA6BCD"
ENDPOINT: Final = Endpoint(address="Simulator-Demo")
REQUEST: Final = {"action": 1, "symbol": "EURUSD", "volume": 0.1, "type": 0, "price": 1.08512, "deviation": 10}
RESULT: Final = {"retcode": 10009, "order": 1000001, "deal": 1000002, "volume": 0.1, "price": 1.08512}
SCOPE: Final[dict[str, Any]] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": PATH,
    "raw_path": PATH.encode(),
    "query_string": b"",
    "root_path": "",
    "headers": [
        (b"host", b"127.0.0.1:5001"),
        (b"user-agent", b"bench"),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
    ],
    "client": ("127.0.0.1", 50001),
    "server": ("127.0.0.1", 5001),
}


class Wanted(BaseModel):
    """An order as the caller writes it."""

    canonical: str = Field(min_length=1, max_length=32)
    side: Literal["buy", "sell"]
    volume: float = Field(gt=0)
    comment: str = ""
    magic: int = 0


class Answered(BaseModel):
    """What the caller gets."""

    order_id: str
    outcome: str
    order: int
    deal: int
    position: int | None
    volume: float
    price: float


async def tell_nothing(order: Order, outcome: Outcome) -> None:
    """For applications without telemetry of orders."""


def create_app(tell: Tell = tell_nothing) -> FastAPI:
    """Build the application; *tell* is called for each order."""
    app = FastAPI(telemetry=FASTAPI_TELEMETRY_OFF)

    @app.post(PATH)
    async def place(wanted: Wanted) -> Answered:
        order = Order(
            order_id=ORDER_ID,
            action=Action.OPEN,
            symbol=wanted.canonical,
            side=Side(wanted.side),
            volume=wanted.volume,
            comment=wanted.comment,
            magic=wanted.magic,
        )
        filled = Filled(
            order=1000001, deal=1000002, position=1000001, volume=order.volume, price=1.08512, retcode=10009
        )
        await tell(order, filled)
        return Answered(
            order_id=order.order_id,
            outcome=filled.name,
            order=filled.order,
            deal=filled.deal,
            position=filled.position,
            volume=filled.volume,
            price=filled.price,
        )

    return app


def whole_order(tracer: Tracer, meter: Meter) -> Tell:
    """Tell an order as the desk does: every step as a span, the call and the duration as metrics, one log line."""
    telemetry = OrderTelemetry(tracer, meter)
    terminal = InstrumentedTerminal(_Terminal(), tracer, meter, lambda: ENDPOINT)

    async def tell(order: Order, outcome: Outcome) -> None:
        with telemetry.order(order, AccountMode.SIMULATED) as span:
            with span.step("risk"):
                pass
            with span.step("journal", record="intent"):
                pass
            reply = await terminal.call(Call(function="order_send", args=(REQUEST,), deadline=0.0))
            assert isinstance(reply, Answer)
            times_ns = (reply.submitted_ns, reply.started_ns, reply.ended_ns)
            span.sent(REQUEST, answered(reply), ENDPOINT, times_ns=times_ns, server_msc=(1, 2))
            with span.step("journal", record="outcome"):
                pass
            span.decided(outcome)
        telemetry.order_decided(order, outcome, 0.004)

    return tell


def requests(app: FastAPI, runner: asyncio.Runner, count: int) -> None:
    """Place *count* orders, one after another, without a socket.

    Raises:
        BenchError: an answer was not 200.
    """
    runner.run(_requests(app, count))


async def _requests(app: FastAPI, count: int) -> None:
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: Any) -> None:
        with suppress(KeyError):  # the body has none
            statuses.append(message["status"])

    for _ in range(count):
        await app({**SCOPE, "headers": list(SCOPE["headers"])}, receive, send)
    if statuses != [200] * count:
        raise BenchError(f"the application answered {set(statuses)} instead of 200")


class _Terminal:
    """Answers at once."""

    state = WorkerState(alive=True, ready=True, reason="")
    busy_since: float | None = None

    async def call(self, call: Call) -> Reply:
        now = time.time_ns()
        return Answer(value=RESULT, last_error=(1, "Success"), submitted_ns=now, started_ns=now, ended_ns=now)
