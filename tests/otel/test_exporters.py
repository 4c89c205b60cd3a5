"""What ends is counted once and leaves redacted, or is counted as dropped."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, MetricsData, Sum
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext, TraceFlags

from otel.accounts import SignalAccount
from otel.exporters import (
    CollectingExporter,
    CountingLogProcessor,
    CountingSpanProcessor,
    Gate,
    RedactingSpanExporter,
    StartTimes,
)
from otel.guard import Deadline
from otel.readings import Readings, iterate_metrics
from otel.redaction import REDACTED, Redaction
from otel.testing import MemorySink
from tests.otel import made


class HeldSink(MemorySink[Sequence[ReadableSpan]]):
    """Takes a batch and holds on to the thread that brought it until it is let go."""

    def __init__(self, account: SignalAccount) -> None:
        super().__init__(account)
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def write(self, batch: Sequence[ReadableSpan]) -> None:
        """Hold, then keep."""
        self.entered.set()
        assert self.let_go.wait(20)
        super().write(batch)


class Ended(SpanProcessor):
    """Remembers the spans that were passed on."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Remember one."""
        self.spans.append(span)


@pytest.fixture
def account() -> SignalAccount:
    """An account of a signal that is only written."""
    return SignalAccount(spooling=False)


def test_a_full_queue_is_counted_to_the_item(account: SignalAccount) -> None:
    """While the exporter is stuck, exactly the queue's capacity waits, every further span is dropped, and counted."""
    sink = HeldSink(account)
    gate = Gate(10, account)
    batches = BatchSpanProcessor(
        RedactingSpanExporter(gate, account, Redaction(), sink), 10, max_export_batch_size=1, schedule_delay_millis=10
    )
    processor = CountingSpanProcessor(gate, batches)
    processor.on_end(made.span())
    assert sink.entered.wait(20)

    for _ in range(25):
        processor.on_end(made.span())

    snapshot = account.snapshot()
    assert (snapshot.emitted, snapshot.dropped["queue_full"], snapshot.in_memory) == (26, 15, 11)
    sink.let_go.set()
    processor.shutdown()
    snapshot = account.snapshot()
    assert (snapshot.emitted, snapshot.delivered, snapshot.in_memory) == (26, 11, 0)


def test_what_waits_when_the_gate_closes_is_dropped_and_comes_out_no_more(account: SignalAccount) -> None:
    """After closing, nothing goes through in either direction, and all of it is counted."""
    gate = Gate(10, account)
    assert gate.admit()
    assert gate.admit()
    gate.close()
    gate.close()

    assert not gate.take(2)
    assert not gate.admit()
    assert account.snapshot().dropped["shutdown"] == 3
    assert account.snapshot().in_memory == 0


def test_a_span_that_is_not_sampled_was_never_meant_to_leave(account: SignalAccount) -> None:
    """Unsampled spans are neither counted nor passed on."""
    ended = Ended()
    processor = CountingSpanProcessor(Gate(10, account), ended)

    processor.on_end(made.span(context=SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(0))))
    processor.on_end(made.span(context=None))

    assert not ended.spans
    assert account.snapshot().emitted == 0


def test_flush_and_shutdown_reach_the_processor_behind(account: SignalAccount) -> None:
    """The counting processor hides nothing of the one behind it."""
    sink: MemorySink[Any] = MemorySink(account)
    gate = Gate(100, account)
    exporter = RedactingSpanExporter(gate, account, Redaction(), sink)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(CountingSpanProcessor(gate, BatchSpanProcessor(exporter, schedule_delay_millis=60_000)))
    provider.get_tracer("t").start_span("a").end()

    assert provider.force_flush()
    assert len(sink.batches) == 1
    provider.get_tracer("t").start_span("b").end()
    provider.shutdown()
    assert [span.name for batch in sink.batches for span in batch] == ["a", "b"]


class BrokenRedaction(Redaction):
    """Fails on every span called `bad`."""

    def span(self, span: ReadableSpan) -> ReadableSpan:
        """Fail, or do nothing."""
        if span.name == "bad":
            raise RuntimeError("broken")
        return span


def test_what_cannot_be_redacted_does_not_leave(account: SignalAccount) -> None:
    """A fault in redaction drops what it is about and nothing beside it, counted, and does not reach the caller."""
    sink: MemorySink[Any] = MemorySink(account)
    gate = Gate(10, account)
    exporter = RedactingSpanExporter(gate, account, BrokenRedaction(), sink)
    for _ in range(4):
        gate.admit()

    exporter.export([made.span("bad")])
    assert not sink.batches
    exporter.export([made.span("before"), made.span("bad"), made.span("after")])

    assert [span.name for batch in sink.batches for span in batch] == ["before", "after"]
    assert account.snapshot().dropped["fault"] == 2
    assert account.snapshot().in_memory == 0


