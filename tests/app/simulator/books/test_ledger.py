"""The books outlive processes, and several processes share them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.simulator import open_module
from app.simulator.books import schema
from app.simulator.books.ledger import Ledger
from app.simulator.books.records import Account, Deal

ROOT = Path(__file__).parents[4]
TRADER = """
import sys
from app.simulator import open_module
mt5 = open_module({"ledger": sys.argv[1]})
assert mt5.initialize(), mt5.last_error()
request = {"action": 1, "symbol": "EURUSD", "volume": 0.01, "type": 0}
"""


def start(script: str, ledger: Path, trader: str = TRADER) -> subprocess.Popen[str]:
    """Start a Python that trades."""
    return subprocess.Popen(
        [sys.executable, "-c", trader + script, str(ledger)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def opened(ledger: Path) -> Any:
    """This process's own look at the ledger."""
    mt5: Any = open_module({"ledger": str(ledger)})
    assert mt5.initialize()
    return mt5


def test_a_killed_process_finds_the_same_account(tmp_path: Path) -> None:
    """What was answered is in the books, however the process that answered ends."""
    path = tmp_path / "simulator.sqlite"
    script = """
result = mt5.order_send(request)
account = mt5.account_info()
print(result.order, result.deal, result.price, account.balance, flush=True)
sys.stdin.read()
"""
    with start(script, path) as trader:
        assert trader.stdout is not None
        order, deal, price, balance = trader.stdout.readline().split()
        trader.kill()

    mt5 = opened(path)
    (position,) = mt5.positions_get()
    assert (position.ticket, position.price_open) == (int(order), float(price))
    assert mt5.history_deals_get(ticket=int(deal))[0].price == float(price)
    assert mt5.account_info().balance == float(balance)
    mt5.shutdown()


def test_two_processes_trade_on_one_ledger(tmp_path: Path) -> None:
    """Two traders, started on a ledger that is not there yet, lose nothing and number nothing twice."""
    path = tmp_path / "simulator.sqlite"
    script = """
for _ in range(25):
    order = mt5.order_send(request).order
    assert mt5.order_send(request | {"type": 1, "position": order}).retcode == mt5.TRADE_RETCODE_DONE
print("done")
"""
    with start(script, path) as one, start(script, path) as two:
        said = [trader.communicate(timeout=100)[0].strip() for trader in (one, two)]
    assert said == ["done", "done"]

    mt5 = opened(path)
    deals = mt5.history_deals_get(0, 2_000_000_000)
    assert [deal.ticket for deal in deals] == list(range(100_001, 100_102))
    assert len(mt5.history_orders_get(0, 2_000_000_000)) == 100
    assert [deal.type for deal in deals].count(mt5.DEAL_TYPE_BALANCE) == 1
    money = sum(deal.profit + deal.commission for deal in deals)
    assert mt5.account_info().balance == pytest.approx(money, abs=1e-6)
    assert mt5.positions_total() == 0
    mt5.shutdown()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    """What is written before a failure is taken back, the balance too."""
    ledger = Ledger(str(tmp_path / "l.sqlite"), 1000)

    def write_half() -> None:
        with ledger.writing():
            ledger.add_deal(Deal(ticket=0, time_msc=2000, type=2, profit_cents=500))
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_half()
    assert ledger.account().balance_cents == 100_000_00
    assert len(ledger.deals(since_msc=0, until_msc=10_000)) == 1
    ledger.close()


def test_books_of_a_later_release_are_refused(tmp_path: Path) -> None:
    """A ledger that a newer simulator has written is not opened, and stays as it is."""
    path = tmp_path / "simulator.sqlite"
    opened(path).shutdown()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()

    mt5: Any = open_module({"ledger": str(path)})
    assert mt5.initialize() is False
    assert "ledger of version 99" in mt5.last_error()[1]


def test_books_of_the_first_release_open(tmp_path: Path) -> None:
    """A ledger from before there were stops and faults gets them, and keeps account and positions."""
    path = tmp_path / "simulator.sqlite"
    old = sqlite3.connect(path, isolation_level=None)
    old.executescript(schema._TABLES)
    old.execute("INSERT INTO account VALUES (7, 'n', 's', 'c', 'USD', 100, 0, 2, 5000)")
    old.execute("INSERT INTO positions VALUES (100001, 1, 1, 0, 3, 100001, 3, 0.1, 1.1, 0, 'EURUSD', 'kept')")
    old.execute(
        "INSERT INTO deals VALUES (100001, 100001, 1, 0, 0, 3, 100001, 3, 0.1, 1.1, -70, 0, 0, 0, 'EURUSD', '')"
    )
    old.execute("PRAGMA user_version = 1")
    old.close()

    ledger = Ledger(str(path), 1000)
    (held,) = ledger.positions()
    assert (held.comment, held.sl, held.tp, ledger.account().balance_cents) == ("kept", 0.0, 0.0, 5000)
    assert (held.login, held.swapped_msc) == (7, 1)
    assert [deal.commission_cents for deal in ledger.deals(since_msc=0, until_msc=10)] == [-70]
    assert ledger.pulse() == (True, False, False, False, 1, 0)
    ledger.close()


