"""Delivery without files: the official OTLP exporters, kept from stalling anything and from losing uncounted."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk._logs.export import LogRecordExporter
from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.trace.export import SpanExporter

from otel.accounts import Signal, SignalAccount
from otel.config import OtlpEndpoint, TelemetryConfig, TelemetryConfigError
from otel.exporters import Sink
from otel.guard import Deadline, QuietLog, within
from otel.readings import items_in
from otel.shipper import DeliveryStatus

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_OFFICIAL_LOGGERS: Final = "opentelemetry.exporter.otlp"


class OtlpExporter(Protocol):
    """What the three official exporters have in common."""

    def export(self, batch: Any, /) -> Any:
        """Send one batch and return a result whose name is SUCCESS or FAILURE."""

    def shutdown(self) -> None:
        """Send no more."""


class DirectSink(Generic[_T]):
    """Sends each batch at once, on the thread that brings it; the answer of the exporter is the account.

    Args:
        signal: what is sent, for the log line.
        exporter: an official OTLP exporter.
        account: delivered, or dropped as `export_failed`.
        quiet: tells of losses; shared, so that a dead endpoint is one line a minute.
        clock: Unix seconds, for the status.
    """

    def __init__(
        self,
        signal: Signal,
        exporter: OtlpExporter,
        account: SignalAccount,
        quiet: QuietLog,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._signal = signal
        self._exporter = exporter
        self._account = account
        self._quiet = quiet
        self._lock = threading.Lock()
        self._under_way = 0
        self._closed = False
        self._failing = False
        self._last_success: float | None = None

    def write(self, batch: _T) -> None:
        """Send one batch; it takes as long as the endpoint's timeout at most."""
        items = items_in(batch)
        if not self._begin(items):
            return
        delivered = self._send(batch)
        self._end(items, delivered)
        if not delivered:
            self._quiet.warning("telemetry: %d %s lost, the endpoint did not take them", items, self._signal)

    def close(self, deadline: Deadline) -> None:
        """Send no more; what is under way is given up and counted as dropped."""
        with self._lock:
            self._closed = True
            if self._under_way:
                self._account.dropped(self._under_way, "shutdown")
        within(deadline, self._exporter.shutdown)

    def status(self) -> DeliveryStatus:
        """How delivery fares: `retrying` while the last batch was not taken."""
        with self._lock:
            return DeliveryStatus(
                state="retrying" if self._failing else "idle",
                reason="the endpoint did not take the last batch" if self._failing else "",
                next_attempt=None,
                last_success=self._last_success,
                oldest_unshipped_age_s=0.0,
                spooled_items=0,
            )

    def _begin(self, items: int) -> bool:
        with self._lock:
            if self._closed:
                self._account.dropped(items, "shutdown")
                return False
            self._under_way += items
            return True

    def _end(self, items: int, delivered: bool) -> None:
        with self._lock:
            if self._closed:  # counted when closing, whatever became of it since
                return
            self._under_way -= items
            self._failing = not delivered
            if delivered:
                self._last_success = self._clock()
                self._account.delivered(items)
            else:
                self._account.dropped(items, "export_failed")

    def _send(self, batch: _T) -> bool:
        try:
            return bool(self._exporter.export(batch).name == "SUCCESS")
        except Exception as error:
            self._quiet.warning("telemetry: sending %s failed: %s", self._signal, type(error).__name__)
            return False


