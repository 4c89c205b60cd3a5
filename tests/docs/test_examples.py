"""The examples of the documentation, run as they are printed against one real API on the simulator."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from tests.support.program import KEY, Program, clean_environment, running

ROOT = Path(__file__).parents[2]
T = TypeVar("T")
PRINTED_URL = "http://127.0.0.1:5001"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$(?:\s*^```json\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the examples are written for a POSIX shell"),
    pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl"))), reason="needs bash and curl"),
]


class Example(NamedTuple):
    """A command of a page, and the answer that is printed below it (empty where there is none)."""

    command: str
    answer: str


def examples(name: str, languages: tuple[str, ...] = ("sh",)) -> list[Example]:
    """Every command of a page, in its order."""
    text = (ROOT / name).read_text("utf-8")
    return [Example(code, answer) for language, code, answer in BLOCK.findall(text) if language in languages]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The API with a fresh account."""
    with running(tmp_path_factory.mktemp("examples") / "data") as started:
        yield started


def shell(command: str, program: Program, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a reader would, with the address and the folder of this API for those that are printed."""
    scripts = str(Path(sys.executable).parent)
    command = command.replace(PRINTED_URL, program.url).replace(".venv/bin/mt5-otel", "mt5-otel")
    return subprocess.run(
        ["bash", "-c", command],
        cwd=program.folder.parent,  # where the folder is ./data, as printed
        env={
            **clean_environment(),
            "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
            "no_proxy": "127.0.0.1",
            "MT5_OTEL_API_KEY": KEY,
            **environ,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def same_shape(printed: Any, real: Any, where: str = "answer") -> None:
    """Whatever is printed is there, with the same types; the real answer may hold more fields."""
    if isinstance(printed, dict):
        assert isinstance(real, dict), where
        assert printed.keys() <= real.keys(), f"{where} lacks {printed.keys() - real.keys()}"
        for name, value in printed.items():
            same_shape(value, real[name], f"{where}.{name}")
    elif isinstance(printed, list):
        assert isinstance(real, list), where
        assert bool(printed) == bool(real), where
        for item in real:
            same_shape(printed[0], item, f"{where}[]")
    else:
        assert type(printed) is type(real), f"{where} is {real!r}"


@pytest.fixture(scope="module")
def first_order(program: Program) -> subprocess.CompletedProcess[str]:
    """The README's order, the first one of the account, as its numbers are printed there."""
    return shell(curls("README.md")[0].command, program)


def curls(name: str) -> list[Example]:
    """The examples of a page that ask the API."""
    return [example for example in examples(name) if "curl" in example.command]


def test_the_order_of_the_readme(first_order: subprocess.CompletedProcess[str]) -> None:
    """The README's curl line answers what is printed below it, the same numbers included."""
    printed, real = json.loads(curls("README.md")[0].answer), json.loads(first_order.stdout)
    same_shape(printed, real)
    fixed = ("order", "position", "deal", "result_code", "outcome", "volume")
    assert {name: real[name] for name in fixed} == {name: printed[name] for name in fixed}


def test_the_examples_of_the_api(program: Program, first_order: subprocess.CompletedProcess[str]) -> None:
    """Each curl line of the API's page answers what is printed below it, in shape and in code."""
    names = numbers(json.loads(first_order.stdout))
    for example in curls("docs/api.md"):
        run = shell(example.command, program, **names)
        # Deals are in the journal after the next look.
        deadline = time.monotonic() + 20
        while '"deals": [\n' in example.answer and '"deals":[]' in run.stdout and time.monotonic() < deadline:
            time.sleep(0.1)
            run = shell(example.command, program, **names)
        assert (run.returncode, run.stderr) == (0, ""), example.command
        if not example.answer:
            assert "mt5_connected" in run.stdout, example.command
            continue
        printed = json.loads(example.answer)
        for line in run.stdout.replace("}{", "}\n{").splitlines():
            real = json.loads(line)
            same_shape(printed, real, example.command)
            assert error_code(printed) == error_code(real), example.command
            names |= numbers(real)


def error_code(answer: Any) -> Any:
    """The code of an error; None where it is none."""
    return answer["detail"]["error"]["code"] if "detail" in answer else None


def numbers(answer: Any) -> dict[str, str]:
    """What later examples refer to, as their variables."""
    if not isinstance(answer, dict) or "result_code" not in answer:
        return {}
    if answer["order_type"] != "market":
        return {"PENDING": str(answer["order"])}
    return {"TICKET": str(answer["position"]), "ORDER_ID": answer["order_id"]}


@pytest.mark.usefixtures("first_order")
def test_the_trace_of_the_readme(program: Program) -> None:
    """The command of the README shows the trace of the order that its curl line placed."""
    command = next(example.command for example in examples("README.md") if "mt5-otel trace" in example.command)
    run = until(lambda: shell(command, program), lambda run: run.returncode == 0)
    for span in ("POST /api/order", "place_order", "risk", "journal", "mt5.queue", "order_send"):
        assert span in run.stdout


def until(look: Callable[[], T], is_there: Callable[[T], bool]) -> T:
    """Look again until it is there: telemetry follows an answer by up to a second."""
    deadline = time.monotonic() + 20
    while not is_there(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
    return seen


@pytest.mark.usefixtures("first_order")
def test_what_metrics_shows_is_documented(program: Program) -> None:
    """After an order, every metric that is exposed is in the reference, and those of HTTP with all their labels."""
    page = (ROOT / "docs/metrics.md").read_text("utf-8")
    with program.client() as client:
        text = until(lambda: client.get("/metrics").text, lambda text: "mt5_orders_total" in text)
    exposed = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE)) - {"target_info"}
    assert {name for name in exposed if f"| `{name}` |" not in page} == set()
    assert set(re.findall(r"\| `(http_server_\w+)` \| (?:histogram|updowncounter)", page)) <= exposed
    lines = [line for line in text.splitlines() if not line.startswith(("#", "target_info"))]
    labels = {label for line in lines for label in re.findall(r'(\w+)="', line)}
    assert {label for label in labels - {"le"} if f"| `{label}` |" not in page} == set()


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
@pytest.mark.usefixtures("first_order")
def test_the_journal_is_checked_with_plain_tools(program: Program) -> None:
    """The printed commands find nothing wrong with the journal, and find a line that was changed."""
    check, count = (
        example.command for example in examples("docs/files.md", ("bash",)) if "journal/" in example.command
    )
    run = shell(check, program)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert '"filled"' in shell(count, program).stdout

    other = program.folder.parent / "other"
    (other / "data").mkdir(parents=True)
    (journal := other / "data" / "journal").mkdir()
    lines = (program.folder / "journal" / "00000001.jsonl").read_text("utf-8").splitlines(keepends=True)
    intent = next(number for number, line in enumerate(lines) if '"volume":0.1' in line)
    changed = [*lines[:intent], lines[intent].replace('"volume":0.1', '"volume":0.2'), *lines[intent + 1 :]]
    (journal / "00000001.jsonl").write_text("".join(changed), "utf-8")
    assert "not as it was written" in shell(f"cd other && {check}", program).stdout
    (journal / "00000001.jsonl").write_text("".join([lines[0], *lines[2:]]), "utf-8")
    assert "not as it was written" in shell(f"cd other && {check}", program).stdout


