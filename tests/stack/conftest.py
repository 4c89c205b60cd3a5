"""The real Collector, Jaeger and Prometheus, built if need be and run once for all tests that ask for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.stack import Binaries, Stack, up
from app.stack.ports import fill_in
from tests.stack.backends import FREE_PORTS, QUICK, CollectorFiles, Jaeger, Prometheus, RunningStack
from tests.stack.certificates import make_certificates
from tests.stack.vendor import Vendor, vendor_program

# The native stack runs on Linux and macOS; on Windows the program's other tests are the suite.
collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """Where the built programs lie; `running_stack` builds them."""
    return Binaries()


@pytest.fixture(scope="session")
def running_stack(tmp_path_factory: pytest.TempPathFactory, binaries: Binaries) -> Iterator[RunningStack]:
    """The three on free ports, with their data in a temporary folder; a test that stops one starts it again."""
    data_dir: Path = tmp_path_factory.mktemp("stack")
    stack = up(FREE_PORTS, data_dir, print, binaries=binaries, environ={**os.environ, **QUICK})
    jaeger, prometheus = Jaeger(stack.url("jaeger")), Prometheus(stack.url("prometheus"))
    try:
        yield RunningStack(stack, jaeger, prometheus, CollectorFiles(stack.folder / "collector" / "files"))
    finally:
        jaeger.close()
        prometheus.close()
        stack.stop_all()


@pytest.fixture
def vendor(tmp_path: Path, running_stack: RunningStack, binaries: Binaries) -> Iterator[Vendor]:
    """A second Collector that plays a vendor: TLS by an authority of its own, a bearer token, files."""
    del running_stack  # it has built what this one runs
    ports, folder = fill_in(FREE_PORTS), tmp_path / "vendor"
    folder.mkdir()
    certificates, token = make_certificates(folder, datetime.now(UTC)), "vendor-token-1"
    program = vendor_program(
        port=ports.otlp_http_port,
        health_port=ports.collector_health_port,
        folder=folder,
        token=token,
        certificates=certificates,
    )
    stack = Stack([program], binaries, folder)
    stack.start_all(print)
    try:
        yield Vendor(stack, program.url, certificates.ca_file, token, CollectorFiles(folder / "files"))
    finally:
        stack.stop_all()
