"""Containers and native programs run the same versions from the same files, and nothing is left unset."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from app.resources import resource
from app.settings import StackSettings
from app.stack.programs import COLLECTOR_MEMORY_MIB, VERSIONS, Program, programs

ROOT = resource("docker-compose.yml").parent
COMPOSE: dict[str, Any] = yaml.safe_load(resource("docker-compose.yml").read_text(encoding="utf-8"))
VENDOR: dict[str, Any] = yaml.safe_load(resource("deploy/compose.vendor.yml").read_text(encoding="utf-8"))
OVERLAY = resource("collector-config/vendors/otlp.yaml")
NATIVE = {program.name: program for program in programs(StackSettings(), Path("stack"))}

IMAGES = {
    "collector": f"otel/opentelemetry-collector-contrib:{VERSIONS['collector']}",
    "jaeger": f"jaegertracing/jaeger:{VERSIONS['jaeger']}",
    "prometheus": f"prom/prometheus:v{VERSIONS['prometheus']}",
}


def configuration(program: Program) -> list[Path]:
    """The configuration files that a native program is started with."""
    return [Path(argument.partition("=")[2]) for argument in program.arguments if argument.startswith("--config")]


def rules(program: Program) -> list[Path]:
    """Folders of the rules that a native program reads beside its configuration."""
    named = [
        (file, name)
        for file in configuration(program)
        if file.suffix == ".yml"
        for name in yaml.safe_load(file.read_text(encoding="utf-8")).get("rule_files", ())
    ]
    return [(file.parent / name).parent for file, name in named]


def mounted(service: dict[str, Any]) -> dict[Path, str]:
    """Files of the project that a service mounts, and where it sees them."""
    mounts = [volume.split(":") for volume in service["volumes"] if volume.startswith("./")]
    return {(ROOT / source).resolve(): target for source, target, _ in mounts}


def flags(arguments: list[str] | tuple[str, ...]) -> set[str]:
    """Flags without what differs by place: addresses and folders."""
    return {
        argument
        for argument in arguments
        if not argument.startswith(("--config", "--web.listen", "--storage.tsdb.path"))
    }


@pytest.mark.parametrize("name", NATIVE)
def test_images_have_the_versions_that_are_built(name: str) -> None:
    """docker-compose.yml pins each image to the version that is built natively."""
    assert COMPOSE["services"][name]["image"] == IMAGES[name]
    assert NATIVE[name].version == VERSIONS[name]


@pytest.mark.parametrize("name", NATIVE)
def test_containers_mount_the_files_of_the_native_stack(name: str) -> None:
    """Exactly the files that the native program reads are mounted and given to the program in the container."""
    files = mounted(COMPOSE["services"][name])

    assert list(files) == [*configuration(NATIVE[name]), *rules(NATIVE[name])]
    given = [argument.partition("=")[2] for argument in COMPOSE["services"][name]["command"] if "--config" in argument]
    assert given == [files[file] for file in configuration(NATIVE[name])]


def test_the_container_finds_the_rules_where_its_configuration_names_them() -> None:
    """The folder of the rules is mounted beside prometheus.yml, under the name that the file has for it."""
    files = mounted(COMPOSE["services"]["prometheus"])
    (config,), (folder,) = configuration(NATIVE["prometheus"]), rules(NATIVE["prometheus"])

    assert PurePosixPath(files[folder]) == PurePosixPath(files[config]).parent / "rules"
    assert list(folder.glob("*.yml"))


@pytest.mark.parametrize("name", NATIVE)
def test_both_get_the_same_variables_and_flags(name: str) -> None:
    """Container and native program differ in the values of variables and addresses only."""
    service = COMPOSE["services"][name]

    assert set(service.get("environment", {})) == set(NATIVE[name].environment)
    assert flags(service["command"]) == flags(NATIVE[name].arguments)


@pytest.mark.parametrize("name", NATIVE)
def test_every_variable_has_a_default_and_is_set(name: str) -> None:
    """No configuration names a variable without a default, and the addresses among them are all set natively."""
    for file in configuration(NATIVE[name]):
        text = file.read_text(encoding="utf-8")
        named = set(re.findall(r"\$\{env:(\w+)", text))
        with_default = set(re.findall(r"\$\{env:(\w+):-", text))
        tuning = {variable for variable in named if "INTERVAL" in variable}
        assert named == with_default
        assert named - tuning <= set(NATIVE[name].environment)


def test_defaults_are_those_of_the_settings() -> None:
    """Started by hand without any variable, the programs listen where the settings say and find each other."""
    for program in NATIVE.values():
        for file in configuration(program):
            defaults = dict(re.findall(r"\$\{env:(\w+):-([^}]*)\}", file.read_text(encoding="utf-8")))
            addresses = {name: value for name, value in defaults.items() if value.startswith(("127.", "http"))}
            assert addresses == {name: program.environment[name] for name in addresses}


def test_the_vendor_file_is_configured_by_variables_with_defaults() -> None:
    """Laid over in compose, the vendor's file is mounted, and every variable of it is handed through."""
    service = VENDOR["services"]["collector"]
    text = OVERLAY.read_text(encoding="utf-8")
    named = set(re.findall(r"\$\{env:(\w+)", text))

    assert list(mounted(service)) == [OVERLAY]
    assert service["command"] == [*COMPOSE["services"]["collector"]["command"], "--config=/etc/mt5-otel/vendor.yaml"]
    assert named == set(re.findall(r"\$\{env:(\w+):-", text))
    assert named == set(service["environment"])
    assert set(service["environment"].values()) == {None}