class Said:
    """A log processor that remembers the attributes it was given."""

    def __init__(self) -> None:
        self.attributes: list[dict[str, Any]] = []

    def on_emit(self, log_record: Any) -> None:
        """Remember one."""
        self.attributes.append(dict(log_record.log_record.attributes))

    def shutdown(self) -> None:
        """Nothing to do."""

    def force_flush(self, timeout_millis: int = 0) -> bool:
        """Nothing to do."""
        return True


def test_every_log_record_gets_an_id_of_its_own(account: SignalAccount) -> None:
    """Copies of a record are told by `log.record.uid`, whether or not it has other attributes."""
    uids = (f"u{number}" for number in (1, 2, 3))
    said = Said()
    provider = LoggerProvider(shutdown_on_exit=False)
    behind: Any = said
    provider.add_log_record_processor(CountingLogProcessor(Gate(2, account), behind, lambda: next(uids)))

    provider.get_logger("l").emit(body="a")
    provider.get_logger("l").emit(body="b", attributes={"x": 1})
    provider.get_logger("l").emit(body="one too many")

    assert said.attributes == [{"log.record.uid": "u1"}, {"x": 1, "log.record.uid": "u2"}]
    assert account.snapshot().dropped["queue_full"] == 1


def _collecting(account: SignalAccount, sink: MemorySink[MetricsData] | None, **parts: Any) -> CollectingExporter:
    defaults: dict[str, Any] = {
        "readings": Readings(),
        "redaction": Redaction(),
        "start_times": StartTimes(),
        "write_every": 3,
        "account": account,
        "sink": sink,
    }
    return CollectingExporter(**(defaults | parts))


def test_every_collection_is_read_and_every_third_written(account: SignalAccount) -> None:
    """The readings see each collection; the sink gets one of three, and at the end the last."""
    readings = Readings()
    sink: MemorySink[MetricsData] = MemorySink(account)
    exporter = _collecting(account, sink, readings=readings)

    for value in range(1, 6):
        exporter.export(made.metrics(made.counter("c", made.number(value))))
        assert readings.value("c") == value
    exporter.shutdown()
    exporter.force_flush()

    written = [Readings.of(batch).value("c") for batch in sink.batches]
    assert written == [3, 5]
    assert account.snapshot().emitted == account.snapshot().delivered == 2


def test_metrics_that_go_nowhere_are_read_and_not_counted(account: SignalAccount) -> None:
    """Without a sink there are readings and no account of what was never meant to leave."""
    readings = Readings()
    exporter = _collecting(account, None, readings=readings, write_every=1)

    exporter.export(made.metrics(made.counter("c", made.number(1))))

    assert readings.value("c") == 1
    assert account.snapshot().emitted == 0


def test_points_left_out_are_counted_and_secrets_reach_neither_readings_nor_sink(account: SignalAccount) -> None:
    """A point that is not finite counts as emitted and dropped; what is read is redacted like what is written."""
    readings = Readings()
    sink: MemorySink[MetricsData] = MemorySink(account)
    exporter = _collecting(account, sink, readings=readings, write_every=1)

    exporter.export(made.metrics(made.gauge("g", made.number(math.nan), made.number(1.0, token="t"))))
    exporter.export(made.metrics(made.gauge("g", made.number(math.nan))))

    assert [point.attributes for m in iterate_metrics(sink.batches[0]) for point in m.data.data_points] == [
        {"token": REDACTED}
    ]
    assert not readings.series("g")
    snapshot = account.snapshot()
    assert (snapshot.emitted, snapshot.delivered, snapshot.dropped["not_finite"]) == (3, 1, 2)


def test_a_fault_in_the_readings_stays_inside(account: SignalAccount) -> None:
    """The reader's thread survives whatever goes wrong with one collection."""
    broken: Any = None

    _collecting(account, None, readings=broken).export(made.metrics())


def test_start_times_change_the_sums_they_name_and_nothing_else() -> None:
    """Points of a named sum leave with the given start; gauges, histograms and other sums keep theirs."""
    start_times = StartTimes()
    bucket = HistogramDataPoint({}, 10, 20, 1, 1.0, [1], [], 1.0, 1.0)
    data = made.metrics(
        made.counter("mine", made.number(1), made.number(2, a="b")),
        made.counter("other", made.number(1)),
        made.gauge("gauge", made.number(1)),
        made.histogram("histogram", bucket),
    )
    assert start_times(data) is data

    for name in ("mine", "gauge", "histogram"):
        start_times.set(name, lambda: 5)

    starts = {m.name: {p.start_time_unix_nano for p in m.data.data_points} for m in iterate_metrics(start_times(data))}
    assert starts == {"mine": {5}, "other": {10}, "gauge": {10}, "histogram": {10}}
    assert isinstance(next(iterate_metrics(start_times(data))).data, Sum)


def test_a_memory_sink_remembers_its_end(account: SignalAccount) -> None:
    """Closing a sink is seen by a test."""
    sink: MemorySink[Any] = MemorySink(account)

    sink.close(Deadline(0))

    assert sink.closed
    assert sink.status() is None
