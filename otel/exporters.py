"""From the SDK to wherever telemetry goes: counted when it ends, redacted before it leaves, never in the way.

An item is *emitted* when it ends. A gate lets in as many as may wait and counts the rest as dropped; the SDK's batch
processor behind it therefore never overflows, and every loss has one place where it is counted. What comes out is
redacted and given to a `Sink`: files, an OTLP exporter, or memory.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar, cast

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics.export import Metric, MetricExporter, MetricExportResult, MetricsData, Sum
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.util.types import AnyValue

from otel.accounts import SignalAccount
from otel.guard import Deadline, QuietLog, contained
from otel.readings import Readings, count_points
from otel.redaction import Redaction, map_metrics
from otel.shipper import DeliveryStatus

_log = logging.getLogger(__name__)
_T_contra = TypeVar("_T_contra", contravariant=True)
Batch = Sequence[Any]


class Sink(Protocol[_T_contra]):
    """Where one signal goes. Accounts for every item it is given, and never raises."""

    def write(self, batch: _T_contra) -> None:
        """Take one redacted batch: write it, send it, or count it as dropped."""

    def close(self, deadline: Deadline) -> None:
        """Take no more; bring to its end what can be until *deadline*, and count the rest as dropped."""

    def status(self) -> DeliveryStatus | None:
        """How delivery to the endpoint fares; `None` where there is none."""


class Gate:
    """How many items may wait between their end and the exporter; one more is dropped and counted.

    Args:
        capacity: items; not more than the queue behind it holds, which then cannot overflow.
        account: where emitted and dropped items are counted.
    """

    def __init__(self, capacity: int, account: SignalAccount) -> None:
        self._capacity = capacity
        self._account = account
        self._lock = threading.Lock()
        self._waiting = 0
        self._closed = False

    def admit(self) -> bool:
        """Count one emitted item and say whether it may be queued."""
        with self._lock:
            self._account.emitted(1)
            if self._closed or self._waiting >= self._capacity:
                self._account.dropped(1, "shutdown" if self._closed else "queue_full")
                return False
            self._waiting += 1
            return True

    def take(self, items: int) -> bool:
        """Hand waiting items to the exporter; false once closed, when they are already counted as dropped."""
        with self._lock:
            if self._closed:
                return False
            self._waiting -= items
            return True

    def close(self) -> None:
        """Give up whatever still waits."""
        with self._lock:
            if not self._closed and self._waiting:
                self._account.dropped(self._waiting, "shutdown")
            self._closed = True


class CountingSpanProcessor(SpanProcessor):
    """Counts spans as they end and passes on those the gate lets in."""

    def __init__(self, gate: Gate, behind: SpanProcessor) -> None:
        self._gate = gate
        self._behind = behind
        self._quiet = QuietLog(_log)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do: a span counts when it ends."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue the span, or count it as dropped. An unsampled one was never meant to leave."""
        with contained(self._quiet, "queueing a span"):
            if span.context is not None and span.context.trace_flags.sampled and self._gate.admit():
                self._behind.on_end(span)

    def shutdown(self) -> None:
        """Export what waits and stop."""
        self._behind.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Export what waits."""
        return self._behind.force_flush(timeout_millis)


class CountingLogProcessor(LogRecordProcessor):
    """Gives each log record its id, counts it and passes it on if the gate lets it in.

    Args:
        new_uid: makes `log.record.uid`, by which copies of a record are told.
    """

    def __init__(self, gate: Gate, behind: LogRecordProcessor, new_uid: Callable[[], str]) -> None:
        self._gate = gate
        self._behind = behind
        self._new_uid = new_uid
        self._quiet = QuietLog(_log)

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Queue the record, or count it as dropped."""
        with contained(self._quiet, "queueing a log record"):
            # The SDK has made them a BoundedAttributes, whatever was passed to it.
            cast("MutableMapping[str, AnyValue]", log_record.log_record.attributes)["log.record.uid"] = self._new_uid()
            if self._gate.admit():
                self._behind.on_emit(log_record)

    def shutdown(self) -> None:
        """Export what waits and stop."""
        self._behind.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Export what waits."""
        return self._behind.force_flush(timeout_millis)


class _Leaving:
    """What spans and log records have in common on their way out of the queue."""

    def __init__(self, gate: Gate, account: SignalAccount) -> None:
        self._gate = gate
        self._account = account
        self._quiet = QuietLog(_log)

    def leave(self, batch: Batch, redact: Callable[[Any], Any], sink: Sink[Any]) -> None:
        if not self._gate.take(len(batch)):
            return
        redacted: list[Any] = []
        for item in batch:
            with contained(self._quiet, "redacting"):
                redacted.append(redact(item))
        if faults := len(batch) - len(redacted):  # unredacted, they may not leave
            self._account.dropped(faults, "fault")
        if redacted:
            sink.write(redacted)


class RedactingSpanExporter(SpanExporter):
    """Redacts spans and gives them to a sink."""

    def __init__(
        self, gate: Gate, account: SignalAccount, redaction: Redaction, sink: Sink[Sequence[ReadableSpan]]
    ) -> None:
        self._leaving = _Leaving(gate, account)
        self._redaction = redaction
        self._sink = sink

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Pass a batch on; what became of it is in the account, so the answer is always success."""
        self._leaving.leave(spans, self._redaction.span, self._sink)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is held here."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Nothing is held here."""
        return True


