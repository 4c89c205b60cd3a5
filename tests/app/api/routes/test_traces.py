"""Traces over HTTP."""

from __future__ import annotations

from dataclasses import replace

import httpx2
import pytest

from app.history.search import Traces
from app.trading.journal.reading import OpenReport
from tests.app.api.fakes import Api
from tests.app.history.folders import a_span, spans_line, trace_id, write_telemetry
from tests.app.history.test_search import JOURNAL


@pytest.fixture
def api_with_orders(api: Api) -> Api:
    """An API whose journal holds orders, and whose files hold the span of one."""
    write_telemetry(api.directory, "traces", 1, [spans_line([a_span(2, "place_order")])])
    traces = Traces(JOURNAL, OpenReport(), api.directory)
    return replace(api, services=replace(api.services, traces=traces))


async def test_the_list_takes_filters(api_with_orders: Api) -> None:
    """Each parameter narrows the list."""
    async with api_with_orders.client() as client:
        for query, count in (
            ("", 4),
            ("?limit=2", 2),
            ("?outcome=REJECTED", 1),
            ("?symbol=gbpusd", 1),
            ("?ticket=22", 2),
            ("?error=true", 2),
            ("?min_ms=5", 3),
            ("?since=2027-01-15T08:00:30Z", 1),
            ("?until=2027-01-14", 0),
        ):
            answer = await client.get(f"/api/traces{query}")
            assert len(answer.json()["traces"]) == count, query


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "outcome=lost", "ticket=x", "min_ms=-1", "since=now"])
async def test_impossible_filters_are_refused(client: httpx2.AsyncClient, query: str) -> None:
    """422, never a list that means something else."""
    assert (await client.get(f"/api/traces?{query}")).status_code == 422


async def test_a_trace_is_whole_or_says_what_is_kept(api_with_orders: Api) -> None:
    """Spans, logs and numbers; 404 with the period that the files cover."""
    async with api_with_orders.client() as client:
        trace = (await client.get(f"/api/traces/{trace_id(1).upper()}")).json()
        gone = await client.get(f"/api/traces/{trace_id(404)}")
        malformed = await client.get("/api/traces/x")
    assert (trace["trace_id"], len(trace["spans"])) == (trace_id(1), 1)
    assert trace["numbers"] == {"order": 11, "deal": 12, "position": 11}
    assert gone.status_code == 404
    assert gone.json()["detail"]["error"]["details"]["kept"]["from"] == "2027-01-15T08:00:00.000000Z"
    assert malformed.status_code == 422
