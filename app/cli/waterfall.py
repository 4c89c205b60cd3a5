"""A trace as a picture for the terminal; readable at 80 columns, in colour or without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from app.domain.clock import rfc3339
from app.history.items import Span, Trace
from app.history.lookup import NUMBER_KINDS, Linked, Match
from app.telemetry.orders import describe_action, describe_outcome, describe_terms
from app.trading.journal.records import OrderRecord

BAR_WIDTH: Final = 20
NAME_WIDTH: Final = 28
_STATUS_STYLES: Final = {"error": "bold red", "ok": "green", "unset": "dim"}
_SEVERITY_STYLES: Final = {"WARN": "yellow", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "red", "FATAL": "red"}
_OUTCOME_STYLES: Final = {"filled": "green", "placed": "green", "unchanged": "green", "denied": "yellow"}
_SHOWN: Final = ("mt5.", "rpc.", "error.", "http.route", "http.response.", "server.")
"""Attributes worth a line, by how their names begin; --json has them all."""


def waterfall(match: Match, *, ascii_only: bool) -> RenderableType:
    """Draw a trace: its orders, the time each span took, attributes, log, linked traces.

    Args:
        match: the trace and the orders in it.
        ascii_only: where the output knows no block characters.
    """
    parts: list[RenderableType] = [_order(order) for order in match.orders]
    trace = match.trace
    if trace.spans:
        parts += [_heading(trace), "", _bars(trace, "#" if ascii_only else "█")]
        parts += [_attributes(span) for _, span in trace.tree() if _worth_showing(span)]
    if trace.logs:
        parts += ["", _logs(trace)]
    if match.linked:
        parts += ["", _linked(match.linked)]
    return Group(*parts, "")


def _order(record: OrderRecord) -> Text:
    order = record.order
    outcome = record.current
    text = Text()
    text.append(_clean(f"{describe_action(order)}: {describe_terms(order)}"), "bold")
    if outcome is None:
        text.append("\n  under way, no outcome yet", "yellow")
    else:
        text.append(_clean(f"\n  {describe_outcome(outcome, order.action)}"), _OUTCOME_STYLES.get(outcome.name, "red"))
    if record.amended is not None and record.outcome is not None:
        text.append(
            _clean(f"\n  at first: {describe_outcome(record.outcome, order.action)} ({record.amended_reason})"), "dim"
        )
    numbers = dict(record.numbers())
    if numbers:
        text.append("\n  " + ", ".join(f"{kind} {numbers[kind]}" for kind in NUMBER_KINDS if kind in numbers))
    text.append(f"\n  order id {_clean(order.order_id)}", "dim")
    return text


def _heading(trace: Trace) -> Text:
    text = Text(f"  trace {_clean(trace.trace_id)}\n", "dim")
    length_ms = (trace.end_ns - trace.start_ns) / 1e6
    return text.append(f"  {rfc3339(trace.start_ns)}, {length_ms:.2f} ms, {len(trace.spans)} spans")


def _bars(trace: Trace, block: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("span", width=NAME_WIDTH, no_wrap=True, overflow="ellipsis")
    table.add_column("at ms", justify="right", no_wrap=True)
    table.add_column("took ms", justify="right", no_wrap=True)
    table.add_column("", width=BAR_WIDTH, no_wrap=True)
    table.add_column("status", no_wrap=True)
    for depth, span in trace.tree():
        style = _STATUS_STYLES[span.status]
        table.add_row(
            Text("  " * depth + _clean(span.name)),
            f"{(span.start_ns - trace.start_ns) / 1e6:.2f}",
            f"{span.duration_ms:.2f}",
            Text(bar(trace, span, block), "red" if span.status == "error" else "cyan"),
            Text(span.status, style),
        )
    return table


def bar(trace: Trace, span: Span, block: str) -> str:
    """Return a span's share of the trace's time as a bar at its place; never less than one block wide."""
    whole_ns = max(trace.end_ns - trace.start_ns, 1)
    begin = min(int((span.start_ns - trace.start_ns) * BAR_WIDTH / whole_ns), BAR_WIDTH - 1)
    end = round((span.end_ns - trace.start_ns) * BAR_WIDTH / whole_ns)
    return " " * begin + block * max(end - begin, 1)


def _worth_showing(span: Span) -> bool:
    return bool(span.status_message or span.events or any(True for _ in _shown(span)))


def _shown(span: Span) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in span.attributes.items() if name.startswith(_SHOWN))


def _attributes(span: Span) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    if span.status_message:
        table.add_row(Text("status", "red"), Text(_clean(span.status_message), "red"))
    for name, value in _shown(span):
        table.add_row(Text(_clean(name), "dim"), Text(_clean(value)))
    for event in span.events:
        said = event.attributes.get("exception.message", "")
        table.add_row(Text(_clean(event.name), "yellow"), Text(_clean(said)))
    return Group("", Text(_clean(span.name), "bold"), Padding(table, (0, 0, 0, 2)))


def _logs(trace: Trace) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("at ms", justify="right", no_wrap=True)
    table.add_column("level", no_wrap=True)
    table.add_column("log", overflow="fold")
    for log in trace.logs:
        at_ms = (log.time_ns - (trace.start_ns or log.time_ns)) / 1e6
        level = Text(_clean(log.severity), _SEVERITY_STYLES.get(log.severity, "dim"))
        table.add_row(f"{at_ms:.2f}", level, Text(_clean(log.body)))
    return table


def _linked(linked: Iterable[Linked]) -> RenderableType:
    """The other traces of the same order, in words that can be copied behind the command."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for other in linked:
        table.add_row(Text(_clean(other.name)), Text(_clean(other.trace_id), "dim"))
    return Group(Text("linked traces", "bold"), Padding(table, (0, 0, 0, 2)))


def _clean(value: Any) -> str:
    """Text from outside may hold escape sequences, which a terminal would obey."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "�" for letter in str(value))