class RedactingLogExporter(LogRecordExporter):
    """Redacts log records and gives them to a sink."""

    def __init__(
        self, gate: Gate, account: SignalAccount, redaction: Redaction, sink: Sink[Sequence[ReadableLogRecord]]
    ) -> None:
        self._leaving = _Leaving(gate, account)
        self._redaction = redaction
        self._sink = sink

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Pass a batch on; what became of it is in the account, so the answer is always success."""
        self._leaving.leave(batch, self._redaction.log, self._sink)
        return LogRecordExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is held here."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Nothing is held here."""
        return True


class StartTimes:
    """The start times that the points of some sums are to leave with, so that a counter survives a restart."""

    def __init__(self) -> None:
        self._by_name: dict[str, Callable[[], int | None]] = {}

    def set(self, metric_name: str, unix_nano: Callable[[], int | None]) -> None:
        """From the next collection on; asked at each one, None leaves the SDK's own."""
        self._by_name = {**self._by_name, metric_name: unix_nano}

    def __call__(self, data: MetricsData) -> MetricsData:
        """Return *data* with the start times replaced."""
        return map_metrics(data, self._restamped) if self._by_name else data

    def _restamped(self, metric: Metric) -> Metric:
        start_of = self._by_name.get(metric.name)
        if start_of is None or not isinstance(metric.data, Sum) or (start := start_of()) is None:
            return metric
        points = [replace(point, start_time_unix_nano=start) for point in metric.data.data_points]
        return replace(metric, data=replace(metric.data, data_points=points))


class CollectingExporter(MetricExporter):
    """Takes each collection into the readings and every so many of them to a sink.

    Args:
        readings: hold the latest collection in memory.
        redaction: applied to every collection, before the readings.
        start_times: give points the start times they are to leave with.
        write_every: every how many collections one goes to the sink; the last one always does.
        account: counts the points that go to the sink.
        sink: `None` where metrics are neither written nor sent.
    """

    def __init__(
        self,
        *,
        readings: Readings,
        redaction: Redaction,
        start_times: StartTimes,
        write_every: int,
        account: SignalAccount,
        sink: Sink[MetricsData] | None,
    ) -> None:
        super().__init__()
        self._readings = readings
        self._redaction = redaction
        self._start_times = start_times
        self._write_every = write_every
        self._account = account
        self._sink = sink
        self._quiet = QuietLog(_log)
        self._unwritten: MetricsData | None = None
        self._left_out = 0
        self._collections = 0

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        """Take one collection; never fails."""
        with contained(self._quiet, "taking metrics"):
            self._unwritten, self._left_out = self._redaction.metrics(self._start_times(metrics_data))
            self._readings.update(self._unwritten)
            self._collections += 1
            if self._collections % self._write_every == 0:
                self._write()
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Write the latest collection if it has not been."""
        with contained(self._quiet, "writing metrics"):
            self._write()
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Write the latest collection if it has not been."""
        self.force_flush()

    def _write(self) -> None:
        data, self._unwritten = self._unwritten, None
        if data is None or self._sink is None:
            return
        points = count_points(data)
        self._account.emitted(points + self._left_out)
        if self._left_out:
            self._account.dropped(self._left_out, "not_finite")
        if points:
            self._sink.write(data)
