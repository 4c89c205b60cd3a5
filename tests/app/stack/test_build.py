"""What is missing is built once, with progress, and nothing but the programs stays behind."""

from __future__ import annotations

import queue
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from app.errors import StartupError
from app.stack import Binaries, build
from app.stack.binaries import BINARIES
from tests.app.stack.fakes import FakeGo

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stack is built on Linux and macOS only")


@pytest.fixture
def go(tmp_path: Path) -> FakeGo:
    """A Go that is new enough and compiles everything at once."""
    return FakeGo(tmp_path / "go")


@pytest.fixture
def empty(tmp_path: Path) -> Binaries:
    """A cache with nothing in it."""
    return Binaries(tmp_path / "cache", search_path="")


def run_build(binaries: Binaries, go: FakeGo) -> list[str]:
    """Build with *go* alone and return the progress."""
    lines: list[str] = []
    build(binaries, lines.append, search_path=str(go.folder), free_gb_needed=0)
    return lines


def test_everything_missing_is_built(empty: Binaries, go: FakeGo) -> None:
    """All four programs are in the cache afterwards, and each step was announced with its number and its end."""
    lines = run_build(empty, go)

    assert empty.missing() == ()
    assert all(empty[binary.name].is_file() for binary in BINARIES)
    starts = [line for line in lines if line.endswith("…")]
    assert starts == [
        "[1/5] otelcol 0.158.0: installing the Collector's builder …",
        "[2/5] otelcol 0.158.0: compiling …",
        "[3/5] jaeger 2.13.0: compiling …",
        "[4/5] prometheus 3.14.0: compiling …",
        "[5/5] promtool 3.14.0: compiling …",
    ]
    assert sum("done in" in line for line in lines) == 5


def test_only_programs_stay_behind(empty: Binaries, go: FakeGo) -> None:
    """Go's caches lie in the scratch folder of the build, and that folder is gone."""
    run_build(empty, go)

    for call in go.calls():
        scratch = Path(call["environment"]["GOMODCACHE"]).parent
        assert scratch.parent == empty.folder
        assert Path(call["environment"]["GOCACHE"]).parent == scratch
        assert not scratch.exists()
    kept = {path.name for path in empty.folder.iterdir()} - {"build.log", "build.lock"}
    assert kept == {empty[binary.name].name for binary in BINARIES}


def test_what_a_killed_build_left_is_removed(empty: Binaries, go: FakeGo) -> None:
    """The scratch folder of a build that was killed goes with the next build."""
    left = empty.folder / "build-killed" / "cache"
    left.mkdir(parents=True)

    run_build(empty, go)

    assert not left.parent.exists()


def test_versions_are_those_of_the_frozen_modules(empty: Binaries, go: FakeGo) -> None:
    """Jaeger and Prometheus are compiled beside the committed go.mod and go.sum, with the sum database on."""
    run_build(empty, go)

    compiled = [call for call in go.calls() if call["arguments"][0] == "build"]
    assert len(compiled) == 3
    for call in compiled:
        assert call["files"] == ["go.mod", "go.sum"]
        assert "GONOSUMDB" not in call["environment"]
        assert call["environment"]["GOTOOLCHAIN"] == "local"


def test_nothing_missing_needs_no_go(empty: Binaries, go: FakeGo) -> None:
    """A second build does nothing at all."""
    run_build(empty, go)
    calls = len(go.calls())

    assert run_build(empty, go) == []
    assert len(go.calls()) == calls


def test_a_failed_step_says_what_the_compiler_said(empty: Binaries, go: FakeGo) -> None:
    """The error has the step and the compiler's words; what was built before is kept for the next attempt."""
    go.fail_on("cmd/jaeger")

    with pytest.raises(StartupError, match=r"(?s)\[3/5\] jaeger 2\.13\.0: compiling failed.*undefined: everything"):
        run_build(empty, go)
    assert [binary.name for binary in empty.missing()] == ["jaeger", "prometheus", "promtool"]

    go.succeed()
    assert run_build(empty, go)[0] == "[1/3] jaeger 2.13.0: compiling …"
    assert empty.missing() == ()


def test_a_second_build_waits_for_the_first(empty: Binaries, go: FakeGo) -> None:
    """While another process builds, this one says so and waits; then it finds everything there and builds nothing."""
    empty.folder.mkdir()
    lines: queue.Queue[str] = queue.Queue()
    with FileLock(empty.folder / "build.lock"):
        second = threading.Thread(target=build, args=(empty, lines.put, str(go.folder), 0))
        second.start()
        assert lines.get(timeout=30) == "Another process is building the stack; waiting for it …"
        for binary in BINARIES:
            empty.cached(binary).touch()
    second.join(timeout=30)

    assert not second.is_alive()
    assert go.calls() == []


def test_too_little_space_is_told_in_numbers(empty: Binaries, go: FakeGo) -> None:
    """Without room for Go's caches nothing is started, and the error has both figures."""
    with pytest.raises(StartupError, match=r"needs 1e\+09 GB for a while; .* has \d+\.\d GB free"):
        build(empty, print, search_path=str(go.folder), free_gb_needed=1e9)
    assert go.calls() == []
