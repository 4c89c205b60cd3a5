"""`mt5-otel stack run`: Collector, Jaeger and Prometheus, and the API pointed at them, until Ctrl-C."""

from __future__ import annotations

import os

import typer

from app import stack
from app.cli.options import Config, DataDir, Demo, Fresh, Host, NewKey, Port, flags_from, with_errors_explained
from app.cli.run import begin_anew, serve_until_stopped
from app.settings import Settings

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def run_with_stack(
    *,
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    demo: Demo = None,
    new_key: NewKey = False,
    fresh: Fresh = False,
    config: Config = None,
) -> None:
    """Build what is missing, start the three and the API pointed at them. Ctrl-C ends all."""
    flags = flags_from(terminal=None, host=host, port=port, data_dir=data_dir, demo=demo)
    with_errors_explained(lambda: _run(Settings.load(config, flags), new_key=new_key, fresh=fresh))


def _run(settings: Settings, *, new_key: bool, fresh: bool) -> None:
    if fresh:
        begin_anew(settings)
    running = stack.up(settings.stack, settings.data_dir, typer.echo)
    try:
        environ = {ENDPOINT: running.url("collector"), **os.environ}
        serve_until_stopped(settings, new_key=new_key, environ=environ, links=tuple(stack.links(running)))
    finally:
        typer.echo(f"Ended: {', '.join(running.stop_all())}.")
