"""One run for people (a table) and for programs (JSON)."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson
import psutil
from rich.console import Console
from rich.table import Table

from bench.results import Row, Section

PACKAGES = (
    "fastapi",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation-fastapi",
    "prometheus-fastapi-instrumentator",
    "uvicorn",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run.

    Attributes:
        measured_at: when it began.
        seconds: how long it took.
        quick: with so few rounds that only its working is shown.
        machine: what it ran on.
    """

    measured_at: datetime
    seconds: float
    quick: bool
    machine: Mapping[str, Any]
    sections: Sequence[Section]

    def warnings(self) -> list[str]:
        """What keeps this run from being believed."""
        scattered = [line for section in self.sections for line in section.warnings()]
        busy = self.machine["load_at_start"] > self.machine["processors"] / 2
        return [
            *(["this was a quick run: it shows that everything works, and no figures"] if self.quick else []),
            *(["other programs were busy when it began"] if busy else []),
            *scattered,
        ]


def this_machine() -> dict[str, Any]:
    """What the absolute figures belong to."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processors": psutil.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "load_at_start": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def print_report(report: Report, console: Console) -> None:
    """Ratios first; then what is true of this machine only."""
    for section in report.sections:
        console.print()
        console.print(f"[bold]{section.title}[/bold] [dim]({section.name})[/dim]")
        if section.not_measured is not None:
            console.print(f"  not measured: {section.not_measured}")
        if section.rows:
            console.print(_table(section.rows))
        for note in section.notes:
            console.print(f"  [dim]{note}[/dim]", highlight=False)
    machine = report.machine
    console.print()
    console.print(
        f"[dim]Figures after the bar belong to this machine: {machine['system']}, {machine['processors']} processors,"
        f" Python {machine['python']}, load {machine['load_at_start']} at the start. The run took"
        f" {report.seconds:.0f} s.[/dim]",
        highlight=False,
    )
    for warning in report.warnings():
        console.print(f"[yellow]! {warning}[/yellow]", highlight=False)


def write_report(report: Report, path: Path) -> None:
    """Write everything as one JSON document."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {**asdict(report), "warnings": report.warnings()}
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _table(rows: Sequence[Row]) -> Table:
    ratios = list(dict.fromkeys(name for row in rows for name in row.ratios))
    figures = list(dict.fromkeys(name for row in rows for name in row.figures))
    table = Table(box=None, pad_edge=True)
    table.add_column("")
    for name in ratios:
        table.add_column(name, justify="right", style="cyan")
    table.add_column("│", style="dim")
    for name in (*figures, "scatter"):
        table.add_column(name, justify="right", style="dim")
    for row in rows:
        cells = [_number(row.ratios.get(name)) for name in ratios]
        cells += ["│", *(_number(row.figures.get(name)) for name in figures)]
        table.add_row(row.what, *cells, "" if row.scatter is None else f"{row.scatter:.0%}")
    return table


def _number(value: float | None) -> str:
    """Three digits that matter; whole numbers above a hundred."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
