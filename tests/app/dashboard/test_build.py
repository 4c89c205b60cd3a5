"""Building the page: why it cannot be, in words that a person can act on."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.dashboard.build import CannotBuild, build_page

ROOT = Path(__file__).resolve().parents[3]


def test_an_installation_without_sources_says_so(tmp_path: Path) -> None:
    """A wheel holds the page and not what it is made of."""
    with pytest.raises(CannotBuild, match="no sources of the page"):
        build_page(tmp_path)


def test_a_registry_out_of_reach_is_told_and_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What npm said is in the message, and the wait for it is short."""
    (tmp_path / "web").mkdir()
    for name in ("package.json", "package-lock.json"):
        (tmp_path / "web" / name).write_bytes((ROOT / "web" / name).read_bytes())
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(CannotBuild, match="ECONNREFUSED"):
        build_page(tmp_path)
