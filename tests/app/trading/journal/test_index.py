"""The orders of a journal by id and number, and how they are counted."""

from __future__ import annotations

from app.domain.orders import Action, Denied, Outcome, Placed, Unknown
from app.trading.journal.counts import OrderKey
from app.trading.journal.index import OrderIndex
from app.trading.journal.records import Amended, Decided, Entry, Intent, Stamped, Unsent
from tests.app.trading.journal.samples import NOW_NS, a_decision, a_fill, a_trace, an_intent, an_order

DENIED = Denied(reason="RISK_BLOCK", message="0.103 lots is no multiple of 0.01", details={"volume_step": 0.01})


def _index(*entries: Entry) -> OrderIndex:
    return OrderIndex(Stamped(seq, NOW_NS + seq, entry) for seq, entry in enumerate(entries, start=1))


def _decided(order_id: str, outcome: Outcome) -> Decided:
    return Decided(order_id=order_id, outcome=outcome, ended_ns=NOW_NS)


def _amended(order_id: str, outcome: Outcome) -> Amended:
    return Amended(order_id=order_id, outcome=outcome, reason="deals read later")


def _unsent(order_id: str) -> Unsent:
    return Unsent(order=an_order(order_id), trace=a_trace(), outcome=DENIED, started_ns=1, ended_ns=2)


def _key(outcome: str) -> OrderKey:
    return OrderKey("open", "buy", outcome, "EURUSD")


def test_an_order_is_open_until_its_outcome() -> None:
    """An intent makes an order; the outcome closes it and keeps where both stand in the journal."""
    index = _index(an_intent("A"), an_intent("B"), a_decision("A"))

    (opened,) = index.open_intents()
    closed = index.get("A")

    assert opened.order.order_id == "B"
    assert closed is not None
    assert (closed.intent_seq, closed.outcome_seq, closed.ended_ns) == (1, 3, NOW_NS + 5_000_000)
    assert closed.current == a_fill()
    assert [record.order.order_id for record in index.orders()] == ["A", "B"]
    assert index.get("C") is None


def test_an_order_that_was_never_sent_is_one_line() -> None:
    """A refusal of our own is an order with its outcome at once, counted, and not open."""
    index = _index(_unsent("A"))

    record = index.get("A")

    assert record is not None
    assert record.outcome == DENIED
    assert (record.intent_seq, record.outcome_seq) == (1, 1)
    assert index.open_intents() == ()
    assert index.totals() == {_key("denied"): 1}


def test_every_number_leads_to_its_orders() -> None:
    """Order, deal and position find the order; a position also finds the order that closed it."""
    closing = Intent(
        order=an_order("C", Action.CLOSE, position=11), trace=a_trace(2), comment_sent="", started_ns=NOW_NS
    )
    index = _index(an_intent("A"), a_decision("A"), closing, _decided("C", a_fill(order=21, deal=22)))

    def ids(kind: str, number: int) -> list[str]:
        assert kind in ("order", "deal", "position")
        return [record.order.order_id for record in index.find(kind, number)]  # type: ignore[arg-type] # asserted

    assert ids("order", 11) == ids("deal", 12) == ["A"]
    assert ids("order", 21) == ids("deal", 22) == ["C"]
    assert ids("position", 11) == ["A", "C"]
    assert ids("order", 12) == []


def test_a_position_found_later_leads_to_its_order() -> None:
    """Numbers of an amendment count like those of the first outcome."""
    index = _index(an_intent(), _decided("A", a_fill(position=None)), _amended("A", a_fill(position=31)))

    (record,) = index.find("position", 31)

    assert record.outcome == a_fill(position=None)
    assert record.current == a_fill(position=31)
    assert record.amended_reason == "deals read later"
    assert dict(record.numbers()) == {"order": 11, "deal": 12, "position": 31}


def test_first_outcomes_are_counted_and_never_go_back() -> None:
    """The count by outcome is of what was decided first; a later truth about an unknown one is counted apart."""
    unknown = Unknown(reason="deadline")
    index = _index(
        an_intent("A"), an_intent("B"), a_decision("A"), _decided("B", unknown), _amended("B", a_fill(51, 52, 53))
    )

    assert index.totals() == {_key("filled"): 1, _key("unknown"): 1}
    assert index.resolutions() == {("unknown", "filled"): 1}


def test_an_unknown_order_resolves_once() -> None:
    """Only the step from unknown to something else is a resolution: no news is none, nor is a detail added."""
    still, late = Unknown(reason="not in history yet"), Placed(order=3, retcode=10008)
    index = _index(an_intent(), _decided("A", Unknown(reason="deadline")), _amended("A", still), _amended("A", late))
    assert index.resolutions() == {("unknown", "placed"): 1}

    more = _index(an_intent(), a_decision(), _amended("A", a_fill(position=31)))
    assert more.resolutions() == {}


def test_lines_that_contradict_earlier_ones_change_nothing() -> None:
    """After damage a journal may speak of orders it does not know, or twice of one: the first word stands."""
    index = _index(
        a_decision("lost"),
        _amended("lost", a_fill()),
        an_intent("A", span=1),
        _amended("A", a_fill()),
        an_intent("A", span=2),
        _unsent("A"),
        a_decision("A"),
        _decided("A", Unknown(reason="again")),
    )

    (record,) = index.orders()

    assert record.trace == a_trace(1)
    assert record.outcome == a_fill()
    assert record.amended is None
    assert index.totals() == {_key("filled"): 1}


def test_the_first_line_gives_the_start_of_all_counts() -> None:
    """Totals count since the journal's first line, whatever it says."""
    assert _index().first_ns is None
    assert _index().last_seq == 0
    index = _index(an_intent("A"), an_intent("B"))
    assert (index.first_ns, index.last_seq) == (NOW_NS + 1, 2)


def test_what_was_read_does_not_change() -> None:
    """Totals handed out are a copy."""
    index = _index(an_intent(), a_decision())
    before = index.totals()

    index.totals().clear()  # type: ignore[attr-defined] # the mapping handed out happens to be a dict

    assert index.totals() == before == {_key("filled"): 1}
