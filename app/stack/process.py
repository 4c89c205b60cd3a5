"""One program of the stack as a process: started, found again by another command, ended.

A process is known by its id *and* the time it was created, so that an id given to somebody else's
process in the meantime is never taken for ours.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import httpx2
import psutil

from app.errors import StartupError
from app.settings import PREFIX
from app.stack.programs import Program

State = Literal["running", "starting", "unhealthy", "stopped"]

STARTING_S = 60.0
"""How long a program that does not answer yet counts as starting."""

_STOP_S = 15.0
_POLL_S = 0.05
_CLOCK_STEP_S = 2.0  # the time of creation follows the system's clock, which may be set a little


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is kept on disk of a started program: enough to find, ask and end it from another process."""

    pid: int
    created: float
    version: str
    url: str
    health: str
    ports: Mapping[str, int]
    arguments: Sequence[str]

    @property
    def process(self) -> psutil.Process | None:
        """The process itself, or None if it has ended, whoever has its id now."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created) > _CLOCK_STEP_S:
                return None
            # A child that was not waited for keeps its id, but it runs no more.
            return None if process.status() == psutil.STATUS_ZOMBIE else process
        except psutil.NoSuchProcess:
            return None

    def state(self, now: float) -> State:
        """What this program is at *now* (Unix seconds), by the process table and its health address."""
        if self.process is None:
            return "stopped"
        if answers(self.health):
            return "running"
        return "starting" if now - self.created < STARTING_S else "unhealthy"


class ProgramProcess:
    """The process of the program called *name*, recorded in *folder*."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.log = folder / "logs" / f"{name}.log"
        self._file = folder / f"{name}.json"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def record(self) -> Record | None:
        """What the last start wrote down, or None if there was none or it cannot be read."""
        try:
            return Record(**json.loads(self._file.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    @property
    def running(self) -> Record | None:
        """The record, if its process is alive."""
        record = self.record
        if self._child:
            # Our own child has ended when it can be waited for, which is when all its threads have.
            if self._child.poll() is None:
                return record
            self._child = None
        return record if record and record.process else None

    def start(self, program: Program, executable: Path, environ: Mapping[str, str]) -> Record:
        """Start *program* in the background, over *environ*; it outlives this process and its Ctrl-C.

        Raises:
            StartupError: the executable cannot be run.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        try:
            with self.log.open("wb") as log:
                self._child = subprocess.Popen(  # noqa: S603  # a program of programs.py
                    [executable, *program.arguments],
                    env={**_without_secrets(environ), **program.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise StartupError(f"{executable} cannot be run: {error.strerror}.") from error
        record = Record(
            pid=self._child.pid,
            created=psutil.Process(self._child.pid).create_time(),
            version=program.version,
            url=program.url,
            health=program.health,
            ports=program.ports,
            arguments=program.arguments,
        )
        self._write(record)
        return record

    def wait_ready(self, timeout_s: float = STARTING_S) -> None:
        """Return once the program answers.

        Raises:
            StartupError: it ended, or does not answer in time; with the end of its log.
        """
        deadline = time.monotonic() + timeout_s
        while record := self.running:
            if answers(record.health):
                return
            if time.monotonic() > deadline:
                raise StartupError(
                    f"{self.name} does not answer at {record.health} after {timeout_s:g} s.\n{self._said()}"
                )
            time.sleep(_POLL_S)
        raise StartupError(f"{self.name} ended while it was starting.\n{self._said()}")

    def stop(self, grace_s: float = _STOP_S) -> bool:
        """Ask the program to end, end it after *grace_s*, and say whether there was one."""
        record = self.running
        process = record.process if record else None
        if process:
            _signal(process.terminate)
            if not self._wait_ended(grace_s):
                _signal(process.kill)
                self._wait_ended(_STOP_S)
        if self._child:
            # Only if its record was lost is it still alive here.
            self._child.kill()
            self._child.wait()
        self._file.unlink(missing_ok=True)
        return process is not None

    def kill(self) -> None:
        """End the program as a crash would, with no chance to tidy up; its record stays."""
        record = self.running
        if record and (process := record.process):
            _signal(process.kill)
            self._wait_ended(_STOP_S)

    def _wait_ended(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while self.running:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def _write(self, record: Record) -> None:
        temporary = self._file.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(record)), encoding="utf-8")
        temporary.replace(self._file)

    def _said(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:]
        return "\n".join([*lines, f"All of it: {self.log}"])


def answers(address: str) -> bool:
    """Whether *address* answers 200 within two seconds."""
    try:
        return httpx2.get(address, timeout=2.0, trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


def _signal(send: Callable[[], None]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        send()


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out what is meant for the API, its key among it."""
    return {name: value for name, value in environ.items() if not name.startswith(PREFIX)}
