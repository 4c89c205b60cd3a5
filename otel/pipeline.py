"""The one place where SDK objects are assembled, and closed again in reverse."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from opentelemetry import _logs, metrics, trace
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.sdk import metrics as sdk_metrics
from opentelemetry.sdk._logs import LoggerProvider, LogRecordLimits
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import (
    AlwaysOffExemplarFilter,
    AlwaysOnExemplarFilter,
    ExemplarFilter,
    MeterProvider,
    TraceBasedExemplarFilter,
)
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import DropAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler
from ulid import ULID

from otel import self_metrics
from otel.accounts import Signal
from otel.config import TelemetryConfig
from otel.exporters import (
    CollectingExporter,
    CountingLogProcessor,
    CountingSpanProcessor,
    Gate,
    RedactingLogExporter,
    RedactingSpanExporter,
    StartTimes,
)
from otel.files import FileSink
from otel.guard import Deadline, QuietLog, contained, within
from otel.readings import Readings
from otel.redaction import Redaction
from otel.resource import build_resource
from otel.shipper import DeliveryStatus
from otel.sinks import Accounts, Sinks, open_accounts, open_sinks

_log = logging.getLogger(__name__)
_OWN_LOGGERS: Final = ("otel", "opentelemetry")
_SECRET_LENGTH_MIN: Final = 16
_ENDING_ORDER: Final[tuple[tuple[Signal, ...], ...]] = (("traces", "logs"), ("metrics",))
"""Metrics last, so that the last collection tells what became of the others."""

SAMPLER: Final[Sampler] = ParentBased(ALWAYS_ON, remote_parent_not_sampled=ALWAYS_ON)
"""Every order is traced, also when the caller's `traceparent` says that it does not trace."""

VIEWS: Final = (
    # The instrumentation keeps this number on the middleware, so concurrent and streamed responses mix it up.
    View(instrument_name="http.server.response.body.size", aggregation=DropAggregation()),
    # By method and status it would be as many series again as durations, for whoever asks for everything in vain.
    View(instrument_name="http.server.request.body.size", attribute_keys={"http.route"}),
)

NO_METRICS: Final = metrics.NoOpMeterProvider()
"""For the SDK's own parts: what they would measure about themselves is counted here, exactly."""

_INSTRUMENTS: Final[tuple[Any, ...]] = (
    sdk_metrics.Counter,
    sdk_metrics.UpDownCounter,
    sdk_metrics.Histogram,
    sdk_metrics.ObservableCounter,
    sdk_metrics.ObservableUpDownCounter,
    sdk_metrics.ObservableGauge,
)
_EXEMPLAR_FILTERS: Final[Mapping[str, Callable[[], ExemplarFilter]]] = {
    "trace_based": TraceBasedExemplarFilter,
    "always_on": AlwaysOnExemplarFilter,
    "always_off": AlwaysOffExemplarFilter,
}