def test_every_account_has_its_own_books(tmp_path: Path) -> None:
    """Deals move the money of their own account alone, credit apart from the balance, and are shown to it alone."""
    ledger = Ledger(str(tmp_path / "l.sqlite"), 1000)
    ledger.open_account(Account(login=9, margin_mode=0, leverage=500, currency="EUR"), 0, 1000)
    other = ledger.of(9)
    other.add_deal(Deal(ticket=0, time_msc=2000, type=2, profit_cents=500))
    other.add_deal(Deal(ticket=0, time_msc=2001, type=3, profit_cents=70))

    assert (ledger.account().balance_cents, ledger.account().changed_msc) == (100_000_00, 1000)
    assert (other.account().balance_cents, other.account().credit_cents) == (500, 70)
    assert (other.account().leverage, other.account().changed_msc) == (500, 2001)
    assert len(ledger.deals(since_msc=0, until_msc=10_000)) == 1
    assert [deal.login for deal in other.deals(since_msc=2000, until_msc=10_000)] == [9, 9]
    ledger.close()


def test_the_schedule_is_in_the_books(tmp_path: Path) -> None:
    """What is to be done later is found by whoever opens the books then, in order of time, until it is done."""
    path = str(tmp_path / "l.sqlite")
    ledger = Ledger(path, 1000)
    ledger.schedule(5000, "fill", {"lots": 0.1})
    ledger.schedule(4000, "fill", {"lots": 0.2})
    ledger.close()

    again = Ledger(path, 6000)
    assert again.pulse().restless
    assert again.scheduled(3999) == []
    found = again.scheduled(6000)
    assert [(each.due_msc, each.parameters, each.login) for each in found] == [
        (4000, {"lots": 0.2}, again.login),
        (5000, {"lots": 0.1}, again.login),
    ]
    for each in found:
        again.unschedule(each.id)
    assert not again.pulse().restless
    again.close()


def test_commits_reach_the_disk(tmp_path: Path) -> None:
    """The file is in write-ahead mode and every commit is synced."""
    path = tmp_path / "l.sqlite"
    ledger = Ledger(str(path), 1000)

    assert ledger._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert ledger._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    ledger.close()


def test_books_that_break_while_open(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Books that cannot be read fail the call with -1, say so in the log, and trade nothing."""
    path = tmp_path / "simulator.sqlite"
    mt5 = opened(path)
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE accounts")
    other.close()

    assert mt5.order_send({"action": 1, "symbol": "EURUSD", "volume": 0.01, "type": 0}) is None
    assert mt5.last_error() == (-1, "Terminal: Call failed")
    assert "order_send failed" in caplog.text
    assert len(mt5.history_deals_get(0, 2_000_000_000)) == 1
    mt5.shutdown()


def test_books_that_do_not_wait_for_the_disk(tmp_path: Path) -> None:
    """A program's own books may leave the syncing to the system; an order still outlives the process."""
    path = tmp_path / "l.sqlite"
    ledger = Ledger(str(path), 1000, synced=False)

    assert ledger._connection.execute("PRAGMA synchronous").fetchone() == (0,)
    assert ledger._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    ledger.close()
    script = "print(mt5.order_send(request).order, flush=True)\nsys.stdin.read()\n"
    unsynced = TRADER.replace("sys.argv[1]}", 'sys.argv[1], "synced": False}')
    with start(script, path, unsynced) as trader:
        assert trader.stdout is not None
        order = int(trader.stdout.readline())
        trader.kill()
    mt5 = opened(path)
    assert [held.ticket for held in mt5.positions_get()] == [order]
    mt5.shutdown()


def test_an_account_is_never_an_old_one(tmp_path: Path) -> None:
    """Within a transaction, after it, and after one that came to nothing, the account is as the books have it."""
    one, other = (Ledger(str(tmp_path / "l.sqlite"), 1000) for _ in range(2))
    deposit = Deal(ticket=0, time_msc=2000, type=2, profit_cents=500)

    with one.writing():
        assert one.account().balance_cents == 100_000_00
        one.add_deal(deposit)
        assert one.account().balance_cents == 100_005_00
        assert one.of(one.login, investor=True).account().trade_allowed is False
        assert one.account().trade_allowed is True
    with other.writing():
        other.add_deal(deposit)
    for transaction in (one.writing(), one.reading()):
        with transaction:
            assert one.account().balance_cents == 100_010_00
    with suppress(RuntimeError), one.writing():
        one.add_deal(deposit)
        assert one.account().balance_cents == 100_015_00
        raise RuntimeError
    assert one.account().balance_cents == 100_010_00
    with one.writing():
        assert one.account().balance_cents == 100_010_00
    one.close()
    other.close()
