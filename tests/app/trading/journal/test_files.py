"""The real file system, as the journal sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.trading.journal.files import SystemFiles


def test_what_is_appended_after_a_cut_follows_the_cut(tmp_path: Path) -> None:
    """Cutting an open file moves the place where the next append goes."""
    files = SystemFiles()
    file = files.create(tmp_path / "deep" / "file")
    file.append(b"one, two")
    file.truncate(3)
    file.append(b"!")
    file.fsync()
    file.close()

    assert files.read(tmp_path / "deep" / "file") == b"one!"
    assert files.list(tmp_path / "deep") == ["file"]


def test_a_file_is_created_only_once(tmp_path: Path) -> None:
    """A segment that is there already is never written into."""
    files = SystemFiles()
    files.create(tmp_path / "file").close()

    with pytest.raises(FileExistsError):
        files.create(tmp_path / "file")


def test_replacing_leaves_nothing_else_behind(tmp_path: Path) -> None:
    """After a replacement there is one file, with the new content."""
    files = SystemFiles()
    files.replace(tmp_path / "deep" / "file", b"old")
    files.replace(tmp_path / "deep" / "file", b"new")

    assert files.read(tmp_path / "deep" / "file") == b"new"
    assert files.list(tmp_path / "deep") == ["file"]


def test_looking_makes_no_folder(tmp_path: Path) -> None:
    """Listing a folder that is not there finds nothing and changes nothing."""
    assert SystemFiles().list(tmp_path / "missing") == []
    assert not (tmp_path / "missing").exists()
