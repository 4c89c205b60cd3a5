"""`mt5-otel page build`: the live page, where the installation could not build it."""

from __future__ import annotations

from pathlib import Path

import typer

from app.dashboard.build import CannotBuild, build_page

page_app = typer.Typer(name="page", help="The live page that the API serves.", no_args_is_help=True)
CHECKOUT = Path(__file__).resolve().parents[2]


@page_app.callback()
def _group() -> None:
    """The live page that the API serves."""


@page_app.command("build")
def build() -> None:
    """Build the page from the checkout's `web/` (needs the npm registry); the API shows it from its next start."""
    typer.echo("Building the page …")
    try:
        folder = build_page(CHECKOUT)
    except CannotBuild as error:
        typer.secho(f"The page cannot be built: {error}.", err=True, fg="red")
        raise typer.Exit(2) from error
    typer.echo(f"The page is in {folder}; start mt5-otel again to serve it.")