def test_the_vendor_page_names_every_variable() -> None:
    """docs/vendors.md explains each variable of the vendor's file."""
    page = resource("docs/vendors.md").read_text(encoding="utf-8")

    assert set(re.findall(r"\$\{env:(\w+)", OVERLAY.read_text(encoding="utf-8"))) <= set(
        re.findall(r"VENDOR_\w+", page)
    )


def test_containers_are_reachable_from_this_machine_only() -> None:
    """Every published port is bound to the loopback address."""
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", ())]

    assert ports
    assert all(re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port) for port in ports)


def test_the_api_container_sends_to_the_collector() -> None:
    """The API's endpoint is the Collector's OTLP/HTTP port, and its key comes from outside."""
    environment = COMPOSE["services"]["api"]["environment"]
    port = COMPOSE["services"]["collector"]["environment"]["COLLECTOR_OTLP_HTTP"].rpartition(":")[2]

    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://collector:{port}"
    assert environment["MT5_OTEL_API_KEY"] is None


def test_every_volume_that_is_used_is_declared() -> None:
    """Named volumes in use and declared are the same, and every service that is waited for exists."""
    services = COMPOSE["services"].values()
    used = {volume.split(":")[0] for service in services for volume in service["volumes"] if volume[0] != "."}

    assert used == set(COMPOSE["volumes"])
    assert {name for service in services for name in service.get("depends_on", ())} <= set(COMPOSE["services"])


def test_the_collectors_memory_is_limited_below_its_limit() -> None:
    """Go's collector starts to work hard at 80 % of what the memory limiter allows, in both places."""
    expected = f"{COLLECTOR_MEMORY_MIB * 8 // 10}MiB"

    assert NATIVE["collector"].environment["GOMEMLIMIT"] == expected
    assert COMPOSE["services"]["collector"]["environment"]["GOMEMLIMIT"] == expected


def test_the_image_installs_with_the_makefiles_uv() -> None:
    """Dockerfile and Makefile pin one version of uv."""
    pinned = re.search(r"^UV_VERSION := (\S+)", resource("Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    assert pinned
    assert f"uv=={pinned[1]}" in resource("Dockerfile").read_text(encoding="utf-8")
