"""Documents to ship, and what must hold of what arrived."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel.accounts import AccountSnapshot, SignalAccount
from otel.segments import SegmentWriter, iterate
from otel.shipper import Destination, Pace, Shipper
from tests.otel.receiver import Receiver, Request

QUICK = Pace(first_retry_s=0.02, longest_retry_s=0.05, parked_s=0.05, poll_s=0.01, housekeeping_s=0.05)
SLOW = Pace(first_retry_s=60, longest_retry_s=60, parked_s=60, poll_s=0.01)


def spans(first: int, count: int = 2, fill: str = "") -> bytes:
    """Return a line of *count* spans whose ids are the numbers from *first* on."""
    return orjson.dumps(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "mt5"}}]},
                    "scopeSpans": [
                        {"scope": {"name": "tests"}, "spans": [span(first + n, fill) for n in range(count)]}
                    ],
                }
            ]
        }
    )


def span(number: int, fill: str = "") -> dict[str, Any]:
    """Return one span with *number* as its id."""
    return {
        "traceId": f"{number + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "name": "order_send",
        "kind": 3,
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000000250000000",
        "attributes": [{"key": "fill", "value": {"stringValue": fill}}],
    }


def arrived(requests: Sequence[Request]) -> list[int]:
    """Return the numbers of all spans in *requests*, in order, whatever the protocol."""
    numbers = []
    for request in requests:
        if request.headers["content-type"] == "application/json":
            resources = orjson.loads(request.body)["resourceSpans"]
            ids = [s["spanId"] for r in resources for scope in r["scopeSpans"] for s in scope["spans"]]
        else:
            message = ExportTraceServiceRequest.FromString(request.body)
            ids = [s.span_id.hex() for r in message.resource_spans for scope in r.scope_spans for s in scope.spans]
        numbers += [int(text, 16) - 1 for text in ids]
    return numbers


def balanced(snapshot: AccountSnapshot) -> bool:
    """Say whether every item is in exactly one place."""
    left = snapshot.emitted + snapshot.carried
    return left == snapshot.delivered + snapshot.spooled + sum(snapshot.dropped.values()) + snapshot.in_memory


class Spool:
    """A directory with a writer and a shipper, as a process has them; `begin` again is the next process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.account = SignalAccount()
        self._stack = ExitStack()

    def begin(
        self, receiver: Receiver | str, *, segment_bytes: int = 1_000_000, start: bool = True, **options: Any
    ) -> Shipper:
        """Open writer and shipper; unknown *options* are the destination's."""
        self.end()
        self.account = SignalAccount()
        self.writer = self._stack.enter_context(SegmentWriter(self.directory, max_bytes=segment_bytes))
        settings = {
            name: options.pop(name)
            for name in ("retention", "pace", "troubles", "clock", "jitter", "max_request_bytes")
            if name in options
        }
        url = receiver if isinstance(receiver, str) else receiver.url
        self.shipper = Shipper(
            "traces",
            self.directory,
            Destination(url=url, **{"timeout_s": 5.0, **options}),
            self.account,
            **{"pace": QUICK, "jitter": lambda: 0.0, **settings},
        )
        self._stack.callback(lambda: self.shipper.close(2))
        if start:
            self.shipper.start()
        return self.shipper

    def write(self, first: int, count: int = 2, fill: str = "") -> bytes:
        """Append a line of spans, counted as an exporter counts it."""
        line = spans(first, count, fill)
        self.account.emitted(count)
        self.writer.append(line)
        self.account.written(count)
        return line

    def end(self) -> None:
        """Close shipper and writer."""
        self._stack.close()


def spooling(directory: Path) -> Iterator[Spool]:
    """Yield a spool, close it, and see that its account balances."""
    spool = Spool(directory)
    yield spool
    spool.end()
    assert balanced(spool.account.snapshot())


def dead_letters(spool: Spool) -> list[dict[str, Any]]:
    """Return what was kept aside."""
    return [json.loads(line.data) for line in iterate(spool.directory / "dead")]


def until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Wait for something that has no event of its own."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
