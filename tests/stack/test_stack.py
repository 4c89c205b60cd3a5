"""The real Collector, Jaeger and Prometheus hold what was sent, once, and nothing that is secret."""

from __future__ import annotations

import subprocess
import time

import pytest

from app.resources import resource
from app.stack import Binaries
from tests.stack.backends import RunningStack, eventually
from tests.stack.otlp import one_counter, one_log, one_span, send, trace_id

pytestmark = pytest.mark.stack

SECRET = "hunter2-hunter2"  # the secret that must not come through


def test_spans_arrive_in_jaeger_and_in_the_files(running_stack: RunningStack) -> None:
    """A span sent by OTLP-JSON is found in Jaeger with its attributes, and once in the Collector's files."""
    document = one_span("arrival", "place_order", {"mt5.symbol": "EURUSD", "mt5.retcode": 10004}, message="requote")

    send(running_stack.endpoint, "traces", document)

    (span,) = eventually(lambda: running_stack.jaeger.trace(trace_id(document)), bool)
    assert (span.service, span.name, span.error) == ("arrival", "place_order", True)
    assert span.attributes == {"mt5.symbol": "EURUSD", "mt5.retcode": 10004}
    assert [found for found in running_stack.files.spans() if found.trace_id == span.trace_id] == [span]
    assert "arrival" in running_stack.jaeger.services()
    assert running_stack.jaeger.spans("arrival") == [span]


def test_counters_arrive_in_prometheus_under_their_name_and_labels(running_stack: RunningStack) -> None:
    """`mt5.orders` is `mt5_orders_total` in Prometheus, labelled by service, instance and its own attributes."""
    started = time.time_ns()
    for outcome, count in (("filled", 7), ("rejected", 3)):
        document = one_counter("counting", "mt5.orders", count, {"mt5.order.outcome": outcome}, started_ns=started)
        send(running_stack.endpoint, "metrics", document)

    metric = 'mt5_orders_total{job="counting", instance="counting-1", service_name="counting"}'
    sums = eventually(lambda: running_stack.prometheus.sum_by("mt5_order_outcome", metric), lambda seen: len(seen) == 2)

    assert sums == {"filled": 7.0, "rejected": 3.0}
    assert '"mt5.orders"' in running_stack.files.text()


def test_logs_arrive_in_the_files(running_stack: RunningStack) -> None:
    """A log record is in the Collector's files with its body and attributes."""
    send(running_stack.endpoint, "logs", one_log("logging", "terminal connected", {"log.record.uid": "uid-1"}))

    bodies = [
        record["body"]["stringValue"]
        for document in running_stack.files.documents("logs")
        for resource_logs in document["resourceLogs"]
        for scope_logs in resource_logs["scopeLogs"]
        for record in scope_logs["logRecords"]
    ]
    assert "terminal connected" in bodies


def test_jaeger_monitor_has_figures(running_stack: RunningStack) -> None:
    """Jaeger answers its metrics API from the span metrics that the Collector sent to Prometheus."""
    send(running_stack.endpoint, "traces", one_span("monitored", "POST /api/orders"))

    operations = eventually(lambda: running_stack.jaeger.calls("monitored"), bool)

    assert operations == ["POST /api/orders"]


def test_collector_reports_on_itself(running_stack: RunningStack) -> None:
    """What the Collector received and handed over is readable in Prometheus, per exporter."""
    send(running_stack.endpoint, "traces", one_span("own-metrics"))

    query = 'otelcol_exporter_sent_spans_total{job="otelcol", exporter="otlp_grpc/jaeger"}'
    series = eventually(lambda: running_stack.prometheus.query(query), bool)

    assert series
    assert series[0][1] > 0


def test_secrets_do_not_pass_the_collector(running_stack: RunningStack) -> None:
    """Secrets by key, in text, in a status and in a query string are in no span, log, label or file."""
    bearer = f"Authorization: Bearer {SECRET}"
    attributes = {
        "http.request.header.authorization": SECRET,
        "mt5.account.login": 55512345,
        "x-api-key": SECRET,
        "db.password": SECRET,
        "access_token": SECRET,
        "url.query": f"key={SECRET}",
        "url.full": f"http://127.0.0.1/api/orders?key={SECRET}",
        "exception.message": f"login failed, password={SECRET}",
        "process.command": f"MT5_OTEL_API_KEY={SECRET} mt5-otel run",
        "http.request.body": f'{{"password": "{SECRET}"}}',
        "mt5.account.login_hash": "5f1d",
        "gen_ai.usage.token_count": 5,
    }
    document = one_span("secretive", "login", attributes, message=f"refused: token={SECRET}, {bearer}")
    send(running_stack.endpoint, "traces", document)
    send(running_stack.endpoint, "logs", one_log("secretive", f"sent {bearer}", attributes))
    counter = one_counter(
        "secretive", "mt5.secretive", 1, {"password": SECRET, "symbol": "EURUSD"}, started_ns=time.time_ns()
    )
    send(running_stack.endpoint, "metrics", counter)

    (span,) = eventually(lambda: running_stack.jaeger.trace(trace_id(document)), bool)
    ((labels, _),) = eventually(
        lambda: running_stack.prometheus.query("mt5_secretive_total"), lambda seen: len(seen) == 1
    )

    assert SECRET not in f"{span} {labels} {running_stack.files.text()}"
    assert "55512345" not in running_stack.files.text()
    assert labels["symbol"] == "EURUSD"
    assert span.attributes["url.full"] == "http://127.0.0.1/api/orders"
    assert span.attributes["mt5.account.login_hash"] == "5f1d"
    assert span.attributes["gen_ai.usage.token_count"] == 5


def test_collector_resumes_its_queue_after_a_kill(running_stack: RunningStack) -> None:
    """What was acknowledged while Jaeger was away is in Jaeger after the Collector was killed and started again."""
    stack = running_stack.stack
    stack.stop("jaeger")
    documents = [one_span("resumed", f"order {number}") for number in range(50)]
    for document in documents:
        send(running_stack.endpoint, "traces", document)

    stack.kill("collector")
    for name in ("jaeger", "collector"):
        stack.start(name)
        stack.wait_ready(name)

    expected = sorted(f"order {number}" for number in range(50))
    spans = eventually(lambda: running_stack.jaeger.spans("resumed"), lambda seen: len(seen) >= 50)
    assert sorted(span.name for span in spans) == expected
    assert sorted(span.name for span in running_stack.files.spans() if span.service == "resumed") == expected


@pytest.mark.parametrize("overlays", [(), ("vendors/otlp.yaml",)], ids=["collector.yaml", "with a vendor"])
def test_collector_accepts_its_configuration(
    binaries: Binaries, running_stack: RunningStack, overlays: tuple[str, ...]
) -> None:
    """The Collector finds no fault with collector.yaml, alone or under the vendor's file, with every default."""
    del running_stack  # it has built what is run here
    files = [resource(f"collector-config/{name}") for name in ("collector.yaml", *overlays)]
    command = [str(binaries["otelcol"]), "validate", *(f"--config={file}" for file in files)]

    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert answer.returncode == 0, answer.stderr


def test_prometheus_accepts_its_configuration(binaries: Binaries, running_stack: RunningStack) -> None:
    """`promtool check config` finds no fault."""
    del running_stack  # it has built what is run here
    command = [str(binaries["promtool"]), "check", "config", str(resource("deploy/prometheus/prometheus.yml"))]

    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert answer.returncode == 0, answer.stdout + answer.stderr
