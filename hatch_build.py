"""Builds the live page when the package is built, so that a wheel holds it and needs no Node."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface):
    """Runs before the files are collected. A page that cannot be built is told of, and never stops an install."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page into the package."""
        builder = _builder(Path(self.root))
        try:
            builder.build_page(Path(self.root))
        except (OSError, subprocess.SubprocessError, builder.CannotBuild) as error:
            self.app.display_warning(f"The live page is not built ({error}). Later: mt5-otel page build")


def _builder(root: Path) -> ModuleType:
    """The module that builds the page, by its path: nothing of the package's own needs is installed here."""
    spec = importlib.util.spec_from_file_location("page_build", root / "app" / "dashboard" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
