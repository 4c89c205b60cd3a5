"""Deals in the journal: each once, whose they are, and what they come to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.domain.deals import Deal
from app.domain.orders import Unknown
from app.trading.journal.counts import PositionKey
from app.trading.journal.index import OrderIndex
from app.trading.journal.lines import encode, seal, unseal
from app.trading.journal.records import Amended, ConnectionTurn, Dealt, Decided, Entry, Stamped
from tests.app.trading.journal.conftest import Open
from tests.app.trading.journal.samples import NOW_NS, a_decision, a_fill, a_trace, an_intent

MSC = NOW_NS // 10**6


def a_deal(ticket: int = 12, **fields: Any) -> Deal:
    """A buy of 0.1 lots EURUSD that opens position 11, with 0.7 of commission."""
    made: dict[str, Any] = {
        "ticket": ticket,
        "order": 11,
        "position": 11,
        "symbol": "EURUSD",
        "type": 0,
        "entry": 0,
        "reason": 3,
        "volume": 0.1,
        "price": 1.1,
        "profit": 0.0,
        "commission": -0.7,
        "swap": 0.0,
        "fee": 0.0,
        "time_msc": MSC,
        "magic": 2**63 + 1,
        "comment": "Größe “½”",
        **fields,
    }
    return Deal(**made)


def a_close(ticket: int = 22, **fields: Any) -> Deal:
    """The sell that closes it a second later, by its stop, with 12.3 lost."""
    return a_deal(ticket, **{"order": 21, "type": 1, "entry": 1, "reason": 4, "profit": -12.3, "commission": 0.0,
                             "time_msc": MSC + 1_000, **fields})  # fmt: skip


OPENING = Dealt(deal=a_deal(), ours="A", opened=True, left=0.1)
STOPPED = Dealt(deal=a_close(), closed=True, trace=a_trace(9))
DEPOSIT = Dealt(deal=a_deal(2, type=2, symbol="", order=0, position=0, profit=1_000.0, commission=0.0))


def _records(*entries: Entry) -> OrderIndex:
    return OrderIndex(Stamped(seq, NOW_NS, entry) for seq, entry in enumerate(entries, start=1))


@pytest.mark.parametrize("entry", [OPENING, STOPPED, DEPOSIT, ConnectionTurn(connected=False, reason="x", at_ns=5)])
def test_a_line_holds_the_whole_entry(entry: Entry) -> None:
    """What is read back is what was written, magic of 64 bits and odd letters included."""
    line = seal(encode(entry), seq=1, time_ns=NOW_NS, prev="0" * 64)
    assert unseal(line)[0].entry == entry


def test_a_deal_counts_once() -> None:
    """The same deal in two lines, as after a crash, is one deal in every count."""
    records = _records(OPENING, OPENING, STOPPED, STOPPED)
    assert sum(records.deal_totals().values()) == 2
    assert records.positions_opened() == {PositionKey("EURUSD", "buy", "own"): 1}
    assert records.positions_closed() == {PositionKey("EURUSD", "buy", "sl"): 1}
    assert records.deal_net() == {("ours", "EURUSD"): -0.7, ("external", "EURUSD"): -12.3}


def test_money_paid_in_is_kept_and_is_no_trade() -> None:
    """A deposit is a deal of the journal; profit, trades and positions know nothing of it."""
    records = _records(DEPOSIT)
    sums = records.deal_sums(0)
    assert (sums.deals, sums.opened, sums.closed, sums.pnl) == (0, 0, 0, 0.0)
    assert records.deal_totals() == {("none", "expert", "balance", "_NONE"): 1}
    assert [dealt.deal.ticket for dealt in records.deals()] == [2]


async def test_the_days_result_follows_each_deal_and_begins_anew_with_the_day(open_journal: Open) -> None:
    """Asked again after more deals the sum holds them, and a later beginning leaves the earlier ones out."""
    day_ns = OPENING.deal.time_ns
    journal = open_journal()
    await journal.dealt(OPENING)
    assert journal.deal_sums(day_ns).pnl == -0.7
    await journal.dealt(STOPPED)
    assert (journal.deal_sums(day_ns).pnl, journal.deal_sums(day_ns).closed) == (-13.0, 1)
    assert journal.deal_sums(day_ns + 1).pnl == -12.3
    assert journal.deal_sums(day_ns + 2 * 10**9).deals == 0


def test_sums_of_many_small_amounts_are_exact() -> None:
    """A thousand times ten cents are a hundred, whatever order they come in."""
    deals = [Dealt(deal=a_deal(number, profit=0.1, commission=0.0)) for number in range(1, 1_001)]
    assert _records(*deals).deal_sums(0).pnl == 100.0


def test_a_partial_close_closes_nothing() -> None:
    """A position is closed by the deal that leaves nothing of it, and won or lost as a whole."""
    half = Dealt(deal=a_close(21, volume=0.05, profit=20.0), left=0.05)
    records = _records(OPENING, half)
    assert (records.positions_closed(), records.left_of(11), records.trades()) == ({}, 0.05, {})
    records = _records(OPENING, half, STOPPED)
    assert records.left_of(11) is None
    assert (records.trades()["EURUSD"].total, records.trades()["EURUSD"].won) == (1, 1)


def test_the_numbers_of_a_stop_lead_to_the_order_of_its_position() -> None:
    """A stop's deal and order are none of ours; they lead to the order that opened the position."""
    records = _records(an_intent("A"), a_decision("A"), OPENING, STOPPED)
    for kind, number in (("deal", 22), ("order", 21), ("position", 11)):
        assert [found.order.order_id for found in records.find(kind, number)] == ["A"]  # type: ignore[arg-type]
    assert records.owner(21) is None
    assert records.find("deal", 999) == ()


