"""`mt5-otel run`: the API, until Ctrl-C."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime

import typer

from app.bootstrap.fresh import set_aside
from app.bootstrap.services import Services
from app.broker.specs import terminal_spec
from app.cli.banner import banner
from app.cli.options import (
    Config,
    DataDir,
    Demo,
    Fresh,
    Host,
    NewKey,
    Port,
    Sessions,
    TerminalOption,
    flags_from,
    with_errors_explained,
)
from app.main import run_until_stopped
from app.settings import Settings


def run(
    *,
    terminal: TerminalOption = None,
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    demo: Demo = None,
    sessions: Sessions = None,
    new_key: NewKey = False,
    fresh: Fresh = False,
    config: Config = None,
) -> None:
    """Start the API and, on the simulator, a small demo trader. Ctrl-C stops it, nothing lost."""
    flags = flags_from(terminal=terminal, host=host, port=port, data_dir=data_dir, demo=demo, sessions=sessions)
    with_errors_explained(lambda: _run(Settings.load(config, flags), new_key=new_key, fresh=fresh))


def _run(settings: Settings, *, new_key: bool, fresh: bool) -> None:
    if fresh:
        begin_anew(settings)
    serve_until_stopped(settings, new_key=new_key)


def begin_anew(settings: Settings) -> None:
    """Set aside what the data folder holds of the simulator's account, and say where it is.

    Raises:
        StartupError: it is not the simulator's, or cannot be moved.
    """
    aside = set_aside(settings.data_dir, terminal_spec(settings), datetime.now(UTC))
    typer.echo("There was nothing to set aside." if aside is None else f"The old account's files lie in {aside}")


def serve_until_stopped(
    settings: Settings, *, new_key: bool = False, environ: Mapping[str, str] = os.environ, links: tuple[str, ...] = ()
) -> None:
    """Serve, with the banner once it answers."""

    def started(services: Services, url: str) -> None:
        typer.echo("\n".join(banner(services, url, links)))

    run_until_stopped(settings, new_key=new_key, environ=environ, started=started)
