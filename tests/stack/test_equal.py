"""Five hundred mixed operations: each number of the API, `/metrics`, Prometheus and the files is the same everywhere.

What they are held against is the simulator's own ledger, read past the program, and the count of whoever called.
"""

from __future__ import annotations

import csv
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.stack.backends import RunningStack, eventually
from tests.support.counted import ORDER_TIMEOUT_S, UNKNOWN_PATH, Desk, Own, books
from tests.support.program import Program, security_told

pytestmark = pytest.mark.stack

SERVICE = "proof-equal"
KEPT_S = 2.5
"""More than the second within which figures are on disk."""

Ask = Callable[[str], Sequence[tuple[Mapping[str, str], float]]]
"""The labels and the value of each series of a metric."""

LABELS = {
    "mt5_orders_total": "mt5_order_outcome",
    "mt5_deals_total": "mt5_deal_origin",
    "mt5_positions_opened_total": "",
    "mt5_positions_closed_total": "",
    "mt5_position_count": "",
    "mt5_connection_failures_total": "",
    "mt5_errors_total": "mt5_error_scope",
    "mt5_security_events_total": "mt5_security_event",
    "mt5_authentications_total": "mt5_authentication_result",
    "mt5_deal_profit": "",
    "mt5_account_profit_day": "",
    "mt5_account_balance": "",
}
"""Each metric that the API has a figure for, and the label by which that figure is divided."""


def expected(program: Program, own: Own) -> dict[str, dict[str, float]]:
    """What every route has to say of these metrics: the caller's count and the broker's books."""
    broker = books(program)
    return {
        "mt5_orders_total": dict(own.orders),
        "mt5_deals_total": {"ours": broker.ours, "external": broker.deals - broker.ours, "balance": 1},
        "mt5_positions_opened_total": {"": broker.opened},
        "mt5_positions_closed_total": {"": broker.closed},
        "mt5_position_count": {"": broker.opened - broker.closed},
        "mt5_connection_failures_total": {"": own.lost},
        "mt5_errors_total": dict(own.scopes),
        "mt5_security_events_total": {**own.security, "key_created": 1},
        "mt5_authentications_total": dict(own.authentications),
        "mt5_deal_profit": {"": broker.net_cents / 100},
        "mt5_account_profit_day": {"": broker.net_cents / 100},
        "mt5_account_balance": {"": broker.balance_cents / 100},
    }


def shown_by(program: Program) -> Ask:
    """Asks `/metrics`."""
    text = httpx2.get(f"{program.url}/metrics", trust_env=False).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return lambda metric: [(sample.labels, sample.value) for sample in samples if sample.name == metric]


def held_by(stack: RunningStack) -> Ask:
    """Asks Prometheus."""
    return lambda metric: stack.prometheus.query(f'{metric}{{job="{SERVICE}"}}')


def figures(ask: Ask) -> dict[str, dict[str, float]]:
    """Sums by one label, without those that stand at zero; to the cent."""
    found: dict[str, dict[str, float]] = {}
    for metric, label in LABELS.items():
        sums: defaultdict[str, float] = defaultdict(float)
        for labels, value in ask(metric):
            sums[labels.get(label, "")] += value
        found[metric] = {name: round(total, 2) for name, total in sums.items() if total}
    return found


def served(ask: Ask) -> Counter[str]:
    """How many requests were served, by endpoint."""
    counts: Counter[str] = Counter()
    for labels, value in ask("http_server_request_duration_seconds_count"):
        route = labels.get("http_route")
        counts[f"{labels['http_request_method']} {route}" if route else UNKNOWN_PATH] += int(value)
    return counts


