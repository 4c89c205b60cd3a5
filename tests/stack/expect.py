"""What must hold of a program's orders in Jaeger, Prometheus and the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from app.history.telemetry import read_traces
from tests.stack.backends import RunningStack, Span, eventually
from tests.support.program import Asked, Program

ORDER_SPANS = ("place_order", "close_position")
SENT = ["risk", "journal", "mt5.queue", "order_send", "journal"]
ERRORS = {"rejected", "not_sent", "unknown"}


def order_spans(stack: RunningStack, service: str) -> list[Span]:
    """The spans of orders that Jaeger holds."""
    return [span for span in stack.jaeger.spans(service) if span.name in ORDER_SPANS]


def expect_counts(stack: RunningStack, service: str, program: Program) -> dict[str, float]:
    """Orders by outcome in Prometheus, once they equal the journal or time is up."""
    expected = Counter(program.journalled().values())
    return eventually(
        lambda: stack.prometheus.sum_by("mt5_order_outcome", f'mt5_orders_total{{job="{service}"}}'),
        lambda counted: counted == expected,
    )


def expect_one_trace_each(
    stack: RunningStack, service: str, asked: Sequence[Asked], journalled: dict[str, str], held: Sequence[Span]
) -> None:
    """Every order is exactly one trace, named by `traceresponse`, with its tree and its errors."""
    assert sorted(span.attributes["mt5.order.id"] for span in held) == sorted(journalled)
    assert {span.trace_id for span in held} == {one.trace_id for one in asked}
    children: dict[str, list[Span]] = {}
    by_id = {}
    for span in stack.jaeger.spans(service):
        children.setdefault(span.parent_id, []).append(span)
        by_id[span.span_id] = span
    for span in held:
        outcome = journalled[span.attributes["mt5.order.id"]]
        below = [child.name for child in children.get(span.span_id, [])]
        expected = ["risk", "journal"] if outcome == "denied" else SENT
        assert sorted(name for name in below if not name.startswith("history_")) == sorted(expected)
        assert span.attributes["mt5.order.outcome"] == outcome
        assert span.error is (outcome in ERRORS)
        sends = [child for child in children.get(span.span_id, []) if child.name == "order_send"]
        assert [child.error for child in sends] == ([] if outcome == "denied" else [outcome in ERRORS])
        server = by_id[span.parent_id]
        assert server.name.startswith("POST /api/")
        assert not server.error


def expect_every_span_once(stack: RunningStack, service: str, program: Program) -> None:
    """After de-duplication by id, the Collector's files and the API's own hold the very same spans."""
    trace_ids = {span.trace_id for span in stack.jaeger.spans(service)}
    own = read_traces(program.folder, trace_ids)
    own_ids = {span.span_id for trace in own.traces.values() for span in trace.spans}
    in_jaeger = {span.span_id for span in stack.jaeger.spans(service)}
    in_files = {span.span_id for span in stack.files.spans() if span.service == service}
    assert own_ids == in_jaeger
    assert in_jaeger <= in_files


ROUTE_LABELS = {"job", "instance", "service_name", "service_instance_id", "le", "__name__"}
"""What differs by route and may: who sent it, promoted labels, the spelling of bucket bounds."""


MADE_BY_THE_COLLECTOR = "traces_span_metrics_"
"""How the names begin that it counts from spans."""
MADE_BY_PROMETHEUS = {"ALERTS", "ALERTS_FOR_STATE"}
"""What it writes of a rule that is pending or fires, with the labels of the series that made it so."""


def expect_the_same_names(stack: RunningStack, service: str, program: Program) -> None:
    """Every series that `/metrics` shows is in Prometheus, by way of the Collector, under the same name and labels."""
    ours: set[tuple[str, ...]] = set()

    def look() -> set[tuple[str, ...]]:
        theirs = {_series(labels["__name__"], labels) for labels, _ in stack.prometheus.query(f'{{job="{service}"}}')}
        # Read anew with each look, and after Prometheus: a series may begin at any time.
        text = httpx2.get(f"{program.url}/metrics", trust_env=False).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        # `target_info` carries the resource, in the words of each route.
        ours.update(_series(sample.name, sample.labels) for sample in samples if sample.name != "target_info")
        return theirs

    theirs = eventually(look, lambda seen: ours <= seen)
    assert ours - theirs == set()
    sent = {name for name, *_ in theirs if not name.startswith(MADE_BY_THE_COLLECTOR)} - MADE_BY_PROMETHEUS
    assert sent - {name for name, *_ in ours} == {"target_info"}


def _series(name: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    return (name, *sorted(f"{key}={value}" for key, value in labels.items() if key not in ROUTE_LABELS))
