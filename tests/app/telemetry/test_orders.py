"""The words for orders and their outcomes, in logs and on the command line."""

from __future__ import annotations

import pytest

from app.domain.orders import Action, Filled, Kind, Order, Placed, Side
from app.telemetry.orders import describe_action, describe_outcome, describe_terms


def _order(action: Action, pending: int | None = None) -> Order:
    return Order(
        order_id="01M88EH81SM6FACFZHWN2MQ9W3",
        action=action,
        symbol="BTCUSD",
        side=Side.BUY,
        volume=0.1,
        kind=Kind.LIMIT,
        price=92139.77,
        pending=pending,
    )


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (Action.OPEN, "taken as order 7, not executed at once"),
        (Action.PLACE, "taken as order 7, not executed at once"),
        (Action.MODIFY, "order 7 is changed"),
        (Action.CANCEL, "order 7 is cancelled"),
    ],
)
def test_what_was_done_with_a_pending_order_is_said(action: Action, said: str) -> None:
    """A cancelled order is not said to wait, and what is said of a new one stays true when its price has come."""
    assert describe_outcome(Placed(order=7, retcode=10009), action) == said


def test_a_pending_order_is_told_from_a_market_order() -> None:
    """A line about a pending order has its kind and its price, and one about its change the order's number."""
    assert describe_action(_order(Action.CANCEL, pending=7)) == "cancel order 7"
    assert describe_terms(_order(Action.PLACE)) == "buy limit 0.1 BTCUSD at 92139.77"


def test_a_fill_is_told_at_its_price() -> None:
    """A price of seven digits is not rounded to six."""
    filled = Filled(order=1, deal=2, position=1, volume=0.1, price=93070.47, retcode=10009)
    assert describe_outcome(filled, Action.OPEN) == "filled 0.1 at 93070.47, deal 2"