@dataclass(frozen=True, slots=True)
class _Signal:
    """How one signal is flushed and ended."""

    flush: Callable[[], object]
    shutdown: Callable[[], object]
    gate: Gate | None = None


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Telemetry that runs: providers to make spans, metrics and log records with, and what became of them.

    Nothing global is set. With telemetry disabled the providers do nothing and everything else keeps its shape.
    """

    tracer_provider: trace.TracerProvider
    meter_provider: metrics.MeterProvider
    logger_provider: _logs.LoggerProvider
    resource: Resource
    redaction: Redaction
    readings: Readings
    accounts: Accounts
    _sinks: Sinks = field(default_factory=dict)
    _start_times: StartTimes = field(default_factory=StartTimes)
    _signals: Mapping[Signal, _Signal] = field(default_factory=dict)
    _span_processor: CountingSpanProcessor | None = None
    _closed: threading.Event = field(default_factory=threading.Event)

    def logging_handler(self, level: int = logging.NOTSET) -> logging.Handler:
        """Return a handler that sends log records with the trace they belong to.

        Records of the telemetry itself stay out: sending them would make more of them.
        """
        if "logs" not in self._signals:
            return logging.NullHandler(level)
        handler = _ContainedHandler(level, self.logger_provider)
        handler.addFilter(_is_not_our_own)
        return handler

    def delivery(self) -> dict[Signal, DeliveryStatus]:
        """Return how delivery fares, for each signal that is sent to an endpoint; takes no time."""
        return _delivery(self._sinks)

    def replay(self, span: ReadableSpan) -> None:
        """Let a span that ended in an earlier process go the way of any other; its ids and times stay."""
        if self._span_processor is not None:
            self._span_processor.on_end(span)

    def set_start_time(self, metric_name: str, unix_nano: Callable[[], int | None]) -> None:
        """Let the points of the counter *metric_name* count since what *unix_nano* returns, where that is not None."""
        self._start_times.set(metric_name, unix_nano)

    def force_flush(self, timeout_s: float = 3.0) -> bool:
        """Bring what has ended to its files, or to the endpoint with direct delivery; false if time ran out."""
        deadline = Deadline(timeout_s)
        return all(
            within(deadline, *(self._signals[signal].flush for signal in together if signal in self._signals))
            for together in _ENDING_ORDER
        )

    def close(self, timeout_s: float = 3.0) -> bool:
        """Export what waits and let everything go, within *timeout_s*; what could not leave counts as dropped.

        False if something had to be given up. A second call does nothing.
        """
        if self._closed.is_set():
            return True
        self._closed.set()
        deadline = Deadline(timeout_s)
        done = [
            within(
                Deadline(min(timeout_s / 3, deadline.remaining_s())),
                *(self._signals[signal].shutdown for signal in together if signal in self._signals),
            )
            for together in _ENDING_ORDER
        ]
        for signal in self._signals.values():
            if signal.gate is not None:
                signal.gate.close()
        # A little less for the sinks, so that they have counted what they gave up when this returns.
        sinks = Deadline(max(0.0, deadline.remaining_s() - 0.2))
        done.append(within(deadline, *(partial(sink.close, sinks) for sink in self._sinks.values())))
        return all(done)


def build_pipeline(
    config: TelemetryConfig,
    *,
    instance_id: str,
    sinks: Sinks | None = None,
    accounts: Accounts | None = None,
    id_generator: IdGenerator | None = None,
    new_uid: Callable[[], str] = lambda: str(ULID()),
) -> Pipeline:
    """Assemble the pipeline that *config* describes, running.

    Args:
        config: what the operator set.
        instance_id: `service.instance.id`; see `kept_instance_id`.
        sinks: where the signals go, instead of where *config* says.
        accounts: the accounts that *sinks* count in.
        id_generator: of trace and span ids; random by default.
        new_uid: of the ids of log records; ULIDs by default.

    Raises:
        OSError: the folder of the files cannot be used.
    """
    accounts = open_accounts(config) if accounts is None else accounts
    redaction = Redaction(config.secrets | _header_secrets(config), config.query_values_kept, config.text_length_max)
    resource = redaction.resource(build_resource(config, instance_id))
    if config.disabled:
        return _disabled(resource, redaction, accounts)
    sinks = open_sinks(config, accounts) if sinks is None else sinks
    readings = Readings(resource)
    start_times = StartTimes()
    assembly = _Assembly(config, resource, redaction, accounts, sinks)
    tracer_provider, traces, span_processor = assembly.traces(id_generator)
    logger_provider, logs = assembly.logs(new_uid)
    meter_provider, measurements = assembly.metrics(readings, start_times)
    return Pipeline(
        tracer_provider=tracer_provider,
        meter_provider=meter_provider,
        logger_provider=logger_provider,
        resource=resource,
        redaction=redaction,
        readings=readings,
        accounts=accounts,
        _sinks=sinks,
        _start_times=start_times,
        _signals={"traces": traces, "logs": logs, "metrics": measurements},
        _span_processor=span_processor,
    )


def _disabled(resource: Resource, redaction: Redaction, accounts: Accounts) -> Pipeline:
    return Pipeline(
        tracer_provider=trace.NoOpTracerProvider(),
        meter_provider=metrics.NoOpMeterProvider(),
        logger_provider=_logs.NoOpLoggerProvider(),
        resource=resource,
        redaction=redaction,
        readings=Readings(resource),
        accounts=accounts,
    )


@dataclass(frozen=True, slots=True)
class _Assembly:
    """Puts the SDK's parts of each signal together, and switches off what they would do behind our back."""

    config: TelemetryConfig
    resource: Resource
    redaction: Redaction
    accounts: Accounts
    sinks: Sinks

    def traces(self, id_generator: IdGenerator | None) -> tuple[TracerProvider, _Signal, CountingSpanProcessor | None]:
        provider = TracerProvider(
            sampler=SAMPLER,
            resource=self.resource,
            shutdown_on_exit=False,
            id_generator=id_generator,
            span_limits=_span_limits(self.config),
            meter_provider=NO_METRICS,
        )
        if (sink := self.sinks.get("traces")) is None:
            return provider, _Signal(provider.force_flush, provider.shutdown), None
        gate = Gate(self.config.queue_size, self.accounts["traces"])
        exporter = RedactingSpanExporter(gate, self.accounts["traces"], self.redaction, sink)
        processor = CountingSpanProcessor(gate, BatchSpanProcessor(exporter, **self._batching()))
        provider.add_span_processor(processor)
        return provider, _Signal(provider.force_flush, provider.shutdown, gate), processor

    def logs(self, new_uid: Callable[[], str]) -> tuple[LoggerProvider, _Signal]:
        provider = LoggerProvider(
            self.resource,
            shutdown_on_exit=False,
            meter_provider=NO_METRICS,
            log_record_limits=_log_limits(self.config),
        )
        if (sink := self.sinks.get("logs")) is None:
            return provider, _Signal(provider.force_flush, provider.shutdown)
        gate = Gate(self.config.queue_size, self.accounts["logs"])
        exporter = RedactingLogExporter(gate, self.accounts["logs"], self.redaction, sink)
        batches = BatchLogRecordProcessor(exporter, **self._batching())
        provider.add_log_record_processor(CountingLogProcessor(gate, batches, new_uid))
        return provider, _Signal(provider.force_flush, provider.shutdown, gate)

    def metrics(self, readings: Readings, start_times: StartTimes) -> tuple[MeterProvider, _Signal]:
        exporter = CollectingExporter(
            readings=readings,
            redaction=self.redaction,
            start_times=start_times,
            write_every=self.config.write_every,
            account=self.accounts["metrics"],
            sink=self.sinks.get("metrics"),
        )
        reader = PeriodicExportingMetricReader(
            exporter,
            export_interval_millis=self.config.collect_interval_s * 1000,
            # A collection that has not ended by then never will: callbacks here only copy numbers.
            export_timeout_millis=10_000,
            cardinality_limits=dict.fromkeys(_INSTRUMENTS, self.config.series_per_instrument),
        )
        provider = MeterProvider(
            [reader],
            self.resource,
            exemplar_filter=_EXEMPLAR_FILTERS[self.config.exemplar_filter](),
            shutdown_on_exit=False,
            views=VIEWS,
        )
        self_metrics.register(
            provider.get_meter("otel"),
            {signal: self.accounts[signal] for signal in self.sinks},
            self._parked,
            {signal: sink.torn_bytes for signal, sink in self.sinks.items() if isinstance(sink, FileSink)},
        )
        return provider, _Signal(provider.force_flush, provider.shutdown)

    def _parked(self) -> dict[Signal, bool]:
        return {signal: status.state == "parked" for signal, status in _delivery(self.sinks).items()}

    def _batching(self) -> dict[str, Any]:
        return {
            "max_queue_size": self.config.queue_size,
            "schedule_delay_millis": self.config.schedule_delay_s * 1000,
            "max_export_batch_size": self.config.batch_size,
            "export_timeout_millis": 10_000,  # unused by the SDK, but read from the environment if missing
            "meter_provider": NO_METRICS,
        }


