"""What the tests of the telemetry library share."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def official_log_level() -> Iterator[None]:
    """The level that direct delivery gives to the official exporters' logger is put back."""
    logger = logging.getLogger("opentelemetry.exporter.otlp")
    before = logger.level
    yield
    logger.setLevel(before)
