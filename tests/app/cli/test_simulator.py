"""`mt5-otel simulator` as a person meets it: the broker's books, and faults."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.cli.program import program
from app.simulator import open_module
from app.simulator.vocabulary.faults import FAULTS

WIDE = {"COLUMNS": "200", "TERM": "dumb"}


def simulator(data_dir: Path, *arguments: str) -> Result:
    """Run `mt5-otel simulator` on a data folder."""
    return CliRunner().invoke(program, ["simulator", *arguments, "--data-dir", str(data_dir)], env=WIDE)


@pytest.fixture
def mt5(tmp_path: Path) -> Iterator[Any]:
    """A terminal with a position open and one closed, on the folder's books."""
    module: Any = open_module({"ledger": str(tmp_path / "simulator.sqlite")})
    assert module.initialize()
    module.Buy("EURUSD", 0.1, comment="kept")
    module.Sell("GBPUSD", 0.2)
    module.Close("GBPUSD")
    yield module
    module.shutdown()


def test_the_ledger_as_json_is_the_truth(mt5: Any, tmp_path: Path) -> None:
    """Every table is there, its numbers are the terminal's, and the balance is the sum of the deals."""
    books = json.loads(simulator(tmp_path, "ledger", "--format", "json").output)

    assert set(books) == {"accounts", "orders", "deals", "positions", "faults"}
    (account,) = books["accounts"]
    assert account["balance"] == account["balance_by_deals"] == mt5.account_info().balance
    assert [deal["type"] for deal in books["deals"]] == ["balance", "buy", "sell", "buy"]
    assert [deal["entry"] for deal in books["deals"]][1:] == ["in", "in", "out"]
    assert [order["state"] for order in books["orders"]] == ["filled"] * 3
    (position,) = books["positions"]
    assert (position["ticket"], position["comment"]) == (mt5.positions_get()[0].ticket, "kept")
    assert not any("hash" in name for name in account)


def test_one_table_and_its_csv(mt5: Any, tmp_path: Path) -> None:
    """A table alone is a JSON list, or CSV with all columns."""
    as_json = json.loads(simulator(tmp_path, "ledger", "deals", "--format", "json").output)
    as_csv = list(csv.DictReader(io.StringIO(simulator(tmp_path, "ledger", "deals", "--format", "csv").output)))

    assert [row["ticket"] for row in as_csv] == [str(deal["ticket"]) for deal in as_json]
    assert as_csv[0].keys() == as_json[0].keys()
    assert len(as_csv) == len(mt5.history_deals_get(0, 2**31 - 1))
    refused = simulator(tmp_path, "ledger", "--format", "csv")
    assert refused.exit_code == 2
    assert "say which: mt5-otel simulator ledger accounts|orders|" in refused.stderr


@pytest.mark.usefixtures("mt5")
def test_the_table_is_for_people(tmp_path: Path) -> None:
    """Words, whole money, tables with nothing in them said to be empty."""
    shown = simulator(tmp_path, "ledger").output

    assert "retail_hedging" in shown
    assert "100,000.00" in shown
    assert "faults: none" in shown
    assert simulator(tmp_path, "ledger", "faults").output == "no faults\n"


@pytest.mark.parametrize("command", [("ledger",), ("fault", "list"), ("fault", "hang"), ("fault", "end")])
def test_no_simulator_there(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A folder without books is named with what to do, and gets none."""
    result = simulator(tmp_path, *command)

    assert result.exit_code == 1
    assert f"there is no simulator in {tmp_path}" in result.stderr
    assert "--data-dir" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_fault_from_begin_to_end(mt5: Any, tmp_path: Path) -> None:
    """A fault begins for a terminal that runs, is listed with what is left of it, and ends when asked to."""
    begun = simulator(tmp_path, "fault", "autotrading_off", "--seconds", "60").output
    assert "autotrading_off has begun (id 1). End it: mt5-otel simulator fault end 1" in begun
    assert mt5.Buy("EURUSD", 0.1).retcode == mt5.TRADE_RETCODE_CLIENT_DISABLES_AT
    assert "autotrading_off" in simulator(tmp_path, "fault", "list").output

    assert simulator(tmp_path, "fault", "end", "1").output == "Ended: 1.\n"
    assert mt5.Buy("EURUSD", 0.1).retcode == mt5.TRADE_RETCODE_DONE
    assert simulator(tmp_path, "fault", "list").output == "no faults\n"


def test_values_are_what_they_look_like(mt5: Any, tmp_path: Path) -> None:
    """A login is a number, a comment a text."""
    assert simulator(tmp_path, "fault", "wrong_account", "--value", "77").exit_code == 0
    assert mt5.account_info().login == 77
    simulator(tmp_path, "fault", "end")
    assert simulator(tmp_path, "fault", "comment_rewritten", "--value", "theirs").exit_code == 0
    mt5.Buy("EURUSD", 0.1, comment="mine")
    assert mt5.positions_get()[-1].comment == "theirs"


@pytest.mark.usefixtures("mt5")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hangs"], "fault: should be one of disconnect, terminal_gone, hang"),
        (["hang", "--retcode", "10006"], "--retcode should be left out: hang takes seconds, count, function"),
        (["hang", "--seconds", "0"], "--seconds should be from 0.001"),
        (["external_trade", "--side", "buy"], "--symbol should be given, or the position to close"),
    ],
)
def test_a_fault_that_cannot_be_had(tmp_path: Path, arguments: list[str], said: str) -> None:
    """What is wrong is named as it was written, with what it should be."""
    result = simulator(tmp_path, "fault", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr


def test_help_names_every_fault(tmp_path: Path) -> None:
    """Someone in a hurry finds each fault with its options, and the three commands to type."""
    shown = " ".join(simulator(tmp_path, "fault", "--help").output.split())

    assert all(f"{name} ({', '.join(takes)})" in shown for name, takes in FAULTS.items())
    for line in ("fault hang --seconds 20", "fault list", "fault end"):
        assert f"mt5-otel simulator {line}" in shown


def test_a_hung_terminal_is_reached(mt5: Any, tmp_path: Path) -> None:
    """A fault that holds a call is ended from outside, and the call goes on."""
    from threading import Thread

    simulator(tmp_path, "fault", "hang", "--seconds", "60")
    results: list[Any] = []
    held = Thread(target=lambda: results.append(mt5.Buy("EURUSD", 0.1)))
    held.start()
    while '"seconds_left": null' in simulator(tmp_path, "ledger", "faults", "--format", "json").output:
        time.sleep(0.01)
    assert results == []
    simulator(tmp_path, "fault", "end")
    held.join(20)
    assert results[0].retcode == mt5.TRADE_RETCODE_DONE


@pytest.mark.parametrize("command", [("ledger",), ("fault", "list"), ("fault", "requote"), ("money", "deposit", "1")])
def test_books_that_are_none(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A file that is no ledger, or one of a later release, ends each command with a sentence about it."""
    ledger = tmp_path / "simulator.sqlite"
    ledger.write_text("no database, however long it may be")
    broken = simulator(tmp_path, *command)
    ledger.unlink()
    with closing(sqlite3.connect(ledger)) as later:
        later.execute("PRAGMA user_version = 99")
    newer = simulator(tmp_path, *command)

    assert (broken.exit_code, newer.exit_code) == (1, 1)
    assert f"{ledger} cannot be read or written (file is not a database)" in broken.stderr
    assert "(ledger of version 99; this simulator reads up to" in newer.stderr
