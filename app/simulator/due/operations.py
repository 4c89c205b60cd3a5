"""Money that the broker moves without a trade: deposits, withdrawals, credit, charges, corrections.

Asked for from any process, and written to the ledger as something to come; whoever looks at the account next enters
it, so that what happened to the account before (a stop-out, say) is found with the money that it had then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ..books.ledger import Ledger
from ..books.records import Account, Deal, Scheduled
from ..positions.money import cents
from ..vocabulary import constants as mt5
from ..vocabulary.texts import NAME_MAX, utf16_units
from .events import Event, Rank

AMOUNT_MAX = 1_000_000_000.0
_OPERATION = "operation"  # what a scheduled row asks for


class Kind(NamedTuple):
    """A kind of operation: the type of its deal, and whether it gives money (1), takes it (-1) or either (0)."""

    deal_type: int
    sign: int


KINDS: Mapping[str, Kind] = {
    "deposit": Kind(mt5.DEAL_TYPE_BALANCE, 1),
    "withdrawal": Kind(mt5.DEAL_TYPE_BALANCE, -1),
    "credit": Kind(mt5.DEAL_TYPE_CREDIT, 0),
    "charge": Kind(mt5.DEAL_TYPE_CHARGE, -1),
    "correction": Kind(mt5.DEAL_TYPE_CORRECTION, 0),
    "bonus": Kind(mt5.DEAL_TYPE_BONUS, 1),
    "commission": Kind(mt5.DEAL_TYPE_COMMISSION, -1),
    "interest": Kind(mt5.DEAL_TYPE_INTEREST, 1),
    "dividend": Kind(mt5.DEAL_DIVIDEND, 1),
    "tax": Kind(mt5.DEAL_TAX, -1),
}


class OperationRefused(ValueError):
    """An operation cannot be had like this: which parameter, and what it should be."""

    def __init__(self, parameter: str, expected: str) -> None:
        super().__init__(f"{parameter}: {expected}")
        self.parameter = parameter
        self.expected = expected


class OperationBook:
    """Takes operations for the accounts of one ledger; from any process and thread.

    Args:
        ledger: path of the simulator's SQLite file, made where it is not there yet.
        clock: seconds UTC.
    """

    def __init__(self, ledger: Path, clock: Callable[[], float]) -> None:
        self._path = ledger
        self._clock = clock

    def add(self, kind: str, amount: float, *, login: int | None = None, comment: str = "") -> dict[str, Any]:
        """Move money on an account (None: the terminal's), in units of its currency, and say what will be.

        Amounts are positive; what may go either way (credit, correction) takes money where they are negative.

        Raises:
            OperationRefused: there is no such kind or account, or the amount or comment will not do.
        """
        if kind not in KINDS:
            raise OperationRefused("kind", f"should be one of {', '.join(KINDS)}")
        now_msc = int(self._clock() * 1000)
        with closing(Ledger(str(self._path), now_msc)) as ledger, ledger.writing():
            number = ledger.default_login() if login is None else login
            account = next(iter(ledger.accounts(number)), None)
            if account is None:
                raise OperationRefused("login", "should be an account that somebody has logged in to")
            moved = _checked_cents(kind, amount, account)
            _check_comment(comment)
            parameters = {"type": KINDS[kind].deal_type, "cents": moved, "comment": comment}
            ledger.of(number).schedule(ledger.not_before(now_msc), _OPERATION, parameters)
        return {"kind": kind, "login": number, "amount": moved / 100, "currency": account.currency, "comment": comment}


class Operations:
    """Enters the operations that were asked for."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def due(self, until_msc: int) -> Iterable[Event]:
        """Those that nobody has entered yet."""
        for row in self._ledger.scheduled(until_msc):
            if row.what == _OPERATION:
                yield Event(row.due_msc, Rank.TRADE, row.id, partial(self._enter, row))

    def _enter(self, row: Scheduled) -> None:
        self._ledger.unschedule(row.id)
        moved = Deal(
            ticket=0,
            time_msc=row.due_msc,
            type=row.parameters["type"],
            profit_cents=row.parameters["cents"],
            comment=row.parameters["comment"],
        )
        self._ledger.of(row.login).add_deal(moved)


def _checked_cents(kind: str, amount: float, account: Account) -> int:
    sign = KINDS[kind].sign
    least = -AMOUNT_MAX if sign == 0 else 0.01
    # NaN fails every comparison.
    if not least <= amount <= AMOUNT_MAX or not cents(amount):
        raise OperationRefused(
            "amount", f"should be {'not zero, ' if sign == 0 else ''}from {least:g} to {AMOUNT_MAX:g}"
        )
    moved = cents(amount) * (sign or 1)
    there = account.credit_cents if kind == "credit" else account.balance_cents
    if moved < 0 and kind in ("withdrawal", "credit") and there + moved < 0:
        raise OperationRefused("amount", f"should be {there / 100:.2f} {account.currency} at most, which is there")
    return moved


def _check_comment(comment: str) -> None:
    if utf16_units(comment) > NAME_MAX or not comment.isprintable():
        raise OperationRefused("comment", f"should be text of at most {NAME_MAX} characters")
