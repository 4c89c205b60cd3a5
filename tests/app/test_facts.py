"""The whole program sees what happens to the account: whoever caused it, once, in time, and again after a kill."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.program import Program, close, order, running

NOTICED_S = 5.0


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """The program on a fresh simulator."""
    with running(tmp_path / "data") as started:
        yield started


def fault(client: httpx2.Client, name: str, **parameters: Any) -> None:
    """Begin a fault."""
    answer = client.post("/api/simulator/faults", json={"fault": name, **parameters})
    assert answer.status_code == 200, answer.text


def until(true: Callable[[], bool], timeout_s: float = 60.0) -> float:
    """Wait until something holds, and say how long that took."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < timeout_s
        time.sleep(0.05)
    return time.monotonic() - begun


def deals(program: Program) -> dict[int, dict[str, Any]]:
    """The journal's deals by ticket; none may be there twice."""
    entries = [entry for entry in program.journal() if entry["kind"] == "deal"]
    by_ticket = {entry["deal"]["ticket"]: entry for entry in entries}
    assert len(by_ticket) == len(entries)
    return by_ticket


def ledger(program: Program) -> dict[int, tuple[int, int, int]]:
    """Entry, reason and cents of each deal in the simulator's own books."""
    with closing(sqlite3.connect(program.folder / "simulator.sqlite")) as books:
        rows = books.execute(
            "SELECT ticket, entry, reason, profit_cents + swap_cents + commission_cents + fee_cents FROM deals"
        )
        return {ticket: (entry, reason, cents) for ticket, entry, reason, cents in rows}


def journalled(program: Program) -> dict[int, tuple[int, int, int]]:
    """The same of the journal."""
    amounts = ("profit", "swap", "commission", "fee")
    return {
        ticket: (entry["deal"]["entry"], entry["deal"]["reason"], round(sum(entry["deal"][n] for n in amounts) * 100))
        for ticket, entry in deals(program).items()
    }


def test_every_deal_is_written_down_once_whoever_made_it(program: Program) -> None:
    """Ours, a person's, a program's and a stop's equal the simulator's books, also after a kill in between."""
    with program.client() as client:
        ours = order(client)
        assert close(client, ours.body["position"]).status == 200
        bid = client.get("/api/symbols/EURUSD/tick").json()["bid"]
        stopped = order(client, sl=round(bid - 0.05, 5), tp=round(bid + 0.05, 5))
        assert stopped.status == 200, stopped.body
        (held,) = client.get("/api/positions").json()
        assert (held["sl"], held["tp"]) == (round(bid - 0.05, 5), round(bid + 0.05, 5))
        fault(client, "external_trade", position=stopped.body["position"], reason="sl")
        fault(client, "external_trade", symbol="GBPUSD", side="buy", volume=0.2, reason="mobile")
        until(lambda: len(deals(program)) >= 6)
    program.kill()
    program.start()
    with program.client() as client:
        fault(client, "external_trade", position=order(client).body["position"], reason="client")
        until(lambda: ledger(program).keys() == deals(program).keys())
        assert journalled(program) == ledger(program)
        found = deals(program).values()
        assert sum(entry["ours"] is not None for entry in found) == 4
        assert sum(entry["opened"] for entry in found) == 4
        assert sum(entry["closed"] for entry in found) == 3
        (trigger,) = [entry["deal"] for entry in found if entry["deal"]["reason"] == 4]
        traces = client.get(f"/api/traces?ticket={trigger['ticket']}").json()["traces"]
        assert stopped.trace_id in {trace["trace_id"] for trace in traces}


@pytest.mark.timed
def test_what_goes_wrong_is_noticed_in_time_and_recovers(program: Program) -> None:
    """A lost broker, a hanging terminal, algo trading off: told within 5 s, liveness meanwhile, and counted."""
    with program.client() as client:

        def missing() -> list[str]:
            return list(client.get("/api/ready").json()["missing"])

        for name, parameters, layer in (
            ("disconnect", {"seconds": 4}, "broker"),
            ("autotrading_off", {"seconds": 3}, "trading"),
            ("hang", {"seconds": 8, "function": "terminal_info", "count": 1}, "terminal"),
        ):
            fault(client, name, **parameters)
            assert until(lambda layer=layer: layer in missing()) < NOTICED_S  # type: ignore[misc]  # bound now
            begun = time.monotonic()
            assert client.get("/api/health").status_code == 200
            assert time.monotonic() - begun < 1
            until(lambda: not missing(), 30)
    lost = [entry["connected"] for entry in program.journal() if entry["kind"] == "connection"]
    assert lost == [False, True, False, True]


@pytest.mark.timed
def test_a_stream_of_events_tells_an_order_and_ends_with_the_program(program: Program) -> None:
    """A listener hears of order, position and deal; the program ends at once all the same."""
    heard: list[str] = []

    def listen() -> None:
        with program.client() as client, client.stream("GET", "/events") as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    body = json.loads(line[6:])
                    assert body["t"] > 1_700_000_000_000
                    heard.append(body["kind"])

    listener = threading.Thread(target=listen)
    listener.start()
    until(lambda: "ticks" in heard)
    with program.client() as client:
        assert order(client).status == 200
    until(lambda: {"heartbeat", "alerts", "orders", "positions", "deals"} <= set(heard))
    assert program.stop() < 5
    listener.join(10)
    assert not listener.is_alive()
    assert "/events" not in program.text("telemetry")
