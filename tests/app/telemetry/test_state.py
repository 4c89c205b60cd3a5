"""Metrics that read what lies ready."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.broker.records import account_from
from app.domain.account import Account
from app.telemetry.names import METRICS
from app.telemetry.state import (
    observe_account,
    observe_connection,
    observe_deals,
    observe_orders,
    observe_positions,
    observe_profit,
    observe_watch,
)
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


def test_deals_and_positions_equal_the_counts_given(telemetry: InMemoryTelemetry) -> None:
    """Each count is one series by its labels; what deals won or lost may fall."""
    net = {("ours", "EURUSD"): -0.7}
    observe_deals(
        telemetry.pipeline.meter_provider.get_meter("t"),
        lambda: {("in", "expert", "ours", "EURUSD"): 2, ("none", "client", "balance", "_NONE"): 1},
        lambda: net,
        lambda: {("EURUSD", "buy", "own"): 2},
        lambda: {("EURUSD", "buy", "sl"): 1},
    )
    assert telemetry.value("mt5.deals", {"mt5.deal.entry": "in", "mt5.deal.origin": "ours"}) == 2
    assert telemetry.value("mt5.deals") == 3
    assert telemetry.value("mt5.positions.opened", {"mt5.position.cause": "own", "mt5.position.side": "buy"}) == 2
    assert telemetry.value("mt5.positions.closed", {"mt5.position.cause": "sl"}) == 1
    assert telemetry.value("mt5.deal.profit", {"mt5.symbol": "EURUSD"}) == -0.7
    net["ours", "EURUSD"] = -12.0
    assert telemetry.value("mt5.deal.profit") == -12.0


def test_connection_failures_pending_orders_and_price_ages(telemetry: InMemoryTelemetry) -> None:
    """They follow what lies ready."""
    meter = telemetry.pipeline.meter_provider.get_meter("t")
    observe_watch(meter, failures=lambda: 2, pending=lambda: 3, tick_ages_s=lambda: {"EURUSD": 0.5})
    assert telemetry.value("mt5.connection.failures") == 2
    assert telemetry.value("mt5.pending.count") == 3
    assert telemetry.value("mt5.tick.age", {"mt5.symbol": "EURUSD"}) == 0.5


def test_results_are_told_once_the_account_is_known(telemetry: InMemoryTelemetry) -> None:
    """An amount without a currency would mean nothing."""
    seen: list[Account] = []
    meter = telemetry.pipeline.meter_provider.get_meter("t")
    observe_profit(meter, lambda: seen[-1] if seen else None, day=lambda: -3.0, floating=lambda: 4.0)
    assert telemetry.value("mt5.account.profit.day") is None
    seen.append(account_from(ACCOUNT, simulated=False))
    assert telemetry.value("mt5.account.profit.day", {"mt5.account.currency": "USD"}) == -3.0
    assert telemetry.value("mt5.account.profit.floating") == 4.0


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