class LatestOnlySink(Generic[_T]):
    """Hands batches to a slow sink on a thread of its own; one that is overtaken by a newer one is dropped.

    For metrics: the newest collection says all that an older one did, and the reader must not wait for a dead
    endpoint.
    """

    def __init__(self, behind: DirectSink[_T], account: SignalAccount) -> None:
        self._behind = behind
        self._account = account
        self._changed = threading.Condition()
        self._slot: _T | None = None
        self._busy = False
        self._closed = False
        threading.Thread(target=self._run, name="otel-metrics-direct", daemon=True).start()

    def write(self, batch: _T) -> None:
        """Leave *batch* for the thread; never waits."""
        with self._changed:
            overtaken, self._slot = self._slot, batch
            if overtaken is not None:
                self._account.dropped(items_in(overtaken), "overtaken")
            self._changed.notify_all()

    def close(self, deadline: Deadline) -> None:
        """Wait for the last batch to be sent, until *deadline*."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._slot is None and not self._busy, deadline.remaining_s())
            left, self._slot = self._slot, None
            if left is not None:
                self._account.dropped(items_in(left), "shutdown")
        self._behind.close(deadline)

    def status(self) -> DeliveryStatus:
        """How delivery fares."""
        return self._behind.status()

    def _run(self) -> None:
        with suppress_instrumentation():
            while (batch := self._next()) is not None:
                self._behind.write(batch)
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _next(self) -> _T | None:
        with self._changed:
            self._changed.wait_for(lambda: self._slot is not None or self._closed)
            batch, self._slot = self._slot, None
            self._busy = batch is not None
            return batch


def direct_sinks(config: TelemetryConfig, accounts: Mapping[Signal, SignalAccount]) -> dict[Signal, Sink[Any]]:
    """Open an official exporter for each signal that has an endpoint.

    The exporters log every failed attempt; that is switched off: losses are counted, and told once a minute.
    """
    logging.getLogger(_OFFICIAL_LOGGERS).setLevel(logging.CRITICAL + 1)
    exporters: Mapping[Signal, Callable[[OtlpEndpoint], OtlpExporter]] = {
        "traces": span_exporter,
        "logs": log_exporter,
        "metrics": metric_exporter,
    }
    quiet = QuietLog(_log)
    sinks: dict[Signal, Sink[Any]] = {}
    for signal, endpoint in config.endpoints.items():
        sink = DirectSink[Any](signal, exporters[signal](endpoint), accounts[signal], quiet)
        sinks[signal] = LatestOnlySink(sink, accounts[signal]) if signal == "metrics" else sink
    return sinks


def span_exporter(endpoint: OtlpEndpoint) -> SpanExporter:
    """Return the official exporter of spans."""
    if endpoint.protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc  # noqa: PLC0415

        return Grpc(**_grpc(endpoint))
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http  # noqa: PLC0415

    return Http(**_http(endpoint))


def log_exporter(endpoint: OtlpEndpoint) -> LogRecordExporter:
    """Return the official exporter of log records."""
    if endpoint.protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as Grpc  # noqa: PLC0415

        return Grpc(**_grpc(endpoint))
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as Http  # noqa: PLC0415

    return Http(**_http(endpoint))


def metric_exporter(endpoint: OtlpEndpoint) -> MetricExporter:
    """Return the official exporter of metrics."""
    if endpoint.protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as Grpc  # noqa: PLC0415

        return Grpc(**_grpc(endpoint))
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as Http  # noqa: PLC0415

    return Http(**_http(endpoint))


def _http(endpoint: OtlpEndpoint) -> dict[str, Any]:
    from opentelemetry.exporter.otlp.proto.http import Compression  # noqa: PLC0415 - slow to import, often not needed

    return {
        "endpoint": endpoint.url,
        "headers": dict(endpoint.headers),
        "timeout": endpoint.timeout_s,
        "compression": Compression(endpoint.compression),
        "certificate_file": _text(endpoint.ca_file),
        "client_certificate_file": _text(endpoint.client_certificate_file),
        "client_key_file": _text(endpoint.client_key_file),
    }


def _grpc(endpoint: OtlpEndpoint) -> dict[str, Any]:
    from grpc import (  # type: ignore[import-untyped] # noqa: PLC0415 - no types; slow to import, often not needed
        Compression,
        ssl_channel_credentials,
    )

    insecure = endpoint.url.startswith("http://")
    files = (endpoint.ca_file, endpoint.client_key_file, endpoint.client_certificate_file)
    return {
        "endpoint": endpoint.url,
        "insecure": insecure,
        "credentials": None if insecure else ssl_channel_credentials(*map(_read, files)),
        "headers": tuple(endpoint.headers.items()),
        "timeout": endpoint.timeout_s,
        "compression": Compression.Gzip if endpoint.compression == "gzip" else Compression.NoCompression,
    }


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _read(path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except OSError as error:
        raise TelemetryConfigError(f"cannot read {path}: {error}") from error
