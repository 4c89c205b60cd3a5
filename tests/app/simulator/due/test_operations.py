"""Money that moves without a trade."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.due.operations import KINDS, OperationBook, OperationRefused
from tests.app.simulator.conftest import EVER, FakeClock


@pytest.fixture
def books(tmp_path: Path, clock: FakeClock) -> OperationBook:
    """The back office of a broker."""
    return OperationBook(tmp_path / "l.sqlite", clock)


@pytest.fixture
def terminal(tmp_path: Path, clock: FakeClock) -> Any:
    """A terminal on the same ledger."""
    return SimulatorModule(ledger=tmp_path / "l.sqlite", clock=clock)


@pytest.mark.parametrize(
    ("kind", "amount", "balance"),
    [
        ("deposit", 500.0, 100_500.0),
        ("withdrawal", 500.005, 99_500.0),
        ("charge", 1.5, 99_998.5),
        ("correction", -3.0, 99_997.0),
        ("correction", 3.0, 100_003.0),
        ("bonus", 10.0, 100_010.0),
        ("commission", 10.0, 99_990.0),
        ("interest", 0.01, 100_000.01),
        ("dividend", 5.0, 100_005.0),
        ("tax", 5.0, 99_995.0),
    ],
)
def test_every_kind_of_operation(books: OperationBook, terminal: Any, kind: str, amount: float, balance: float) -> None:
    """A deal of its type moves the balance, in whole cents."""
    said = books.add(kind, amount, comment="by the desk")
    assert terminal.initialize()
    account = terminal.account_info()
    deal = terminal.history_deals_get(*EVER)[-1]

    assert (account.balance, account.credit, account.equity) == (balance, 0.0, balance)
    assert (deal.type, deal.profit, deal.comment) == (KINDS[kind].deal_type, said["amount"], "by the desk")
    assert (deal.symbol, deal.volume, deal.position_id) == ("", 0.0, 0)
    assert terminal.history_deals_total(*EVER) == 2
    terminal.shutdown()


def test_money_comes_after_what_happened_before_it(tmp_path: Path, clock: FakeClock, buy: dict[str, Any]) -> None:
    """A deposit does not save positions that were stopped out before it, though nobody had looked."""
    ends = []
    for looks in (False, True):
        now, path = FakeClock(), tmp_path / f"{looks}.sqlite"
        mt5: Any = SimulatorModule(ledger=path, clock=now)
        mt5.initialize()
        OperationBook(path, now).add("withdrawal", 98_500.0)
        mt5.order_send(buy | {"volume": 1.2, "type": 1})
        now.advance(5 * 86_400)
        if looks:
            assert mt5.positions_total() == 0
        OperationBook(path, now).add("deposit", 98_500.0)
        assert mt5.positions_total() == 0
        ends.append([deal._asdict() for deal in mt5.history_deals_get(*EVER)])
        mt5.shutdown()

    assert ends[0] == ends[1]
    assert ends[0][-2]["reason"] == 6


def test_credit_carries_positions_and_is_not_balance(books: OperationBook, terminal: Any, buy: dict[str, Any]) -> None:
    """Credit counts as equity and free margin; it can be taken back, up to what is there."""
    books.add("credit", 1_000.0)
    terminal.initialize()
    terminal.order_send(buy)
    account = terminal.account_info()

    assert (account.credit, account.balance) == (1_000.0, 99_999.3)
    assert account.margin_free == pytest.approx(account.balance + 1_000 + account.profit - account.margin, abs=1e-6)
    with pytest.raises(OperationRefused, match=r"amount: should be 1000.00 USD at most"):
        books.add("credit", -1_000.01)
    books.add("credit", -1_000.0)
    assert terminal.account_info().credit == 0.0
    terminal.shutdown()


@pytest.mark.parametrize(
    ("arguments", "keywords", "parameter"),
    [
        (("gift", 1.0), {}, "kind"),
        (("deposit", 0.0), {}, "amount"),
        (("deposit", -1.0), {}, "amount"),
        (("deposit", 0.001), {}, "amount"),
        (("deposit", math.nan), {}, "amount"),
        (("deposit", math.inf), {}, "amount"),
        (("correction", 0.0), {}, "amount"),
        (("withdrawal", 100_000.01), {}, "amount"),
        (("deposit", 1.0), {"login": 5_100_002}, "login"),
        (("deposit", 1.0), {"comment": "x" * 30}, "comment"),
        (("deposit", 1.0), {"comment": "a\nb"}, "comment"),
    ],
)
def test_operations_that_cannot_be(
    books: OperationBook, terminal: Any, arguments: tuple[Any, ...], keywords: dict[str, Any], parameter: str
) -> None:
    """What will not do is refused by the parameter's name, and nothing moves."""
    with pytest.raises(OperationRefused, match=f"^{parameter}: should be ") as refused:
        books.add(*arguments, **keywords)
    assert refused.value.parameter == parameter
    terminal.initialize()
    assert terminal.account_info().balance == 100_000.0
    terminal.shutdown()


def test_each_account_has_its_own_money(books: OperationBook, terminal: Any) -> None:
    """An operation is for the account that is named, or for the one that the terminal used last."""
    terminal.initialize(login=5_100_002)
    books.add("deposit", 1.0)
    books.add("deposit", 2.0, login=5_100_001)

    assert terminal.account_info().balance == 100_001.0
    terminal.login(5_100_001)
    assert terminal.account_info().balance == 100_002.0
    terminal.shutdown()
