"""The stack as a whole: up, down, status. Its state lies in `<data-dir>/stack/`, so any command finds it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from app.errors import StartupError
from app.settings import StackSettings
from app.stack.binaries import Binaries
from app.stack.build import Report, build
from app.stack.ports import fill_in, require_free
from app.stack.process import ProgramProcess, State
from app.stack.programs import VERSIONS, Program, programs

NAMES = ("collector", "jaeger", "prometheus")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramStatus:
    """What `mt5-otel stack status` says of one program; pid and url are None when it is stopped."""

    name: str
    state: State
    pid: int | None
    version: str
    url: str | None
    log: Path


class Executables(Protocol):
    """Finds the file of a binary by its name."""

    def __getitem__(self, name: str) -> Path:
        """Return where the binary called *name* lies."""
        ...


class Stack:
    """Programs that run side by side on this machine, each of them startable and stoppable alone.

    Args:
        programs: what is to run, in the order of starting.
        executables: where the binaries of these programs lie.
        folder: where process records, logs and data are kept.
        environ: what the programs inherit; a program's own variables come over it.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        executables: Executables,
        folder: Path,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.folder = folder
        self._environ = environ
        self._executables = executables
        self.programs: Mapping[str, Program] = {program.name: program for program in programs}
        self._processes = {program.name: ProgramProcess(program.name, folder) for program in programs}

    def url(self, name: str) -> str:
        """Where the program called *name* is talked to; the Collector's is its OTLP/HTTP endpoint."""
        return self.programs[name].url

    def start(self, name: str) -> None:
        """Start one program; `wait_ready` says when it answers."""
        program = self.programs[name]
        self._processes[name].start(program, self._executables[program.binary], self._environ)

    def wait_ready(self, name: str) -> None:
        """Return once the program called *name* answers; `StartupError` if it does not."""
        self._processes[name].wait_ready()

    def stop(self, name: str) -> bool:
        """End one program in an orderly way, and say whether it was there."""
        return self._processes[name].stop()

    def kill(self, name: str) -> None:
        """End one program as a crash would."""
        self._processes[name].kill()

    def start_all(self, report: Report) -> None:
        """Start what does not run yet, and return when everything answers.

        Raises:
            StartupError: a port is taken, a program runs already but with another configuration, or one does
                not come up; what was started here is ended again.
        """
        absent = [program for program in self.programs.values() if not self._runs_already(program)]
        require_free(absent)
        started: list[str] = []
        try:
            for program in absent:
                started.append(program.name)
                self.start(program.name)
            for name, process in self._processes.items():
                process.wait_ready()
                report(f"{name} {self.programs[name].version} answers at {self.url(name)}")
        except BaseException:
            for name in reversed(started):
                self.stop(name)
            raise

    def _runs_already(self, program: Program) -> bool:
        record = self._processes[program.name].running
        if record and (record.version, *record.arguments) != (program.version, *program.arguments):
            raise StartupError(
                f"{program.name} runs already, as {record.version} with {' '.join(record.arguments)};"
                f" wanted is {program.version} with {' '.join(program.arguments)}. End it first: mt5-otel stack down"
            )
        return record is not None

    def stop_all(self) -> list[str]:
        """End all programs, the last started first, and return the names of those that ran."""
        return [name for name in reversed(self._processes) if self._processes[name].stop()]


def up(
    settings: StackSettings,
    data_dir: Path,
    report: Report,
    *,
    binaries: Binaries | None = None,
    overlays: Sequence[Path] = (),
    environ: Mapping[str, str] = os.environ,
) -> Stack:
    """Build what is missing, start what does not run, and return when Collector, Jaeger and Prometheus answer.

    Args:
        settings: the ports; 0 takes a free one.
        data_dir: its folder `stack` receives process records, logs and data.
        report: takes lines of progress.
        binaries: where the programs lie or are built; by default the user's cache.
        overlays: Collector configuration laid over collector.yaml.
        environ: what the programs inherit, such as a vendor's VENDOR_ENDPOINT.

    Raises:
        StartupError: something cannot be built or started, or runs already with other ports.
    """
    binaries = binaries or Binaries()
    for overlay in overlays:
        if not overlay.is_file():
            raise StartupError(f"--collector-config {overlay}: there is no such file.")
    build(binaries, report)
    folder = _make_folder(data_dir)
    with FileLock(folder / "lock"):
        stack = Stack(programs(_running_or_free(settings, folder), folder, overlays), binaries, folder, environ)
        stack.start_all(report)
    return stack


def down(data_dir: Path) -> list[str]:
    """End what `up` started in this data folder, and return the names of the programs that ran."""
    folder = _folder(data_dir)
    if not folder.is_dir():
        return []
    with FileLock(folder / "lock"):
        # The Collector first: it hands over what it has while the others still listen.
        return [name for name in NAMES if ProgramProcess(name, folder).stop()]


def status(data_dir: Path, now: float) -> list[ProgramStatus]:
    """Say of each program whether it runs and answers at *now* (Unix seconds), by this data folder's records."""
    folder = _folder(data_dir)
    return [_status(ProgramProcess(name, folder), now) for name in NAMES]


def _status(process: ProgramProcess, now: float) -> ProgramStatus:
    record = process.running
    return ProgramStatus(
        name=process.name,
        state=record.state(now) if record else "stopped",
        pid=record.pid if record else None,
        version=record.version if record else VERSIONS[process.name],
        url=record.url if record else None,
        log=process.log,
    )


def _folder(data_dir: Path) -> Path:
    return data_dir.absolute() / "stack"


def _make_folder(data_dir: Path) -> Path:
    folder = _folder(data_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartupError(f"--data-dir {data_dir}: {folder} cannot be made ({error.strerror}).") from error
    return folder


def _running_or_free(settings: StackSettings, folder: Path) -> StackSettings:
    """Settle the ports: those of programs that run already, a free one wherever the setting is 0.

    Raises:
        StartupError: a program runs on another port than the one asked for.
    """
    used: dict[str, int] = {}
    for name in NAMES:
        record = ProgramProcess(name, folder).running
        for setting, port in (record.ports if record else {}).items():
            if (wanted := getattr(settings, setting)) not in (0, port):
                raise StartupError(
                    f"{name} runs already, on port {port} and not on {wanted} (stack.{setting})."
                    " End it first: mt5-otel stack down"
                )
            used[setting] = port
    return fill_in(settings.model_copy(update=used))
