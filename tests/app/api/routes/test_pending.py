"""Pending orders over HTTP: what is asked for, and what is answered."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.account import Missing
from app.domain.orders import Kind, Placed, Rejected, Side
from tests.app.api.fakes import ORDER_ID, Api

WANTED = {"canonical": "EURUSD", "order_type": "sell_stop", "volume": 0.1, "price": 1.05}
NO_EXPIRATIONS: tuple[Any, ...] = (
    *(True, False, [], {}, 0.0, 1_767_636_000.0, 2**32),
    *("", "0", "1767636000", "1767636000000", "2026-01-05", "2026-01-05T18:00Z", "2026-13-05T18:00:00Z"),
    *("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.9Z", "1969-12-31T23:59:59Z", "2106-02-07T06:28:16Z"),
)
PLACED = Placed(order=77, retcode=10009, comment="Request executed")


async def test_placing_says_the_ticket(api: Api) -> None:
    """A pending order that the broker took is answered with its ticket, its price and what waits."""
    api.desk.outcome = PLACED
    async with api.client() as client:
        answer = await client.post("/api/orders/pending", json={**WANTED, "sl": 1.1, "tp": None, "deviation": 5})
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["order"], shown["result_code"], shown["comment"]) == (77, 10009, "Request executed")
    assert (shown["order_type"], shown["price"], shown["remaining"]) == ("sell_stop", 1.05, 0.1)
    assert (shown["outcome"], shown["order_id"]) == ("placed", ORDER_ID)
    (asked,) = api.desk.placed
    assert (asked["kind"], asked["side"], asked["price"], asked["sl"]) == (Kind.STOP, Side.SELL, 1.05, 1.1)


@pytest.mark.parametrize(
    ("expiration", "seconds"),
    [
        (1_767_636_000, 1_767_636_000),
        ("2026-01-05T18:00:00Z", 1_767_636_000),
        ("2026-01-05t19:00:00.5+01:00", 1_767_636_000),
        (None, None),
        (0, None),
    ],
)
async def test_an_expiration_is_seconds_or_a_moment(api: Api, expiration: Any, seconds: int | None) -> None:
    """When it expires may be given as MetaTrader gives it, or in words; null and 0 are never."""
    api.desk.outcome = PLACED
    async with api.client() as client:
        assert (await client.post("/api/orders/pending", json={**WANTED, "expiration": expiration})).status_code == 200
        assert (await client.patch("/api/orders/77", json={"expiration": expiration})).status_code == 200
    assert api.desk.placed[0]["expiration"] == seconds
    assert api.desk.changed == [(77, {"expiration": seconds})]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"order_type": "buy"}, "order_type"),
        ({"price": 0}, "price"),
        ({"price": None}, "price"),
        ({"price": "1.05"}, "price"),
        ({"volume": -1}, "volume"),
        ({"expiration": "tomorrow"}, "expiration"),
        ({"expiration": "2026-01-05T18:00:00"}, "expiration"),
        ({"expiration": -5}, "expiration"),
        *(({"expiration": wrong}, "expiration") for wrong in NO_EXPIRATIONS),
        *(({name: value}, name) for name in ("price", "sl", "tp") for value in (1.1e12, 1e304, 1e308)),
        ({"side": "buy"}, "order_type"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, wrong: dict[str, Any], field: str) -> None:
    """A body that cannot be meant is refused by the field, and no order comes of it."""
    async with api.client() as client:
        answer = await client.post("/api/orders/pending", json={**WANTED, **wrong})
    assert answer.status_code == 422
    assert field in answer.json()["detail"]["error"]["message"]
    assert api.desk.calls == 0


@pytest.mark.parametrize(
    "wrong",
    [{"price": 1e304}, {"sl": 1e308}, {"tp": 1.1e12}, *({"expiration": wrong} for wrong in NO_EXPIRATIONS)],
)
async def test_a_change_to_what_cannot_be_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    """What no order could have, none gets by a change."""
    async with api.client() as client:
        answer = await client.patch("/api/orders/77", json=wrong)
    assert answer.status_code == 422
    assert api.desk.calls == 0


@pytest.mark.parametrize("body", [{}, {"price": None}, {"volume": 1.0}, []])
async def test_a_change_of_nothing_is_refused(api: Api, body: Any) -> None:
    """A change has to name what changes, and a volume cannot."""
    async with api.client() as client:
        answer = await client.patch("/api/orders/77", json=body)
    assert answer.status_code == 422
    assert api.desk.calls == 0


async def test_only_what_is_named_is_changed(api: Api) -> None:
    """Null takes a stop away; what is left out is not touched."""
    api.desk.outcome = PLACED
    async with api.client() as client:
        answer = await client.patch("/api/orders/77", json={"price": 1.2, "sl": None})
    assert (answer.status_code, answer.json()["order"]) == (200, 77)
    assert api.desk.changed == [(77, {"price": 1.2, "sl": None})]


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}])
async def test_cancelling_takes_no_body(api: Api, headers: dict[str, str]) -> None:
    """Clients send a JSON Content-Type also where there is no body."""
    api.desk.outcome = PLACED
    async with api.client() as client:
        answer = await client.delete("/api/orders/77", headers=headers)
    assert (answer.status_code, answer.json()["remaining"]) == (200, 0.0)
    assert api.desk.changed == [(77, None)]


async def test_an_order_that_is_gone_is_404(api: Api) -> None:
    """Changing or cancelling what is not pending any more says so."""
    api.desk.answer = Missing(what="order 77")
    async with api.client() as client:
        for answer in (
            await client.patch("/api/orders/77", json={"price": 1.2}),
            await client.delete("/api/orders/77"),
        ):
            assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (404, "NOT_FOUND")
            assert "pending" in answer.json()["detail"]["error"]["message"]


async def test_a_refusal_says_what_was_refused(api: Api) -> None:
    """No 2xx hides a refusal: the broker's code with what was asked for, in words."""
    api.desk.outcome = Rejected(retcode=10015, comment="Invalid price", bid=1.1, ask=1.2)
    async with api.client() as client:
        answer = await client.post("/api/orders/pending", json=WANTED)
        gone = await client.delete("/api/orders/77")
    error = answer.json()["detail"]["error"]
    assert (answer.status_code, error["code"]) == (409, "BROKER_REJECT")
    assert "place sell_stop 0.1 EURUSD at 1.05" in error["message"]
    assert (error["details"]["price"], error["details"]["order_type"]) == (1.05, "sell_stop")
    assert "cancel order 77" in gone.json()["detail"]["error"]["message"]


async def test_who_loses_a_race_learns_that_nothing_is_left(api: Api) -> None:
    """An order that ends while it is being cancelled is refused by the broker with a code of many meanings."""
    api.desk.outcome = Rejected(retcode=10035, comment="Invalid order")
    async with api.client() as client:
        for answer in (await client.patch("/api/orders/77", json={"sl": 1.2}), await client.delete("/api/orders/77")):
            error = answer.json()["detail"]["error"]
            assert (answer.status_code, error["code"]) == (409, "BROKER_REJECT")
            assert "pending no more" in error["message"]


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_they_need_the_scope_of_trading(api: Api, method: str) -> None:
    """Without a key nothing is placed, changed or cancelled."""
    path = "/api/orders/pending" if method == "POST" else "/api/orders/77"
    async with api.client(key=None) as client:
        answer = await client.request(method, path, json={} if method == "DELETE" else WANTED)
    assert answer.status_code == 401
    assert api.desk.calls == 0
