"""Twelve ways in which monitoring of trading has lied elsewhere: each is tried here on the whole program.

The program is started once; each test looks at what its own deeds changed.
"""

from __future__ import annotations

import csv
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.broker.outcomes import to_outcome
from app.domain.orders import Action, NotSent, Order, Side, Unknown
from app.monitoring.ledger import Ledger
from tests.support.clock import MovedClock
from tests.support.program import NO_MONEY, OFF_STEP, Asked, Program, close, mixed_orders, order, running, security_told
from tests.support.terminal import failed

NOTICED_S = 5.0
UTC_OFFSET_S = 7_200


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program on a broker whose clock is two hours ahead, in a day that does not end meanwhile."""
    six_hours_ago = datetime.now(UTC) + timedelta(seconds=UTC_OFFSET_S, hours=-6)
    environ = {
        "MT5_OTEL_RISK__DAY_START": six_hours_ago.strftime("%H:%M"),
        "MT5_OTEL_SIMULATOR__UTC_OFFSET_MINUTES": str(UTC_OFFSET_S // 60),
    }
    with running(tmp_path_factory.mktemp("defects") / "data", **environ) as started:
        yield started


@pytest.fixture
def client(program: Program) -> Iterator[httpx2.Client]:
    """The operator."""
    with program.client() as client:
        yield client


def ask(client: httpx2.Client, name: str) -> dict[str, Any]:
    """One of the monitoring answers."""
    found: dict[str, Any] = client.get(f"/api/monitoring/{name}").raise_for_status().json()
    return found


def today(client: httpx2.Client) -> dict[str, float]:
    """The figures of the day."""
    figures = ask(client, "metrics/trading")["today"]
    return {name: value for name, value in figures.items() if name not in ("since", "floating")}


def until(look: Callable[[], object], expected: object, timeout_s: float = 60.0) -> float:
    """Wait until something is as expected, and say how long that took."""
    begun = time.monotonic()
    while (seen := look()) != expected:
        assert time.monotonic() - begun < timeout_s, f"{seen} instead of {expected}"
        time.sleep(0.05)
    return time.monotonic() - begun


@contextmanager
def fault(client: httpx2.Client, name: str, **parameters: Any) -> Iterator[None]:
    """While this lasts something is broken; afterwards orders are taken again."""
    begun = client.post("/api/simulator/faults", json={"fault": name, **parameters})
    assert begun.status_code == 200, begun.text
    try:
        yield
    finally:
        client.delete("/api/simulator/faults").raise_for_status()
        until(lambda: client.get("/api/ready").status_code, 200)


@contextmanager
def disconnected(client: httpx2.Client) -> Iterator[None]:
    """While this lasts the terminal has lost its broker, and that is known."""
    with fault(client, "disconnect", seconds=600):
        until(lambda: client.get("/api/ready").status_code, 503)
        yield


def rows(program: Program, name: str) -> list[dict[str, str]]:
    """A table as a spreadsheet reads it; none before its first row."""
    path = program.folder / "logs" / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ledger(program: Program) -> list[tuple[int, int, int]]:
    """Ticket, time in ms by the broker's clock and net cents of each trade in the simulator's own books."""
    with closing(sqlite3.connect(program.folder / "simulator.sqlite")) as books:
        return books.execute(
            """SELECT ticket, time_msc, profit_cents + swap_cents + commission_cents + fee_cents
            FROM deals WHERE type IN (0, 1)"""
        ).fetchall()


@pytest.mark.parametrize("retcode", [10004, 10006, 10019, 10027])
def test_1_a_refusal_of_the_broker_is_never_a_success(client: httpx2.Client, retcode: int) -> None:
    """Opening and closing alike: whatever code is refused counts as failed, on every route."""
    held = order(client).body["position"]
    before = today(client)
    with fault(client, "reject", count=2, retcode=retcode):
        answers = (order(client), close(client, held))
    assert [answer.status for answer in answers] == [409, 409]
    after = today(client)
    assert after["orders_failed"] == before["orders_failed"] + 2
    assert after["orders_successful"] == before["orders_successful"]
    assert close(client, held).status == 200


def test_2_every_path_that_trades_is_counted(client: httpx2.Client) -> None:
    """Orders and closes, filled, denied, refused, and those that nobody could send."""
    before = today(client)
    held = order(client).body["position"]
    assert order(client, OFF_STEP).status == 409
    assert order(client, NO_MONEY).status == 409
    with disconnected(client):
        assert (order(client).status, close(client, held).status) == (503, 503)
    assert close(client, held).status == 200
    after = today(client)
    changed = {name: after[name] - before[name] for name in after if name.startswith("orders")}
    assert changed == {"orders_total": 5, "orders_successful": 2, "orders_failed": 3, "orders_denied": 1}


def test_3_a_lost_connection_is_noticed_and_over_without_anybody_asking(
    program: Program, client: httpx2.Client
) -> None:
    """What the journal notes: down within 5 s, up again within 5 s of the end, while no request is made."""

    def turns() -> list[bool]:
        return [entry["connected"] for entry in program.journal() if entry["kind"] == "connection"]

    before = turns()
    begun = client.post("/api/simulator/faults", json={"fault": "disconnect", "seconds": 2})
    assert begun.status_code == 200
    assert until(turns, [*before, False]) < NOTICED_S
    assert until(turns, [*before, False, True]) < 2 + NOTICED_S
    assert ask(client, "status")["mt5_connected"] is True


def test_4_an_outage_is_no_flat_account(client: httpx2.Client) -> None:
    """Account, positions and orders answer 503 and count as errors; what is shown on is marked as stale."""
    assert order(client).status == 200
    before = ask(client, "metrics")["requests"]["errors"]
    with disconnected(client):
        answers = [client.get(f"/api/{name}") for name in ("account", "positions", "orders", "symbols")]
        assert [answer.status_code for answer in answers] == [503] * 4
        assert {answer.json()["detail"]["error"]["code"] for answer in answers} == {"MT5_UNAVAILABLE"}
        status = ask(client, "status")
        assert (status["mt5_connected"], status["stale"]) == (False, True)
        assert ask(client, "metrics")["requests"]["errors"] == before + 4


def test_5_orders_in_the_file_have_a_status(program: Program, client: httpx2.Client) -> None:
    """The rows of the day by their status are the figures of the day."""
    assert order(client).status == 200
    assert order(client, NO_MONEY).status == 409
    figures = today(client)
    expected = (figures["orders_successful"], figures["orders_failed"], figures["orders_denied"])

    def counted() -> tuple[float, ...]:
        statuses = Counter(row["status"] for row in rows(program, "orders"))
        return statuses["success"], statuses["error"] + statuses["unknown"], statuses["denied"]

    until(counted, expected)
    assert min(expected[:2]) > 0


def test_6_a_deal_counts_once_however_often_its_history_is_read(program: Program, client: httpx2.Client) -> None:
    """Asking for the past writes nothing: each deal has one row, stamped with its own time."""
    held = order(client).body["position"]
    assert close(client, held).status == 200
    trades = {str(ticket): time_msc for ticket, time_msc, _ in ledger(program)}
    for _ in range(5):
        assert client.get("/api/history/deals").status_code == 200
    until(lambda: today(client)["deals_total"], len(trades))
    until(lambda: {row["ticket"] for row in rows(program, "deals") if row["symbol"]}, set(trades))
    found = [row for row in rows(program, "deals") if row["symbol"]]
    assert len(found) == len(trades)
    for row in found:
        at_ms = datetime.fromisoformat(row["ts_utc"]).timestamp() * 1_000
        assert abs(at_ms - trades[row["ticket"]]) < 1


def test_7_the_result_is_what_the_deals_brought(program: Program, client: httpx2.Client) -> None:
    """Profit, swap, commission and fee of each, to the cent, and nothing assumed."""
    for side in ("buy", "sell"):
        held = order(client, 0.3, side=side).body["position"]
        assert close(client, held).status == 200
    cents = sum(net for _, _, net in ledger(program))
    assert cents != 0
    until(lambda: today(client)["pnl"], cents / 100)


def test_8_errors_are_told_by_endpoint(client: httpx2.Client) -> None:
    """The endpoints that failed are named, and their errors add up to the total."""
    with disconnected(client):
        assert client.get("/api/positions").status_code == 503
    errors = ask(client, "performance")["errors"]
    assert errors["by_endpoint"]["GET /api/positions"] > 0
    assert sum(errors["by_endpoint"].values()) == errors["total"] > 0


def test_9_no_raw_path_becomes_a_label(client: httpx2.Client) -> None:
    """Numbers, names and nonsense in paths are found under their templates only."""
    words = [f"raw{number}word" for number in range(20)]
    for word in words:
        for path in (f"/api/orders/{word}", f"/api/symbols/{word}/tick", f"/{word}/{word}"):
            assert client.get(path).status_code in (404, 422)
    until(lambda: 'http_route="/api/symbols/{symbol}/tick"' in client.get("/metrics").text, True)
    told = client.get("/metrics").text + client.get("/api/monitoring/metrics").text
    assert not [word for word in words if word in told]


def test_10_rates_are_of_a_window_and_do_not_fade_with_uptime() -> None:
    """A bad quarter of an hour shows after a month of good ones, is over an hour later, and a restart hides nothing."""
    clock = MovedClock()
    ledger = Ledger(clock=clock)
    for _ in range(2_000):
        ledger.request("GET /api/account", seconds=0.001, error=False, client_error=False)
        clock.advance(30 * 60)
    for _ in range(30):
        ledger.request("POST /api/order", seconds=0.001, error=True, client_error=False)
        clock.advance(30)
    rate = ledger.shown(3_600).error_rate
    assert rate > 0.9
    later = Ledger(clock=clock)
    later.restore(ledger.take(all_counts=True))
    assert later.shown(3_600).error_rate == rate
    clock.advance(3_700)
    assert ledger.shown(3_600).error_rate == later.shown(3_600).error_rate == 0.0
    assert ledger.shown(86_400).errors == 30


@pytest.mark.parametrize("code", [1, -1, -2, -8, -10001, -10002, -10003, -10004, -10005])
def test_11_no_result_is_an_outcome(code: int) -> None:
    """What `order_send` returns as nothing is never a fill and never a crash, and keeps the error it came with."""
    order = Order(order_id="A" * 26, action=Action.OPEN, symbol="EURUSD", side=Side.BUY, volume=0.1)
    outcome = to_outcome(failed(code, "as it says"), order)
    assert isinstance(outcome, NotSent | Unknown)
    assert outcome.last_error == (code, "as it says")


def test_11_a_terminal_that_is_gone_is_told(client: httpx2.Client) -> None:
    """Its order is answered as not sent, and the next one is taken once it is back."""
    with fault(client, "terminal_gone", seconds=2):
        answer = order(client)
        assert answer.status == 503
        assert answer.body["detail"]["error"]["code"] == "MT5_UNAVAILABLE"
        until(lambda: client.get("/api/ready").status_code, 503)
    assert order(client).status == 200


def test_11_many_at_once_are_kept_apart(program: Program) -> None:
    """Four callers get their own answers: each fill its own numbers, each refusal the broker's code."""

    def several(_: int) -> list[Asked]:
        with program.client() as another:
            return mixed_orders(another, 20)

    with ThreadPoolExecutor(4) as callers:
        asked = [one for many in callers.map(several, range(4)) for one in many]
    assert {one.status for one in asked} == {200, 409}
    filled = [one.body for one in asked if one.status == 200]
    assert len({body["order"] for body in filled}) == len(filled)
    assert {body["result_code"] for body in filled} == {10009}


