"""`mt5-otel status`: how the running API fares, in a terminal."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer

from app.bootstrap.data_folder import where_it_answers
from app.errors import StartupError
from app.settings import API_KEY_VARIABLE, Settings

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Data folder of the program that is asked.")]
Url = Annotated[str | None, typer.Option("--url", help="Address of the API; by default as its data folder says.")]
Config = Annotated[Path | None, typer.Option("--config", help="Settings file; by default mt5-otel.toml, if there.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

EXIT_CODES: Mapping[str, int] = {"healthy": 0, "degraded": 1, "unhealthy": 2}
NOT_ANSWERED = 2
TIMEOUT_S = 5.0
COLOURS: Mapping[str, str] = {"healthy": "green", "degraded": "yellow", "unhealthy": "red"}


def status(data_dir: DataDir = None, url: Url = None, config: Config = None, as_json: AsJson = False) -> None:
    """Say how it goes: healthy, degraded or unhealthy, with what is wrong and since when.

    Exit 0 if it is healthy, 1 if degraded, 2 if unhealthy or if nobody answers.
    """
    address = url or _address(config, data_dir)
    found = _ask(address.rstrip("/"), os.environ.get(API_KEY_VARIABLE))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _print(found, address)
    raise typer.Exit(EXIT_CODES.get(found["status"], NOT_ANSWERED))


def _address(config: Path | None, data_dir: Path | None) -> str:
    try:
        settings = Settings.load(config, {} if data_dir is None else {"data_dir": data_dir}, os.environ)
    except StartupError as error:
        raise _end(str(error)) from error
    address = where_it_answers(settings.data_dir)
    if address is None:
        raise _end(
            f"no mt5-otel runs on the data folder {settings.data_dir.absolute()}. "
            "Start one with mt5-otel run, or name another with --data-dir or --url."
        )
    return address


def _ask(address: str, key: str | None) -> dict[str, Any]:
    headers = {} if not key else {"X-API-Key": key}
    try:
        with httpx2.Client(base_url=address, headers=headers, timeout=TIMEOUT_S, trust_env=False) as client:
            answers = [client.get(f"/api/monitoring/{name}") for name in ("status", "alerts")]
            if any(answer.status_code == 401 for answer in answers):
                raise _end(f"{address} asks for an API key that may read: set {API_KEY_VARIABLE}.")
            for answer in answers:
                answer.raise_for_status()
            status, alerts = (answer.json() for answer in answers)
            return {**status, "alerts": alerts["alerts"]}
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise _end(f"no mt5-otel answers at {address} ({error or type(error).__name__}).") from error


def _print(found: Mapping[str, Any], address: str) -> None:
    typer.secho(f"{found['status']}  {address}", fg=COLOURS.get(found["status"]))
    typer.echo(
        f"MT5 {'connected' if found['mt5_connected'] else 'disconnected'}, "
        f"{found['error_rate']:.1%} errors, up {found['uptime_hours']:.1f} h"
    )
    for alert in found["alerts"]:
        typer.echo(f"{alert['severity']:<9}{alert['message']} (since {alert['since']})")


def _end(message: str) -> typer.Exit:
    """Say on stderr why there is nothing to say; to be raised."""
    typer.echo(f"mt5-otel status: {message}", err=True)
    return typer.Exit(NOT_ANSWERED)
