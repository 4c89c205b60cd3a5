"""What a broker's refusal means and what to do next, in plain words.

Source: the vendor's page on trade server return codes; the next steps are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.orders import Action


@dataclass(frozen=True, slots=True)
class Advice:
    """`meaning` explains the refusal, `next_step` says what the caller can do about it."""

    meaning: str
    next_step: str


UNLISTED = Advice(
    "The broker refused the order.",
    "Look up the return code and the broker's comment, or ask the broker.",
)

_WAIT = "Wait for the session to open; the symbol's trading hours are in the terminal."
_PRICE = "Ask for the current tick and send the order again, with a larger deviation if prices move fast."
_ALLOWED = "Look at the symbol's trade_mode; only some directions are allowed at present."

ADVICE: Mapping[int, Advice] = {
    10004: Advice("The price has changed; the broker offers another one.", _PRICE),
    10006: Advice("The broker refused the order without saying why.", "Read the broker's comment, or ask the broker."),
    10007: Advice("The order was cancelled by the trader or the broker.", "Send it again if it is still wanted."),
    10013: Advice("The broker finds the request itself invalid.", "Check symbol, volume and the account's type."),
    10014: Advice(
        "The broker does not take this volume.",
        "Use a volume between the symbol's volume_min and volume_max, a multiple of volume_step.",
    ),
    10015: Advice("The broker does not take this price.", _PRICE),
    10016: Advice(
        "Stop loss or take profit is too near or on the wrong side.",
        "Compare sl and tp with bid and ask; they must stand off by stops_level_points or more.",
    ),
    10017: Advice("Trading is disabled for this symbol or account.", _ALLOWED),
    10018: Advice("The market is closed.", _WAIT),
    10019: Advice(
        "There is not enough free margin for this order.",
        "Compare margin_free of /api/account with what the volume needs; use less volume, or close something.",
    ),
    10020: Advice("The price changed while the order was under way.", _PRICE),
    10021: Advice("The broker has no price for this symbol now.", _WAIT),
    10022: Advice(
        "The broker does not take this expiration.",
        "Name a moment that is still to come, or none: not every symbol takes every kind.",
    ),
    10023: Advice("The order has changed meanwhile.", "Read /api/orders and /api/positions and decide anew."),
    10024: Advice("The broker gets too many requests from this account.", "Send less often."),
    10026: Advice("The broker's server does not allow algorithmic trading.", "Ask the broker to enable it."),
    10027: Advice(
        "Algorithmic trading is switched off in the terminal.",
        "Press the Algo Trading button in the terminal's toolbar.",
    ),
    10028: Advice("The request is locked for processing at the broker.", "Wait a moment, then look at the positions."),
    10029: Advice("The position is frozen: the price is too near to its stops.", "Wait until the price has moved."),
    10030: Advice("The symbol does not allow this kind of filling.", "Report it: the kind is chosen by this program."),
    10032: Advice("This is allowed on real accounts only.", "Use another symbol or account."),
    10033: Advice("The account has as many pending orders as it may.", "Cancel some."),
    10034: Advice(
        "The total volume of this symbol would exceed the account's limit.", "Use less volume, or close some."
    ),
    10035: Advice("The broker does not take this type of order here.", _ALLOWED),
    10036: Advice("The position is closed already.", "Read /api/positions; nothing needs to be done."),
    10038: Advice("The volume to close is larger than the position.", "Read /api/positions and try again."),
    10039: Advice("Another order that closes this position exists already.", "Wait for it, then look at the position."),
    10040: Advice("The account has as many positions as it may.", "Close some."),
    10041: Advice("The order could not be executed and was cancelled.", "Place it again if it is still wanted."),
    10042: Advice("Only buying is allowed for this symbol.", _ALLOWED),
    10043: Advice("Only selling is allowed for this symbol.", _ALLOWED),
    10044: Advice("Only closing is allowed for this symbol.", _ALLOWED),
    10045: Advice("Positions of this account close oldest first.", "Close the oldest position of the symbol first."),
    10046: Advice("The account may not hold opposite positions of a symbol.", "Close the opposite position first."),
}
"""By return code, of a market order or wherever nothing else is said."""

PENDING_ADVICE: Mapping[int, Advice] = {
    10015: Advice(
        "The broker does not take this price.",
        "Compare it with the current tick: a buy limit and a sell stop stand below the market, a sell limit and a buy "
        "stop above it, all off by the symbol's trade_stops_level or more.",
    ),
    10016: Advice(
        "Stop loss or take profit is too near or on the wrong side.",
        "Compare sl and tp with the order's own price; they must stand off by stops_level_points or more.",
    ),
}
"""Of an order that is to wait for its price, or whose terms are changed."""

STANDING_ADVICE: Mapping[int, Advice] = {
    10029: Advice(
        "The order is frozen: the price is too near to it.", "Wait until the price has moved, or it is filled."
    ),
    10035: Advice(
        "The order is pending no more: it was executed, cancelled or has expired meanwhile.",
        "Read /api/positions and /api/orders; there is nothing left to change or cancel.",
    ),
}
"""Of a pending order that is changed or cancelled."""


def advice_for(retcode: int, action: Action) -> Advice:
    """What the refusal of an order means, by what the order was to do."""
    own: Mapping[int, Advice] = {}
    if action in (Action.PLACE, Action.MODIFY):
        own = PENDING_ADVICE
    if action in (Action.MODIFY, Action.CANCEL):
        own = {**own, **STANDING_ADVICE}
    return own.get(retcode) or ADVICE.get(retcode, UNLISTED)
