"""Files that ship with the program are found, wherever it was installed from."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import StartupError
from app.resources import resource


@pytest.mark.parametrize(
    "name",
    ["collector-config/collector.yaml", "collector-config/vendors/otlp.yaml", "deploy/prometheus/prometheus.yml"],
)
def test_files_of_a_checkout_are_found(name: str) -> None:
    """Beside the package, as in a checkout, a shipped file is found."""
    assert resource(name).is_file()


def test_files_of_a_wheel_come_first(tmp_path: Path) -> None:
    """What an installed package carries wins over a file that happens to lie beside it."""
    package = tmp_path / "app"
    for place in (package / "_packaged" / "deploy", tmp_path / "deploy"):
        place.mkdir(parents=True)

    assert resource("deploy", package) == package / "_packaged" / "deploy"


def test_a_missing_file_is_a_broken_installation() -> None:
    """A file that is nowhere is reported with its name."""
    with pytest.raises(StartupError, match=r"nonsense\.yaml is missing"):
        resource("nonsense.yaml")
