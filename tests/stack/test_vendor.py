"""A vendor laid over the Collector's configuration gets everything once, and takes nothing from the others."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from app.resources import resource
from app.stack import Binaries, Stack
from app.stack.ports import fill_in
from app.stack.programs import programs
from tests.stack.backends import FREE_PORTS, QUICK, RunningStack, eventually
from tests.stack.otlp import one_counter, one_log, one_span, send, trace_id
from tests.stack.vendor import Vendor

pytestmark = pytest.mark.stack

DELTA = 1  # AGGREGATION_TEMPORALITY_DELTA
CUMULATIVE = 2

StartCollector = Callable[[Mapping[str, str]], str]


@pytest.fixture
def collector(tmp_path: Path, running_stack: RunningStack, binaries: Binaries) -> Iterator[StartCollector]:
    """Start a Collector beside the shared one, with the vendor's file laid over; it returns its OTLP endpoint."""
    backends = running_stack.stack.programs
    shared = {**backends["jaeger"].ports, **backends["prometheus"].ports}
    ports = fill_in(FREE_PORTS.model_copy(update=shared))
    overlays = [resource("collector-config/vendors/otlp.yaml")]
    description = [program for program in programs(ports, tmp_path, overlays) if program.name == "collector"]
    stacks: list[Stack] = []

    def start(environ: Mapping[str, str]) -> str:
        stack = Stack(description, binaries, tmp_path, {**os.environ, **QUICK, **environ})
        stacks.append(stack)
        stack.start_all(print)
        return stack.url("collector")

    yield start
    for stack in stacks:
        stack.stop_all()


def environ_for(vendor: Vendor, token: str, **more: str) -> dict[str, str]:
    """What an operator sets to send to this vendor."""
    return {
        "VENDOR_ENDPOINT": vendor.endpoint,
        "VENDOR_HEADERS": f'{{"Authorization": "Bearer {token}"}}',
        "VENDOR_CA_FILE": str(vendor.ca_file),
        **more,
    }


def test_vendor_and_jaeger_receive_every_span_once(
    running_stack: RunningStack, vendor: Vendor, collector: StartCollector
) -> None:
    """Over TLS and with its token, the vendor receives every span once, and Jaeger still has each once."""
    endpoint = collector(environ_for(vendor, vendor.token))
    documents = [one_span("sold", f"order {number}") for number in range(20)]
    for document in documents:
        send(endpoint, "traces", document)
    send(endpoint, "logs", one_log("sold", "order filled", {}))

    expected = sorted(trace_id(document) for document in documents)
    sold = eventually(vendor.files.spans, lambda seen: len(seen) >= 20)
    kept = eventually(lambda: running_stack.jaeger.spans("sold"), lambda seen: len(seen) >= 20)
    assert sorted(span.trace_id for span in sold) == expected
    assert sorted(span.trace_id for span in kept) == expected
    assert eventually(lambda: list(vendor.files.documents("logs")), bool)


@pytest.mark.parametrize(("temporality", "sent_as"), [("delta", DELTA), ("cumulative", CUMULATIVE)])
def test_vendor_gets_counters_in_its_temporality(
    running_stack: RunningStack, vendor: Vendor, collector: StartCollector, temporality: str, sent_as: int
) -> None:
    """`VENDOR_TEMPORALITY` decides what the vendor gets; Prometheus gets cumulative counters either way."""
    endpoint, started = collector(environ_for(vendor, vendor.token, VENDOR_TEMPORALITY=temporality)), time.time_ns()
    for count in (7, 10):
        send(endpoint, "metrics", one_counter(temporality, "mt5.orders", count, {}, started_ns=started))

    sums = eventually(lambda: counters(vendor), lambda seen: len(seen) >= 2)
    query = f'mt5_orders_total{{job="{temporality}"}}'
    totals = eventually(lambda: running_stack.prometheus.query(query), lambda seen: [v for _, v in seen] == [10.0])

    assert sums == [(sent_as, 7), (sent_as, 3 if sent_as == DELTA else 10)]
    assert [value for _, value in totals] == [10.0]


def test_a_signal_the_vendor_does_not_take_is_left_out(vendor: Vendor, collector: StartCollector) -> None:
    """With `VENDOR_LOGS=false` the vendor gets spans and no logs."""
    endpoint = collector(environ_for(vendor, vendor.token, VENDOR_LOGS="false"))

    send(endpoint, "logs", one_log("unsold", "kept here", {}))
    send(endpoint, "traces", one_span("unsold"))

    assert eventually(vendor.files.spans, bool)
    assert list(vendor.files.documents("logs")) == []


def test_a_vendor_that_was_away_gets_what_it_missed(vendor: Vendor, collector: StartCollector) -> None:
    """What is sent while the vendor is down waits in the Collector's queue and arrives once, after it is back."""
    endpoint = collector(environ_for(vendor, vendor.token))
    vendor.stack.kill("vendor")
    documents = [one_span("missed", f"order {number}") for number in range(20)]
    for document in documents:
        send(endpoint, "traces", document)

    vendor.stack.start("vendor")
    vendor.stack.wait_ready("vendor")

    received = eventually(vendor.files.spans, lambda seen: len(seen) >= 20)
    assert sorted(span.trace_id for span in received) == sorted(trace_id(document) for document in documents)


def test_a_refused_token_is_counted_and_harms_nobody_else(
    running_stack: RunningStack, vendor: Vendor, collector: StartCollector
) -> None:
    """With a wrong token the vendor gets nothing, the Collector counts what it gave up, Jaeger has it."""
    endpoint = collector(environ_for(vendor, "wrong"))
    document = one_span("refused")

    send(endpoint, "traces", document)

    query = 'otelcol_exporter_send_failed_spans_total{exporter="otlp_http/vendor"}'
    failed = eventually(lambda: running_stack.prometheus.query(query), bool)
    assert [value for _, value in failed] == [1.0]
    assert len(eventually(lambda: running_stack.jaeger.trace(trace_id(document)), bool)) == 1
    assert vendor.files.spans() == []


def counters(vendor: Vendor) -> list[tuple[int, int]]:
    """Temporality and value of every point of a counter that the vendor received, in order."""
    return [
        (metric["sum"]["aggregationTemporality"], int(point["asInt"]))
        for document in vendor.files.documents("metrics")
        for resource_metrics in document["resourceMetrics"]
        for scope_metrics in resource_metrics["scopeMetrics"]
        for metric in scope_metrics["metrics"]
        for point in metric["sum"]["dataPoints"]
    ]
