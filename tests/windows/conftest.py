"""These tests need Wine and CPython for Windows, which `make test-windows` installs; elsewhere they are left alone."""

from __future__ import annotations

import os

import pytest

from tests.windows.place import WindowsPython, windows_python

collect_ignore_glob = [] if os.environ.get("MT5_OTEL_TEST_WINDOWS") else ["test_*.py"]


@pytest.fixture(scope="session")
def windows() -> WindowsPython:
    """CPython for Windows, as installed."""
    return windows_python()
