"""How each program of the stack is built: commands as data, run one after another."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.resources import resource
from app.stack.binaries import Binary

GO = "go"
"""In first place of a command: the Go that was found or installed."""

BUILDER = "go.opentelemetry.io/collector/cmd/builder"
JAEGER = "github.com/jaegertracing/jaeger/cmd/jaeger"
PROMETHEUS = "github.com/prometheus/prometheus/cmd"

# A build through the Go proxy knows no version of its own unless it is told.
JAEGER_VERSION = "github.com/jaegertracing/jaeger/internal/version.latestVersion"
PROMETHEUS_VERSION = "github.com/prometheus/common/version.Version"


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a build, the folder it runs in and, of the last one, the program it makes."""

    title: str
    command: tuple[str, ...]
    folder: Path
    product: Path | None = None


def steps(binary: Binary, scratch: Path) -> Sequence[Step]:
    """Prepare the sources of *binary* in *scratch* and say how to make the program from them."""
    return _RECIPES[binary.name](binary, scratch)


def _collector(binary: Binary, scratch: Path) -> Sequence[Step]:
    folder = _copy(binary, scratch)
    assemble = (str(scratch / "bin" / "builder"), "--config=builder.yaml", "--ldflags=-s -w")
    return (
        Step("installing the Collector's builder", (GO, "install", f"{BUILDER}@v{binary.version}"), folder),
        Step("compiling", assemble, folder, product=folder / "_build" / "otelcol"),
    )


def _jaeger(binary: Binary, scratch: Path) -> Sequence[Step]:
    return (_compile(binary, scratch, JAEGER, f"{JAEGER_VERSION}=v{binary.version}"),)


def _prometheus(binary: Binary, scratch: Path) -> Sequence[Step]:
    return (_compile(binary, scratch, f"{PROMETHEUS}/{binary.name}", f"{PROMETHEUS_VERSION}={binary.version}"),)


_RECIPES: dict[str, Callable[[Binary, Path], Sequence[Step]]] = {
    "otelcol": _collector,
    "jaeger": _jaeger,
    "prometheus": _prometheus,
    "promtool": _prometheus,
}


def _copy(binary: Binary, scratch: Path) -> Path:
    """Copy the manifest: Go writes beside it, and an installed package is not to be written to."""
    folder = scratch / f"{binary.name}-source"
    folder.mkdir()
    for name in binary.manifest:
        shutil.copy(resource(name), folder)
    return folder


def _compile(binary: Binary, scratch: Path, package: str, version: str) -> Step:
    product = scratch / "bin" / binary.name
    command = (GO, "build", "-trimpath", f"-ldflags=-s -w -X {version}", "-o", str(product), package)
    return Step("compiling", command, _copy(binary, scratch), product)
