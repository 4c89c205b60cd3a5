"""Each program is found in the right version: a released one on PATH, else the one built from this manifest."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from app.resources import resource
from app.stack import Binaries
from app.stack.binaries import BINARIES
from app.stack.programs import VERSIONS
from tests.app.stack.fakes import write_script

needs_scripts = pytest.mark.skipif(sys.platform == "win32", reason="the stack is built on Linux and macOS only")


@needs_scripts
@pytest.mark.parametrize(
    ("name", "says", "taken"),
    [
        ("otelcol-contrib", "otelcol-contrib version 0.158.0", True),
        ("otelcol-contrib", "otelcol-contrib version 0.159.0", False),
        ("otelcol", "otelcol version 0.158.0", False),
    ],
)
def test_a_released_program_is_taken_in_its_version_only(tmp_path: Path, name: str, says: str, taken: bool) -> None:
    """The full release of the Collector is used if it is the version wanted; the small one never."""
    program = write_script(tmp_path / name, f"print({says!r})")
    binaries = Binaries(tmp_path / "cache", search_path=str(tmp_path))

    assert (binaries["otelcol"] == program) is taken
    assert ("otelcol" not in {binary.name for binary in binaries.missing()}) is taken


def test_the_cache_is_the_users_own() -> None:
    """Built programs are kept outside of the checkout, in a folder named for this project."""
    folder = Binaries(search_path="").folder

    assert folder.name == "bin"
    assert "mt5-otel" in folder.parts
    assert not folder.is_relative_to(resource("deploy").parent)


def test_file_names_hold_version_and_manifest(tmp_path: Path) -> None:
    """A built program is named by its version and a hash of what it was built from."""
    names = [Binaries(tmp_path, search_path="").cached(binary).name for binary in BINARIES]

    for binary, name in zip(BINARIES, names, strict=True):
        assert re.fullmatch(rf"{binary.name}-{re.escape(binary.version)}-[0-9a-f]{{12}}(\.exe)?", name)
    assert len(set(names)) == len(names)


def test_versions_are_those_of_the_manifests() -> None:
    """What the program says of its versions is what it is built from."""
    builder = yaml.safe_load(resource("collector-config/builder.yaml").read_text(encoding="utf-8"))
    jaeger = resource("deploy/jaeger/build/go.mod").read_text(encoding="utf-8")
    prometheus = resource("deploy/prometheus/build/go.mod").read_text(encoding="utf-8")

    assert builder["dist"]["version"] == VERSIONS["collector"]
    modules = [part["gomod"] for kind, parts in builder.items() if kind != "dist" for part in parts]
    assert {module.split()[1] for module in modules} == {"v0.158.0", "v1.64.0"}
    # Jaeger 2.13.0 is tagged v1.76.0 for Go, Prometheus 3.14.0 is v0.314.0.
    assert "github.com/jaegertracing/jaeger v1.76.0" in jaeger
    assert VERSIONS["jaeger"] == "2.13.0"
    assert "github.com/prometheus/prometheus v0.314.0" in prometheus
    assert VERSIONS["prometheus"] == "3.14.0"
