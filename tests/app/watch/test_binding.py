"""A data folder belongs to the account that was seen in it first."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from app.broker.records import account_from
from app.domain.account import Account, AccountId, AccountMode
from app.errors import StartupError
from app.watch.binding import Binding
from tests.support.terminal import ACCOUNT

OURS = account_from(ACCOUNT, simulated=False)


def other(**fields: Any) -> Account:
    """An account that differs in this."""
    return dataclasses.replace(OURS, **fields)


async def test_the_first_account_is_kept_over_a_restart(tmp_path: Path) -> None:
    """Mode, server and log-in are on disk before the account is let in, and no beginning of a file is left."""
    path = tmp_path / "account.json"
    assert Binding(path).account is None
    assert await Binding(path, ledger=lambda: 5).admit(OURS) is None
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "mode": "demo", "server": "Broker-Demo", "login": 7, "ledger_opened_msc": 5,
    }  # fmt: skip
    again = Binding(path)
    assert again.account == AccountId(mode=AccountMode.DEMO, server="Broker-Demo", login=7)
    assert (again.ledger, again.only_for()) == (5, (7, "Broker-Demo"))
    assert not path.with_name("account.json.new").exists()


async def test_a_terminal_without_a_login_binds_nothing(tmp_path: Path) -> None:
    """An account of zeros, as a terminal may show before anybody has logged in, is let in by no folder."""
    binding = Binding(tmp_path / "account.json")
    refusal = await binding.admit(other(login=0, server=""))
    assert refusal is not None
    assert "no account is logged in" in refusal.reason
    assert not (tmp_path / "account.json").exists()
    assert await binding.admit(OURS) is None


@pytest.mark.parametrize("fields", [{"login": 8}, {"server": "Other-Demo"}, {"mode": AccountMode.REAL}])
async def test_another_account_is_refused_by_name(tmp_path: Path, fields: dict[str, Any]) -> None:
    """Another log-in, server or mode: the reason names both, the next step what to do, and the file stays."""
    binding = Binding(tmp_path / "account.json")
    await binding.admit(OURS)
    before = (tmp_path / "account.json").read_bytes()
    stranger = other(**fields)
    refusal = await binding.admit(stranger)
    assert refusal is not None
    assert str(stranger.id) in refusal.reason
    assert str(OURS.id) in refusal.reason
    assert "--data-dir OTHER" in refusal.next_step
    assert (tmp_path / "account.json").read_bytes() == before
    assert await binding.admit(other(balance=1.0)) is None


async def test_an_account_that_cannot_be_written_down_is_not_let_in(tmp_path: Path) -> None:
    """Without room nothing is known for good: refused with what to do, and let in as soon as it can be written."""
    path = tmp_path / "account.json"
    (tmp_path / "account.json.new").mkdir()
    binding = Binding(path)
    refusal = await binding.admit(OURS)
    assert refusal is not None
    assert "account.json, which says whose books these are, cannot be written" in refusal.reason
    (tmp_path / "account.json.new").rmdir()
    assert await binding.admit(OURS) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"mode": "rich", "server": "S", "login": 1}'])
def test_a_file_that_makes_no_sense_is_no_new_beginning(tmp_path: Path, text: str) -> None:
    """A damaged file stops the start, with what to do: it must not let the next account in."""
    path = tmp_path / "account.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StartupError, match=r"account\.json does not say whose .*--data-dir OTHER"):
        Binding(path)
