"""What holds for the code as a whole: sizes, tests that say what they are about, imports that do nothing."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FUNCTION_LINES_MAX = 50
MODULE_LINES_MAX = 400
Function = ast.FunctionDef | ast.AsyncFunctionDef

ENTRY_POINTS = {
    "app.__main__": "python -m app",
    "app.cli": "the command mt5-otel",
    "app.simulator.data.build": "a script that makes the market's data",
    "app.simulator.importable.MetaTrader5": "`import MetaTrader5` of a program that runs on the simulator",
    "otel.testing": "for tests, ours and those of users",
}
"""Modules that nothing else of app and otel imports."""

FOREIGN = (
    re.compile(r"(?<![\w.:~/-])/(?:work|home/(?!trader\b)|root|Users)/"),
    re.compile(r"[A-Za-z]:\\Users\\"),
    re.compile(r"\bissue (?:#|\d)", re.IGNORECASE),
    re.compile(r"\b(?:sub-?agent|languag[e] model|AI assistan[t])", re.IGNORECASE),
)
"""Paths of somebody's machine, and words about how the code came to be."""


def sources() -> list[Path]:
    """Every module of app and otel."""
    return sorted(path for package in ("app", "otel") for path in (ROOT / package).rglob("*.py"))


def modules_of_tests() -> list[Path]:
    """Every module that holds tests."""
    return sorted((ROOT / "tests").rglob("test_*.py"))


def parsed(path: Path) -> ast.Module:
    """The syntax of a module."""
    return ast.parse(path.read_text("utf-8"), str(path))


def functions(path: Path) -> Iterator[Function]:
    """Every function of a module, methods and inner ones included."""
    return (node for node in ast.walk(parsed(path)) if isinstance(node, Function))


def place(path: Path, node: ast.stmt | None = None) -> str:
    """Where something is, for a message."""
    return f"{path.relative_to(ROOT)}{f':{node.lineno}' if node else ''}"


def module_name(path: Path) -> str:
    """The dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_functions_fit_on_a_screen() -> None:
    """No function of the product is longer than 50 lines, its docstring included."""
    lengths = {
        f"{place(path, function)} {function.name}": function.end_lineno - function.lineno + 1
        for path in sources()
        for function in functions(path)
        if function.end_lineno is not None
    }
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES_MAX} == {}


def test_modules_are_readable_in_one_go() -> None:
    """No module of the product or of its tests is longer than 400 lines."""
    lengths = {place(path): len(path.read_text("utf-8").splitlines()) for path in [*sources(), *modules_of_tests()]}
    assert {name: lines for name, lines in lengths.items() if lines > MODULE_LINES_MAX} == {}


def test_every_test_says_in_one_sentence_what_must_be_true() -> None:
    """A test has a docstring of one sentence, so that a failure names the promise that was broken."""
    silent = [
        f"{place(path, function)} {function.name}"
        for path in modules_of_tests()
        for function in functions(path)
        if function.name.startswith("test_") and not is_one_sentence(ast.get_docstring(function) or "")
    ]
    assert silent == []


def is_one_sentence(text: str) -> bool:
    """Whether it is a paragraph that ends in a full stop and holds no other sentence."""
    return text.endswith(".") and "\n\n" not in text and re.search(r"[a-z0-9`)]\.\s+[A-Z]", text) is None


def test_tests_are_functions() -> None:
    """Tests are functions: what they share are fixtures and values, never inherited state."""
    classes = [
        f"{place(path, node)} {node.name}"
        for path in modules_of_tests()
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test")
    ]
    assert classes == []


IMPORT_EVERYTHING = """
import json, logging, os, signal, sys, threading

done = []
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND

def watch(event, arguments):
    if event == "open" and not str(arguments[0]).startswith("/dev/"):
        path, mode, flags = arguments
        if set(mode or "") & set("wax+") or (mode is None and (flags or 0) & WRITING):
            done.append(f"wrote {path}")
    elif event in ("socket.bind", "socket.connect", "subprocess.Popen", "os.fork", "os.mkdir", "os.remove"):
        done.append(f"{event} {arguments}")

handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
sys.addaudithook(watch)
for name in sys.argv[1:]:
    __import__(name)
    done += [f"{name} started thread {thread.name}" for thread in threading.enumerate()[1:]]

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

if isinstance(trace.get_tracer_provider(), TracerProvider) or isinstance(metrics.get_meter_provider(), MeterProvider):
    done.append("set a global provider")
if logging.getLogger().handlers:
    done.append("added a log handler")
if handlers != {number: signal.getsignal(number) for number in handlers}:
    done.append("took over a signal")
print(json.dumps(done))
"""


def test_importing_does_nothing(tmp_path: Path) -> None:
    """Importing every module starts no thread or process, opens no file or socket for writing, sets nothing global."""
    names = [module_name(path) for path in sources()]

    run = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT_EVERYTHING, *names],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout.splitlines()[-1]) == []
    assert list(tmp_path.iterdir()) == []


def test_every_module_is_used() -> None:
    """Each module of the product is imported by another one, or is known as a place where one begins."""
    used = {name for path in sources() for name in imported(path)}
    names = {module_name(path) for path in sources() if path.name != "__init__.py"} | {"app.cli"}
    assert names - used - ENTRY_POINTS.keys() == set()
    assert ENTRY_POINTS.keys() - {module_name(path) for path in sources()} == set()


def imported(path: Path) -> Iterator[str]:
    """The modules that a module names: by import, or as a text such as `app.simulator:open_module`."""
    own = module_name(path)
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(filter(None, [package(path, node.level) if node.level else "", node.module]))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.partition(":")[0]
            yield f"{own}.{node.value}"


def package(path: Path, level: int) -> str:
    """What a module's relative imports of so many dots begin at."""
    return ".".join(path.relative_to(ROOT).parts[:-level])


def test_the_simulator_runs_under_another_name() -> None:
    """Its modules import each other relatively: a program that runs on it may have an `app` of its own."""
    absolute = [
        place(path, node)
        for path in sorted((ROOT / "app" / "simulator").rglob("*.py"))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "app"
    ]
    assert absolute == []


def test_tests_mirror_the_code() -> None:
    """A test module of app or otel stands where the module or package that it is about would be."""
    astray = [
        place(path)
        for path in modules_of_tests()
        if path.relative_to(ROOT / "tests").parts[0] in ("app", "otel") and not has_subject(path)
    ]
    assert astray == []


def has_subject(path: Path) -> bool:
    """Whether the folder of a test module is one of the code's."""
    return (ROOT / path.relative_to(ROOT / "tests").parent).is_dir()


def test_the_files_speak_of_the_product_alone() -> None:
    """No tracked file names a path of somebody's machine or tells how it came to be."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file() or b"\0" in (data := path.read_bytes()):
            continue
        for number, line in enumerate(data.decode("utf-8").splitlines(), start=1):
            found += [f"{name}:{number}: {line.strip()[:100]}" for pattern in FOREIGN if pattern.search(line)]
    assert found == []