def test_11_times_are_utc(client: httpx2.Client) -> None:
    """The broker's clock is two hours ahead; a deal is told to be of now all the same."""
    placed = order(client)
    # The process for the past finds out by its first call that the terminal was gone.
    until(lambda: client.get("/api/history/deals").status_code, 200)
    deals = client.get("/api/history/deals").json()["deals"]
    (own,) = [deal for deal in deals if deal["order"] == placed.body["order"]]
    assert abs(own["time"] - time.time()) < 60
    assert abs(datetime.fromisoformat(own["time_utc"]).timestamp() - time.time()) < 60


def test_12_no_key_no_trade_and_a_good_log_in_is_no_event(tmp_path: Path) -> None:
    """Started without a key it makes one: an order without it is refused; good calls are counted, never listed."""
    with running(tmp_path / "data", MT5_OTEL_API_KEY="") as program:
        key = next(word for word in program.log.read_text(encoding="utf-8").split() if word.startswith("mt5ot_"))
        with program.client(None) as stranger, program.client(key) as operator:
            assert [order(stranger).status, close(stranger, 1).status] == [401, 401]
            for _ in range(20):
                assert order(operator).status == 200
            security = ask(operator, "metrics/security")
        assert security["events_by_type"] == {"missing_api_key": 2, "key_created": 1}
        assert security["authentication_attempts"] == {"good": 21, "bad": 0}
        until(lambda: security_told(program.folder), security["events_by_type"])
