"""The whole program counts: every answer, file and metric is equal to what the test itself did, over a kill too."""

from __future__ import annotations

import csv
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.program import NO_MONEY, OFF_STEP, Program, close, order, running, security_told

ROUNDS = 12


@dataclass
class Done:
    """What the test did, by its own count."""

    requests: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    opened: int = 0
    closed: int = 0
    wrong_keys: int = 0


def operate(program: Program, done: Done) -> None:
    """Open, close, be refused by the broker and by us, show wrong keys, ask for what is not there."""
    with program.client() as client, program.client("wrong" * 8) as wrong:
        for number in range(ROUNDS):
            asked = order(client)
            assert asked.status == 200, asked.body
            done.orders["filled"] += 1
            done.opened += 1
            if number % 3 == 0:
                assert close(client, asked.body["position"]).status == 200
                done.orders["filled"] += 1
                done.closed += 1
                done.requests["POST /api/positions/{ticket}/close"] += 1
            if number % 4 == 0:
                assert order(client, NO_MONEY).status == 409
                assert order(client, OFF_STEP).status == 409
                assert order(wrong).status == 401
                assert client.get(f"/nothing/{number}").status_code == 404
                done.orders["rejected"] += 1
                done.orders["denied"] += 1
                done.wrong_keys += 1
                done.requests["POST /api/order"] += 3
                done.requests["unmatched"] += 1
            done.requests["POST /api/order"] += 1


def ask(program: Program, name: str) -> dict[str, Any]:
    """One of the monitoring answers."""
    answer = httpx2.get(f"{program.url}/api/monitoring/{name}", trust_env=False)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def exported(program: Program, name: str, **labels: str) -> float:
    """The sum of a metric's series that have these labels."""
    text = httpx2.get(f"{program.url}/metrics", trust_env=False).text
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    lines = [line for line in text.splitlines() if re.match(rf"{name}(\{{|\s)", line)]
    return sum(float(line.split()[-1]) for line in lines if all(pair in line for pair in wanted))


