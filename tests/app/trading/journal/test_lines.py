"""An entry becomes a line and comes back; a damaged line is told."""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.orders import (
    Action,
    Denied,
    Filled,
    NotSent,
    Order,
    Outcome,
    Placed,
    Rejected,
    Side,
    Unchanged,
    Unknown,
)
from app.domain.trace import TraceRef
from app.trading.journal.lines import GENESIS, DamagedLineError, encode, link, seal, unseal
from app.trading.journal.records import Amended, Decided, Entry, Intent, Unsent
from tests.app.trading.journal.samples import NOW_NS, a_decision, a_fill, an_intent, chained

numbers = st.integers(0, 2**63 - 1)
amounts = st.floats(allow_nan=False, allow_infinity=False)
last_errors = st.none() | st.tuples(st.integers(-20_000, 20_000), st.text())
details = st.dictionaries(st.text(), st.none() | st.booleans() | numbers | amounts | st.text() | st.lists(st.text()))

denials = st.builds(Denied, reason=st.text(), message=st.text(), details=details)
not_sent = st.builds(NotSent, reason=st.text(), last_error=last_errors)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(
        Filled,
        order=numbers,
        deal=numbers,
        position=st.none() | numbers,
        volume=amounts,
        price=amounts,
        retcode=numbers,
        comment=st.text(),
        remaining=amounts,
    ),
    st.builds(Placed, order=numbers, retcode=numbers, comment=st.text()),
    st.builds(Unchanged, retcode=numbers, comment=st.text()),
    st.builds(Rejected, retcode=numbers, comment=st.text(), bid=amounts, ask=amounts),
    denials,
    not_sent,
    st.builds(Unknown, reason=st.text(), retcode=st.none() | numbers, last_error=last_errors),
)
orders = st.builds(
    Order,
    order_id=st.text(),
    action=st.sampled_from(Action),
    symbol=st.text(),
    side=st.sampled_from(Side),
    volume=amounts,
    position=st.none() | numbers,
    deviation=numbers,
    comment=st.text(),
    magic=numbers,
)
traces = st.builds(TraceRef, st.text(), st.text(), st.none() | st.text())
entries: st.SearchStrategy[Entry] = st.one_of(
    st.builds(Intent, order=orders, trace=traces, comment_sent=st.text(), started_ns=numbers),
    st.builds(Decided, order_id=st.text(), outcome=outcomes, ended_ns=numbers),
    st.builds(Unsent, order=orders, trace=traces, outcome=denials | not_sent, started_ns=numbers, ended_ns=numbers),
    st.builds(Amended, order_id=st.text(), outcome=outcomes, reason=st.text()),
)


@settings(deadline=None)
@given(entry=entries, seq=st.integers(1, 2**53))
def test_every_entry_comes_back_as_it_was(entry: Entry, seq: int) -> None:
    """Whatever the journal writes down, with every outcome there is, it reads back equal, from one line."""
    line = seal(encode(entry), seq=seq, time_ns=NOW_NS, prev=GENESIS)

    stamped, prev = unseal(line)

    assert b"\n" not in line
    assert (stamped.seq, stamped.time_ns, stamped.entry, prev) == (seq, NOW_NS, entry, GENESIS)


@settings(deadline=None)
@given(position=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed(position: int, bit: int) -> None:
    """No single damaged bit of a line goes unnoticed."""
    line = bytearray(seal(encode(an_intent()), seq=1, time_ns=NOW_NS, prev=GENESIS))
    line[position % len(line)] ^= 1 << bit

    with pytest.raises(DamagedLineError):
        unseal(bytes(line))


def test_a_line_can_be_checked_with_ordinary_tools() -> None:
    """A line is JSON in the documented order; checksum and hash cover the bytes that the documentation names."""
    first, second = (line.removesuffix(b"\n") for line in chained([an_intent(), a_decision()]))

    content = json.loads(second)
    without_crc = second[: second.rindex(b',"crc"')] + b"}"

    assert list(content) == ["seq", "time", "kind", "order_id", "outcome", "ended_ns", "prev", "crc"]
    assert content["time"] == "2027-01-15T08:00:00.123456Z"
    assert content["crc"] == f"{zlib.crc32(without_crc):08x}"
    assert content["prev"] == link(first) == hashlib.sha256(first).hexdigest()
    assert json.loads(first)["prev"] == "0" * 64


def test_half_a_surrogate_pair_can_be_written() -> None:
    """Text that is no Unicode, from a broken client or terminal, is written with `?` instead of failing an order."""
    entry = Decided(order_id="A", outcome=NotSent(reason="bad \ud83d text", last_error=(-1, "\udc00")), ended_ns=1)

    stamped, _ = unseal(seal(encode(entry), seq=1, time_ns=NOW_NS, prev=GENESIS))

    assert stamped.entry == Decided(
        order_id="A", outcome=NotSent(reason="bad ? text", last_error=(-1, "?")), ended_ns=1
    )


def _resealed(change: dict[str, Any]) -> bytes:
    """A line with other content and a checksum that fits."""
    content = json.loads(encode(Decided(order_id="A", outcome=a_fill(), ended_ns=1))) | change
    return seal(json.dumps(content).encode(), seq=1, time_ns=NOW_NS, prev=GENESIS)


def test_what_a_later_version_adds_is_passed_over() -> None:
    """A member that this version does not know makes a line no less readable."""
    stamped, _ = unseal(_resealed({"venue": "elsewhere"}))

    assert stamped.entry == Decided(order_id="A", outcome=a_fill(), ended_ns=1)


@pytest.mark.parametrize(
    "change",
    [{"kind": "rumour"}, {"outcome": {"name": "lucky"}}, {"outcome": {"name": "filled"}}, {"ended_ns": "late"}],
)
def test_content_that_is_none_of_ours_is_damage(change: dict[str, Any]) -> None:
    """A line whose checksum fits but which says nothing we know is reported, not guessed at."""
    with pytest.raises(DamagedLineError, match="not understood"):
        unseal(_resealed(change))
