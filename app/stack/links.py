"""Where to look once the stack runs: addresses that answer, without a web page behind them."""

from __future__ import annotations

from collections.abc import Sequence

from app.stack.control import Stack

SERVICE = "mt5-otel"


def links(stack: Stack) -> Sequence[str]:
    """Return lines for people: one address per question, and how to get the web pages."""
    jaeger, prometheus = stack.url("jaeger"), stack.url("prometheus")
    return (
        f"Collector, OTLP/HTTP  {stack.url('collector')}",
        f"Traces, newest first  {jaeger}/api/traces?service={SERVICE}&limit=20",
        f"Calls by operation    {jaeger}/api/metrics/calls?service={SERVICE}&groupByOperation=true",
        f"Orders by outcome     {prometheus}/api/v1/query?query=mt5_orders_total",
        f"Files of every signal {stack.folder / 'collector' / 'files'}",
        "Jaeger and Prometheus have no web pages when they are built here; the released images have them:"
        " docker compose up",
    )
