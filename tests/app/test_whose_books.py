"""The whole program on one account: another one's log-in while it runs, a start on it, a ledger that is gone."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx2

from tests.support.program import Program, clean_environment, close, order, running

PACKAGE = '''
"""A package called MetaTrader5 that shows the simulator, logged in to whom a file says."""
from pathlib import Path
from types import SimpleNamespace
from app.simulator import open_module

_modules = {{}}

def _login():
    return int(Path({who!r}).read_text())

def _module():
    # Each account has a ledger of its own, with the same numbers.
    if _login() not in _modules:
        _modules[_login()] = open_module({{"ledger": {ledger!r} + str(_login()), "utc_offset_s": 0}})
        _modules[_login()].initialize()
    return _modules[_login()]

class _Account(SimpleNamespace):
    def _asdict(self):
        return dict(vars(self))

def account_info():
    found = _module().account_info()
    return found and _Account(**{{**found._asdict(), "login": _login()}})

def __getattr__(name):
    return getattr(_module(), name)
'''
OURS, STRANGER = 70_010_001, 80_020_002
PATIENCE_S = 30.0


class LoggedIn:
    """A terminal that a person logs in to one account or another."""

    def __init__(self, folder: Path) -> None:
        package = folder / "site" / "MetaTrader5"
        package.mkdir(parents=True)
        self._who = folder / "who"
        text = PACKAGE.format(who=str(self._who), ledger=str(folder / "broker.sqlite"))
        (package / "__init__.py").write_text(text, encoding="utf-8")
        self.path = str(package.parent)
        self.log_in(OURS)

    def log_in(self, login: int) -> None:
        """Log in to another account."""
        beside = self._who.with_name("who.new")
        beside.write_text(str(login), encoding="utf-8")
        beside.replace(self._who)


def until(true: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def readiness(program: Program) -> httpx2.Response:
    """What `/api/ready` says."""
    return httpx2.get(f"{program.url}/api/ready", trust_env=False)


def figures(program: Program) -> list[str]:
    """What `/metrics` says of account, deals and positions."""
    text = httpx2.get(f"{program.url}/metrics", trust_env=False).text
    wanted = r"^mt5_(?:account|deals|positions?_|profit_day)\w*\{.*"
    # Prices move, and with them what an open position is worth; there is none here.
    return sorted(line.partition(" # ")[0] for line in re.findall(wanted, text, re.MULTILINE))


def refused_start(folder: Path, *arguments: str, path: str = "") -> str:
    """What a start that must fail prints."""
    command = [sys.executable, "-m", "app", "run", "--no-demo", "--port", "0", "--data-dir", str(folder), *arguments]
    environ = {**clean_environment(), "PYTHONPATH": path}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_another_account_is_kept_out_until_the_right_one_is_back(tmp_path: Path) -> None:
    """A person logs the terminal in elsewhere: orders refused, nothing of that account anywhere, then all is well."""
    terminal = LoggedIn(tmp_path)
    with running(tmp_path / "data", "--terminal", "native", PYTHONPATH=terminal.path) as program:
        with program.client() as client:
            assert order(client).status == 200
            for position in client.get("/api/positions").json():
                assert close(client, position["ticket"]).status == 200
            until(lambda: sum(line["kind"] == "deal" for line in program.journal()) == 3, "three deals")
            time.sleep(1)  # one more collection
            before = figures(program)
            assert before
            terminal.log_in(STRANGER)
            until(lambda: readiness(program).status_code == 503, "noticed")
            said = readiness(program).text
            assert str(OURS) in said
            assert str(STRANGER) in said
            refused = order(client)
            assert refused.status == 503
            assert client.get("/api/positions").status_code == 503
            assert client.get("/api/account").status_code == 503
            assert figures(program) == before
            terminal.log_in(OURS)
            program.await_ready()
            assert order(client).status == 200
        until(lambda: sum(line["kind"] == "deal" for line in program.journal()) == 4, "the fourth deal")
        program.stop()
        terminal.log_in(STRANGER)
        program.start(ready=False)
        until(lambda: str(STRANGER) in readiness(program).text, "noticed after a start")
        with program.client() as client:
            assert order(client).status == 503
        program.stop()
        told = [path for path in (tmp_path / "data" / "telemetry").rglob("*.jsonl") if path.is_file()]
        assert told
        for path in (*told, *(tmp_path / "data" / "logs").glob("*.log")):
            text = path.read_text(encoding="utf-8")
            assert str(OURS) not in text, path
            assert str(STRANGER) not in text, path


def test_a_fresh_ledger_or_another_terminal_needs_a_folder_of_its_own(tmp_path: Path) -> None:
    """A simulator's ledger that was deleted, and a terminal where the simulator was: said before anything begins."""
    terminal = LoggedIn(tmp_path)
    with running(tmp_path / "data") as program:
        with program.client() as client:
            assert order(client).status == 200
        program.stop()
    folder = tmp_path / "data"
    assert "--data-dir OTHER" in refused_start(folder, "--terminal", "native", path=terminal.path)
    for path in folder.glob("simulator.sqlite*"):
        path.unlink()
    said = refused_start(folder)
    assert "simulator.sqlite is gone" in " ".join(said.split())
    assert not (folder / "simulator.sqlite").exists()
