"""A record's way into its row and back."""

from __future__ import annotations

import pytest

from app.simulator.books.records import Account, Deal
from app.simulator.books.rows import to_account, to_key, to_records, to_row


@pytest.mark.parametrize("magic", [0, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_record_comes_back_as_it_was(magic: int) -> None:
    """What SQLite's signed integers hold of a magic number is the whole of it, and the record says whose it is."""
    deal = Deal(ticket=5, time_msc=1000, type=0, magic=magic, volume=0.3)

    row = to_row(deal, 9)

    assert -(2**63) <= row["magic"] < 2**63
    assert to_records(Deal, [tuple(row.values())]) == [deal._replace(login=9)]
    assert to_row(deal._replace(login=7), 9)["login"] == 7


def test_the_flags_of_an_account_are_flags_again() -> None:
    """SQLite's ones and zeros come back as what is true and false, and nothing else does."""
    account = Account(login=1, trade_allowed=False, fifo_close=True)

    found = to_account(tuple(int(value) if isinstance(value, bool) else value for value in account))

    assert found == account
    assert [type(value) for value in found] == [type(value) for value in account]


def test_a_number_too_wide_for_the_books_leads_to_nothing() -> None:
    """A number beyond SQLite's integers is looked for as one that nothing bears, instead of failing."""
    assert [to_key(number) for number in (None, 5, 2**63 - 1, 2**63, 2**64 - 1)] == [None, 5, 2**63 - 1, -1, -1]
