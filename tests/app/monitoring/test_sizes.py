"""How much the folders hold."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.monitoring.sizes import Sizes, folder_bytes


def test_sizes_of_folders_that_are_there(tmp_path: Path) -> None:
    """Megabytes of all files below, the logs' within the data folder's; 0 before they were measured."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.csv").write_bytes(b"x" * 1_000_000)
    (tmp_path / "b").write_bytes(b"x" * 500_000)
    sizes = Sizes(tmp_path, logs)
    assert sizes.to_json()["data_dir_size_mb"] == 0.0
    sizes.measure()
    assert sizes.to_json() == {
        "data_dir_exists": True,
        "log_dir_exists": True,
        "data_dir_size_mb": 1.5,
        "log_dir_size_mb": 1.0,
    }


def test_folders_that_are_gone(tmp_path: Path) -> None:
    """A folder that is not there holds nothing, and says so."""
    sizes = Sizes(tmp_path / "gone", tmp_path / "gone" / "logs")
    sizes.measure()
    assert sizes.to_json()["data_dir_exists"] is False


@pytest.mark.skipif(sys.platform == "win32", reason="a link needs a privilege there")
def test_a_file_that_goes_meanwhile_is_left_out(tmp_path: Path) -> None:
    """A name that leads nowhere costs nothing."""
    (tmp_path / "b").write_bytes(b"xx")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert folder_bytes(tmp_path) == 2