def _delivery(sinks: Sinks) -> dict[Signal, DeliveryStatus]:
    statuses = {signal: sink.status() for signal, sink in sinks.items()}
    return {signal: status for signal, status in statuses.items() if status is not None}


def _span_limits(config: TelemetryConfig) -> SpanLimits:
    limits = config.limits
    return SpanLimits(
        max_attributes=limits.attributes,
        max_events=limits.events,
        max_links=limits.links,
        max_span_attributes=limits.span_attributes,
        max_event_attributes=limits.event_attributes,
        max_link_attributes=limits.link_attributes,
        max_attribute_length=_length(limits.attribute_length, config),
        max_span_attribute_length=_length(limits.span_attribute_length, config),
    )


def _log_limits(config: TelemetryConfig) -> LogRecordLimits:
    limits = config.limits
    return LogRecordLimits(
        max_attributes=limits.attributes,
        max_attribute_length=_length(limits.attribute_length, config),
        max_log_record_attributes=limits.log_attributes,
        max_log_record_attribute_length=_length(limits.log_attribute_length, config),
    )


def _length(limit: int | None, config: TelemetryConfig) -> int:
    # Without a number the SDK would look into the environment itself, and keep whatever a caller sends.
    return Redaction.considered(config.text_length_max) if limit is None else limit


def _header_secrets(config: TelemetryConfig) -> frozenset[str]:
    """What the endpoints' headers hold is a secret: whole, and the part after `Bearer` or the like."""
    values = [value for endpoint in config.endpoints.values() for value in endpoint.headers.values()]
    parts = [part for value in values for part in (value, *value.split())]
    return frozenset(part for part in parts if len(part) >= _SECRET_LENGTH_MIN)


class _ContainedHandler(LoggingHandler):
    """The instrumentation's handler lets a faulty log call raise in the code that logs; this one does not."""

    _quiet = QuietLog(_log)

    def emit(self, record: logging.LogRecord) -> None:
        with contained(self._quiet, "taking a log record"):
            super().emit(record)


def _is_not_our_own(record: logging.LogRecord) -> bool:
    return record.name.split(".", 1)[0] not in _OWN_LOGGERS and is_instrumentation_enabled()
