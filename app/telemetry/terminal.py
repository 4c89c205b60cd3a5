"""Spans and timings around the port, without touching the terminal behind it."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Self

from opentelemetry import trace
from opentelemetry.metrics import Meter
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from app.broker.terminal import Answer, Call, NoAnswer, NotCalled, Reply, Terminal, WorkerState
from app.telemetry.guard import harmless
from app.telemetry.instruments import histogram, observe
from app.telemetry.names import CALL_DURATION, QUEUE_SIZE, QUEUE_WAIT
from otel.metatrader5.describe import TRADE_FUNCTIONS, Answered, CallFacts, Endpoint, call_labels, describe_call


class InstrumentedTerminal:
    """A `Terminal` whose calls are measured, and told as CLIENT spans inside a trace.

    Outside a trace (the poller) a call makes metrics only. A trade call is told by the order itself, which
    learns the server's times afterwards.

    Args:
        terminal: the one that does the work.
        tracer: makes the spans.
        meter: makes the instruments.
        endpoint: the broker's server as far as it is known.
    """

    def __init__(self, terminal: Terminal, tracer: Tracer, meter: Meter, endpoint: Callable[[], Endpoint]) -> None:
        self._terminal = terminal
        self._tracer = tracer
        self._endpoint = endpoint
        self._under_way: Counter[str] = Counter()
        self._duration = histogram(meter, CALL_DURATION)
        self._wait = histogram(meter, QUEUE_WAIT)
        observe(meter, QUEUE_SIZE, lambda: [(self._under_way.total(), {})])

    def beside(self, terminal: Terminal) -> Self:
        """The same measurements around another process."""
        other = copy.copy(self)
        other._terminal = terminal
        return other

    @property
    def state(self) -> WorkerState:
        """Whether calls can be made now."""
        return self._terminal.state

    @property
    def busy_since(self) -> float | None:
        """When the call under way began."""
        return self._terminal.busy_since

    async def call(self, call: Call) -> Reply:
        """Call a function and wait for what comes back."""
        self._under_way["calls"] += 1
        try:
            reply = await self._terminal.call(call)
        finally:
            self._under_way["calls"] -= 1
        self._record(call, reply)
        return reply

    @harmless
    def _record(self, call: Call, reply: Reply) -> None:
        started = started_ns(reply)
        wait_s = ((started or reply.ended_ns) - reply.submitted_ns) / 1e9
        self._wait.record(max(0.0, wait_s), {"rpc.method": call_labels(call.function)["rpc.method"]})
        if started is None:
            return
        facts = describe_call(call.function, None, answered(reply), self._endpoint())
        self._duration.record(max(0.0, (reply.ended_ns - started) / 1e9), dict(facts.labels))
        if call.function not in TRADE_FUNCTIONS and trace.get_current_span().get_span_context().is_valid:
            self._tell(facts, started, reply.ended_ns, wait_s)

    def _tell(self, facts: CallFacts, started: int, ended: int, wait_s: float) -> None:
        span = self._tracer.start_span(
            facts.name,
            kind=SpanKind.CLIENT,
            attributes={**facts.attributes, "mt5.queue.wait_s": wait_s},
            start_time=started,
        )
        if facts.error is not None:
            span.set_status(Status(StatusCode.ERROR, facts.error))
        span.end(ended)


def started_ns(reply: Reply) -> int | None:
    """When the call was begun; None when it never was."""
    return None if isinstance(reply, NotCalled) else reply.started_ns


def answered(reply: Reply) -> Answered:
    """A reply in the terms of `otel.metatrader5`."""
    if isinstance(reply, Answer):
        return Answered(value=reply.value, last_error=reply.last_error, fault="exception" if reply.raised else None)
    if isinstance(reply, NoAnswer):
        return Answered(fault=reply.reason)
    return Answered(fault="not_called")
