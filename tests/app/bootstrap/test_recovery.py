"""What a killed process left untold is told at the next start, each span with its own ids."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.bootstrap.recovery import Recovery
from app.domain.account import AccountMode
from app.domain.clock import SystemClock
from app.domain.orders import Placed
from app.trading.journal.journal import Journal
from app.trading.journal.records import Dealt
from otel.testing import InMemoryTelemetry
from tests.app.trading.journal.samples import NOW_NS, a_trace, an_order
from tests.app.trading.journal.test_deals import a_close, a_deal


async def test_orders_and_deals_that_are_in_no_file_are_told_again(tmp_path: Path) -> None:
    """A pending order, its fill and the stop after it: three spans, the deals' linked to the order, with its ids."""
    journal = Journal.open(tmp_path / "journal", clock=SystemClock())
    order = an_order("A")
    await journal.intent(order, a_trace(1), comment_sent="~A", started_ns=NOW_NS)
    await journal.outcome("A", Placed(order=11, retcode=10009), ended_ns=NOW_NS + 1)
    await journal.dealt(Dealt(deal=a_deal(magic=7), ours="A", opened=True, left=0.1, trace=a_trace(2)))
    await journal.dealt(Dealt(deal=a_close(magic=7), closed=True, trace=a_trace(3)))
    # A later order of the same position: no link of the deals before it led there.
    later = an_order("B", position=11)
    await journal.intent(later, a_trace(4), comment_sent="~B", started_ns=NOW_NS + 2)
    with InMemoryTelemetry() as telemetry:
        recovery = Recovery(journal, telemetry.pipeline, tmp_path, mode=AccountMode.DEMO, version="1")
        await recovery.run()
        told = {f"{span.context.trace_id:032x}": span for span in telemetry.spans() if span.context}
        await recovery.close()
    assert told[a_trace(1).trace_id].name == "place_order"
    for number, ticket in ((2, 12), (3, 22)):
        deal = told[a_trace(number).trace_id]
        assert (deal.name, (deal.attributes or {})["mt5.deal.ticket"]) == ("deal", ticket)
        assert [f"{link.context.span_id:016x}" for link in deal.links] == [a_trace(1).span_id]
    await asyncio.to_thread(journal.close)
