"""The guide as a site: it builds without a warning, loads nothing from elsewhere, and its examples run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.program import KEY, Program, clean_environment, order, running

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PRINTED_URL = "http://127.0.0.1:5001"
BLOCK = re.compile(r"^```sh\n(.*?)^```$(?:\s*^```json\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
NOT_OF_THE_API = {"GET /", "GET /assets/{name}"}
"""The page itself."""


def test_the_site_builds_and_loads_nothing(tmp_path: Path) -> None:
    """`mkdocs build --strict` has nothing to say, and no page of the site loads anything from another machine."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=110, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    pages = list(tmp_path.rglob("*.html"))
    loading = re.compile(r"<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)=\"?(?:https?:)?//[^\s\">]+")
    assert len(pages) >= len(list(DOCS.glob("*.md")))
    assert {found for page in pages for found in loading.findall(page.read_text("utf-8"))} == set()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The API with a fresh account."""
    with running(tmp_path_factory.mktemp("guide") / "data") as started:
        yield started


def shell(command: str, program: Program, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a reader would, with the address of this API for the one that is printed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ours = {"PATH": path, "no_proxy": "127.0.0.1", "MT5_OTEL_API_KEY": KEY}
    return subprocess.run(
        ["bash", "-c", command.replace(PRINTED_URL, program.url)],
        cwd=program.folder.parent,  # where the folder is ./data, as printed
        env={**clean_environment(), **ours, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the examples are written for a POSIX shell")
@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl"))), reason="needs bash and curl")
@pytest.mark.parametrize("page", ["monitoring.md", "quickstart.md", "keys.md"])
def test_the_examples_run(page: str, program: Program) -> None:
    """Each command of a page does what it says, and what is printed below it has the fields of the real answer."""
    with program.client() as client:
        placed = order(client)
        # Telemetry follows an answer by up to a second.
        deadline = time.monotonic() + 20
        while client.get(f"/api/traces/{placed.trace_id}").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    numbers = {"TICKET": str(placed.body["position"]), "TRACE_ID": placed.trace_id}
    for command, printed in BLOCK.findall((DOCS / page).read_text("utf-8")):
        run = shell(command, program, **numbers)
        assert run.returncode == 0, (command, run.stderr)
        assert run.stdout, command
        if printed:
            assert shape(json.loads(printed)) == shape(json.loads(run.stdout)), command


def shape(answer: Any) -> Any:
    """Names and types of an answer, without its values."""
    if isinstance(answer, dict):
        return {name: shape(value) for name, value in answer.items()}
    return type(answer)


def test_every_endpoint_has_its_place(program: Program) -> None:
    """Each method and path of the API stands in one of its two pages."""
    with program.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
    served = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    text = "\n".join((DOCS / page).read_text("utf-8") for page in ("api.md", "monitoring.md"))
    named = set(re.findall(r"`((?:GET|POST|PATCH|DELETE) /[^`?]*)", text))

    assert served - named - NOT_OF_THE_API == set()