def rows(program: Program, name: str) -> list[dict[str, str]]:
    """A table as a spreadsheet reads it."""
    with (program.folder / "logs" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def in_files(program: Program) -> dict[str, Any]:
    """What the tables come to."""
    orders, deals = rows(program, "orders"), rows(program, "deals")
    trades = [row for row in deals if row["entry"] and row["symbol"]]
    amounts = ("profit", "swap", "commission", "fee")
    return {
        "orders": Counter(row["status"] for row in orders),
        "order_ids": len({row["order_id"] for row in orders}),
        "deals": len(trades),
        "tickets": len({row["ticket"] for row in deals}),
        "cents": sum(round(float(row[name]) * 100) for row in trades for name in amounts),
        "errors": Counter(row["scope"] for row in rows(program, "errors")),
        "security": security_told(program.folder),
    }


def expected_in_files(program: Program, own: Own) -> dict[str, Any]:
    """What the tables have to come to."""
    broker = books(program)
    return {
        "orders": {
            "success": own.placed,
            "error": own.orders["rejected"] + own.orders["not_sent"],
            "denied": own.orders["denied"],
            "unknown": own.orders["unknown"],
        },
        "order_ids": own.orders.total(),
        "deals": broker.deals,
        "tickets": broker.deals + 1,  # with the money that the account began with
        "cents": broker.net_cents,
        "errors": own.scopes,
        "security": own.security + Counter(key_created=1),
    }


def check_books(program: Program, own: Own) -> None:
    """The broker's own books hold what the caller did, no more and no less."""
    done = own.opened + own.closed  # what somebody else does happens with the next look at the terminal
    broker = eventually(lambda: books(program), lambda seen: seen.deals == done)
    assert (broker.opened, broker.closed) == (own.opened, own.closed)
    assert broker.ours == own.placed + own.late
    assert broker.deals == done == broker.ours + own.others


def check_requests(desk: Desk) -> None:
    """Requests, errors and their shares, by endpoint and together; a look is in the next one's count."""
    own = desk.own
    before, errors, client_errors = Counter(own.requests), Counter(own.errors), own.client_errors
    metrics = desk.look("metrics")
    assert metrics["requests"]["by_endpoint"] == before
    assert metrics["requests"]["total"] == before.total()
    assert metrics["requests"]["errors"] == errors.total()
    assert metrics["requests"]["client_errors"] == client_errors
    assert metrics["requests"]["error_rate"] == errors.total() / before.total()
    before = Counter(own.requests)
    performance = desk.look("performance")
    assert performance["throughput"]["total_requests"] == before.total()
    assert performance["errors"]["total"] == errors.total()
    assert performance["errors"]["client_errors"] == client_errors
    assert performance["errors"]["by_endpoint"] == errors
    assert performance["errors"]["rate"] == errors.total() / before.total()
    for figure in ("average_ms", "p95_ms"):
        assert set(performance["latency"][figure]) == set(before)
    before = Counter(own.requests)
    assert desk.look("status")["error_rate"] == errors.total() / before.total()


def check_trading(desk: Desk, program: Program) -> None:
    """Orders, positions, deals and result, since ever and today."""
    own, broker = desk.own, books(program)
    total, positions = own.placed + own.failed, {"positions_opened": broker.opened, "positions_closed": broker.closed}
    orders = {"orders_failed": own.failed, "orders_denied": own.orders["denied"], "orders_total": total}
    metrics = desk.look("metrics")
    rate = {"order_success_rate": own.placed / total}
    assert metrics["trading"] == {"orders_placed": own.placed, **orders, **positions, **rate}
    assert metrics["system"]["mt5_connection_failures"] == own.lost
    assert metrics["system"]["mt5_connected"] is True
    trading = desk.look("metrics/trading")
    today = {name: value for name, value in trading["today"].items() if name not in ("floating", "since")}
    money = {"deals_total": broker.deals, "pnl": broker.net_cents / 100}
    assert today == {"orders_successful": own.placed, **orders, **positions, **money}
    ever = {"orders_total": total, "orders_denied": own.orders["denied"], "deals_total": broker.deals, **positions}
    assert trading["all_time"] == ever


def check_lists(desk: Desk) -> None:
    """Errors and security events of the day."""
    own = desk.own
    errors = desk.look("metrics/errors")
    assert (errors["recent_errors"], errors["errors_by_scope"]) == (own.scopes.total(), own.scopes)
    security = desk.look("metrics/security")
    events = own.security + Counter(key_created=1)
    assert (security["recent_events"], security["events_by_type"]) == (events.total(), events)
    assert security["invalid_api_key_attempts"] == own.security["invalid_api_key_attempt"]
    assert security["authentication_attempts"] == own.authentications


def check_in_one_look(desk: Desk) -> None:
    """`/health` and `/dashboard` repeat what the others say, and a snapshot puts it into a row."""
    for health in (desk.look("health"), desk.look("dashboard")["health"]):
        # Prices move on, and each look is one request more.
        del health["trading"]["today"]["floating"]
        trading = desk.look("metrics/trading")
        del trading["today"]["floating"]
        assert health["trading"] == trading
        assert health["errors"] == desk.look("metrics/errors")
        assert health["security"] == desk.look("metrics/security")
        assert health["application"]["trading"] == desk.look("metrics")["trading"]


def check_snapshot(desk: Desk, program: Program) -> None:
    """A row of metrics.csv is what the API says at that moment."""
    own = desk.own
    before = Counter(own.requests)
    assert desk.ask("POST", "/api/monitoring/metrics/snapshot").status_code == 200
    row = rows(program, "metrics")[-1]
    assert int(row["total_requests"]) == before.total()
    assert int(row["total_errors"]) == own.errors.total()
    assert float(row["error_rate"]) == round(own.errors.total() / before.total(), 6)
    assert (int(row["orders_placed"]), int(row["orders_failed"])) == (own.placed, own.failed)
    assert float(row["order_success_rate"]) == round(own.placed / (own.placed + own.failed), 6)
    assert (int(row["mt5_connected"]), int(row["mt5_failures"])) == (1, own.lost)


def check_everything(stack: RunningStack, program: Program, desk: Desk) -> None:
    """Once quiet, each route holds the very same numbers."""
    check_books(program, desk.own)
    wanted = expected(program, desk.own)
    assert eventually(lambda: figures(shown_by(program)), lambda seen: seen == wanted) == wanted
    assert eventually(lambda: figures(held_by(stack)), lambda seen: seen == wanted) == wanted
    asked = Counter(desk.asked)
    assert eventually(lambda: served(shown_by(program)), lambda seen: seen == asked) == asked
    files = expected_in_files(program, desk.own)
    assert eventually(lambda: in_files(program), lambda seen: seen == files) == files
    check_trading(desk, program)
    check_lists(desk)
    check_requests(desk)
    check_in_one_look(desk)
    check_snapshot(desk, program)


def day_start() -> str:
    """A day that began six hours ago by the broker's clock, so that none begins in the middle of this."""
    return (datetime.now(UTC) + timedelta(hours=2 - 6)).strftime("%H:%M")


@pytest.mark.timeout(240)
def test_five_hundred_operations_are_the_same_everywhere_and_after_a_kill(
    running_stack: RunningStack, tmp_path: Path
) -> None:
    """The API, `/metrics`, Prometheus and the files equal the broker's books and the caller's count, twice."""
    own = Own()
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": running_stack.endpoint,
        "OTEL_SERVICE_NAME": SERVICE,
        "MT5_OTEL_RISK__DAY_START": day_start(),
        "MT5_OTEL_TERMINAL__ORDER_TIMEOUT_S": str(ORDER_TIMEOUT_S),
    }
    program = Program(tmp_path / "data", environ)
    try:
        program.start(ready=False)
        with Desk(program, own) as desk:
            desk.await_ready()
            desk.mixed(20)
            desk.without_a_broker(20)
            desk.mixed(20)
            desk.late()
            desk.hanging()
            desk.broker_refuses(18)
            assert own.operations >= 500
            # Prometheus goes on showing series that a later process does not have: this holds of the first.
            asked = Counter(desk.asked)
            held = held_by(running_stack)
            assert eventually(lambda: served(held), lambda seen: seen == asked) == asked
            check_everything(running_stack, program, desk)
        time.sleep(KEPT_S)
        program.kill()
        program.start(ready=False)
        with Desk(program, own) as desk:
            desk.await_ready()
            check_everything(running_stack, program, desk)
            desk.mixed(2)
            check_everything(running_stack, program, desk)
    finally:
        program.close()
