"""Stand-ins for the programs of the stack and for Go: small scripts that do what they are told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.settings import StackSettings
from app.stack import Binaries, Stack, down
from app.stack.binaries import BINARIES
from app.stack.programs import HOST, Program
from tests.app.stack.fakes import STAND_IN, free_port, python_program, write_script

FakeProgram = Callable[[str], Program]


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A script that answers 200 on the address given by `--web.listen-address`."""
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN, encoding="utf-8")
    return script


@pytest.fixture
def executables() -> dict[str, Path]:
    """The one binary that the fake programs need."""
    return {"python": Path(sys.executable)}


@pytest.fixture
def fake_program(stand_in: Path) -> FakeProgram:
    """Describe a program that answers on a free port of its own."""

    def describe(name: str) -> Program:
        port = free_port()
        return python_program(name, (str(stand_in), f"--web.listen-address={HOST}:{port}"), port)

    return describe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The stack's folder in a data folder."""
    folder = tmp_path / "data" / "stack"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def run_stack(folder: Path, executables: dict[str, Path]) -> Iterator[Callable[..., Stack]]:
    """Make a stack of the given programs; whatever of it still runs in the end is ended."""
    stacks: list[Stack] = []

    def make(*programs: Program) -> Stack:
        stacks.append(Stack(programs, executables, folder))
        return stacks[-1]

    yield make
    for stack in stacks:
        stack.stop_all()


@pytest.fixture
def stand_in_binaries(tmp_path: Path) -> Binaries:
    """A cache in which every program has been built: each of them is the stand-in."""
    binaries = Binaries(tmp_path / "cache", search_path="")
    binaries.folder.mkdir()
    for binary in BINARIES:
        write_script(binaries.cached(binary), STAND_IN)
    return binaries


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder; what was started in it is ended."""
    yield tmp_path / "data"
    down(tmp_path / "data")


@pytest.fixture
def free_ports() -> StackSettings:
    """Settings that take a free port for everything."""
    return StackSettings(**dict.fromkeys(StackSettings.model_fields, 0))
