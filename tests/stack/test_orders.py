"""Orders through the whole pipeline: placed over HTTP, held by Jaeger, Prometheus and files, equal everywhere."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.stack.backends import RunningStack, eventually
from tests.stack.expect import (
    expect_counts,
    expect_every_span_once,
    expect_one_trace_each,
    expect_the_same_names,
    order_spans,
)
from tests.support.program import running, side_by_side

pytestmark = pytest.mark.stack


def test_two_hundred_orders_are_the_same_everywhere(running_stack: RunningStack, tmp_path: Path) -> None:
    """Each order is one trace in Jaeger, one count in Prometheus, and once in both kinds of files."""
    service = "proof-orders"
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": running_stack.endpoint, "OTEL_SERVICE_NAME": service}
    with running(tmp_path / "data", **environ) as program:
        asked = side_by_side(program, 4, 200)
        journalled = program.journalled()
        assert len(asked) == len(journalled) == 200
        assert Counter(one.status == 200 for one in asked)[False] >= 20

        held = eventually(lambda: order_spans(running_stack, service), lambda spans: len(spans) >= 200)
        counted = expect_counts(running_stack, service, program)
        expect_the_same_names(running_stack, service, program)
        program.stop()

    assert counted == Counter(journalled.values())
    expect_one_trace_each(running_stack, service, asked, journalled, held)
    expect_every_span_once(running_stack, service, program)
    calls = eventually(lambda: running_stack.jaeger.calls(service), lambda seen: "POST /api/order" in seen)
    assert "POST /api/order" in calls
