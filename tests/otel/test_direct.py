"""Delivery by the official exporters: nothing stalls, and every loss is counted."""

from __future__ import annotations

import logging
import threading
import time
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.sdk.trace.export import SpanExportResult

from otel.accounts import SIGNALS, Signal, SignalAccount
from otel.config import OtlpEndpoint, TelemetryConfig, TelemetryConfigError
from otel.direct import DirectSink, LatestOnlySink, direct_sinks, log_exporter, metric_exporter, span_exporter
from otel.guard import Deadline, QuietLog
from tests.otel import made
from tests.otel.receiver import BLACKHOLE, Receiver, Reply

BATCHES: dict[Signal, Any] = {
    "traces": [made.span(), made.span()],
    "logs": [made.log()],
    "metrics": made.metrics(made.counter("c", made.number(1))),
}


class ScriptedExporter:
    """Answers each batch as told; may be held."""

    def __init__(self, *answers: bool, hold: bool = False) -> None:
        self._answers = list(answers)
        self.batches: list[Any] = []
        self.entered = threading.Event()
        self.let_go = threading.Event()
        self.closed = threading.Event()
        if not hold:
            self.let_go.set()

    def export(self, batch: Any, /) -> SpanExportResult:
        """Answer."""
        self.entered.set()
        assert self.let_go.wait(20)
        self.batches.append(batch)
        taken = self._answers.pop(0) if self._answers else True
        return SpanExportResult.SUCCESS if taken else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Remember."""
        self.closed.set()


class Raising(ScriptedExporter):
    """Fails in a way that no exporter should."""

    def export(self, batch: Any, /) -> SpanExportResult:
        """Fail."""
        raise RuntimeError("broken")


@pytest.fixture
def account() -> SignalAccount:
    """An account of a signal without files."""
    return SignalAccount(spooling=False)


@pytest.fixture
def quiet() -> QuietLog:
    """A log that tells of losses once a minute."""
    return QuietLog(logging.getLogger("otel.direct"))


def test_the_exporters_answer_is_the_account(
    account: SignalAccount, quiet: QuietLog, caplog: pytest.LogCaptureFixture
) -> None:
    """What the endpoint takes is delivered, what it does not is dropped; the log has one line about it."""
    sink: DirectSink[Any] = DirectSink(
        "traces", ScriptedExporter(True, False, False, True), account, quiet, lambda: 5.0
    )
    states = []
    for _ in range(4):
        account.emitted(2)
        sink.write(BATCHES["traces"])
        states.append(sink.status().state)

    snapshot = account.snapshot()
    assert (snapshot.delivered, snapshot.dropped["export_failed"], snapshot.in_memory) == (4, 4, 0)
    assert states == ["idle", "retrying", "retrying", "idle"]
    assert sink.status().last_success == 5.0
    assert len(caplog.messages) == 1


def test_an_exporter_that_raises_loses_its_batch_only(account: SignalAccount, quiet: QuietLog) -> None:
    """A fault of an exporter does not end the thread that came with the batch."""
    account.emitted(2)

    DirectSink[Any]("traces", Raising(), account, quiet).write(BATCHES["traces"])

    assert account.snapshot().dropped["export_failed"] == 2


def test_closing_gives_up_what_is_under_way(account: SignalAccount, quiet: QuietLog) -> None:
    """A batch without an answer is dropped at the end; neither a late answer nor a late batch changes that."""
    exporter = ScriptedExporter(hold=True)
    sink: DirectSink[Any] = DirectSink("traces", exporter, account, quiet)
    account.emitted(4)
    thread = threading.Thread(target=sink.write, args=(BATCHES["traces"],))
    thread.start()
    assert exporter.entered.wait(20)

    sink.close(Deadline(5))
    exporter.let_go.set()
    thread.join()
    sink.write(BATCHES["traces"])

    assert exporter.closed.is_set()
    snapshot = account.snapshot()
    assert (snapshot.dropped["shutdown"], snapshot.delivered, snapshot.in_memory) == (4, 0, 0)


def test_a_newer_collection_overtakes_one_that_waits(account: SignalAccount, quiet: QuietLog) -> None:
    """While one collection is under way only the newest waits; the caller is not held up, and the last one arrives."""
    exporter = ScriptedExporter(hold=True)
    sink = LatestOnlySink(DirectSink[Any]("metrics", exporter, account, quiet), account)
    collections = [made.metrics(made.counter("c", made.number(value))) for value in range(5)]
    account.emitted(5)
    sink.write(collections[0])
    assert exporter.entered.wait(20)

    for collection in collections[1:]:
        sink.write(collection)
    exporter.let_go.set()
    sink.close(Deadline(20))

    assert exporter.batches == [collections[0], collections[4]]
    snapshot = account.snapshot()
    assert (snapshot.delivered, snapshot.dropped["overtaken"], snapshot.in_memory) == (2, 3, 0)
    assert sink.status().state == "idle"


def test_a_collection_that_never_arrives_is_given_up_in_time(account: SignalAccount, quiet: QuietLog) -> None:
    """Closing waits for a dead endpoint until its deadline, then counts what is left."""
    exporter = ScriptedExporter(hold=True)
    sink = LatestOnlySink(DirectSink[Any]("metrics", exporter, account, quiet), account)
    account.emitted(2)
    sink.write(BATCHES["metrics"])
    assert exporter.entered.wait(20)
    sink.write(BATCHES["metrics"])

    sink.close(Deadline(0.05))
    exporter.let_go.set()

    snapshot = account.snapshot()
    assert (snapshot.dropped["shutdown"], snapshot.in_memory) == (2, 0)


def _direct(url: str, **parts: Any) -> TelemetryConfig:
    return TelemetryConfig(delivery="direct", endpoints={signal: OtlpEndpoint(url=url, **parts) for signal in SIGNALS})


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_every_signal_arrives_by_http(compression: Any) -> None:
    """The official exporters send protobuf with our headers to exactly the URL given."""
    accounts = {signal: SignalAccount(spooling=False) for signal in SIGNALS}
    with Receiver() as receiver:
        sinks = direct_sinks(_direct(receiver.url, headers={"x-key": "k"}, compression=compression), accounts)
        for signal, sink in sinks.items():
            accounts[signal].emitted(2 if signal == "traces" else 1)
            sink.write(BATCHES[signal])
        requests = receiver.wait_for(3)
        for sink in sinks.values():
            sink.close(Deadline(5))

    assert {request.headers["x-key"] for request in requests} == {"k"}
    assert {request.headers["content-type"] for request in requests} == {"application/x-protobuf"}
    assert [accounts[signal].snapshot().delivered for signal in SIGNALS] == [2, 1, 1]


def test_a_refusal_is_counted_and_not_logged_by_the_exporter(
    account: SignalAccount, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong key costs the batch, and our one line a minute is all that the log says about it."""
    with Receiver(Reply(401)) as receiver:
        sink = direct_sinks(_direct(receiver.url), dict.fromkeys(SIGNALS, account))["traces"]
        account.emitted(2)
        sink.write(BATCHES["traces"])
        sink.close(Deadline(5))

    assert account.snapshot().dropped["export_failed"] == 2
    assert [record.name for record in caplog.records] == ["otel.direct"]


