"""The stages behind an ended span, each for a process of its own: encode, write, ship."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans as encode_officially
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from app.domain.orders import Action, Filled, Order, Side
from bench.order_app import ORDER_ID, SPANS_PER_ORDER, whole_order
from bench.results import BenchError
from bench.rounds import Round
from otel import Redaction, SignalAccount, TelemetryConfig
from otel.documents import Protocol
from otel.encode import encode_spans
from otel.files import FileSink
from otel.guard import QuietLog
from otel.resource import build_resource
from otel.segments import SegmentWriter
from otel.shipper import Compression, Destination, Shipper

BATCH: Final = TelemetryConfig().batch_size
SHIPPED_S: Final = 120.0
_ORDER: Final = Order(order_id=ORDER_ID, action=Action.OPEN, symbol="EURUSD", side=Side.BUY, volume=0.1)
_FILLED: Final = Filled(order=1000001, deal=1000002, position=1000001, volume=0.1, price=1.08512, retcode=10009)
_SERVER: Final[dict[str, str | int]] = {
    "http.request.method": "POST",
    "http.route": "/api/order",
    "http.response.status_code": 200,
    "url.scheme": "http",
    "url.path": "/api/order",
    "server.address": "127.0.0.1",
    "server.port": 5001,
    "client.address": "127.0.0.1",
    "network.protocol.version": "1.1",
    "user_agent.original": "bench",
}


@contextmanager
def encoding() -> Iterator[Round]:
    """A batch to one line of OTLP-JSON."""
    yield lambda orders: _timed(encode_spans, _batches(orders))


@contextmanager
def official_encoding() -> Iterator[Round]:
    """The same batch to protobuf, as the stock exporters do it."""
    yield lambda orders: _timed(lambda batch: encode_officially(batch).SerializeToString(), _batches(orders))


@contextmanager
def writing(folder: Path) -> Iterator[Round]:
    """Redacted, encoded and appended to a file."""
    redaction, numbers = Redaction(), itertools.count()

    def run(orders: int) -> float:
        with SegmentWriter(folder / str(next(numbers))) as writer:
            sink = FileSink(encode_spans, writer, SignalAccount(spooling=False), QuietLog(logging.getLogger()))
            return _timed(lambda batch: sink.write([redaction.span(span) for span in batch]), _batches(orders))

    yield run


@contextmanager
def shipping(folder: Path, endpoint: str, protocol: Protocol, compression: Compression) -> Iterator[Round]:
    """From files that are there to an endpoint that takes everything."""
    numbers = itertools.count()
    destination = Destination(f"{endpoint}/v1/traces", protocol=protocol, compression=compression)

    def run(orders: int) -> float:
        directory = folder / str(next(numbers))
        with SegmentWriter(directory) as writer:
            for batch in _batches(orders):
                writer.append(encode_spans(batch))
        return _ship(directory, destination, orders * SPANS_PER_ORDER)

    yield run


def _ship(directory: Path, destination: Destination, spans: int) -> float:
    account = SignalAccount()
    shipper = Shipper("traces", directory, destination, account)
    begun = time.perf_counter()
    shipper.start()
    try:
        while account.snapshot().delivered < spans:
            if time.perf_counter() - begun > SHIPPED_S:
                raise BenchError(f"not all spans were shipped: {shipper.status()}")
            time.sleep(0.002)
        return time.perf_counter() - begun
    finally:
        shipper.close(1.0)


def _timed(take: Callable[[Sequence[ReadableSpan]], object], batches: Sequence[Sequence[ReadableSpan]]) -> float:
    begun = time.perf_counter()
    for batch in batches:
        take(batch)
    return time.perf_counter() - begun


def _batches(orders: int) -> list[Sequence[ReadableSpan]]:
    """The spans of so many orders, whole with their requests, in batches as the pipeline makes them."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=build_resource(TelemetryConfig(), "bench"), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("bench")
    tell = whole_order(tracer, NoOpMeterProvider().get_meter("bench"))

    async def place() -> None:
        for _ in range(orders):
            with tracer.start_as_current_span("POST /api/order", kind=SpanKind.SERVER, attributes=_SERVER):
                await tell(_ORDER, _FILLED)

    asyncio.run(place())
    spans = kept.get_finished_spans()
    if len(spans) != orders * SPANS_PER_ORDER:
        raise BenchError(f"{orders} orders made {len(spans)} spans, not {SPANS_PER_ORDER} each")
    return [spans[first : first + BATCH] for first in range(0, len(spans), BATCH)]
