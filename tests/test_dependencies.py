"""What this project depends on: one release of OpenTelemetry, a lock that agrees, a reason for everything."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
STABLE, BETA = "1.45.2", "0.66b2"
OLDEST_PYTHON = (3, 11)

COMES_WITH = {
    "grpc": "opentelemetry-exporter-otlp",
    "google": "opentelemetry-proto",
    "pydantic_core": "pydantic",
    "starlette": "fastapi",
}
"""Imported packages that a dependency brings along and shows in its own interface."""


@cache
def project() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@cache
def locked() -> dict[str, Any]:
    """What uv.lock says of this project itself."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    found: dict[str, Any] = next(package for package in lock["package"] if package["name"] == "mt5-otel")
    return found


def requirements(texts: list[str]) -> dict[str, Requirement]:
    """Requirements by their canonical names."""
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, texts)}


def runtime() -> dict[str, Requirement]:
    """What is needed to run."""
    return requirements(project()["project"]["dependencies"])


def extras() -> dict[str, dict[str, Requirement]]:
    """What may be installed besides, by extra."""
    return {name: requirements(texts) for name, texts in project()["project"]["optional-dependencies"].items()}


def groups() -> dict[str, dict[str, Requirement]]:
    """What is needed to develop and to measure, by group."""
    return {name: requirements(texts) for name, texts in project()["dependency-groups"].items()}


def sources() -> Iterator[Path]:
    """Every module of the product."""
    return (path for package in ("app", "otel") for path in (ROOT / package).rglob("*.py"))


def test_opentelemetry_is_one_release() -> None:
    """Every installed package of OpenTelemetry is of one release, stable part and beta part."""
    versions = {
        distribution.name: distribution.version
        for distribution in metadata.distributions()
        if canonicalize_name(distribution.name).startswith("opentelemetry-")
    }
    assert {"opentelemetry-sdk": STABLE, "opentelemetry-instrumentation-fastapi": BETA}.items() <= versions.items()
    assert {name: version for name, version in versions.items() if version not in (STABLE, BETA)} == {}


def test_opentelemetry_is_pinned_exactly() -> None:
    """Each package of OpenTelemetry that is asked for is pinned to that release, so that none can drift alone."""
    pinned = {name: str(asked.specifier) for name, asked in runtime().items() if name.startswith("opentelemetry-")}
    assert set(pinned.values()) == {f"=={STABLE}", f"=={BETA}"}


def test_the_lock_agrees_with_the_project() -> None:
    """The lock was made from these very requirements, extras and groups included."""
    said = locked()["metadata"]
    whole = runtime() | {name: asked for extra in extras().values() for name, asked in extra.items()}
    assert {entry["name"]: entry.get("specifier", "") for entry in said["requires-dist"]} == asked_for(whole)
    for name, group in groups().items():
        assert {entry["name"]: entry.get("specifier", "") for entry in said["requires-dev"][name]} == asked_for(group)
    assert set(said["requires-dev"]) == set(groups())


def asked_for(group: dict[str, Requirement]) -> dict[str, str]:
    """Specifiers by name, in the lock's spelling."""
    return {name: in_order(requirement.specifier) for name, requirement in group.items()}


def in_order(specifier: SpecifierSet) -> str:
    """A specifier with its lower bound first, as uv writes it."""
    return ",".join(sorted(str(specifier).split(","), key=lambda part: (not part.startswith((">", "=")), part)))


def test_the_lock_names_the_public_index_alone() -> None:
    """Everything in the lock comes from PyPI, so that it can be installed anywhere."""
    text = (ROOT / "uv.lock").read_text("utf-8")
    hosts = set(re.findall(r"https?://([^/\"]+)", text))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_every_dependency_is_explained() -> None:
    """ARCHITECTURE.md says of each dependency why it is there, and of none that is not."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## Dependencies")[2]
    explained = [canonicalize_name(name) for name in re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)]
    asked = [*runtime(), *(name for group in groups().values() for name in group)]
    assert sorted(explained) == sorted(asked)


def test_extras_are_there_for_the_tests() -> None:
    """Whatever an extra installs is installed for development too, so that nothing it brings goes untested."""
    for extra in extras().values():
        assert {name: str(asked) for name, asked in extra.items()}.items() <= {
            name: str(asked) for name, asked in groups()["dev"].items()
        }.items()


def test_whatever_is_imported_is_asked_for() -> None:
    """The product imports nothing that only happens to be installed."""
    providers = metadata.packages_distributions()
    packages = {name.partition(".")[0] for path in sources() for name in imports(path)}
    foreign = packages - sys.stdlib_module_names - {"app", "otel", "MetaTrader5", "__future__"}
    by_distribution = {
        package: COMES_WITH.get(package) or providers[package][0] for package in foreign - {"opentelemetry"}
    }
    assert {name for name in by_distribution.values() if canonicalize_name(name) not in runtime()} == set()


def imports(path: Path) -> Iterator[str]:
    """The modules that a module imports by absolute name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_the_oldest_python_is_the_one_that_is_promised() -> None:
    """What the project requires, what the lock requires, and what the linter assumes are one version."""
    promised = f">={OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]}"
    assert project()["project"]["requires-python"] == promised
    assert tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["requires-python"] == promised
    assert project()["tool"]["ruff"]["target-version"] == f"py{OLDEST_PYTHON[0]}{OLDEST_PYTHON[1]}"


def test_the_code_needs_no_newer_python() -> None:
    """Every module is understood by the oldest Python that is promised."""
    for path in sources():
        ast.parse(path.read_text("utf-8"), str(path), feature_version=OLDEST_PYTHON)


def test_the_vendors_package_is_for_windows_alone() -> None:
    """MetaTrader5 is asked for where there is a wheel of it and nowhere else."""
    marker = runtime()["metatrader5"].marker
    assert marker is not None
    windows = {"sys_platform": "win32", "platform_machine": "AMD64", "python_version": "3.13"}
    assert marker.evaluate(windows)
    assert not marker.evaluate({**windows, "sys_platform": "linux"})
    assert not marker.evaluate({**windows, "platform_machine": "ARM64"})
