"""How much is measured: enough to compare, or just enough to see that it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Rounds and how much each of them holds.

    Attributes:
        request_rounds: of the bare application, with so many `requests` each.
        order_rounds: of the whole program, with so many `orders` each.
        rate_rounds: of files and shipper, with the spans of so many `spooled_orders` each.
        latency_rounds: over HTTP, with so many `timed_orders` (opened, then closed) each.
        live_s: how long an open page is listened to, in seconds.
        reads: of each of the two big endpoints.
        stream_rounds: beside open pages, with so many `streamed_orders` (opened, then closed) each.
        market_rounds: of the simulator by itself, with so many `simulated_orders` and `ticks` each.
        seen_orders: looked for in Jaeger and Prometheus.
    """

    request_rounds: int
    requests: int
    order_rounds: int
    orders: int
    rate_rounds: int
    spooled_orders: int
    latency_rounds: int
    timed_orders: int
    live_s: float
    reads: int
    stream_rounds: int
    streamed_orders: int
    market_rounds: int
    simulated_orders: int
    ticks: int
    seen_orders: int


FULL = Sizes(
    request_rounds=7,
    requests=1500,
    order_rounds=7,
    orders=150,
    rate_rounds=5,
    spooled_orders=3000,
    latency_rounds=6,
    timed_orders=60,
    live_s=20.0,
    reads=150,
    stream_rounds=6,
    streamed_orders=60,
    market_rounds=3,
    simulated_orders=5000,
    ticks=1_000_000,
    seen_orders=8,
)

QUICK = Sizes(
    request_rounds=2,
    requests=100,
    order_rounds=2,
    orders=10,
    rate_rounds=2,
    spooled_orders=100,
    latency_rounds=2,
    timed_orders=5,
    live_s=1.5,
    reads=5,
    stream_rounds=2,
    streamed_orders=5,
    market_rounds=2,
    simulated_orders=200,
    ticks=20_000,
    seen_orders=1,
)
