"""The resource says who speaks, and the operator has the last word."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry.semconv.schemas import Schemas

from otel.config import TelemetryConfig
from otel.resource import build_resource, kept_instance_id


def test_service_host_and_process_are_described() -> None:
    """The resource names service, instance, environment, host, system and process, and the schema it follows."""
    config = TelemetryConfig(service_version="1.2", environment="demo")

    resource = build_resource(config, "instance-1")

    attributes = resource.attributes
    assert {key: attributes[key] for key in ("service.name", "service.version", "service.instance.id")} == {
        "service.name": "mt5-otel",
        "service.version": "1.2",
        "service.instance.id": "instance-1",
    }
    assert attributes["deployment.environment.name"] == "demo"
    assert {"host.name", "host.arch", "os.type", "process.pid", "telemetry.sdk.version"} <= set(attributes)
    assert resource.schema_url == list(Schemas)[-1].value


def test_what_is_not_known_is_left_out() -> None:
    """An empty version or environment is no attribute; nor is the command line, which can hold secrets."""
    attributes = build_resource(TelemetryConfig(), "i").attributes

    absent = {"service.version", "deployment.environment.name", "process.command_line", "process.command_args"}
    assert not absent & set(attributes)


def test_what_the_operator_says_wins() -> None:
    """OTEL_RESOURCE_ATTRIBUTES wins over what was detected, OTEL_SERVICE_NAME over both."""
    config = TelemetryConfig.from_env(
        {
            "OTEL_SERVICE_NAME": "desk",
            "OTEL_RESOURCE_ATTRIBUTES": "service.name=no,host.name=vps,service.instance.id=mine,team=fx",
        }
    )

    attributes = build_resource(config, "kept").attributes

    assert attributes["service.name"] == "desk"
    assert attributes["host.name"] == "vps"
    assert attributes["service.instance.id"] == "mine"
    assert attributes["team"] == "fx"


def test_the_instance_id_is_kept(tmp_path: Path) -> None:
    """A data folder has one instance id, made at the first start."""
    folder = tmp_path / "new"

    assert kept_instance_id(folder, lambda: "first") == "first"
    assert kept_instance_id(folder, lambda: "second") == "first"


def test_a_file_that_a_crash_left_empty_gets_an_id(tmp_path: Path) -> None:
    """An empty file is no id."""
    (tmp_path / "instance-id").touch()

    assert kept_instance_id(tmp_path, lambda: "made") == "made"
    assert kept_instance_id(tmp_path) == "made"


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Starting without a lasting id would break counters silently."""
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match="file"):
        kept_instance_id(tmp_path / "file")
