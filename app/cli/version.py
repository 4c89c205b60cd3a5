"""`mt5-otel version`."""

import platform
from importlib.metadata import version as installed

import typer


def version() -> None:
    """Print the versions of mt5-otel, Python and OpenTelemetry."""
    typer.echo(f"mt5-otel {installed('mt5-otel')}")
    typer.echo(f"Python {platform.python_version()} on {platform.platform()}")
    typer.echo(f"OpenTelemetry SDK {installed('opentelemetry-sdk')}")
