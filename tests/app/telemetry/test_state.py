"""Metrics that read what lies ready."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.broker.records import account_from
from app.domain.account import Account
from app.telemetry.names import METRICS
from app.telemetry.state import observe_account, observe_connection, observe_orders, observe_positions
from otel.testing import InMemoryTelemetry
from tests.support.terminal import ACCOUNT


@pytest.fixture
def telemetry() -> Iterator[InMemoryTelemetry]:
    """Telemetry in memory."""
    with InMemoryTelemetry() as memory:
        yield memory


def test_orders_equal_the_totals_given(telemetry: InMemoryTelemetry) -> None:
    """Each total is one series with its four labels, and follows the totals."""
    totals = {("open", "buy", "filled", "EURUSD"): 3, ("open", "sell", "rejected", "EURUSD"): 1}
    observe_orders(telemetry.pipeline.meter_provider.get_meter("t"), lambda: totals, lambda: {("unknown", "filled"): 2})
    assert telemetry.value("mt5.orders", {"mt5.order.outcome": "filled", "mt5.symbol": "EURUSD"}) == 3
    totals["open", "buy", "filled", "EURUSD"] = 4
    assert telemetry.value("mt5.orders") == 5
    assert telemetry.value("mt5.order.resolutions", {"mt5.order.resolution.to": "filled"}) == 2


def test_closed_positions_go_on_at_zero(telemetry: InMemoryTelemetry) -> None:
    """A series of positions once shown reports 0 after the last one closed."""
    counts = {("EURUSD", "buy"): 2}
    observe_positions(telemetry.pipeline.meter_provider.get_meter("t"), lambda: counts)
    labels = {"mt5.symbol": "EURUSD", "mt5.position.side": "buy"}
    assert telemetry.value("mt5.position.count", labels) == 2
    counts.clear()
    assert telemetry.value("mt5.position.count", labels) == 0


def test_an_account_never_seen_has_no_series(telemetry: InMemoryTelemetry) -> None:
    """Before the account was seen no balance is invented; afterwards amounts carry currency and mode, no log-in."""
    seen: list[Account] = []
    observe_account(telemetry.pipeline.meter_provider.get_meter("t"), lambda: seen[-1] if seen else None)
    assert telemetry.value("mt5.account.balance") is None
    seen.append(account_from(ACCOUNT, simulated=False))
    labels = {"mt5.account.currency": "USD", "mt5.account.mode": "demo"}
    assert telemetry.value("mt5.account.balance", labels) == 1000.0
    assert telemetry.value("mt5.account.equity", labels) == 1001.5
    assert telemetry.value("mt5.account.info", {**labels, "server.address": "Broker-Demo"}) == 1


def test_each_layer_is_one_or_zero(telemetry: InMemoryTelemetry) -> None:
    """`mt5.connected` has a series for each layer."""
    observe_connection(telemetry.pipeline.meter_provider.get_meter("t"), lambda: {"worker": True, "broker": False})
    assert telemetry.value("mt5.connected", {"mt5.connection.layer": "worker"}) == 1
    assert telemetry.value("mt5.connected", {"mt5.connection.layer": "broker"}) == 0


def test_names_are_declared_once_and_follow_the_conventions() -> None:
    """Names are unique, lower-case and dotted; a counted thing has its unit in braces; labels are from known sets."""
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names))
    for metric in METRICS:
        assert metric.name == metric.name.lower()
        assert not metric.name.endswith("_total")
        assert metric.unit == "s" or (metric.unit.startswith("{") and metric.unit.endswith("}"))
        assert (metric.kind == "histogram") == bool(metric.buckets)
        assert all(attribute.values or attribute.source for attribute in metric.attributes)
