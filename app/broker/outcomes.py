"""The one table from MetaTrader 5's answers to outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.broker.terminal import Answer, NoAnswer, NotCalled, Reply
from app.domain.lots import rounded_lots
from app.domain.orders import Action, Filled, NotSent, Order, Outcome, Placed, Rejected, Unchanged, Unknown
from otel.metatrader5.codes import DONE, DONE_PARTIAL, NO_CHANGES, PLACED, RETCODES

UNSURE: frozenset[int] = frozenset({10011, 10012, 10031})
"""ERROR, TIMEOUT, CONNECTION: the server may have executed the order all the same."""

AT_ONCE: frozenset[Action] = frozenset({Action.OPEN, Action.CLOSE})
"""What is executed at once; of the others DONE says that the order stands as asked, or is gone as asked."""

NEVER_SENT: frozenset[int] = frozenset({-2, -8, -10003, -10004})
"""`last_error` codes beside a None from `order_send` that say nothing left this machine: bad arguments,
algorithmic trading switched off, no terminal, no connection to it."""


def to_outcome(reply: Reply, order: Order) -> Outcome:
    """Say what came of an `order_send`; `Unknown` means look it up before ever sending again.

    Args:
        reply: what came back from the terminal's process.
        order: what was asked for; a partial fill is measured against its volume.
    """
    match reply:
        case NotCalled(reason=reason, last_error=last_error):
            return NotSent(reason=reason, last_error=last_error)
        case NoAnswer():
            return Unknown(reason=reply.describe())
        case Answer(raised=str() as raised, last_error=last_error):
            return Unknown(reason=f"the terminal's package raised {raised}", last_error=last_error)
        case Answer(value=None, last_error=(code, text)):
            if code in NEVER_SENT:
                return NotSent(reason=f"{text} ({code})", last_error=(code, text))
            return Unknown(reason=f"no result: {text} ({code})", last_error=(code, text))
        case Answer(value=value, last_error=last_error):
            return _from_result(value, order, last_error)


def _from_result(result: Mapping[str, Any], order: Order, last_error: tuple[int, str]) -> Outcome:
    retcode, comment = int(result["retcode"]), str(result["comment"])
    if retcode in (DONE, DONE_PARTIAL) and order.action in AT_ONCE:
        return Filled(
            order=result["order"],
            deal=result["deal"],
            position=None,
            volume=result["volume"],
            price=result["price"],
            retcode=retcode,
            comment=comment,
            remaining=rounded_lots(max(0.0, order.volume - result["volume"])) if retcode == DONE_PARTIAL else 0.0,
        )
    if retcode in (DONE, DONE_PARTIAL, PLACED):
        return Placed(order=result["order"] or order.pending or 0, retcode=retcode, comment=comment)
    if retcode == NO_CHANGES:
        return Unchanged(retcode=retcode, comment=comment)
    if retcode in UNSURE or retcode not in RETCODES:
        name = RETCODES.get(retcode, "an unlisted return code")
        return Unknown(reason=f"the broker answered {retcode} ({name})", retcode=retcode, last_error=last_error)
    return Rejected(retcode=retcode, comment=comment, bid=result["bid"], ask=result["ask"])
