"""`mt5-otel status` against an API that answers, and against none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.bootstrap.data_folder import data_folder, say_where, where_it_answers
from app.cli.program import program

ALERT = {
    "name": "mt5_disconnected",
    "severity": "critical",
    "category": "system",
    "message": "MT5 disconnected: broker down: gone; wait",
    "since": "2026-03-10T12:00:00.000000Z",
}


@dataclass
class FakeApi:
    """Answers what monitoring would."""

    url: str = ""
    status: str = "healthy"
    code: int = 200
    keys: list[str | None] = field(default_factory=list)

    def answer(self, path: str) -> dict[str, Any]:
        """The answer of a path."""
        if path.endswith("/alerts"):
            return {"alerts": [] if self.status == "healthy" else [ALERT], "count": 0}
        return {"status": self.status, "issues": [], "mt5_connected": True, "error_rate": 0.05, "uptime_hours": 1.5}


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """An API on a free port."""
    fake = FakeApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.keys.append(self.headers.get("X-API-Key"))
            body = json.dumps(fake.answer(self.path)).encode()
            self.send_response(fake.code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        server.shutdown()
        thread.join()


def ask(*arguments: str, **environ: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(program, ["status", *arguments], env={"MT5_OTEL_API_KEY": None, **environ})


@pytest.mark.parametrize(("status", "code"), [("healthy", 0), ("degraded", 1), ("unhealthy", 2), ("odd", 2)])
def test_the_exit_code_is_the_status(api: FakeApi, status: str, code: int) -> None:
    """A script can act on it without reading."""
    api.status = status
    asked = ask("--url", api.url)
    assert asked.exit_code == code
    assert status in asked.stdout
    assert "MT5 connected, 5.0% errors, up 1.5 h" in asked.stdout
    assert (ALERT["message"] in asked.stdout) == (status != "healthy")


def test_json_is_status_and_alerts(api: FakeApi) -> None:
    """What the API answered, for programs."""
    api.status = "degraded"
    asked = ask("--url", api.url, "--json")
    assert json.loads(asked.stdout) == {**api.answer("/status"), "alerts": [ALERT]}
    assert asked.exit_code == 1


def test_it_is_found_by_its_data_folder(api: FakeApi, tmp_path: Path) -> None:
    """The folder of a running program says where its API answers."""
    with data_folder(tmp_path) as folder:
        assert where_it_answers(folder) is None
        say_where(folder, api.url)
        assert ask("--data-dir", str(tmp_path)).exit_code == 0
    asked = ask("--data-dir", str(tmp_path))
    assert asked.exit_code == 2
    assert "no mt5-otel runs on the data folder" in asked.stderr


def test_nobody_answers() -> None:
    """Exit 2 and the address that was asked."""
    asked = ask("--url", "http://127.0.0.1:1")
    assert asked.exit_code == 2
    assert "no mt5-otel answers at http://127.0.0.1:1" in asked.stderr


@pytest.mark.parametrize("url", ["not a url", "http://[", "ftp://127.0.0.1"])
def test_an_address_that_is_none(url: str) -> None:
    """Exit 2, and no traceback."""
    asked = ask("--url", url)
    assert asked.exit_code == 2
    assert "no mt5-otel answers" in asked.stderr


def test_the_key_is_sent_and_its_lack_explained(api: FakeApi) -> None:
    """The operator's key comes from its variable; where one is asked for and none is there, that is said."""
    ask("--url", api.url, MT5_OTEL_API_KEY="k" * 20)
    assert set(api.keys) == {"k" * 20}
    api.code = 401
    asked = ask("--url", api.url)
    assert asked.exit_code == 2
    assert "MT5_OTEL_API_KEY" in asked.stderr


def test_something_else_that_answers(api: FakeApi) -> None:
    """A server that is none of ours is not healthy."""
    api.code = 500
    assert ask("--url", api.url).exit_code == 2


def test_a_setting_that_cannot_be(tmp_path: Path) -> None:
    """Named as everywhere."""
    asked = ask("--config", str(tmp_path / "gone.toml"))
    assert asked.exit_code == 2
    assert "gone.toml" in asked.stderr
