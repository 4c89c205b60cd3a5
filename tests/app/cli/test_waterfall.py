"""How a trace is drawn."""

from __future__ import annotations

import orjson
from rich.console import Console

from app.cli.waterfall import BAR_WIDTH, bar, waterfall
from app.history.items import Trace, spans_of
from app.history.lookup import Linked, Match
from tests.app.history.folders import a_span, spans_line


def _trace(*spans: dict[str, object]) -> Trace:
    return Trace("t", tuple(spans_of(orjson.loads(spans_line(spans)))))


def test_a_bar_stands_where_its_span_was() -> None:
    """Bars begin and end in proportion; the shortest span is still seen, also at the very end."""
    trace = _trace(
        a_span(1, "whole", took_ms=100),
        a_span(2, "half", at_ms=50, took_ms=50),
        a_span(3, "blink", at_ms=100, took_ms=0),
    )

    drawn = [bar(trace, span, "#") for span in trace.spans]

    assert drawn == ["#" * BAR_WIDTH, " " * 10 + "#" * 10, " " * 19 + "#"]


def test_a_trace_without_duration_can_be_drawn() -> None:
    """A single span that took no time at all has a bar."""
    trace = _trace(a_span(1, "instant", took_ms=0))

    assert bar(trace, trace.spans[0], "#") == "#"


def test_plain_output_has_plain_letters() -> None:
    """Where the output knows no block characters, ASCII takes their place; a status in colour is also a word."""
    span = a_span(1, "place_order", error="10019 NO_MONEY")
    span["events"] = [
        {
            "name": "exception",
            "timeUnixNano": "1",
            "attributes": [{"key": "exception.message", "value": {"stringValue": "out of money"}}],
        }
    ]
    console = Console(width=80, record=True, force_terminal=False)
    with console.capture() as capture:
        console.print(waterfall(Match(_trace(span)), ascii_only=True))

    said = capture.get()
    assert said.isascii()
    assert "#" * BAR_WIDTH in said
    assert "error" in said
    assert "out of money" in said


def test_linked_traces_are_named() -> None:
    """A stop's deal is a trace of its own: under the order's stands what to look for, as a picture or by hand."""
    match = Match(_trace(a_span(1, "place_order")), linked=(Linked("7d3c0a5b9f2e4c81a6d0e5f4b3c2a190", "deal"),))
    console = Console(width=80, record=True, force_terminal=False)
    with console.capture() as capture:
        console.print(waterfall(match, ascii_only=True))

    lines = [line.strip() for line in capture.get().splitlines()]
    assert lines[lines.index("linked traces") + 1] == "deal  7d3c0a5b9f2e4c81a6d0e5f4b3c2a190"
