"""Several accounts of one broker, in one ledger, each with its own books."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.books.accounts import password_hash
from app.simulator.books.records import Account
from tests.app.simulator.conftest import EVER, NOW_S, FakeClock, terminal_behind

HEDGING, NETTING, EXCHANGE, REAL = range(5_100_001, 5_100_005)


@pytest.mark.parametrize(
    ("login", "margin_mode", "trade_mode"), [(HEDGING, 2, 0), (NETTING, 0, 0), (EXCHANGE, 1, 0), (REAL, 2, 2)]
)
def test_each_kind_of_account(mt5: Any, login: int, margin_mode: int, trade_mode: int) -> None:
    """Every standard account can be logged in to and says what it is; its first deposit is its only deal."""
    assert mt5.login(login, "simulator", "MT5-OTEL-Simulator") is True
    account = mt5.account_info()

    assert (account.login, account.margin_mode, account.trade_mode) == (login, margin_mode, trade_mode)
    assert (account.balance, account.leverage, account.currency, account.trade_allowed) == (100_000.0, 100, "USD", True)
    (deposit,) = mt5.history_deals_get(*EVER)
    assert (deposit.type, deposit.profit) == (mt5.DEAL_TYPE_BALANCE, 100_000.0)


def test_accounts_do_not_see_each_other(mt5: Any, buy: dict[str, Any]) -> None:
    """Positions, deals, orders and money belong to one account; numbers are given once for all."""
    first = mt5.order_send(buy)
    mt5.login(NETTING)
    second = mt5.order_send(buy)

    assert [position.ticket for position in mt5.positions_get()] == [second.order]
    assert mt5.history_deals_get(ticket=first.deal) == ()
    assert second.order > first.order
    mt5.login(HEDGING)
    assert [position.ticket for position in mt5.positions_get()] == [first.order]
    assert len(mt5.history_deals_get(*EVER)) == 2


def test_all_28_fields_of_the_account(mt5: Any) -> None:
    """Nothing of the account is left to chance."""
    assert mt5.account_info()._asdict() == {
        "login": HEDGING, "trade_mode": 0, "leverage": 100, "limit_orders": 200, "margin_so_mode": 0,
        "trade_allowed": True, "trade_expert": True, "margin_mode": 2, "currency_digits": 2, "fifo_close": False,
        "balance": 100_000.0, "credit": 0.0, "profit": 0.0, "equity": 100_000.0, "margin": 0.0,
        "margin_free": 100_000.0, "margin_level": 0.0, "margin_so_call": 100.0, "margin_so_so": 50.0,
        "margin_initial": 0.0, "margin_maintenance": 0.0, "assets": 0.0, "liabilities": 0.0,
        "commission_blocked": 0.0, "name": "Simulated Trader", "server": "MT5-OTEL-Simulator", "currency": "USD",
        "company": "MT5-OTEL Simulated Markets",
    }  # fmt: skip


def test_the_investor_may_only_look(mt5: Any, buy: dict[str, Any]) -> None:
    """With the investor's password everything is shown and nothing is traded; the master's still trades."""
    mt5.order_send(buy)
    assert mt5.login(HEDGING, "investor") is True

    assert mt5.account_info().trade_allowed is False
    assert len(mt5.positions_get()) == 1
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_TRADE_DISABLED
    assert mt5.order_check(buy).retcode == mt5.TRADE_RETCODE_TRADE_DISABLED
    assert mt5.login(HEDGING, "simulator") is True
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE


def test_the_terminal_starts_with_the_account_that_was_used_last(tmp_path: Path, clock: FakeClock) -> None:
    """As a terminal does: initialize() without a login takes up the last account; a refused login changes nothing."""
    mt5: Any = SimulatorModule(ledger=tmp_path / "l.sqlite", clock=clock)
    assert mt5.initialize(login=NETTING, password="simulator")
    mt5.shutdown()

    assert mt5.initialize()
    assert mt5.account_info().login == NETTING
    assert mt5.login(HEDGING, "guess") is False
    assert mt5.initialize(password="investor")
    assert (mt5.account_info().login, mt5.account_info().trade_allowed) == (NETTING, False)
    mt5.shutdown()


def test_passwords_are_not_in_the_books(tmp_path: Path, clock: FakeClock) -> None:
    """The ledger keeps hashes, each of its own account."""
    mt5: Any = SimulatorModule(ledger=tmp_path / "l.sqlite", clock=clock)
    assert mt5.initialize(login=NETTING, password="simulator")
    mt5.shutdown()

    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert password_hash(HEDGING, "simulator").encode() in kept
    assert b"investor_" in kept  # the column
    assert b"investor\x00" not in kept.replace(b"investor_", b"")
    assert password_hash(HEDGING, "simulator") != password_hash(NETTING, "simulator")


def test_an_account_in_euros(mt5: Any, buy: dict[str, Any], clock: FakeClock) -> None:
    """Money is the account's own: dollars of profit become euros at the price of the euro, margin needs none."""
    ledger = terminal_behind(mt5).connection.ledger
    ledger.open_account(Account(login=9, currency="EUR"), 5_000_00, int(NOW_S * 1000))
    assert mt5.login(9)
    opened = mt5.order_send(buy | {"volume": 1.0})
    account = mt5.account_info()
    clock.advance(3600)
    closed = mt5.order_send(buy | {"volume": 1.0, "type": 1, "position": opened.order})

    assert (account.currency, account.margin) == ("EUR", 1_000.0)
    deal = mt5.history_deals_get(ticket=closed.deal)[0]
    assert deal.profit == round((closed.price - opened.price) * 100_000 / closed.price, 2)
    assert mt5.account_info().balance == pytest.approx(5_000 - 7 + deal.profit, abs=1e-6)
    # Yen reach the euro through EURJPY, of which this account is the base.
    assert mt5.order_calc_profit(0, "USDJPY", 1.0, 100.0, 101.0) == pytest.approx(
        100_000 / mt5.symbol_info("EURJPY").ask if mt5.symbol_select("EURJPY") else 0, abs=0.005
    )


def test_an_investor_stays_one(tmp_path: Path, clock: FakeClock, buy: dict[str, Any]) -> None:
    """Who logs in without a password does so with the account's kept one: the investor's, until another is given."""
    mt5: Any = SimulatorModule(ledger=tmp_path / "l.sqlite", clock=clock)
    assert mt5.initialize(login=HEDGING, password="investor")
    assert mt5.initialize()
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_TRADE_DISABLED
    assert mt5.login(NETTING, "simulator")
    assert mt5.login(HEDGING)
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_TRADE_DISABLED

    assert mt5.login(HEDGING, "simulator")
    assert mt5.initialize(login=HEDGING)
    assert mt5.order_send(buy).retcode == mt5.TRADE_RETCODE_DONE
    mt5.shutdown()
