"""`mt5-otel version`."""

import platform
from importlib.metadata import version as installed

import typer

from app.main import program_version


def version() -> None:
    """Print the versions of mt5-otel, Python and OpenTelemetry."""
    typer.echo(f"mt5-otel {program_version()}")
    typer.echo(f"Python {platform.python_version()} on {platform.platform()}")
    typer.echo(f"OpenTelemetry SDK {installed('opentelemetry-sdk')}")