def rows(program: Program, name: str) -> list[dict[str, str]]:
    """A table as a spreadsheet reads it."""
    with (program.folder / "logs" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def await_equal(look: Callable[[], object], expected: object) -> None:
    """Wait until figures that follow a moment later are as expected; say what they were if they never are."""
    deadline = time.monotonic() + 60
    while (seen := look()) != expected:
        assert time.monotonic() < deadline, f"{seen} instead of {expected}"
        time.sleep(0.1)


def check(program: Program, done: Done) -> None:
    """Every number of every route is the test's own."""
    successful, failed = done.orders["filled"], done.orders["rejected"]
    await_equal(
        lambda: {name: ask(program, "metrics")["trading"][name] for name in ("positions_opened", "positions_closed")},
        {"positions_opened": done.opened, "positions_closed": done.closed},
    )
    metrics, trading, security = (ask(program, name) for name in ("metrics", "metrics/trading", "metrics/security"))
    by_endpoint = metrics["requests"]["by_endpoint"]
    assert {name: by_endpoint[name] for name in done.requests} == done.requests
    assert metrics["requests"]["total"] == sum(by_endpoint.values())
    assert metrics["trading"]["orders_placed"] == trading["today"]["orders_successful"] == successful
    assert metrics["trading"]["orders_failed"] == trading["today"]["orders_failed"] == failed
    assert metrics["trading"]["orders_denied"] == trading["today"]["orders_denied"] == done.orders["denied"]
    assert metrics["trading"]["order_success_rate"] == successful / (successful + failed)
    assert trading["all_time"]["orders_total"] == successful + failed
    deals = done.opened + done.closed
    assert trading["today"]["deals_total"] == trading["all_time"]["deals_total"] == deals
    assert security["invalid_api_key_attempts"] == done.wrong_keys
    _check_exported(program, done)
    _check_files(program, done)


def _check_exported(program: Program, done: Done) -> None:
    outcomes = {name: exported(program, "mt5_orders_total", mt5_order_outcome=name) for name in done.orders}
    await_equal(
        lambda: {name: exported(program, "mt5_orders_total", mt5_order_outcome=name) for name in outcomes}, done.orders
    )
    await_equal(lambda: exported(program, "mt5_positions_opened_total"), done.opened)
    await_equal(lambda: exported(program, "mt5_positions_closed_total"), done.closed)
    await_equal(
        lambda: exported(program, "mt5_security_events_total", mt5_security_event="invalid_api_key_attempt"),
        done.wrong_keys,
    )


def _check_files(program: Program, done: Done) -> None:
    total = sum(done.orders.values())
    await_equal(lambda: len(rows(program, "orders")), total)
    statuses = Counter(row["status"] for row in rows(program, "orders"))
    assert statuses == {
        "success": done.orders["filled"],
        "error": done.orders["rejected"],
        "denied": done.orders["denied"],
    }
    assert len({row["order_id"] for row in rows(program, "orders")}) == total
    # One more than trades: the money that the simulator's account began with.
    await_equal(lambda: len({row["ticket"] for row in rows(program, "deals")}), done.opened + done.closed + 1)
    assert len(rows(program, "deals")) == done.opened + done.closed + 1
    await_equal(
        lambda: security_told(program.folder)["invalid_api_key_attempt"],
        done.wrong_keys,
    )


def test_every_number_is_equal_everywhere_also_after_a_kill(tmp_path: Path) -> None:
    """API, exported metrics and files equal the test's count; once quiet, a kill loses none of it."""
    done = Done()
    with running(tmp_path / "data") as program:
        operate(program, done)
        check(program, done)
        time.sleep(2.5)  # quiet: more than the second within which figures are on disk
        program.kill()
        program.start()
        check(program, done)
        operate(program, done)
        check(program, done)


def test_a_reset_survives_and_leaves_the_rest(tmp_path: Path) -> None:
    """What the endpoints count begins at zero, also in the next process; today and exported counters go on."""
    with running(tmp_path / "data") as program:
        with program.client() as client:
            assert order(client).status == 200
            assert httpx2.post(f"{program.url}/api/monitoring/metrics/reset", trust_env=False).status_code == 200
        program.kill()
        program.start()
        metrics, trading = ask(program, "metrics"), ask(program, "metrics/trading")
        assert metrics["trading"]["orders_placed"] == 0
        assert "POST /api/order" not in metrics["requests"]["by_endpoint"]
        assert trading["today"]["orders_successful"] == 1
        await_equal(lambda: exported(program, "mt5_orders_total"), 1)
        assert ask(program, "metrics/security")["events_by_type"]["metrics_reset"] == 1


@pytest.mark.timed
def test_a_lost_broker_is_a_condition_with_begin_and_end(tmp_path: Path) -> None:
    """Noticed within 5 s without anybody asking, told by status, alerts and gauge alike, and over when it is back."""
    with running(tmp_path / "data") as program:
        with program.client() as client:
            answer = client.post("/api/simulator/faults", json={"fault": "disconnect", "seconds": 4})
            assert answer.status_code == 200, answer.text
        begun = time.monotonic()
        await_equal(lambda: ask(program, "status")["issues"], ["MT5 disconnected"])
        assert time.monotonic() - begun < 5
        (alert,) = ask(program, "alerts")["alerts"]
        assert (alert["name"], alert["severity"]) == ("mt5_disconnected", "critical")
        dashboard = ask(program, "dashboard")
        assert dashboard["stale"] is True
        await_equal(
            lambda: exported(program, "mt5_monitoring_issue", mt5_monitoring_issue_name="mt5_disconnected"), 1.0
        )
        await_equal(lambda: ask(program, "status")["status"], "healthy")
        await_equal(lambda: ask(program, "metrics")["system"]["mt5_connection_failures"], 1)
        await_equal(
            lambda: exported(program, "mt5_monitoring_issue", mt5_monitoring_issue_name="mt5_disconnected"), 0.0
        )
        # Conditions turn when they are looked at, once a second; the gauge shows them as they are.
        await_equal(lambda: program.text("monitoring/conditions").count('"ended"'), 1)
        # Turns are kept once a second.
        await_equal(lambda: program.text("monitoring/conditions").count('"ended"'), 1)
        program.stop()
        turns = program.text("monitoring/conditions")
        assert turns.count('"began"') == turns.count('"ended"') == 1
