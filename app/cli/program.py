"""`mt5-otel` and its commands."""

from __future__ import annotations

import typer

from app.cli import bots
from app.cli.keys import keys_app
from app.cli.page import page_app
from app.cli.run import run
from app.cli.stack import stack_app
from app.cli.stack_run import run_with_stack
from app.cli.status import status
from app.cli.trace import trace
from app.cli.version import version

program = typer.Typer(
    name="mt5-otel",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A trading API for MetaTrader 5 in which every order is one OpenTelemetry trace.",
    epilog="Settings: mt5-otel.toml, over it MT5_OTEL_… variables, over it flags; see docs/settings.md.",
)
program.command("run")(run)
program.command("status")(status)
program.command("trace")(trace)
stack_app.command("run")(run_with_stack)
bots.add_to(program)
program.add_typer(stack_app)
program.add_typer(keys_app)
program.add_typer(page_app)
program.command("version")(version)
