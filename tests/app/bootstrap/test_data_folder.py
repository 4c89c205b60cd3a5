"""The data folder: whose it is, and what is said where it cannot be used."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.bootstrap.data_folder import ACCOUNT_FILE, OWNER_FILE, data_folder, open_binding
from app.broker.records import deal_from
from app.broker.terminal import TerminalSpec
from app.errors import StartupError
from app.simulator.books.ledger import Ledger
from app.trading.journal.records import Dealt
from tests.app.trading.journal.samples import an_intent, chained, write_segment
from tests.support.terminal import DEAL


def test_a_folder_says_whose_it_is_while_it_is_held(tmp_path: Path) -> None:
    """The owner's process is named in the folder for as long as it runs, and a second one is told of it."""
    with data_folder(tmp_path / "data") as folder:
        assert json.loads((folder / OWNER_FILE).read_text(encoding="utf-8")) == {"pid": os.getpid()}
    assert not (folder / OWNER_FILE).exists()


def test_an_owner_file_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    """A full disk or a file held by another program is no traceback, and the folder is free again afterwards."""
    (tmp_path / OWNER_FILE).mkdir()
    with (
        pytest.raises(StartupError, match=r"instance\.json cannot be written .*--data-dir OTHER"),
        data_folder(tmp_path),
    ):
        pass
    (tmp_path / OWNER_FILE).rmdir()
    with data_folder(tmp_path):
        pass


NATIVE = TerminalSpec(loader="MetaTrader5")


def simulated(folder: Path) -> TerminalSpec:
    """The simulator on its ledger in this folder."""
    return TerminalSpec(loader="app.simulator", options={"ledger": str(folder / "simulator.sqlite")}, simulated=True)


def bound(folder: Path, mode: str, **more: int) -> None:
    """Make the folder an account's."""
    record = {"mode": mode, "server": "Some-Server", "login": 5_001_234, **more}
    (folder / ACCOUNT_FILE).write_text(json.dumps(record), encoding="utf-8")


def test_a_folder_of_the_simulator_is_for_no_other_terminal(tmp_path: Path) -> None:
    """Known before anything is asked: refused with whose it is and what to do."""
    bound(tmp_path, "simulated")
    with pytest.raises(StartupError, match=r"log-in 5001234 on Some-Server \(simulated\).*--data-dir OTHER"):
        open_binding(tmp_path, NATIVE)


@pytest.mark.parametrize("mode", ["demo", "real"])
def test_a_folder_of_an_account_is_not_for_the_simulator(tmp_path: Path, mode: str) -> None:
    """The simulator, which is the default, must not write its deals among a broker's."""
    bound(tmp_path, mode)
    with pytest.raises(StartupError, match=rf"log-in 5001234 on Some-Server \({mode}\).*--data-dir OTHER"):
        open_binding(tmp_path, simulated(tmp_path))
    assert open_binding(tmp_path, NATIVE).account is not None


def test_a_ledger_that_was_made_anew_is_refused(tmp_path: Path) -> None:
    """Its numbers begin again, and its deals would be taken for those in the journal; the old ledger is taken back."""
    Ledger(str(tmp_path / "simulator.sqlite"), now_msc=1_000).close()
    bound(tmp_path, "simulated", ledger_opened_msc=1_000)
    assert open_binding(tmp_path, simulated(tmp_path)).ledger == 1_000
    (tmp_path / "simulator.sqlite").rename(tmp_path / "kept.sqlite")
    with pytest.raises(StartupError, match=r"simulator\.sqlite is gone.*--data-dir OTHER"):
        open_binding(tmp_path, simulated(tmp_path))
    Ledger(str(tmp_path / "simulator.sqlite"), now_msc=2_000).close()
    with pytest.raises(StartupError, match=r"simulator\.sqlite is another one.*--data-dir OTHER"):
        open_binding(tmp_path, simulated(tmp_path))
    (tmp_path / "kept.sqlite").replace(tmp_path / "simulator.sqlite")
    assert open_binding(tmp_path, simulated(tmp_path)).account is not None


def test_a_ledger_keeps_the_names_of_its_symbols(tmp_path: Path) -> None:
    """Another ending than that of the first start is refused before anything begins, by the name of its setting."""
    ledger = Ledger(str(tmp_path / "simulator.sqlite"), now_msc=1_000)
    assert ledger.naming.refusal(".r", ()) == ""
    ledger.close()
    bound(tmp_path, "simulated", ledger_opened_msc=1_000)
    with pytest.raises(
        StartupError, match=r"simulator\.symbol_suffix: .* end in '\.r', .* no ending.*--data-dir OTHER"
    ):
        open_binding(tmp_path, simulated(tmp_path))
    spec = simulated(tmp_path)
    same = TerminalSpec(loader=spec.loader, options={**spec.options, "symbol_suffix": ".r"}, simulated=True)
    assert open_binding(tmp_path, same).account is not None


@pytest.mark.parametrize("native", [True, False])
def test_a_folder_with_deals_must_say_whose_they_are(tmp_path: Path, *, native: bool) -> None:
    """Without the file any account would own the folder, and its deals be taken for those in the journal."""
    spec = NATIVE if native else simulated(tmp_path)
    assert open_binding(tmp_path, spec).account is None
    lines = chained([an_intent(), Dealt(deal=deal_from(DEAL))])
    write_segment(tmp_path / "journal", 1, lines[0])
    assert open_binding(tmp_path, spec).account is None
    write_segment(tmp_path / "journal", 1, b"".join(lines))
    with pytest.raises(StartupError, match=r"account\.json is gone, .*--data-dir OTHER") as refusal:
        open_binding(tmp_path, spec)
    assert ("--fresh" in str(refusal.value)) is not native
    bound(tmp_path, "demo" if native else "simulated", ledger_opened_msc=1_000)
    Ledger(str(tmp_path / "simulator.sqlite"), now_msc=1_000).close()
    assert open_binding(tmp_path, spec).account is not None


def test_a_ledger_that_cannot_be_read_is_left_to_the_simulator(tmp_path: Path) -> None:
    """What is wrong with it the simulator says itself, in the connection's reason."""
    bound(tmp_path, "simulated", ledger_opened_msc=1_000)
    (tmp_path / "simulator.sqlite").write_text("no ledger at all, but long enough to be read as one\n" * 20)
    assert open_binding(tmp_path, simulated(tmp_path)).account is not None
