"""`--fresh`: a new simulated account, and the old one's files kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.bootstrap.data_folder import ACCOUNT_FILE, data_folder
from app.bootstrap.fresh import set_aside
from app.broker.terminal import TerminalSpec
from app.errors import StartupError

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SIMULATED = TerminalSpec(loader="app.simulator", simulated=True)
STAYING = ("instance-id", "keys.json", "keys.json.lock", "stack/log", "bot.py", ".git/config")
MOVING = (
    ACCOUNT_FILE,
    "journal/00000001.jsonl",
    "simulator.sqlite",
    "simulator.sqlite-wal",
    "telemetry/traces/1.jsonl",
)


def filled(folder: Path, mode: str = "simulated") -> Path:
    """A data folder that was used by an account of this mode."""
    for name in (*STAYING, *MOVING):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    owner = {"mode": mode, "server": "Some-Server", "login": 5_001_234}
    (folder / ACCOUNT_FILE).write_text(json.dumps(owner), encoding="utf-8")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """Everything in the folder but what says that it is held."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: held for name, held in found.items() if not name.startswith("instance.")}


def test_all_of_the_account_is_set_aside_and_nothing_else(tmp_path: Path) -> None:
    """Journal, ledger and telemetry lie together in that moment's folder; keys, stack and a person's own files stay."""
    filled(tmp_path)
    before = files(tmp_path)

    aside = set_aside(tmp_path, SIMULATED, NOW)

    assert aside == tmp_path / "before" / "20260304T050607.000000Z"
    assert files(aside) == {name: before[name] for name in MOVING}
    assert {name for name in files(tmp_path) if not name.startswith("before/")} == set(STAYING)


def test_a_second_time_keeps_the_first(tmp_path: Path) -> None:
    """Each beginning has its own folder, and what was set aside earlier is not set aside again."""
    first = set_aside(filled(tmp_path), SIMULATED, NOW)
    second = set_aside(filled(tmp_path), SIMULATED, NOW.replace(hour=6))

    assert first != second
    assert {path.parent for path in (first, second) if path is not None} == {tmp_path / "before"}


def test_an_empty_folder_has_nothing_to_set_aside(tmp_path: Path) -> None:
    """A first start with --fresh is a first start."""
    assert set_aside(tmp_path / "new", SIMULATED, NOW) is None
    assert not (tmp_path / "new" / "before").exists()


@pytest.mark.parametrize("mode", ["demo", "real"])
def test_a_brokers_account_is_never_set_aside(tmp_path: Path, mode: str) -> None:
    """The journal of an account that is not simulated stays where it is, and it is said whose it is."""
    before = files(filled(tmp_path, mode))

    with pytest.raises(StartupError, match=rf"log-in 5001234 on Some-Server \({mode}\).*--data-dir OTHER"):
        set_aside(tmp_path, SIMULATED, NOW)
    assert files(tmp_path) == before


def test_another_terminal_has_no_fresh_account(tmp_path: Path) -> None:
    """Only the simulator's account can be begun anew."""
    before = files(filled(tmp_path))

    with pytest.raises(StartupError, match="--terminal simulator"):
        set_aside(tmp_path, TerminalSpec(loader="MetaTrader5"), NOW)
    assert files(tmp_path) == before


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    """A running instance does not lose its files under its feet."""
    with data_folder(filled(tmp_path)), pytest.raises(StartupError, match="in use by another mt5-otel"):
        set_aside(tmp_path, SIMULATED, NOW)


def test_what_cannot_be_moved_leaves_all_as_it_was(tmp_path: Path) -> None:
    """Half an account set aside would be two broken ones."""
    before = files(filled(tmp_path))
    (tmp_path / "before" / "20260304T050607.000000Z" / "simulator.sqlite").mkdir(parents=True)

    with pytest.raises(StartupError, match="all stays as it was"):
        set_aside(tmp_path, SIMULATED, NOW)
    assert files(tmp_path) == before


def test_a_failed_attempt_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be moved is named, and no empty folder says that something was set aside."""
    filled(tmp_path)
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path == tmp_path / "telemetry":
            raise PermissionError(13, "Permission denied", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(StartupError, match=r"telemetry cannot be moved to .*all stays as it was"):
        set_aside(tmp_path, SIMULATED, NOW)
    assert list((tmp_path / "before").iterdir()) == []


def test_what_cannot_be_put_back_either_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails in both directions leaves nobody to guess what lies where."""
    filled(tmp_path)
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name == "telemetry" or (path.name == "journal" and path.parent != tmp_path):
            raise PermissionError(13, "Permission denied", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(StartupError, match="move journal back by hand"):
        set_aside(tmp_path, SIMULATED, NOW)
