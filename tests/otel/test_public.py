"""The whole public surface, pinned."""

from __future__ import annotations

import subprocess
import sys

import pytest

import otel


def test_the_public_names() -> None:
    """What the library offers is decided here, and every name is there."""
    assert otel.__all__ == [
        "ENVIRONMENT",
        "SELF_METRICS",
        "AccountSnapshot",
        "AttributeLimits",
        "OtlpEndpoint",
        "Pipeline",
        "Readings",
        "Redaction",
        "Series",
        "SignalAccount",
        "TelemetryConfig",
        "TelemetryConfigError",
        "Variable",
        "build_pipeline",
        "kept_instance_id",
        "without_effect",
    ]
    assert all(hasattr(otel, name) for name in otel.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A typing mistake says what it is."""
    with pytest.raises(AttributeError, match="has no attribute 'Pipelin'"):
        otel.Pipelin  # noqa: B018 - the access is the test


def test_importing_the_library_loads_no_sdk() -> None:
    """A worker process or a reader of files does not pay for the SDK."""
    code = "import sys, otel, otel.segments, otel.accounts; print([m for m in sys.modules if 'opentelemetry' in m])"

    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert run.stdout.strip() == "[]"
