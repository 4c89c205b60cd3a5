"""The page's files: fixed types, compressed once, looked up and never opened."""

from __future__ import annotations

import gzip
import mimetypes
from pathlib import Path

from app.dashboard.assets import Assets


def build(folder: Path) -> Assets:
    """A page of two files, beside one that is none of a page."""
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>", encoding="utf-8")
    (folder / "assets" / "page.js").write_text("console.log(1);" * 100, encoding="utf-8")
    (folder / "notes.txt").write_text("no", encoding="utf-8")
    return Assets.load(folder)


def test_types_are_ours_whatever_the_machine_thinks(tmp_path: Path) -> None:
    """A registry that calls JavaScript plain text would leave the page blank on Windows."""
    before = mimetypes.guess_type("page.js")[0]
    mimetypes.add_type("text/plain", ".js")
    try:
        asset = build(tmp_path).get("assets/page.js")
    finally:
        mimetypes.add_type(before or "text/javascript", ".js")
    assert asset is not None
    assert asset.content_type == "text/javascript; charset=utf-8"


def test_files_are_compressed_once_and_the_same_each_time(tmp_path: Path) -> None:
    """What is sent unpacks to the file, and neither it nor its tag changes with the moment of loading."""
    first = build(tmp_path).get("assets/page.js")
    again = Assets.load(tmp_path).get("assets/page.js")
    assert first is not None
    assert first == again
    assert gzip.decompress(first.compressed) == first.body
    assert len(first.compressed) < len(first.body)


def test_a_path_leads_to_a_file_of_the_page_or_nowhere(tmp_path: Path) -> None:
    """Whatever a path looks like, nothing outside the page is served."""
    assets = build(tmp_path / "static")
    (tmp_path / "secret.js").write_text("key", encoding="utf-8")
    for path in ("../secret.js", "assets/../../secret.js", "notes.txt", "/etc/passwd", "", "assets"):
        assert assets.get(path) is None


def test_a_page_that_is_not_built_is_known(tmp_path: Path) -> None:
    """A folder that is not there holds no page, and is no fault."""
    assert not Assets.load(tmp_path / "nothing").built
    assert build(tmp_path / "static").built
