"""`mt5-otel simulator money` as a person meets it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.simulator import open_module
from tests.app.cli.test_simulator import simulator


@pytest.fixture
def terminal(tmp_path: Path) -> Any:
    """A terminal on the folder's books, which are there."""
    module: Any = open_module({"ledger": str(tmp_path / "simulator.sqlite")})
    assert module.initialize()
    module.shutdown()
    return module


def test_money_moves(terminal: Any, tmp_path: Path) -> None:
    """It says what was asked for; the account has it when it is looked at."""
    given = simulator(tmp_path, "money", "deposit", "500")
    taken = simulator(tmp_path, "money", "withdrawal", "99000", "--login", "5100001", "--comment", "a poor account")

    assert given.output == "deposit of +500.00 USD for 5100001, entered when the account is looked at next\n"
    assert taken.output.startswith("withdrawal of -99,000.00 USD for 5100001")
    terminal.initialize()
    assert terminal.account_info().balance == 1_500.0
    assert terminal.history_deals_get(0, 2**31 - 1)[-1].comment == "a poor account"
    terminal.shutdown()


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gift", "1"), "KIND should be one of deposit, withdrawal, credit"),
        (("withdrawal", "100001"), "AMOUNT should be 100000.00 USD at most"),
        (("deposit", "1", "--login", "5"), "--login should be an account that somebody has logged in to"),
        (("deposit", "1", "--comment", "x" * 30), "--comment should be text of at most 29 characters"),
    ],
)
def test_money_that_cannot_move(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """The exit code is 2, and what to do is said in the words of the command line."""
    refused = simulator(tmp_path, "money", *arguments)

    assert refused.exit_code == 2
    assert said in refused.stderr
