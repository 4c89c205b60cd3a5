"""The one table of outcomes."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from app.broker.gateway import value_of
from app.broker.outcomes import to_outcome
from app.broker.terminal import Answer, NoAnswer, NotCalled, Reply
from app.domain.account import Unavailable
from app.domain.orders import Action, Filled, NotSent, Order, Placed, Rejected, Side, Unchanged, Unknown
from otel.metatrader5.codes import RETCODES
from tests.support.terminal import DONE, failed


def answer(retcode: int, **fields: Any) -> Answer:
    """A result of `order_send` with this return code."""
    value = {**DONE, "retcode": retcode, **fields}
    return Answer(value=value, last_error=(1, "Success"), submitted_ns=1, started_ns=2, ended_ns=3)


def an_order(volume: float = 0.1, action: Action = Action.OPEN) -> Order:
    """An order of so many lots."""
    return Order(order_id="A" * 26, action=action, symbol="EURUSD", side=Side.BUY, volume=volume, pending=77)


@pytest.mark.parametrize("action", [Action.PLACE, Action.MODIFY, Action.CANCEL])
def test_done_of_a_pending_order_is_no_fill(action: Action) -> None:
    """Where nothing is executed at once, DONE says that the broker did as asked; the order's number is known."""
    assert to_outcome(answer(10009, order=0), an_order(action=action)) == Placed(
        order=77, retcode=10009, comment="Request executed"
    )


@pytest.mark.parametrize("retcode", [*RETCODES, 10005, 10037, 99999, 0])
def test_every_return_code_has_its_outcome(retcode: int) -> None:
    """Done, placed and unchanged are what they say; unsure and unlisted codes are unknown; the rest is refused."""
    expected = {10009: Filled, 10010: Filled, 10008: Placed, 10025: Unchanged}
    unsure = {10011, 10012, 10031}
    kind = expected.get(retcode, Unknown if retcode in unsure or retcode not in RETCODES else Rejected)
    assert type(to_outcome(answer(retcode), an_order())) is kind


def test_a_partial_fill_tells_the_remainder() -> None:
    """What is left of the volume asked for is in the outcome."""
    outcome = to_outcome(answer(10010, volume=0.1), an_order(0.3))
    assert isinstance(outcome, Filled)
    assert (outcome.volume, outcome.remaining) == (0.1, 0.2)


@pytest.mark.parametrize(("reason", "said"), [("deadline", "before the deadline"), ("worker_died", "hung or died")])
def test_a_missing_answer_is_told_in_words(reason: Literal["deadline", "worker_died"], said: str) -> None:
    """A read and an order that got no answer say why in the same words, and not by a name of this program."""
    silent = NoAnswer(reason=reason, submitted_ns=1, started_ns=2, ended_ns=3)
    outcome = to_outcome(silent, an_order())
    assert isinstance(outcome, Unknown)
    assert said in outcome.reason
    assert value_of(silent) == Unavailable(reason=outcome.reason)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (failed(-2, 'Invalid "volume" argument'), NotSent),
        (failed(-8, "Auto-Trading using Python API disabled"), NotSent),
        (failed(-10003, "IPC initialize failed"), NotSent),
        (failed(-10004, "No IPC connection"), NotSent),
        (failed(-1, "Terminal: Call failed"), Unknown),
        (failed(-10001, "IPC send failed"), Unknown),
        (failed(-10002, "IPC recv failed"), Unknown),
        (failed(-10005, "IPC timeout"), Unknown),
        (failed(1, "Success"), Unknown),
        (NotCalled(reason="not connected", submitted_ns=1, ended_ns=2), NotSent),
        (NoAnswer(reason="deadline", submitted_ns=1, started_ns=2, ended_ns=3), Unknown),
        (NoAnswer(reason="worker_died", submitted_ns=1, started_ns=2, ended_ns=3), Unknown),
        (
            Answer(value=None, last_error=(-2, ""), submitted_ns=1, started_ns=2, ended_ns=3, raised="SystemError"),
            Unknown,
        ),
    ],
)
def test_no_result_is_only_not_sent_where_that_is_certain(reply: Reply, kind: type) -> None:
    """An order without a result is `NotSent` only where nothing can have left this machine."""
    assert type(to_outcome(reply, an_order())) is kind
