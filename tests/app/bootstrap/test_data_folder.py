"""The data folder: whose it is, and what is said where it cannot be used."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.bootstrap.data_folder import OWNER_FILE, data_folder
from app.errors import StartupError


def test_a_folder_says_whose_it_is_while_it_is_held(tmp_path: Path) -> None:
    """The owner's process is named in the folder for as long as it runs, and a second one is told of it."""
    with data_folder(tmp_path / "data") as folder:
        assert json.loads((folder / OWNER_FILE).read_text(encoding="utf-8")) == {"pid": os.getpid()}
    assert not (folder / OWNER_FILE).exists()


def test_an_owner_file_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    """A full disk or a file held by another program is no traceback, and the folder is free again afterwards."""
    (tmp_path / OWNER_FILE).mkdir()
    with (
        pytest.raises(StartupError, match=r"instance\.json cannot be written .*--data-dir OTHER"),
        data_folder(tmp_path),
    ):
        pass
    (tmp_path / OWNER_FILE).rmdir()
    with data_folder(tmp_path):
        pass
