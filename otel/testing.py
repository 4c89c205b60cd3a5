"""Telemetry in memory, with ids and clock that are known beforehand: for our tests and for those of users.

```python
with InMemoryTelemetry() as telemetry:
    place(order, telemetry.pipeline)
    assert telemetry.trees() == [{"name": "place_order", "attributes": {"mt5.symbol": "EURUSD"}}]
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.util.types import AnyValue

from otel.accounts import SIGNALS, Signal, SignalAccount
from otel.config import TelemetryConfig
from otel.guard import Deadline
from otel.pipeline import Pipeline, build_pipeline
from otel.readings import items_in
from otel.shipper import DeliveryStatus

_T = TypeVar("_T")
_BEGINNING: Final = 1_700_000_000.0
Tree = dict[str, Any]


class FixedClock:
    """A clock that stands still until it is told to go on; seconds since 1970."""

    def __init__(self, now_s: float = _BEGINNING) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now_s

    def unix_nano(self) -> int:
        """Return the time in nanoseconds."""
        return round(self.now_s * 1e9)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds


class SequentialIds(IdGenerator):
    """Trace and span ids 1, 2, 3 …, so that whole traces can be compared."""

    def __init__(self) -> None:
        self._traces = count(1)
        self._spans = count(1)

    def generate_trace_id(self) -> int:
        """Return the next trace id."""
        return next(self._traces)

    def generate_span_id(self) -> int:
        """Return the next span id."""
        return next(self._spans)


class MemorySink(Generic[_T]):
    """Keeps every batch; keeping counts as delivery."""

    def __init__(self, account: SignalAccount) -> None:
        self._account = account
        self.batches: list[_T] = []
        self.closed = False

    def write(self, batch: _T) -> None:
        """Keep one batch."""
        self.batches.append(batch)
        self._account.written(items_in(batch))

    def close(self, deadline: Deadline) -> None:
        """Remember that it was closed."""
        self.closed = True

    def status(self) -> DeliveryStatus | None:
        """Nothing is delivered from here."""
        return None


class InMemoryTelemetry:
    """A pipeline, real in everything but where it ends: what leaves stays here, redacted.

    Args:
        config: settings other than the defaults.
    """

    def __init__(self, config: TelemetryConfig | None = None) -> None:
        config = TelemetryConfig() if config is None else config
        accounts: dict[Signal, SignalAccount] = {signal: SignalAccount(spooling=False) for signal in SIGNALS}
        self._spans: MemorySink[Sequence[ReadableSpan]] = MemorySink(accounts["traces"])
        self._logs: MemorySink[Sequence[ReadableLogRecord]] = MemorySink(accounts["logs"])
        self._metrics: MemorySink[MetricsData] = MemorySink(accounts["metrics"])
        uids = count(1)
        self.pipeline: Pipeline = build_pipeline(
            # Collected when asked for, never in between.
            replace(config, collect_interval_s=3600.0, write_every=1),
            instance_id="test-instance",
            sinks={"traces": self._spans, "logs": self._logs, "metrics": self._metrics},
            accounts=accounts,
            id_generator=SequentialIds(),
            new_uid=lambda: f"uid-{next(uids)}",
        )

    def __enter__(self) -> InMemoryTelemetry:
        """Use it for one test."""
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End the pipeline's threads."""
        self.pipeline.close()

    def spans(self) -> list[ReadableSpan]:
        """Return every span that has ended, in the order of their starts."""
        self.pipeline.force_flush()
        ended = [span for batch in self._spans.batches for span in batch]
        return sorted(ended, key=lambda span: span.start_time or 0)

    def logs(self) -> list[ReadableLogRecord]:
        """Return every log record, in the order in which they were made."""
        self.pipeline.force_flush()
        return [record for batch in self._logs.batches for record in batch]

    def trees(self) -> list[Tree]:
        """Return all spans as plain trees, one per root, to be compared whole."""
        return span_trees(self.spans())

    def value(self, name: str, attributes: Mapping[str, AnyValue] | None = None) -> float | None:
        """Collect, and return the sum over the series of the metric *name* that carry *attributes*."""
        self.pipeline.force_flush()
        return self.pipeline.readings.value(name, attributes)


def span_trees(spans: Sequence[ReadableSpan]) -> list[Tree]:
    """Return *spans* as nested plain values.

    Name, and where they say something: kind, attributes, status, events, number of links, children. Times, ids and
    resource are left out.
    """
    trees = {span.context.span_id: _plain(span) for span in spans if span.context is not None}
    roots: list[Tree] = []
    for span in spans:
        if span.context is None:
            continue
        parent = trees.get(span.parent.span_id) if span.parent is not None else None
        siblings = roots if parent is None else parent.setdefault("children", [])
        siblings.append(trees[span.context.span_id])
    return roots


def _plain(span: ReadableSpan) -> Tree:
    tree: Tree = {"name": span.name}
    if span.kind is not SpanKind.INTERNAL:
        tree["kind"] = span.kind.name.lower()
    if span.attributes:
        tree["attributes"] = dict(span.attributes)
    if span.status.status_code is not StatusCode.UNSET:
        tree["status"] = span.status.status_code.name.lower()
        if span.status.description:
            tree["status"] += f": {span.status.description}"
    if span.events:
        tree["events"] = [event.name for event in span.events]
    if span.links:
        tree["links"] = len(span.links)
    return tree
