"""Who produced the telemetry: the service, its instance, and what it runs on."""

from __future__ import annotations

import os
import platform
import socket
import sys
import uuid
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.semconv.schemas import Schemas

from otel.config import TelemetryConfig

SCHEMA_URL: Final = Schemas.V1_44_0.value
"""The version of the semantic conventions these attributes follow."""

_OS_TYPES: Final = {"win32": "windows", "darwin": "darwin"}
_ARCHITECTURES: Final = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "ARM64": "arm64", "i686": "x86"}


def build_resource(config: TelemetryConfig, instance_id: str) -> Resource:
    """Describe this process; what the operator set by `OTEL_*` wins over what was detected.

    *instance_id* is `service.instance.id`: the same after a restart, so that counters continue.
    """
    attributes: dict[str, str | int] = {
        "service.name": config.service_name,
        "service.instance.id": instance_id,
        **_sdk(),
        **_host(),
        **_process(),
    }
    if config.service_version:
        attributes["service.version"] = config.service_version
    if config.environment:
        attributes["deployment.environment.name"] = config.environment
    # OTEL_SERVICE_NAME, already in service_name, wins over a service.name in OTEL_RESOURCE_ATTRIBUTES.
    stated = {key: value for key, value in config.resource_attributes.items() if key != "service.name"}
    return Resource({**attributes, **stated}, SCHEMA_URL)


def kept_instance_id(directory: Path, new_id: Callable[[], str] = lambda: str(uuid.uuid4())) -> str:
    """Return the id kept in *directory*, a small text file; made once and then always the same.

    Raises:
        OSError: it can neither be read nor written.
    """
    path = directory / "instance-id"
    try:
        kept = path.read_text("ascii").strip()
    except FileNotFoundError:
        kept = ""
    if kept:
        return kept
    directory.mkdir(parents=True, exist_ok=True)
    made = new_id()
    path.write_text(f"{made}\n", "ascii")
    return made


def _sdk() -> dict[str, str | int]:
    return {
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": version("opentelemetry-sdk"),
    }


def _host() -> dict[str, str | int]:
    return {
        "host.name": socket.gethostname(),
        "host.arch": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os.type": _OS_TYPES.get(sys.platform, sys.platform),
        "os.version": platform.release(),
    }


def _process() -> dict[str, str | int]:
    # Neither arguments nor command line: they can hold secrets.
    return {
        "process.pid": os.getpid(),
        "process.executable.name": Path(sys.executable).name,
        "process.runtime.name": sys.implementation.name,
        "process.runtime.version": platform.python_version(),
    }
