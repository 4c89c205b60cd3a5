"""The real programs, where there are any."""

from __future__ import annotations

from pathlib import Path

from app.stack import Binaries
from bench.backends import running_backends


def test_what_is_not_built_is_not_built_now(tmp_path: Path) -> None:
    """Without the programs there is no stack, nothing is built or started, and nothing fails."""
    said: list[str] = []

    with running_backends(tmp_path / "data", said.append, Binaries(tmp_path / "empty", search_path="")) as stack:
        assert stack is None

    assert said == []
    assert list(tmp_path.iterdir()) == []
