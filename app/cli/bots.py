"""The commands for programs of others, on their own: they start in a fraction of the time of the whole program."""

from __future__ import annotations

import typer

from app.cli.simulate import simulate
from app.cli.simulator import simulator_app


def add_to(program: typer.Typer) -> None:
    """Give a program these commands."""
    program.command("simulate", context_settings={"allow_interspersed_args": False})(simulate)
    program.add_typer(simulator_app)


program = typer.Typer(name="mt5-otel", add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
add_to(program)
