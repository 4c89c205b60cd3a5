"""The stack comes up as a whole or not at all, and goes down from any process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import StartupError
from app.resources import resource
from app.settings import StackSettings
from app.stack import Binaries, Stack, down, links, status, up
from app.stack.process import ProgramProcess
from app.stack.programs import Program

FakeProgram = Callable[[str], Program]
RunStack = Callable[..., Stack]

needs_scripts = pytest.mark.skipif(sys.platform == "win32", reason="the stack is built on Linux and macOS only")


def test_all_programs_answer_when_start_all_returns(run_stack: RunStack, fake_program: FakeProgram) -> None:
    """Starting everything returns when everything answers, and reports each with its address."""
    programs = [fake_program("prometheus"), fake_program("jaeger")]
    stack, reported = run_stack(*programs), list[str]()

    stack.start_all(reported.append)

    assert reported == [f"{program.name} 1.2.3 answers at {program.url}" for program in programs]
    assert stack.stop_all() == ["jaeger", "prometheus"]
    assert stack.stop_all() == []


def test_what_runs_already_is_left_alone(run_stack: RunStack, fake_program: FakeProgram, folder: Path) -> None:
    """Starting everything a second time starts only what is missing."""
    stack = run_stack(fake_program("prometheus"), fake_program("jaeger"))
    stack.start_all(print)
    running = ProgramProcess("prometheus", folder).record
    stack.kill("jaeger")

    stack.start_all(print)

    assert ProgramProcess("prometheus", folder).running == running
    assert ProgramProcess("jaeger", folder).running


def test_one_that_fails_takes_the_others_down_again(
    run_stack: RunStack, fake_program: FakeProgram, folder: Path
) -> None:
    """If one program does not come up, those started with it are ended: nothing half stays behind."""
    broken = replace(fake_program("jaeger"), arguments=("-c", "raise SystemExit('broken')"))
    stack = run_stack(fake_program("prometheus"), broken)

    with pytest.raises(StartupError, match="broken"):
        stack.start_all(print)

    assert ProgramProcess("prometheus", folder).running is None


@needs_scripts
def test_up_status_down(free_ports: StackSettings, data_dir: Path, stand_in_binaries: Binaries) -> None:
    """`up` starts the three, `status` tells of each, `down` ends the Collector first."""
    stack = up(free_ports, data_dir, print, binaries=stand_in_binaries)

    found = {program.name: program for program in status(data_dir, now=0)}
    assert [program.state for program in found.values()] == ["running"] * 3
    assert list(found) == ["collector", "jaeger", "prometheus"]
    assert {name: program.url for name, program in found.items()} == {name: stack.url(name) for name in found}
    assert {name: program.version for name, program in found.items()} == {
        "collector": "0.158.0",
        "jaeger": "2.13.0",
        "prometheus": "3.14.0",
    }
    assert any(stack.url("jaeger") in line for line in links(stack))

    assert stack.stop_all() == ["collector", "jaeger", "prometheus"]
    assert [(program.state, program.pid) for program in status(data_dir, now=0)] == [("stopped", None)] * 3
    assert down(data_dir) == []


@needs_scripts
def test_up_again_keeps_the_ports(free_ports: StackSettings, data_dir: Path, stand_in_binaries: Binaries) -> None:
    """A second `up` finds the running programs, on the ports that they have."""
    first = up(free_ports, data_dir, print, binaries=stand_in_binaries)
    before = status(data_dir, now=0)

    second = up(free_ports, data_dir, print, binaries=stand_in_binaries)

    assert status(data_dir, now=0) == before
    assert second.url("collector") == first.url("collector")
    first.stop_all()


@needs_scripts
def test_up_with_other_ports_is_refused(free_ports: StackSettings, data_dir: Path, stand_in_binaries: Binaries) -> None:
    """`up` does not pretend to move running programs: it names both ports and what to do."""
    stack = up(free_ports, data_dir, print, binaries=stand_in_binaries)
    other = free_ports.model_copy(update={"jaeger_port": 1})

    with pytest.raises(StartupError, match=r"jaeger runs already, on port \d+ and not on 1 \(stack\.jaeger_port\)"):
        up(other, data_dir, print, binaries=stand_in_binaries)
    stack.stop_all()


@needs_scripts
def test_up_with_another_configuration_is_refused(
    free_ports: StackSettings, data_dir: Path, stand_in_binaries: Binaries
) -> None:
    """A vendor's file is not silently ignored because the Collector runs already without it."""
    stack = up(free_ports, data_dir, print, binaries=stand_in_binaries)
    overlays = [resource("collector-config/vendors/otlp.yaml")]

    with pytest.raises(
        StartupError, match=r"collector runs already, as 0\.158\.0 with .*End it first: mt5-otel stack down"
    ):
        up(free_ports, data_dir, print, binaries=stand_in_binaries, overlays=overlays)
    stack.stop_all()


def test_up_without_its_overlay_is_refused(
    free_ports: StackSettings, data_dir: Path, stand_in_binaries: Binaries
) -> None:
    """A Collector configuration that is not there is named before anything is started."""
    with pytest.raises(StartupError, match=r"--collector-config .*absent\.yaml: there is no such file"):
        up(free_ports, data_dir, print, binaries=stand_in_binaries, overlays=[data_dir / "absent.yaml"])


def test_up_in_a_folder_that_cannot_be_made_is_refused(
    free_ports: StackSettings, tmp_path: Path, stand_in_binaries: Binaries
) -> None:
    """A data folder that is no folder is named."""
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")

    with pytest.raises(StartupError, match=r"--data-dir .*file: .* cannot be made"):
        up(free_ports, file, print, binaries=stand_in_binaries)


def test_a_folder_without_a_stack_has_nothing_to_end(data_dir: Path) -> None:
    """Where nothing ever ran, everything is stopped and `down` does nothing."""
    assert [program.state for program in status(data_dir, now=0)] == ["stopped"] * 3
    assert down(data_dir) == []
    assert not data_dir.exists()
