"""One name by every route: our text has the names that Prometheus' own OTLP endpoint makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    Sum,
)
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_plain

from otel.exposition import OPENMETRICS, PLAIN, label_name, metric_name, render
from otel.readings import Readings
from tests.otel import made


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("mt5.orders", "{order}", "counter", "mt5_orders_total"),
        ("mt5.orders.total", "", "counter", "mt5_orders_total"),
        ("mt5.order.duration", "s", "histogram", "mt5_order_duration_seconds"),
        ("mt5.queue.wait.seconds", "s", "histogram", "mt5_queue_wait_seconds"),
        ("mt5.connected", "{connection}", "gauge", "mt5_connected"),
        ("mt5.connected", "1", "gauge", "mt5_connected_ratio"),
        ("mt5.fill.ratio", "1", "gauge", "mt5_fill_ratio"),
        ("mt5.retries", "1", "counter", "mt5_retries_total"),
        ("mt5.telemetry.torn", "By", "counter", "mt5_telemetry_torn_bytes_total"),
        ("mt5.account.margin.level", "%", "gauge", "mt5_account_margin_level_percent"),
        ("disk.io", "By/s", "gauge", "disk_io_bytes_per_second"),
        ("orders.rate", "{order}/s", "gauge", "orders_rate_per_second"),
        ("cpu.frequency", "{hertz}/{core}", "gauge", "cpu_frequency"),
        ("odd", "fathom", "gauge", "odd_fathom"),
        ("a__b..c-d", "", "gauge", "a_b_c_d"),
        ("2fast", "", "gauge", "_2fast"),
    ],
)
def test_metric_names(name: str, unit: str, kind: str, expected: str) -> None:
    """Dots become underscores, units are spelt out once, counters end in total, ratios in ratio."""
    assert metric_name(name, unit, monotonic=kind == "counter", gauge=kind == "gauge") == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("mt5.order.outcome", "mt5_order_outcome"),
        ("http.status-code", "http_status_code"),
        ("2nd", "key_2nd"),
        ("_private", "key_private"),
        ("__reserved", "__reserved"),
    ],
)
def test_label_names(key: str, expected: str) -> None:
    """What a label cannot hold becomes an underscore; one that begins badly is given a beginning."""
    assert label_name(key) == expected


def _readings() -> Readings:
    exemplar = Exemplar({}, 0.3, 1_700_000_000_500_000_000, 0xDEF, 0xABC)
    buckets = HistogramDataPoint({"ok": True}, 1, 2, 6, 1.5, [1, 2, 3], [0.1, 0.5], 0.05, 0.9, [exemplar])
    orders = NumberDataPoint({"mt5.order.outcome": "filled"}, 1, 2, 3, [exemplar])
    up_down = Sum([made.number(2)], AggregationTemporality.CUMULATIVE, is_monotonic=False)
    return Readings.of(
        made.metrics(
            made.counter("mt5.orders", orders, unit="{order}"),
            made.histogram("mt5.order.duration", buckets),
            made.gauge("mt5.connected", made.number(1.0)),
            made.gauge("empty"),
            Metric("mt5.position.share", "Open positions.", "1", up_down),
        )
    )


def _families(text: bytes) -> list[Family]:
    return list(parse_plain(text.decode()))


def _openmetrics_families(text: bytes) -> list[Family]:
    return list(parse_openmetrics(text.decode()))  # type: ignore[no-untyped-call] # untyped upstream


def test_plain_text_for_who_asks_for_nothing_else() -> None:
    """Prometheus' text format holds every series, cumulative buckets, and the resource as target_info."""
    text, content_type = render(_readings())

    assert content_type == PLAIN
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in _families(text)
        for sample in family.samples
    }
    ok = ("ok", "true")
    assert samples == {
        ("target_info", ("service_name", "made")): 1.0,
        ("mt5_orders_total", ("mt5_order_outcome", "filled")): 3.0,
        ("mt5_order_duration_seconds_bucket", ("le", "0.1"), ok): 1.0,
        ("mt5_order_duration_seconds_bucket", ("le", "0.5"), ok): 3.0,
        ("mt5_order_duration_seconds_bucket", ("le", "+Inf"), ok): 6.0,
        ("mt5_order_duration_seconds_count", ok): 6.0,
        ("mt5_order_duration_seconds_sum", ok): 1.5,
        ("mt5_connected",): 1.0,
        ("mt5_position_share",): 2.0,
    }


def test_openmetrics_with_exemplars_for_who_accepts_it() -> None:
    """Asked for OpenMetrics, the text carries the exemplars of counters and buckets, and no `_created`."""
    text, content_type = render(_readings(), "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.5")

    assert content_type == OPENMETRICS
    families = {family.name: family for family in _openmetrics_families(text)}
    assert {name: family.type for name, family in families.items()} == {
        "target": "info",
        "mt5_orders": "counter",
        "mt5_order_duration_seconds": "histogram",
        "mt5_connected": "gauge",
        "mt5_position_share": "gauge",
    }
    ids = {"trace_id": f"{0xABC:032x}", "span_id": f"{0xDEF:016x}"}
    exemplars = {
        (sample.name, sample.labels.get("le")): sample.exemplar.labels
        for family in families.values()
        for sample in family.samples
        if sample.exemplar
    }
    assert exemplars == {("mt5_orders_total", None): ids, ("mt5_order_duration_seconds_bucket", "0.5"): ids}
    assert b"_created" not in text


def test_an_exemplar_without_a_trace_is_left_out() -> None:
    """An exemplar says which trace to look at; one that does not says nothing."""
    point = NumberDataPoint({}, 1, 2, 3, [Exemplar({}, 1.0, 1)])

    text, _ = render(Readings.of(made.metrics(made.counter("c", point))), OPENMETRICS)

    assert b" # " not in text


def test_attributes_that_become_one_label_share_it() -> None:
    """Prometheus joins their values by a semicolon, in the order of their names."""
    point = NumberDataPoint({"a.b": "1", "a-b": 2}, 1, 2, 3)

    text, _ = render(Readings.of(made.metrics(made.gauge("g", point))))

    assert b'g{a_b="2;1"} 3.0' in text


def test_a_name_has_one_type_and_a_series_one_value() -> None:
    """Where two metrics become one name, the first decides the type, and no series is there twice."""
    readings = Readings.of(
        made.metrics(
            made.gauge("a.b", made.number(1.0)),
            made.gauge("a_b", made.number(2.0), made.number(3.0, x="y")),
            made.histogram("a-b", HistogramDataPoint({}, 1, 2, 1, 1.0, [1], [], 1.0, 1.0), unit=""),
        )
    )

    text, _ = render(readings)

    lines = [line for line in text.decode().splitlines() if not line.startswith(("#", "target"))]
    assert lines == ["a_b 1.0", 'a_b{x="y"} 3.0']


def test_before_the_first_collection_the_text_is_valid() -> None:
    """A scrape that comes early gets the resource and no series."""
    text, _ = render(Readings(made.RESOURCE), OPENMETRICS)

    assert [family.name for family in _openmetrics_families(text)] == ["target"]


@given(made.collections())
@made.AT_RANDOM
def test_whatever_was_collected_can_be_parsed(data: MetricsData) -> None:
    """No name, label or value makes the plain text unreadable."""
    text, _ = render(Readings.of(data))

    assert _families(text)
