"""Which layers are up, and what a person can do about one that is not."""

from __future__ import annotations

from typing import Any

import pytest

from app.broker.records import account_from
from app.broker.terminal import WorkerState
from app.domain.account import Unavailable
from app.domain.connection import LAYERS
from app.watch.connection import NEXT_STEPS, connection_from
from tests.support.terminal import ACCOUNT, TERMINAL

READY = WorkerState(alive=True, ready=True, reason="")
ACCOUNT_NOW = account_from(ACCOUNT, simulated=False)


def test_everything_up() -> None:
    """With terminal, broker and account there, and trading allowed, no layer is missing and nothing is wrong."""
    connection = connection_from(READY, TERMINAL, ACCOUNT_NOW)
    assert (connection.missing(), connection.reason, connection.connected) == ((), "", True)


def test_no_process() -> None:
    """Without its process every layer is down, and the reason is the process's own."""
    connection = connection_from(WorkerState(reason="the process died"))
    assert connection.missing() == LAYERS
    assert connection.reason == "the process died"


@pytest.mark.parametrize("code", [-10003, -10004, -10005, -6, -5])
def test_no_terminal(code: int) -> None:
    """A terminal that does not answer leaves the worker up, and its error code says what a person can do."""
    state = WorkerState(alive=True, ready=False, reason="failed", last_error=(code, "text"))
    connection = connection_from(state)
    assert connection.missing() == LAYERS[1:]
    assert connection.next_step == NEXT_STEPS[code]


def test_no_broker() -> None:
    """A terminal without its server is there, but not connected."""
    connection = connection_from(READY, {**TERMINAL, "connected": False}, ACCOUNT_NOW)
    assert connection.missing() == ("broker", "trading")
    assert not connection.connected


def test_no_account() -> None:
    """A connected terminal without an account says so."""
    failure = Unavailable(reason="Authorization failed (-6)", last_error=(-6, "Authorization failed"))
    connection = connection_from(READY, TERMINAL, None, failure)
    assert connection.missing() == ("account", "trading")
    assert connection.reason == "Authorization failed (-6)"


def test_what_is_not_answered_tells_of_no_account() -> None:
    """A terminal that answers half a look in time is one that does not answer, not one without an account."""
    silent = Unavailable(reason="the terminal did not answer before the deadline")
    connection = connection_from(READY, TERMINAL, None, silent)
    assert connection.missing() == LAYERS[1:]
    assert "hangs" in connection.reason
    assert "replaced" in connection.next_step


@pytest.mark.parametrize(
    ("terminal", "account"),
    [
        ({"trade_allowed": False}, {}),
        ({"tradeapi_disabled": True}, {}),
        ({}, {"trade_allowed": False}),
        ({}, {"trade_expert": False}),
    ],
)
def test_trading_off(terminal: dict[str, Any], account: dict[str, Any]) -> None:
    """Where terminal or account forbids trading the connection is up and trading is not, with a next step."""
    seen = account_from({**ACCOUNT, **account}, simulated=False)
    connection = connection_from(READY, {**TERMINAL, **terminal}, seen)
    assert connection.missing() == ("trading",)
    assert connection.connected
    assert connection.next_step
