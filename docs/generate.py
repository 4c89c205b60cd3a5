"""Writes the tables of the documentation that are made from the code.

    python docs/generate.py            write them
    python docs/generate.py --check    write nothing; exit 1 and name the pages that are not as the code says

A page says where a table belongs by two comments, `<!-- made by docs/generate.py: NAME -->` and `<!-- end -->`.
What stands between them is replaced; everything around it is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.api.advice import ADVICE, PENDING_ADVICE, STANDING_ADVICE
from app.api.errors import CODES, STATUS_OF
from app.cli.program import program
from app.settings import PREFIX, Settings
from app.simulator.environment import VARIABLES
from app.telemetry.names import METRICS, Attribute, Metric
from otel import ENVIRONMENT, SELF_METRICS, Variable
from otel.accounts import BEFORE_DISK, FROM_DISK, SIGNALS
from otel.exposition import label_name, metric_name
from otel.metatrader5.codes import RETCODES
from otel.self_metrics import REASON, SIGNAL

ROOT = Path(__file__).resolve().parent.parent
TABLE = re.compile(r"(<!-- made by docs/generate\.py: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)

FLAGS_BY_ANOTHER_NAME: Mapping[tuple[str, ...], str] = {
    ("terminal", "kind"): "--terminal",
    ("terminal", "path"): "--terminal native:PATH",
}

ROUTE = Attribute("http.route", "path template; left out where no route matched", source="the API's routes")
HTTP_ATTRIBUTES = (
    Attribute("http.request.method", "method; an unknown one is `_OTHER`", source="the HTTP standard"),
    Attribute("http.response.status_code", "status of the answer", source="the API's statuses"),
    ROUTE,
    Attribute("url.scheme", "scheme", ("http", "https")),
    Attribute("network.protocol.version", "version of HTTP", ("1.0", "1.1")),
    Attribute("error.type", "status of 500 and above, or the exception", source="as the status"),
)
HTTP_METRICS = (
    Metric(
        "http.server.request.duration",
        "s",
        "histogram",
        "From a request's arrival to the end of its answer.",
        HTTP_ATTRIBUTES,
        stability="stable",
    ),
    Metric(
        "http.server.request.body.size",
        "By",
        "histogram",
        "Size of request bodies.",
        (ROUTE,),
    ),
    Metric(
        "http.server.active_requests",
        "{request}",
        "updowncounter",
        "Requests under way.",
        (HTTP_ATTRIBUTES[0], HTTP_ATTRIBUTES[3]),
    ),
)
"""Made by opentelemetry-instrumentation-fastapi; the test of the examples holds this list against a real answer."""

SELF_ATTRIBUTES: Mapping[str, Attribute] = {
    SIGNAL: Attribute(SIGNAL, "which signal's items", SIGNALS),
    REASON: Attribute(REASON, "why items were lost", (*BEFORE_DISK, *FROM_DISK)),
}


def main(arguments: Sequence[str]) -> int:
    """Write the tables, or with `--check` only compare; return the exit code."""
    stale = {page: text for page in pages() if (text := filled(before := page.read_text("utf-8"))) != before}
    if list(arguments) != ["--check"]:
        for page, text in stale.items():
            page.write_text(text, "utf-8", newline="\n")
        return 0
    if stale:
        names = ", ".join(str(page.relative_to(ROOT)) for page in stale)
        sys.stderr.write(f"Not as the code says: {names}. Write them anew: python docs/generate.py\n")
    return 1 if stale else 0


def pages() -> list[Path]:
    """Every page that may hold a table."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def filled(text: str) -> str:
    """Return a page with every table as the code says."""
    return TABLE.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[3]}", text)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    cells = [headings, ["---"] * len(headings), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def code(*texts: str) -> str:
    """Return texts in code style, separated by commas."""
    return ", ".join(f"`{text}`" for text in texts)


# --- metrics ---


def metrics_table(metrics: Iterable[Metric]) -> str:
    """Return metrics by their names on both sides of the Prometheus border."""
    rows = [
        (
            code(metric.name),
            code(prometheus_name(metric.name, metric.unit, metric.kind)),
            metric.kind,
            code(metric.unit),
            code(*(attribute.name for attribute in metric.attributes)),
            metric.meaning,
        )
        for metric in metrics
    ]
    return table(("OpenTelemetry", "Prometheus", "kind", "unit", "attributes", "meaning"), rows)


def prometheus_name(name: str, unit: str, kind: str) -> str:
    """Return what `/metrics` and Prometheus call it; a histogram has `_bucket`, `_count` and `_sum` behind this."""
    return metric_name(name, unit, monotonic=kind == "counter", gauge=kind == "gauge")


def self_metrics_table() -> str:
    """Return what the telemetry says about itself, in the same columns."""
    return metrics_table(
        Metric(
            metric.name,
            metric.unit,
            metric.kind,
            metric.description,
            tuple(SELF_ATTRIBUTES[name] for name in metric.attributes),
        )
        for metric in SELF_METRICS
    )


def attributes_table(*groups: Iterable[Attribute]) -> str:
    """Return the attributes of some metrics, each once, in the order of their first use."""
    attributes = dict.fromkeys(attribute for group in groups for attribute in group)
    rows = [
        (code(a.name), code(label_name(a.name)), a.meaning, code(*a.values) if a.values else a.source)
        for a in attributes
    ]
    return table(("attribute", "label", "meaning", "values"), rows)


