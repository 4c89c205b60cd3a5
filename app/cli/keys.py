"""`mt5-otel keys`: who may call the API. A running API notices a change within a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from app.access.key_book import KeyBook, Made
from app.access.records import OPERATOR, Key, KeyLimits, Scope
from app.cli.options import Config, DataDir, with_errors_explained
from app.domain.clock import SystemClock, rfc3339
from app.errors import StartupError
from app.settings import Settings

keys_app = typer.Typer(
    name="keys",
    no_args_is_help=True,
    help="API keys: made, listed, revoked, rotated, limited; a running API notices within a second.",
)

Changed = TypeVar("Changed")

KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `mt5-otel keys list` shows it.")]
LimitWrites = Annotated[
    int | None,
    typer.Option(
        "--limit-writes", min=1, help="Orders a minute, and as many closes; else each path's own limit.", metavar="N"
    ),
]
LimitReads = Annotated[
    int | None, typer.Option("--limit-reads", min=1, help="Reads a minute; else each path's own limit.", metavar="N")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
DEFAULT_SCOPES: Final = [Scope.READ]


@keys_app.command("create")
def create_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is; shown in lists and events.")],
    *,
    scope: Annotated[
        list[Scope] | None, typer.Option("--scope", help="What it may do (may be repeated).", show_default="read")
    ] = None,
    limit_writes: LimitWrites = None,
    limit_reads: LimitReads = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Make a key. It is shown once and kept hashed."""

    def create() -> None:
        limits = KeyLimits(writes=limit_writes, reads=limit_reads)
        _show(_book(config, data_dir).create(name, scope or DEFAULT_SCOPES, limits))

    with_errors_explained(create)


@keys_app.command("list")
def list_command(*, data_dir: DataDir = None, config: Config = None, as_json: AsJson = False) -> None:
    """List the keys, with their scopes, limits and last use (up to a minute old)."""

    def show() -> None:
        settings = Settings.load(config, _flags(data_dir))
        found = KeyBook(settings.data_dir, clock=SystemClock()).entries()
        if as_json:
            typer.echo(json.dumps([_as_json(key, used) for key, used in found], indent=2))
        else:
            _print(found, settings)

    with_errors_explained(show)


@keys_app.command("revoke")
def revoke_command(key_id: KeyId, *, data_dir: DataDir = None, config: Config = None) -> None:
    """Take a key out: it is refused from now on."""

    def revoke() -> None:
        key = _found(key_id, _book(config, data_dir).revoke(key_id))
        typer.echo(f"Revoked: {key.name} ({key.id}).")
        if key.name == OPERATOR:
            typer.echo("The next start makes a new operator's key, or takes MT5_OTEL_API_KEY.")

    with_errors_explained(revoke)


@keys_app.command("rotate")
def rotate_command(key_id: KeyId, *, data_dir: DataDir = None, config: Config = None) -> None:
    """Replace a key by a new one with the same id, name, scopes and limits; it is shown once."""
    with_errors_explained(lambda: _show(_found(key_id, _book(config, data_dir).rotate(key_id))))


@keys_app.command("limit")
def limit_command(
    key_id: KeyId,
    *,
    limit_writes: LimitWrites = None,
    limit_reads: LimitReads = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Set a key's own limits; one that is left out is each path's own again."""

    def limit() -> None:
        limits = KeyLimits(writes=limit_writes, reads=limit_reads)
        key = _found(key_id, _book(config, data_dir).limit(key_id, limits))
        typer.echo(f"{key.name} ({key.id}): {_limits(key)}.")

    with_errors_explained(limit)


def _book(config: Path | None, data_dir: Path | None) -> KeyBook:
    settings = Settings.load(config, _flags(data_dir))
    if not settings.data_dir.is_dir():
        raise StartupError(f"There is no data folder {settings.data_dir}. Name the right one with --data-dir.")
    return KeyBook(settings.data_dir.absolute(), clock=SystemClock())


def _flags(data_dir: Path | None) -> dict[str, Any]:
    return {} if data_dir is None else {"data_dir": data_dir}


def _found(key_id: str, changed: Changed | None) -> Changed:
    if changed is None:
        typer.echo(f"There is no key with the id {key_id!r}; `mt5-otel keys list` shows those there are.", err=True)
        raise typer.Exit(1)
    return changed


def _show(made: Made) -> None:
    key = made.key
    typer.echo(f"{key.name} ({key.id}), may {', '.join(sorted(key.scopes))}; {_limits(key)}.")
    typer.echo(f"API key (shown once, kept hashed): {made.text}")


def _limits(key: Key) -> str:
    given = (("writes", key.limits.writes), ("reads", key.limits.reads))
    own = [f"{count} {kind} a minute" for kind, count in given if count is not None]
    return " and ".join(own) or "the usual limits"


def _as_json(key: Key, used_ns: int | None) -> dict[str, Any]:
    told = key.to_json() | {"limits": key.limits.to_json(), "last_used": None if used_ns is None else rfc3339(used_ns)}
    return {name: value for name, value in told.items() if name != "sha256"}


def _print(found: list[tuple[Key, int | None]], settings: Settings) -> None:
    if not found:
        typer.echo(f"There are no keys in {settings.data_dir}; the first start of the API makes one.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "name", "scopes", "limits", "created", "last used"):
        table.add_column(heading)
    for key, used_ns in found:
        used = "never" if used_ns is None else _minute(rfc3339(used_ns))
        table.add_row(key.id, key.name, " ".join(sorted(key.scopes)), _limits(key), _minute(key.created), used)
    Console(highlight=False, markup=False).print(table)


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