def test_the_settings_file_of_the_reference_is_one(tmp_path: Path) -> None:
    """The example of a settings file, and of a list in the environment, is understood as it is printed."""
    from app.settings import Settings

    toml = next(example.command for example in examples("docs/settings.md", ("toml",)))
    (file := tmp_path / "mt5-otel.toml").write_text(toml, "utf-8")
    settings = Settings.load(file, environ={"MT5_OTEL_CORS__ALLOW_ORIGINS": '["http://localhost:3000"]'})
    assert settings.http.port == 5002
    assert settings.cors.allow_origins == ("http://localhost:3000",)
    (file := tmp_path / "native.toml").write_text(examples("docs/windows.md", ("toml",))[0].command, "utf-8")
    assert Settings.load(file, environ={}).terminal.kind == "native"


@pytest.mark.parametrize("example", examples("docs/simulator.md", ("python",)), ids=lambda _: "example")
def test_the_python_of_the_simulators_page_runs(example: Example) -> None:
    """Each example of the simulator's page does what it asserts."""
    run = subprocess.run(
        [sys.executable, "-c", example.command], capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
    )
    assert run.returncode == 0, run.stderr


@pytest.fixture
def bots_folder(tmp_path: Path) -> Path:
    """A folder with the bot of the page, and the test of it."""
    bot, test, _ = examples("docs/simulate.md", ("python",))
    (tmp_path / "bot.py").write_text(bot.command, "utf-8")
    (tmp_path / "test_bot.py").write_text(test.command, "utf-8")
    return tmp_path


def in_folder(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run something beside the bot, with this environment's programs first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        command,
        cwd=folder,
        env={**clean_environment(), "PATH": path},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_commands_for_a_bot_run(bots_folder: Path) -> None:
    """Each command of the page does, in its order, what a reader expects of it."""
    printed = []
    for example in examples("docs/simulate.md"):
        run = in_folder(["bash", "-ec", example.command], bots_folder)
        assert (run.returncode, run.stderr) == (0, ""), example.command
        printed.append(run.stdout)
    bought, *rest = printed
    assert bought == rest[0] == rest[1] == "bought 0.1\n"
    assert "retail_netting" in rest[2]
    assert "requote" in rest[3]


def test_the_test_of_a_bot_runs(bots_folder: Path) -> None:
    """The printed test passes, and fails when the bot forgets its stop."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_bot.py"]
    assert "2 passed" in in_folder(command, bots_folder).stdout

    careless = re.sub(r'^ +"sl":.*\n', "", (bots_folder / "bot.py").read_text("utf-8"), flags=re.MULTILINE)
    (bots_folder / "bot.py").write_text(careless, "utf-8")
    assert "1 failed, 1 passed" in in_folder(command, bots_folder).stdout


def test_the_test_inside_a_process_runs(bots_folder: Path) -> None:
    """The printed example with a clock of its own does what it asserts."""
    run = in_folder([sys.executable, "-c", examples("docs/simulate.md", ("python",))[2].command], bots_folder)
    assert run.returncode == 0, run.stderr