def test_a_deal_makes_an_unknown_order_findable() -> None:
    """An order whose outcome is unknown is found by the numbers of its deal, and stays open to what bears its tag."""
    unknown = Decided(order_id="A", outcome=Unknown(reason="deadline"), ended_ns=NOW_NS)
    before = _records(an_intent("A"), unknown)
    assert before.tagged("x~A") is before.get("A")
    after = _records(an_intent("A"), unknown, OPENING)
    assert after.tagged("x~A") is after.get("A")
    assert after.owner(11) is after.get("A")


def test_an_outcome_outweighs_a_deal_that_only_looked_alike() -> None:
    """The order whose answer named the number is its owner, also where a deal of it was counted for another before."""
    unknown = Decided(order_id="B", outcome=Unknown(reason="deadline"), ended_ns=NOW_NS)
    looks = replace(OPENING, ours="B")
    records = _records(an_intent("B"), unknown, looks, an_intent("A"), a_decision("A"))
    assert records.owner(11) is records.get("A")


def test_what_is_known_is_not_looked_at_again() -> None:
    """An order is undecided while nothing is known of it, and has news only while a deal proves more than is known."""
    unknown = Decided(order_id="A", outcome=Unknown(reason="deadline"), ended_ns=NOW_NS)
    proved = replace(OPENING, proved=True)
    before = _records(an_intent("A"), unknown, OPENING)
    assert [record.order.order_id for record in before.undecided(NOW_NS)] == ["A"]
    assert (before.undecided(NOW_NS + 1), before.undecided(0, changes=True), before.with_news()) == ((), (), ())
    told = _records(an_intent("A"), unknown, proved)
    assert [record.order.order_id for record in told.with_news()] == ["A"]
    after = _records(an_intent("A"), unknown, proved, Amended(order_id="A", outcome=a_fill(), reason="x"))
    assert (after.undecided(0), after.with_news()) == ((), ())
    assert after.tagged("x~A") is after.get("A")


def test_lost_connections_are_counted_across_runs() -> None:
    """Each loss is a line, coming back is none of the count."""
    lost, back = (ConnectionTurn(connected=up, reason="", at_ns=1) for up in (False, True))
    assert _records(lost, back, lost).connection_failures() == 2


def test_todays_outcomes_are_those_of_orders_that_came_today() -> None:
    """Orders count by first outcome from the moment asked for."""
    records = _records(an_intent("A"), a_decision("A"), an_intent("B"))
    assert records.outcomes_since(NOW_NS) == {"filled": 1}
    assert records.outcomes_since(NOW_NS + 1) == {}


def test_the_newest_deal_is_no_later_than_its_line() -> None:
    """A deal whose time is ahead does not make the next start ask for too little."""
    ahead = Dealt(deal=a_deal(time_msc=MSC + 10_800_000))
    assert _records(ahead, DEPOSIT).last_deal_ns == NOW_NS


async def test_a_journal_takes_a_deal_once_and_keeps_it(open_journal: Open) -> None:
    """Appended twice it is written once, and is there after a restart."""
    journal = open_journal()
    await journal.dealt(OPENING)
    await journal.dealt(OPENING)
    journal.turned(False, "gone", at_ns=NOW_NS).result(5)
    assert journal.last_seq == 2
    journal.close()
    again = open_journal()
    assert again.deal(12) == OPENING
    assert (again.last_deal_ns, again.connection_failures()) == (OPENING.deal.time_ns, 1)
