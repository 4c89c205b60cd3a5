"""The documentation says what the code does: tables, names, messages, links."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import typer
from fastapi.routing import APIRoute

from app.api.application import ROUTERS
from app.api.errors import CODES
from app.cli.program import program
from app.settings import Section, Settings
from app.telemetry.names import METRICS
from app.trading.journal.records import Entry
from otel import ENVIRONMENT, SELF_METRICS
from otel.accounts import BEFORE_DISK, FROM_DISK

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
STARTUP_ERRORS = {"StartupError", "SettingsError", "TelemetryConfigError"}


def pages() -> list[Path]:
    """Every page."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def text(name: str) -> str:
    """One page."""
    return (ROOT / name).read_text("utf-8")


def missing(names: set[str], page: str) -> set[str]:
    """Which of these names the page does not have in code style."""
    return {name for name in names if f"`{name}`" not in text(page)}


def test_tables_are_as_the_code_says() -> None:
    """What `docs/generate.py` would write is what stands there."""
    run = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_every_setting_is_documented() -> None:
    """Each setting stands under its name in the file and in the environment."""
    paths = {
        f"{name}.{below}"
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        for below in field.annotation.model_fields
    } | {"data_dir", "demo"}
    variables = {f"MT5_OTEL_{path.replace('.', '__')}".upper() for path in paths}
    assert missing(paths | variables | {"MT5_OTEL_API_KEY"}, "docs/settings.md") == set()


def test_every_metric_is_documented() -> None:
    """Each metric of ours and each of its attributes has its place."""
    names = {metric.name for metric in METRICS} | {metric.name for metric in SELF_METRICS}
    attributes = {attribute.name for metric in METRICS for attribute in metric.attributes}
    assert missing(names | attributes, "docs/metrics.md") == set()


def test_every_otel_variable_is_documented() -> None:
    """Of each `OTEL_*` variable it is said whether it is honoured."""
    assert missing({variable.name for variable in ENVIRONMENT}, "docs/environment.md") == set()


def test_every_command_is_documented() -> None:
    """Each command stands in the reference, with all its flags."""
    command = typer.main.get_command(program)
    names = {"mt5-otel " + " ".join(path) for path, _ in commands(command)}
    flags = {option for _, found in commands(command) for parameter in found.params for option in parameter.opts}
    assert missing(names | {flag for flag in flags if flag.startswith("--")}, "docs/settings.md") == set()


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], typer.core.TyperCommand]]:
    """Every command that does something, with its path."""
    if isinstance(command, typer.core.TyperGroup):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))
    elif isinstance(command, typer.core.TyperCommand):
        yield path, command


def test_every_route_is_documented() -> None:
    """Each call of the API stands under its method and path on one of the two pages, and no other does."""
    routes = {
        f"{method} {route.path}": route.include_in_schema
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    pages = ("docs/api.md", "docs/monitoring.md")
    promised = {name for name, in_schema in routes.items() if in_schema}
    assert set.intersection(*(missing(promised, page) for page in pages)) == set()
    shown = {name for page in pages for name in re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`", text(page))}
    assert shown - routes.keys() == set()


def test_every_error_code_is_documented() -> None:
    """Each code that an answer may carry is explained."""
    assert missing(set(CODES), "docs/api.md") == set()


def test_every_reason_of_loss_is_documented() -> None:
    """Each reason for which telemetry may be lost is explained, those written where it is counted included."""
    counted = {
        argument.value
        for path in (ROOT / "otel").glob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "dropped"
        for part in call.args[1:]
        for argument in ast.walk(part)
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert missing(counted | {*BEFORE_DISK, *FROM_DISK}, "docs/delivery.md") == set()


def test_every_kind_of_journal_line_is_documented() -> None:
    """Each kind of entry is explained."""
    assert missing({kind.kind for kind in get_args(Entry)}, "docs/files.md") == set()


def test_every_startup_error_has_its_advice() -> None:
    """Whatever message the program may end with at its start is found in the page on troubles."""
    patterns = [pattern(message) for message in explained_messages()]
    silent = {f"{file}: {said}" for file, said in raised() if not any(known.search(said) for known in patterns)}
    assert silent == set()


def test_every_explained_message_exists() -> None:
    """A message that the page on troubles explains is one that the program has."""
    said = "\n".join(template for path in sources() for template in templates(ast.parse(path.read_text("utf-8"))))
    assert {message for message in explained_messages() if not pattern(message).search(said)} == set()


def sources() -> list[Path]:
    """Every module of the product."""
    return sorted(path for package in ("app", "otel") for path in (ROOT / package).rglob("*.py"))


def explained_messages() -> list[str]:
    """The messages of the tables on starting and on the stack."""
    page = text("docs/troubleshooting.md")
    tables = [page.partition(heading)[2].partition("\n## ")[0] for heading in ("## It does not start", "## The stack")]
    cells = [cell for table in tables for cell in re.findall(r"^\| (`.+?) \| ", table, re.MULTILINE)]
    return [message for cell in cells for message in re.findall(r"`([^`]+)`", cell)]


def pattern(message: str) -> re.Pattern[str]:
    """What a message looks like with names and values in the place of `…`."""
    return re.compile(".*".join(map(re.escape, message.split("…"))))


def raised() -> Iterator[tuple[str, str]]:
    """Every message written out where a startup error is raised, with its file."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in STARTUP_ERRORS:
                yield from ((str(path.relative_to(ROOT)), said) for said in list(templates(node))[:1] if said.strip())


def templates(node: ast.AST) -> Iterator[str]:
    """The texts below a node, with `…` for whatever is put into them."""
    for below in ast.iter_child_nodes(node):
        if isinstance(below, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "…" for part in below.values]
            yield "".join(map(str, parts)).replace("\n", " ")
        elif isinstance(below, ast.Constant) and isinstance(below.value, str):
            yield below.value
        else:
            yield from templates(below)


def test_links_lead_somewhere() -> None:
    """Each link to a file of the project leads to one, and to a heading that is there."""
    broken = []
    for page in pages():
        for target in LINK.findall(CODE_BLOCK.sub("", page.read_text("utf-8"))):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, fragment = target.partition("#")
            found = (page.parent / path).resolve() if path else page
            if not found.exists() or (fragment and fragment not in anchors(found)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The fragments by which the headings of a page are reached."""
    headings = HEADING.findall(CODE_BLOCK.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_can_be_found() -> None:
    """Each page of docs/ is listed in the README."""
    assert {page.name for page in (ROOT / "docs").glob("*.md") if f"docs/{page.name}" not in text("README.md")} == set()


def test_the_readme_promises_no_speed() -> None:
    """No figure of speed is claimed without the benchmark that measured it."""
    claims = re.findall(r"(?i)\b(?:blazing|fastest|µs|req/s|requests per second|times faster)\b", text("README.md"))
    assert claims == []


def test_the_version_is_in_the_changelog() -> None:
    """The version that is built is described."""
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert version is not None
    assert f"## {version[1]} " in text("CHANGELOG.md")