def test_a_blackholed_endpoint_does_not_hold_up_the_end(account: SignalAccount, quiet: QuietLog) -> None:
    """The endpoint takes the request and never answers: closing is over when its deadline is."""
    with Receiver(BLACKHOLE) as receiver:
        receiver.default = BLACKHOLE
        sink = direct_sinks(_direct(receiver.url), dict.fromkeys(SIGNALS, account))["metrics"]
        account.emitted(1)
        sink.write(BATCHES["metrics"])
        receiver.wait_for(1)
        began = time.monotonic()

        sink.close(Deadline(0.2))

        assert time.monotonic() - began < 3
    assert account.snapshot().dropped["shutdown"] == 1


class TraceService(TraceServiceServicer):
    """Remembers what arrives by gRPC."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.metadata: list[dict[str, str]] = []

    def Export(self, request: ExportTraceServiceRequest, context: Any) -> ExportTraceServiceResponse:
        """Take it."""
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        return ExportTraceServiceResponse()


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_spans_arrive_by_grpc(account: SignalAccount, quiet: QuietLog, compression: Any) -> None:
    """With the grpc protocol the official exporter sends spans and headers to a gRPC server."""
    import grpc  # type: ignore[import-untyped] # grpcio ships no types

    service = TraceService()
    server = grpc.server(futures.ThreadPoolExecutor(1))
    add_TraceServiceServicer_to_server(service, server)  # type: ignore[no-untyped-call] # generated without types
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    endpoint = OtlpEndpoint(
        url=f"http://127.0.0.1:{port}", protocol="grpc", headers={"x-key": "k"}, compression=compression
    )
    sink: DirectSink[Any] = DirectSink("traces", span_exporter(endpoint), account, quiet)

    account.emitted(2)
    sink.write(BATCHES["traces"])
    sink.close(Deadline(5))
    server.stop(None).wait()

    assert account.snapshot().delivered == 2
    assert len(service.requests[0].resource_spans[0].scope_spans[0].spans) == 2
    assert service.metadata[0]["x-key"] == "k"


def test_all_three_signals_have_a_grpc_exporter() -> None:
    """Log records and metrics can be sent by gRPC as well, with TLS where the scheme says so."""
    endpoint = OtlpEndpoint(url="https://127.0.0.1:1", protocol="grpc")

    for make in (span_exporter, log_exporter, metric_exporter):
        exporter = make(endpoint)
        assert "grpc" in type(exporter).__module__
        exporter.shutdown()


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """An unreadable file is an error of the configuration, said at the start."""
    endpoint = OtlpEndpoint(url="https://127.0.0.1:1", protocol="grpc", ca_file=tmp_path / "ca.pem")

    with pytest.raises(TelemetryConfigError, match=r"ca\.pem"):
        span_exporter(endpoint)
