"""Rows of the five tables."""

from __future__ import annotations

import json

import pytest

from app.domain.deals import Deal
from app.domain.events import ErrorEvent, Scope, SecurityEvent, SecurityType
from app.domain.orders import (
    OUTCOME_NAMES,
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
from app.history.csv_rows import (
    DEALS_COLUMNS,
    ERRORS_COLUMNS,
    METRICS_COLUMNS,
    ORDERS_COLUMNS,
    SECURITY_COLUMNS,
    STATUS,
    deal_row,
    error_from,
    error_row,
    ns_from,
    order_row,
    security_from,
    security_row,
)
from app.trading.journal.records import Dealt, OrderRecord

AT_NS = 1_773_144_000_123_456_000
ORDER = Order(
    order_id="A", action=Action.OPEN, symbol="EURUSD", side=Side.BUY, volume=0.1, comment="=x", sl=1.0, tp=1.2
)
FILLED = Filled(order=11, deal=12, position=13, volume=0.1, price=1.1, retcode=10009)


def row_of(outcome: Outcome, order: Order = ORDER) -> dict[str, object]:
    """The row of an order with this outcome."""
    record = OrderRecord(
        order=order,
        trace=TraceRef("ab" * 16, "cd" * 8),
        comment_sent="",
        started_ns=AT_NS - 1,
        intent_seq=1,
        outcome=outcome,
        ended_ns=AT_NS,
    )
    return dict(zip(ORDERS_COLUMNS, order_row(record), strict=True))


def test_columns_are_the_promised_ones() -> None:
    """People's formulas and scripts refer to them."""
    assert ",".join(METRICS_COLUMNS) == (
        "ts_utc,uptime_hours,total_requests,total_errors,error_rate,orders_placed,orders_failed,order_success_rate,"
        "mt5_connected,mt5_failures"
    )
    assert ",".join(ERRORS_COLUMNS) == "ts_utc,scope,message,last_error,details,trace_id"
    assert ",".join(SECURITY_COLUMNS) == "ts_utc,event_type,client_ip,details,key_id"
    assert ",".join(ORDERS_COLUMNS) == (
        "ts_utc,action,canonical,broker_symbol,req_json,result_code,order,position,price,volume,sl,tp,comment,status,"
        "order_id,trace_id"
    )
    assert ",".join(DEALS_COLUMNS) == (
        "ts_utc,ticket,order,time,type,entry,magic,position_id,volume,price,commission,swap,profit,symbol,comment,fee,"
        "reason,trace_id"
    )


def test_a_filled_order() -> None:
    """Everything that its columns name."""
    row = row_of(FILLED)
    request = json.loads(str(row.pop("req_json")))
    assert row == {
        "ts_utc": "2026-03-10T12:00:00.123456Z",
        "action": "market_buy",
        "canonical": "EURUSD",
        "broker_symbol": "EURUSD",
        "result_code": 10009,
        "order": 11,
        "position": 13,
        "price": 1.1,
        "volume": 0.1,
        "sl": 1.0,
        "tp": 1.2,
        "comment": "=x",
        "status": "success",
        "order_id": "A",
        "trace_id": "ab" * 16,
    }
    assert (request["symbol"], request["side"], request["volume"], request["comment"]) == ("EURUSD", "buy", 0.1, "=x")


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (Placed(order=11, retcode=10008), "success", 10008),
        (Unchanged(retcode=10025), "success", 10025),
        (Rejected(retcode=10019), "error", 10019),
        (NotSent(reason="away"), "error", None),
        (Denied(reason="RISK_BLOCK", message="no"), "denied", None),
        (Unknown(reason="deadline"), "unknown", None),
    ],
)
def test_status_says_what_came_of_it(outcome: Outcome, status: str, code: int | None) -> None:
    """A refusal is never a success."""
    row = row_of(outcome)
    assert (row["status"], row["result_code"], row["price"], row["volume"]) == (status, code, None, 0.1)


def test_a_later_truth_changes_no_count() -> None:
    """An order that was found filled afterwards stays unknown in its row, as it is counted; its numbers are there."""
    unknown = OrderRecord(
        order=ORDER,
        trace=TraceRef(),
        comment_sent="",
        started_ns=AT_NS,
        intent_seq=1,
        outcome=Unknown(reason="deadline"),
        amended=FILLED,
    )
    row = dict(zip(ORDERS_COLUMNS, order_row(unknown), strict=True))
    assert (row["status"], row["result_code"], row["order"], row["price"]) == ("unknown", None, 11, 1.1)


def test_every_outcome_has_a_status() -> None:
    """None is forgotten."""
    assert sorted(kind.name for kind in STATUS) == sorted(OUTCOME_NAMES)


def test_a_close_is_called_so() -> None:
    """And names its position, also where nothing was sent."""
    close = Order(order_id="B", action=Action.CLOSE, symbol="EURUSD", side=Side.SELL, volume=0.1, position=13)
    row = row_of(NotSent(reason="away"), close)
    assert (row["action"], row["position"], row["order"]) == ("close", 13, None)


def test_a_deal() -> None:
    """By the deal's own time."""
    deal = Deal(
        ticket=12,
        order=11,
        position=13,
        symbol="EURUSD",
        type=0,
        entry=0,
        reason=3,
        volume=0.1,
        price=1.1,
        profit=0.0,
        commission=-0.35,
        swap=-0.1,
        fee=0.0,
        time_msc=AT_NS // 1_000_000,
        magic=7,
        comment="x~A",
    )
    row = dict(zip(DEALS_COLUMNS, deal_row(Dealt(deal=deal), "ab"), strict=True))
    assert row == {
        "ts_utc": "2026-03-10T12:00:00.123000Z",
        "ticket": 12,
        "order": 11,
        "time": 1_773_144_000,
        "type": 0,
        "entry": 0,
        "magic": 7,
        "position_id": 13,
        "volume": 0.1,
        "price": 1.1,
        "commission": -0.35,
        "swap": -0.1,
        "profit": 0.0,
        "symbol": "EURUSD",
        "comment": "x~A",
        "fee": 0.0,
        "reason": 3,
        "trace_id": "ab",
    }


def test_errors_and_events_are_read_back() -> None:
    """What a row tells is what was told."""
    error = ErrorEvent(at_ns=AT_NS, scope=Scope.FILES, message="m", last_error="l", details="d", trace_id="t")
    event = SecurityEvent(at_ns=AT_NS, type=SecurityType.RATE_LIMITED, client="192.0.2.1", details="d", key_id="k")
    assert error_from(dict(zip(ERRORS_COLUMNS, map(str, error_row(error)), strict=True))) == error
    assert security_from(dict(zip(SECURITY_COLUMNS, map(str, security_row(event)), strict=True))) == event


@pytest.mark.parametrize(
    "row", [{}, {"ts_utc": "x"}, {"ts_utc": "2026-03-10T12:00:00Z", "scope": "no", "event_type": "no"}]
)
def test_what_is_no_row_is_none(row: dict[str, str]) -> None:
    """A damaged line tells nothing, and costs nothing else."""
    assert error_from(row) is None
    assert security_from(row) is None


def test_a_moment_needs_its_zone() -> None:
    """Local time is not guessed at."""
    assert ns_from("2026-03-10T12:00:00.123456Z") == AT_NS
    assert ns_from("2026-03-10T14:00:00.123456+02:00") == AT_NS
    with pytest.raises(ValueError, match="zone"):
        ns_from("2026-03-10T12:00:00")
