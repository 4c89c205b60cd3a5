"""`mt5-otel keys` as a person meets it, alone and beside a running API."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner, Result

from app.access.keys import KeyStore
from app.cli.program import program as cli
from tests.support.program import KEY, Program, order, running

NOTICED_S = 1.0
SLACK_S = 0.5
"""On a busy machine a thread may have to wait for its turn."""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data folder with the operator's key in it."""
    KeyStore.open(tmp_path / "keys.json").operator_key(KEY)
    return tmp_path


def keys(data_dir: Path, *arguments: str) -> Result:
    """Run `mt5-otel keys`."""
    command, *rest = arguments
    return CliRunner().invoke(cli, ["keys", command, *rest, "--data-dir", str(data_dir)], env={"COLUMNS": "200"})


def made(result: Result) -> tuple[str, str]:
    """Id and text of the key that was shown."""
    assert result.exit_code == 0, result.output
    id_ = result.output.split("(")[1].split(")")[0]
    return id_, result.output.split()[-1]


def listed(data_dir: Path) -> dict[str, dict[str, object]]:
    """What the list has, by name."""
    return {key["name"]: key for key in json.loads(keys(data_dir, "list", "--json").output)}


def test_create_shows_the_key_once(data_dir: Path) -> None:
    """With its scopes and limits; no list shows it or its hash."""
    result = keys(data_dir, "create", "bot", "--scope", "read", "--scope", "trade", "--limit-writes", "100")
    id_, text = made(result)
    assert "read, trade" in result.output
    assert "100 writes a minute" in result.output
    key = KeyStore.open(data_dir / "keys.json").authenticate(text)
    assert key is not None
    assert key.id == id_
    shown = keys(data_dir, "list").output + keys(data_dir, "list", "--json").output
    assert "bot" in shown
    assert text not in shown
    assert key.sha256 not in shown


def test_a_key_may_only_look_unless_told_otherwise(data_dir: Path) -> None:
    """The least is the default."""
    made(keys(data_dir, "create", "viewer"))
    assert listed(data_dir)["viewer"]["scopes"] == ["read"]
    assert listed(data_dir)["viewer"]["last_used"] is None


def test_limit_rotate_revoke(data_dir: Path) -> None:
    """Each does what it says, by the id that the list shows."""
    id_, old = made(keys(data_dir, "create", "bot"))
    assert "7 reads a minute" in keys(data_dir, "limit", id_, "--limit-reads", "7").output
    assert listed(data_dir)["bot"]["limits"] == {"writes": None, "reads": 7}
    same_id, new = made(keys(data_dir, "rotate", id_))
    assert (same_id, listed(data_dir)["bot"]["limits"]) == (id_, {"writes": None, "reads": 7})
    store = KeyStore.open(data_dir / "keys.json")
    assert store.authenticate(old) is None
    assert store.authenticate(new) is not None
    assert "usual limits" in keys(data_dir, "limit", id_).output
    assert "Revoked: bot" in keys(data_dir, "revoke", id_).output
    assert set(listed(data_dir)) == {"operator"}


@pytest.mark.parametrize("arguments", [("revoke", "nope"), ("rotate", "nope"), ("limit", "nope")])
def test_an_id_that_is_none_is_exit_1(data_dir: Path, arguments: tuple[str, ...]) -> None:
    """And the list is named, where ids are."""
    result = keys(data_dir, *arguments)
    assert result.exit_code == 1
    assert "mt5-otel keys list" in result.output


@pytest.mark.parametrize("arguments", [("create", "operator"), ("create", ""), ("create", "a\x1b[31m")])
def test_a_name_that_cannot_be_is_exit_2(data_dir: Path, arguments: tuple[str, ...]) -> None:
    """With the reason."""
    assert keys(data_dir, *arguments).exit_code == 2
    assert set(listed(data_dir)) == {"operator"}


def test_a_folder_that_is_none_is_exit_2(tmp_path: Path) -> None:
    """A mistyped folder gets no keys of its own; a list of it says so."""
    assert keys(tmp_path / "nothing", "create", "bot").exit_code == 2
    assert not (tmp_path / "nothing").exists()
    assert "no keys" in keys(tmp_path / "nothing", "list").output


def test_the_operators_key_can_be_revoked(data_dir: Path) -> None:
    """The operator is told what the next start does."""
    id_ = str(listed(data_dir)["operator"]["id"])
    assert "next start" in keys(data_dir, "revoke", id_).output


def test_a_running_api_notices_within_a_second(tmp_path: Path) -> None:
    """A key made beside it trades, limited is limited, revoked is refused; each change is an event there."""
    with running(tmp_path / "data", MT5_OTEL_LIMITS__ENABLED="true") as program:
        data = program.folder
        id_, text = made(keys(data, "create", "bot", "--scope", "read", "--scope", "trade"))
        until(lambda: status(program, text) == 200)
        with program.client(text) as client:
            assert order(client).status == 200
        keys(data, "limit", id_, "--limit-writes", "1")
        until(lambda: shown(program)["bot"]["limits"] == {"writes": 1, "reads": None})
        with program.client(text) as client:
            assert [order(client).status for _ in range(2)] == [200, 429]
        keys(data, "revoke", id_)
        until(lambda: status(program, text) == 401)
        with program.client() as client:
            told = client.get("/api/monitoring/metrics/security").json()["events_by_type"]
        assert told["key_revoked"] == told["limit_changed"] == told["rate_limited"] == 1
        assert told["key_created"] == 2
        program.stop()
        if sys.platform != "win32":  # there a process that is told to stop has no time to write anything down
            assert listed(data)["operator"]["last_used"] is not None


def test_the_banners_link_lets_in_once(tmp_path: Path) -> None:
    """The page's address that is printed has a code that logs in, once, and stays out of every file."""
    with running(tmp_path / "data", MT5_OTEL_LIMITS__ENABLED="true") as program:
        banner = program.log.read_text(encoding="utf-8")
        code = banner.split("#code=")[1].split()[0]
        with program.client(None) as page:
            told = page.post("/api/session", json={"code": code}).json()
            assert told["scopes"] == ["admin", "read", "trade"]
            page.headers.update({"X-CSRF-Token": told["csrf"], "Origin": program.url})
            assert order(page).status == 200
            page.headers["X-CSRF-Token"] = "guessed"
            assert page.post("/api/order", json={}).status_code == 403
        with program.client(None) as other:
            assert other.post("/api/session", json={"code": code}).status_code == 401
        program.stop()
        # SQLite's files beside the simulator's books come and go, and know of no code.
        files = [path for path in program.folder.rglob("*") if path.is_file() and "sqlite" not in path.name]
        written = "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
        assert code not in written
        assert told["csrf"] not in written


def status(program: Program, key: str) -> int:
    """How the API answers this key."""
    return httpx2.get(f"{program.url}/api/account", headers={"X-API-Key": key}, trust_env=False).status_code


def shown(program: Program) -> dict[str, dict[str, object]]:
    """The keys as the API has them, by name."""
    with program.client() as client:
        return {key["name"]: key for key in client.get("/api/keys").json()}


def until(holds: Callable[[], bool]) -> None:
    """Look until it holds, which is promised within a second."""
    deadline = time.monotonic() + NOTICED_S + SLACK_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
