"""The same application under each kind of telemetry, for a process of its own."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from fastapi import FastAPI

from bench.order_app import Tell, create_app, requests, tell_nothing, whole_order
from bench.results import BenchError
from bench.rounds import Round
from otel import Pipeline, TelemetryConfig, build_pipeline
from otel.http import instrument_app

BLOCK: Final = 250
"""Requests between two flushes: their spans fit into every queue here, so that nobody is fast by dropping."""

SHIPPED_S: Final = 30.0
_Flush = Callable[[], None]


@contextmanager
def without() -> Iterator[Round]:
    """No telemetry at all."""
    with _rounds(create_app(), lambda: None) as run:
        yield run


@contextmanager
def prometheus() -> Iterator[Round]:
    """prometheus-fastapi-instrumentator with its defaults: metrics only, nothing leaves by itself."""
    from prometheus_fastapi_instrumentator import Instrumentator  # noqa: PLC0415 - not installed everywhere

    app = create_app()
    Instrumentator().instrument(app)
    with _rounds(app, lambda: None) as run:
        yield run


@contextmanager
def contrib(endpoint: str) -> Iterator[Round]:
    """OpenTelemetry's own instrumentation, SDK and OTLP/HTTP exporters, each with its defaults."""
    # Here and not above: the other processes need not have read any of it.
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor  # noqa: PLC0415
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    tracers = TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))
    meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics"))])
    app = create_app()
    FastAPIInstrumentor.instrument_app(app, tracer_provider=tracers, meter_provider=meters)
    with _rounds(app, tracers.force_flush) as run:
        yield run
    tracers.shutdown()
    meters.shutdown()


@contextmanager
def ours(folder: Path, endpoint: str | None, *, order: bool) -> Iterator[Round]:
    """This project's telemetry to files in *folder*, and from there to *endpoint*; *order*: each step of it too."""
    pipeline = build_pipeline(_config(folder, endpoint), instance_id="bench")
    handler = pipeline.logging_handler(logging.INFO)
    log = logging.getLogger("app")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(handler)
    tell: Tell = tell_nothing
    if order:
        tell = whole_order(pipeline.tracer_provider.get_tracer("bench"), pipeline.meter_provider.get_meter("bench"))
    app = create_app(tell)
    instrument_app(app, pipeline)
    with _rounds(app, lambda: _flush(pipeline), lambda: _settle(pipeline)) as run:
        yield run
    log.removeHandler(handler)
    pipeline.close()


@contextmanager
def _rounds(app: FastAPI, flush: Callable[[], Any], settle: _Flush = lambda: None) -> Iterator[Round]:
    """Rounds in processor time of the whole process, background threads and what is left to send included."""
    with asyncio.Runner() as runner:

        def run(count: int) -> float:
            begun = time.process_time()
            for first in range(0, count, BLOCK):
                requests(app, runner, min(BLOCK, count - first))
                flush()
            settle()
            return time.process_time() - begun

        yield run


def _config(folder: Path, endpoint: str | None) -> TelemetryConfig:
    endpoints = {} if endpoint is None else {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    return TelemetryConfig.from_env(endpoints, directory=folder)


def _flush(pipeline: Pipeline) -> None:
    """Spans and logs only: metrics keep to their own time, as they do in the program."""
    cast("Any", pipeline.tracer_provider).force_flush()
    cast("Any", pipeline.logger_provider).force_flush()


def _settle(pipeline: Pipeline) -> None:
    """Wait until what was written is shipped; nothing may have been lost."""
    deadline = time.monotonic() + SHIPPED_S
    accounts = {signal: account.snapshot for signal, account in pipeline.accounts.items()}
    while accounts["traces"]().spooled or accounts["logs"]().spooled:
        if time.monotonic() > deadline:
            raise BenchError("what was written did not reach the endpoint")
        time.sleep(0.01)
    if lost := {signal: dict(found().dropped) for signal, found in accounts.items() if any(found().dropped.values())}:
        raise BenchError(f"telemetry was lost while it was measured: {lost}")