def buckets_table() -> str:
    """Return the bounds of each histogram that sets its own."""
    rows = [(code(m.name), " ".join(f"{bound:g}" for bound in m.buckets)) for m in METRICS if m.buckets]
    return table(("histogram", "upper bounds, s"), rows)


# --- settings and commands ---


def settings_table() -> str:
    """Return every setting under its three names."""
    flags = {name for command in (["run"], ["stack", "up"]) for name, _ in options(command)}
    rows = []
    for path, field, default in settings_fields(Settings):
        flag = FLAGS_BY_ANOTHER_NAME.get(path) or f"--{path[-1].replace('_', '-')}"
        rows.append(
            (
                code(".".join(path)),
                code(f"{PREFIX}{'__'.join(path)}".upper()),
                code(flag) if flag.split()[0] in flags else "",
                code(toml(default)) if default is not None else "–",
                f"{field.description}{limits(field)}",
            )
        )
    return table(("`mt5-otel.toml`", "environment", "flag", "default", "meaning"), rows)


def settings_fields(
    model: type[BaseModel], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo, Any]]:
    """Yield every setting with its path and default, those of sections after those beside them."""
    for name, field in model.model_fields.items():
        annotation, default = field.annotation, field.get_default(call_default_factory=True, validated_data={})
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from settings_fields(annotation, (*path, name))
        else:
            yield (*path, name), field, default


def toml(value: Any) -> str:
    """Return a default as the settings file would say it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if value == int(value) and value < 1e6 else str(value)
    if isinstance(value, tuple | list):
        return "[]" if not value else str(list(value))
    return "{}" if isinstance(value, dict) else f'"{value}"'


def limits(field: FieldInfo) -> str:
    """Return what a number may be, as a clause."""
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    bounds = {name: getattr(bound, name) for bound in field.metadata for name in words if hasattr(bound, name)}
    if bounds.keys() == {"ge", "le"}:
        return f" ({bounds['ge']:g} to {bounds['le']:g})"
    found = [f"{words[name]} {bound:g}" for name, bound in bounds.items()]
    return f" ({', '.join(found)})" if found else ""


def commands_table() -> str:
    """Return every command with its flags."""
    rows = [
        (
            code(" ".join(["mt5-otel", *names])),
            brief(command.help),
            "<br>".join(f"{code(f)} {h}" for f, h in options(names)),
        )
        for names, command in commands(typer.main.get_command(program))
    ]
    return table(("command", "what it does", "flags"), rows)


def commands(command: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that does something."""
    if not hasattr(command, "commands"):
        yield names, command
        return
    for name, below in command.commands.items():
        yield from commands(below, (*names, name))


def options(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the flags of a command, without `--help`, with what they are for."""
    command: Any = typer.main.get_command(program)
    for name in names:
        command = command.commands[name]
    named = [(parameter.opts[0], getattr(parameter, "help", "") or "") for parameter in command.params]
    return [(flag, meaning) for flag, meaning in named if flag.startswith("--") and flag != "--help"]


def brief(text: str) -> str:
    """Return the first paragraph, on one line."""
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())


def simulator_variables() -> Iterator[tuple[str, str]]:
    """Yield what sets a program's simulator up."""
    return ((code(name), meaning) for name, meaning in VARIABLES.items())


# --- the rest ---


def environment_table(standing: str) -> str:
    """Return the variables of one standing, those with the same explanation in one row."""
    by_note: dict[str, list[Variable]] = {}
    for variable in ENVIRONMENT:
        if variable.standing == standing:
            by_note.setdefault(variable.note, []).append(variable)
    rows = [("<br>".join(code(v.name) for v in variables), note) for note, variables in by_note.items()]
    return table(("variable", "what it does here" if standing == "honoured" else "why"), rows)


def error_codes_table() -> str:
    """Return every error code with its status."""
    rows = sorted((str(STATUS_OF[name]), code(name), meaning) for name, meaning in CODES.items())
    return table(("status", "code", "meaning"), rows)


def refusals_table() -> str:
    """Return the broker's refusals with what to do about them."""
    where = (
        ("", ADVICE),
        (", of a pending order", PENDING_ADVICE),
        (", of its change or cancellation", STANDING_ADVICE),
    )
    rows = [
        (f"{retcode} {RETCODES.get(retcode, '')}{of}", advice.meaning, advice.next_step)
        for retcode, of, advice in sorted(
            ((retcode, of, advice) for of, known in where for retcode, advice in known.items()),
            key=lambda row: row[:2],
        )
    ]
    return table(("return code", "meaning", "what to do"), rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "metrics": lambda: metrics_table(METRICS),
    "http-metrics": lambda: metrics_table(HTTP_METRICS),
    "self-metrics": self_metrics_table,
    "attributes": lambda: attributes_table(*(metric.attributes for metric in METRICS)),
    "http-attributes": lambda: attributes_table(HTTP_ATTRIBUTES),
    "self-attributes": lambda: attributes_table(SELF_ATTRIBUTES.values()),
    "buckets": buckets_table,
    "settings": settings_table,
    "commands": commands_table,
    "environment-honoured": lambda: environment_table("honoured"),
    "environment-overridden": lambda: environment_table("overridden"),
    "environment-ignored": lambda: environment_table("ignored"),
    "error-codes": error_codes_table,
    "refusals": refusals_table,
    "simulator-variables": lambda: table(("variable", "what it sets (default)"), simulator_variables()),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
