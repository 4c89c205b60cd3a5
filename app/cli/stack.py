"""`mt5-otel stack`: Collector, Jaeger and Prometheus on this machine, without containers."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app import stack
from app.cli.options import Config, DataDir, with_errors_explained
from app.resources import resource
from app.settings import Settings

stack_app = typer.Typer(
    name="stack",
    no_args_is_help=True,
    help="Build and run the real Collector, Jaeger and Prometheus on this machine, without containers.",
)

_STATE_STYLE = {"running": "green", "starting": "yellow", "unhealthy": "red", "stopped": "dim"}

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
CollectorConfig = Annotated[
    list[Path] | None,
    typer.Option(
        "--collector-config",
        help="Collector configuration laid over collector.yaml, such as vendors/otlp.yaml (may be repeated).",
    ),
]


def _port(flag: str, what: str) -> Any:
    return typer.Option(flag, min=0, max=65535, show_default=False, help=f"{what}; 0 takes a free one.")


@stack_app.command("build")
def build_command() -> None:
    """Build what is missing, once per user (about 15 minutes on two cores)."""
    with_errors_explained(_build)


@stack_app.command("up")
def up_command(
    *,
    data_dir: DataDir = None,
    config: Config = None,
    otlp_grpc_port: Annotated[int | None, _port("--otlp-grpc-port", "Collector, OTLP/gRPC (4317)")] = None,
    otlp_http_port: Annotated[int | None, _port("--otlp-http-port", "Collector, OTLP/HTTP (4318)")] = None,
    jaeger_port: Annotated[int | None, _port("--jaeger-port", "Jaeger's query API (16686)")] = None,
    prometheus_port: Annotated[int | None, _port("--prometheus-port", "Prometheus (9090)")] = None,
    collector_config: CollectorConfig = None,
) -> None:
    """Build what is missing, start the three, and return when all of them answer."""
    ports = {
        "otlp_grpc_port": otlp_grpc_port,
        "otlp_http_port": otlp_http_port,
        "jaeger_port": jaeger_port,
        "prometheus_port": prometheus_port,
    }
    with_errors_explained(lambda: _up(_settings(config, data_dir, ports), collector_config or []))


@stack_app.command("down")
def down_command(*, data_dir: DataDir = None, config: Config = None) -> None:
    """End what `stack up` started in this data folder."""
    with_errors_explained(lambda: _down(_settings(config, data_dir, {})))


@stack_app.command("status")
def status_command(*, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False) -> None:
    """Say what runs and answers. Exit 0 if all three do, else 1."""
    with_errors_explained(lambda: _status(_settings(config, data_dir, {}), as_json=as_json))


def _build() -> None:
    binaries = stack.Binaries()
    stack.build(binaries, _say)
    _say(f"Nothing is missing. Built programs lie in {binaries.folder}")


def _up(settings: Settings, collector_config: list[Path]) -> None:
    overlays = [_collector_config(path) for path in collector_config]
    running = stack.up(settings.stack, settings.data_dir, _say, overlays=overlays)
    for line in (*stack.links(running), "End it with: mt5-otel stack down"):
        typer.echo(line)


def _down(settings: Settings) -> None:
    ended = stack.down(settings.data_dir)
    typer.echo(f"Ended: {', '.join(ended)}." if ended else f"Nothing of the stack ran in {settings.data_dir}.")


def _status(settings: Settings, *, as_json: bool) -> None:
    found = stack.status(settings.data_dir, time.time())
    if as_json:
        typer.echo(json.dumps({program.name: _as_json(program) for program in found}, indent=2))
    else:
        _print_table(found)
    raise typer.Exit(0 if all(program.state == "running" for program in found) else 1)


def _settings(config: Path | None, data_dir: Path | None, ports: dict[str, int | None]) -> Settings:
    flags: dict[str, Any] = {"stack": {name: port for name, port in ports.items() if port is not None}}
    if data_dir is not None:
        flags["data_dir"] = data_dir
    return Settings.load(config, flags)


def _collector_config(path: Path) -> Path:
    """Take *path* as the caller's file, or as one of those that ship with the program."""
    return path.absolute() if path.exists() else resource(f"collector-config/{path}")


def _as_json(program: stack.ProgramStatus) -> dict[str, Any]:
    return {**asdict(program), "log": str(program.log)}


def _print_table(found: list[stack.ProgramStatus]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("program", "state", "pid", "version", "url"):
        table.add_column(heading)
    for program in found:
        style = _STATE_STYLE[program.state]
        state = f"[{style}]{program.state}[/{style}]"
        table.add_row(program.name, state, str(program.pid or ""), program.version, program.url or "")
    Console().print(table)
    for program in found:
        if program.state == "unhealthy":
            typer.echo(f"{program.name} runs but does not answer; its log: {program.log}")


def _say(line: str) -> None:
    typer.echo(line, err=True)
