"""Options that several commands have, and how they become settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from app.errors import Mt5OtelError

Config = Annotated[Path | None, typer.Option("--config", help="Settings file; by default mt5-otel.toml, if there.")]
TerminalOption = Annotated[
    str | None,
    typer.Option(
        "--terminal",
        metavar="simulator|native[:PATH]",
        help="Which terminal executes orders: the built-in simulator, or MetaTrader 5 on this Windows machine.",
        show_default="simulator",
    ),
]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.", show_default="5001")
]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder for journal, telemetry and logs.", show_default="./data")
]
Demo = Annotated[
    bool | None, typer.Option("--demo/--no-demo", help="The demo trader; on the simulator only.", show_default="on")
]
Sessions = Annotated[
    str | None,
    typer.Option(
        "--sessions",
        metavar="loop|real",
        help="The simulator's market: never closed, or closed at the week-end and at night, by symbol.",
        show_default="loop",
    ),
]
NewKey = Annotated[bool, typer.Option("--new-key", help="Replace the API key; the new one is shown once.")]

Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Begin with a new simulated account; the old one's files are set aside in before/."),
]


def flags_from(
    *,
    terminal: str | None,
    host: str | None,
    port: int | None,
    data_dir: Path | None,
    demo: bool | None,
    sessions: str | None = None,
) -> dict[str, Any]:
    """The flags that were given, as settings by their nested names."""
    flags: dict[str, Any] = {"http": {}, "terminal": {}}
    if terminal is not None:
        kind, _, path = terminal.partition(":")
        flags["terminal"]["kind"] = kind
        if path:
            flags["terminal"]["path"] = path
    if host is not None:
        flags["http"]["host"] = host
    if port is not None:
        flags["http"]["port"] = port
    if data_dir is not None:
        flags["data_dir"] = data_dir
    if sessions is not None:
        flags["simulator"] = {"sessions": sessions}
    if demo is not None:
        flags["demo"] = demo
    return {name: value for name, value in flags.items() if value != {}}


def with_errors_explained(action: Callable[[], None]) -> None:
    """Run, and turn what a person can mend into its message and exit code 2."""
    try:
        action()
    except Mt5OtelError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(2) from error
