"""The programs of the stack as files: which there are, where they lie, which of them are missing."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import platformdirs

from app.resources import resource
from app.stack.programs import VERSIONS
from app.stack.toolchain import ask

_SUFFIX = ".exe" if sys.platform == "win32" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """One executable: what it is built from, and how a released one on PATH is recognized.

    `manifest` is what freezes its versions; a change there makes a new build necessary.
    """

    name: str
    version: str
    manifest: tuple[str, ...]
    released_as: str
    version_arguments: tuple[str, ...]


_JAEGER_MANIFEST = ("deploy/jaeger/build/go.mod", "deploy/jaeger/build/go.sum")
_PROMETHEUS_MANIFEST = ("deploy/prometheus/build/go.mod", "deploy/prometheus/build/go.sum")

BINARIES = (
    Binary(
        name="otelcol",
        version=VERSIONS["collector"],
        manifest=("collector-config/builder.yaml",),
        # The release named `otelcol` lacks components that collector.yaml needs.
        released_as="otelcol-contrib",
        version_arguments=("--version",),
    ),
    Binary(
        name="jaeger",
        version=VERSIONS["jaeger"],
        manifest=_JAEGER_MANIFEST,
        released_as="jaeger",
        version_arguments=("version",),
    ),
    Binary(
        name="prometheus",
        version=VERSIONS["prometheus"],
        manifest=_PROMETHEUS_MANIFEST,
        released_as="prometheus",
        version_arguments=("--version",),
    ),
    Binary(
        name="promtool",
        version=VERSIONS["prometheus"],
        manifest=_PROMETHEUS_MANIFEST,
        released_as="promtool",
        version_arguments=("--version",),
    ),
)


class Binaries:
    """Where each binary lies: a released one on PATH in the right version, else the cache of built ones.

    Args:
        folder: the cache; by default the user's own, shared by all checkouts and installations.
        search_path: where released binaries are looked for, in the form of PATH.
    """

    def __init__(self, folder: Path | None = None, search_path: str | None = None) -> None:
        self.folder = folder or platformdirs.user_cache_path("mt5-otel") / "bin"
        self._search_path = search_path

    @cached_property
    def _released(self) -> Mapping[str, Path]:
        found = {binary.name: _find_released(binary, self._search_path) for binary in BINARIES}
        return {name: path for name, path in found.items() if path is not None}

    def cached(self, binary: Binary) -> Path:
        """Return where a built *binary* belongs: its name holds version and manifest, so no other fits."""
        return self.folder / f"{binary.name}-{binary.version}-{_fingerprint(binary.manifest)}{_SUFFIX}"

    def missing(self) -> tuple[Binary, ...]:
        """Return what has to be built."""
        return tuple(
            binary for binary in BINARIES if binary.name not in self._released and not self.cached(binary).is_file()
        )

    def __getitem__(self, name: str) -> Path:
        """Return the file of the binary called *name*, whether it has been built or not."""
        binary = next(binary for binary in BINARIES if binary.name == name)
        return self._released.get(name) or self.cached(binary)


def _fingerprint(manifest: tuple[str, ...]) -> str:
    content = b"\0".join(resource(name).read_bytes().replace(b"\r\n", b"\n") for name in manifest)
    return hashlib.sha256(content).hexdigest()[:12]


def _find_released(binary: Binary, search_path: str | None) -> Path | None:
    found = shutil.which(binary.released_as, path=search_path)
    if found is None:
        return None
    versions = re.findall(r"\d+\.\d+\.\d+", ask([found, *binary.version_arguments]))
    return Path(found) if binary.version in versions else None
