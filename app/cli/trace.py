"""`mt5-otel trace`: an order's way through the program, read from the files."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli.options import Config
from app.cli.waterfall import waterfall
from app.errors import JournalError, StartupError
from app.history.lookup import FORMS, Found, NotFound, Reference, find_trace, parse_reference
from app.settings import Settings

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Data folder of the program whose orders these are.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a picture.")]


def trace(
    reference: Annotated[str, typer.Argument(help=f"One of: {FORMS}.", metavar="REFERENCE", show_default=False)],
    data_dir: DataDir = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show an order's trace: where its time went, what the broker said, and the log beside it.

    REFERENCE is a number from the terminal or the API's answer (order:N, deal:N, position:N, or N for any of them),
    an order id or a trace id. Works while the API is running, and after it.

    Exit 0 if there is something to show, 1 if not, 2 if the reference is malformed.
    """
    parsed = parse_reference(reference)
    if parsed is None:
        raise _end(2, f"{reference!r} is no reference. It must be one of: {FORMS}.")
    found = _look_up(parsed, _folder(config, data_dir))
    if as_json:
        typer.echo(json.dumps({"matches": [match.to_json() for match in found.matches]}, indent=2, default=str))
    else:
        _print(found, parsed)
    if not any(match.trace.spans for match in found.matches):
        raise _end(1, "The telemetry files hold no spans of it: older than what is kept, or telemetry was off.")


def _folder(config: Path | None, data_dir: Path | None) -> Path:
    try:
        settings = Settings.load(config, {} if data_dir is None else {"data_dir": data_dir})
    except StartupError as error:
        raise _end(2, str(error)) from error
    if not settings.data_dir.is_dir():
        raise _end(1, f"There is no data folder {settings.data_dir}. Name the right one with --data-dir.")
    return settings.data_dir


def _look_up(reference: Reference, data_dir: Path) -> Found:
    try:
        result = find_trace(data_dir, reference)
    except JournalError as error:
        raise _end(1, str(error)) from error
    if isinstance(result, NotFound):
        raise _end(1, result.describe())
    return result


def _print(found: Found, reference: Reference) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a Windows console may lack letters of a broker's comment
    console = Console(highlight=False)
    if len(found.matches) > 1:
        console.print(f"{reference} leads to {len(found.matches)} traces, oldest first:".capitalize(), end="\n\n")
    for number, match in enumerate(found.matches):
        if number:
            console.rule(style="dim")
        console.print(waterfall(match, ascii_only=console.options.ascii_only))
    if found.damaged_lines:
        console.print(f"{found.damaged_lines} damaged lines of telemetry files were passed over.", style="yellow")
    if not found.journal.intact:
        console.print(f"The journal is damaged: {found.journal.describe()}.", style="yellow")


def _end(code: int, message: str) -> typer.Exit:
    """Say on stderr why this is the end; to be raised."""
    typer.echo(f"mt5-otel trace: {message}", err=True)
    return typer.Exit(code)
