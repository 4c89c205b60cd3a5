"""How soon an order can be looked at: its whole trace in Jaeger, its count in Prometheus."""

from __future__ import annotations

import time
from pathlib import Path

import httpx2

from app.stack import Stack
from bench.backends import HOW, running_backends
from bench.program import Program, running
from bench.results import BenchError, Row, Section, percentile
from bench.rounds import Say
from bench.sizes import Sizes

NAME = "visibility"
TITLE = "From an order's answer until it can be looked at, by default settings"
SEEN_S = 60.0
EXPORT_S = 10.0
"""How often metrics leave by default. Orders are placed at different moments between two exports."""

SPANS = ("POST /api/order", "place_order", "order_send")
NOTES = (
    "Through the real Collector. Jaeger: the trace with request, order and `order_send`. Prometheus: the sum of"
    " mt5_orders_total.",
    f"Metrics leave every {EXPORT_S:g} s by default; that is most of the time until Prometheus has them.",
)


def measure(sizes: Sizes, folder: Path, say: Say) -> Section:
    """Place orders and look for each of them."""
    with running_backends(folder / "stack", say) as stack:
        if stack is None:
            return Section(name=NAME, title=TITLE, not_measured=HOW)
        say(f"{NAME}: starting the program")
        with running(folder / "program", OTEL_EXPORTER_OTLP_ENDPOINT=stack.url("collector")) as program:
            program.await_ready()
            seen = _see(program, stack, sizes.seen_orders, say)
    jaeger, prometheus = zip(*seen, strict=True)
    return Section(name=NAME, title=TITLE, rows=[_row("Jaeger", jaeger), _row("Prometheus", prometheus)], notes=NOTES)


def _see(program: Program, stack: Stack, orders: int, say: Say) -> list[tuple[float, float]]:
    seen = []
    with httpx2.Client(trust_env=False, timeout=10) as client:
        for number in range(orders):
            say(f"{NAME}: order {number + 1} of {orders}")
            # One becomes visible with an export; the next is placed some way into the time until the next export.
            time.sleep(EXPORT_S * number / orders)
            seen.append(_seen(program, stack, client, number + 1))
    return seen


def _seen(program: Program, stack: Stack, client: httpx2.Client, orders: int) -> tuple[float, float]:
    """Place one order; seconds until it is in Jaeger, and until Prometheus counts *orders* of them."""
    placed = program.open()
    begun = time.monotonic()
    jaeger = prometheus = None
    while jaeger is None or prometheus is None:
        if jaeger is None and _in_jaeger(client, stack.url("jaeger"), placed.trace_id):
            jaeger = time.monotonic() - begun
        if prometheus is None and _counted(client, stack.url("prometheus")) >= orders:
            prometheus = time.monotonic() - begun
        if time.monotonic() - begun > SEEN_S:
            raise BenchError(f"an order was not seen within {SEEN_S:g} s: Jaeger {jaeger}, Prometheus {prometheus}")
        time.sleep(0.02)
    return jaeger, prometheus


def _in_jaeger(client: httpx2.Client, url: str, trace_id: str) -> bool:
    answer = client.get(f"{url}/api/v3/traces/{trace_id}")
    return answer.status_code == 200 and all(name in answer.text for name in SPANS)


def _counted(client: httpx2.Client, url: str) -> float:
    answer = client.get(f"{url}/api/v1/query", params={"query": "sum(mt5_orders_total)"})
    return sum(float(series["value"][1]) for series in answer.raise_for_status().json()["data"]["result"])


def _row(name: str, seconds: tuple[float, ...]) -> Row:
    figures = {"median s": percentile(seconds, 0.5), "longest s": max(seconds), "orders": len(seconds)}
    return Row(what=name, figures=figures)
