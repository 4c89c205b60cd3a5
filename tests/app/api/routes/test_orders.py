"""Closing, and asking what came of an order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from app.domain.orders import Action, Rejected
from app.trading.journal.records import Dealt
from tests.app.api.fakes import ORDER_ID, PENDING, Api
from tests.app.trading.journal.test_deals import a_deal


@pytest.mark.parametrize("content", [b"", b"{}", b" { } \n"])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
async def test_close_takes_no_body_or_an_empty_one(api: Api, content: bytes, content_type: str | None) -> None:
    """Clients send nothing or an empty object, with a Content-Type or without."""
    headers = {"Content-Type": content_type} if content_type else {}
    async with api.client() as client:
        answer = await client.post("/api/positions/7/close", content=content, headers=headers)
    assert answer.status_code == 200
    assert [ticket for ticket, _ in api.desk.closed] == [7]


@pytest.mark.parametrize("content", [b'{"volume": 0.05}', b"null", b"[]", b"{", b"\xff", b"0", b"[" * 60_000])
async def test_close_refuses_a_body_that_asks_for_something(api: Api, content: bytes) -> None:
    """Part of a position cannot be closed yet: who asks for it is refused, not given all of it."""
    async with api.client() as client:
        answer = await client.post("/api/positions/7/close", content=content)
    assert answer.status_code == 422
    assert answer.json()["detail"]["error"]["details"]["fields"][0]["field"] == "body"
    assert api.desk.calls == 0


@pytest.mark.parametrize("ticket", ["0", "-1", "7.5", "seven", "9223372036854775808", "%20", "1e3"])
async def test_ticket_is_a_positive_number(api: Api, ticket: str) -> None:
    """What cannot be a ticket is refused by that name."""
    async with api.client() as client:
        answer = await client.post(f"/api/positions/{ticket}/close")
    assert answer.status_code == 422
    assert answer.json()["detail"]["error"]["message"].startswith("ticket: ")
    assert api.desk.calls == 0


@pytest.mark.parametrize("order_id", [ORDER_ID, ORDER_ID.lower()])
async def test_order_is_found_by_its_id_in_any_case(client: httpx2.AsyncClient, order_id: str) -> None:
    """The journal's record is answered."""
    answer = await client.get(f"/api/orders/{order_id}")
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["order_id"], shown["status"], shown["numbers"]["order"]) == (ORDER_ID, "placed", 88)


async def test_a_pending_order_shows_what_was_executed(api: Api) -> None:
    """Its numbers are those of its last deal, its deals say how much at what price; its status stays the request's."""
    first = a_deal(91, order=88, position=88, volume=0.04, price=1.0, time_msc=1_767_607_260_000)
    api.journal.dealt = (Dealt(deal=first, ours=ORDER_ID), Dealt(deal=replace(first, ticket=92), ours=ORDER_ID))
    async with api.client() as client:
        shown = (await client.get(f"/api/orders/{ORDER_ID}")).json()
    assert shown["status"] == "placed"
    assert shown["numbers"] == {"order": 88, "deal": 92, "position": 88}
    of_first = {"deal": 91, "position": 88, "volume": 0.04, "price": 1.0, "time": "2026-01-05T10:01:00.000000Z"}
    assert shown["deals"] == [of_first, {**of_first, "deal": 92}]


@pytest.mark.parametrize(
    ("stands", "looked_s", "cancelled", "waiting"),
    [
        (True, 1, False, True),
        (False, 1, False, None),
        (True, 11, False, True),
        (False, 11, False, False),
        (True, 1, True, None),
        (False, 11, True, False),
    ],
)
async def test_a_pending_order_says_whether_it_stands(
    api: Api, stands: bool, looked_s: int, cancelled: bool, waiting: bool | None
) -> None:
    """As the terminal was last seen; null until a look has begun since."""
    placed = api.journal.placed
    if cancelled:
        api.journal.placed = replace(placed, order=replace(placed.order, action=Action.CANCEL, pending=88))
    assert placed.ended_ns is not None
    api.watch.latest = replace(
        api.watch.latest, orders=(PENDING,) if stands else (), fresh_ns=placed.ended_ns + looked_s * 10**9
    )
    async with api.client() as client:
        shown = (await client.get(f"/api/orders/{ORDER_ID}")).json()
    assert shown["waiting"] is waiting


async def test_an_order_that_was_not_placed_does_not_wait(api: Api) -> None:
    """Of what was refused there is nothing to look for."""
    api.journal.placed = replace(api.journal.placed, outcome=Rejected(retcode=10019))
    async with api.client() as client:
        assert (await client.get(f"/api/orders/{ORDER_ID}")).json()["waiting"] is None


async def test_order_nobody_placed_is_404(client: httpx2.AsyncClient) -> None:
    """An id that is in no journal is not found, and not repeated."""
    answer = await client.get("/api/orders/NOT-AN-ORDER")
    error: dict[str, Any] = answer.json()["detail"]["error"]
    assert (answer.status_code, error["code"]) == (404, "NOT_FOUND")
    assert "NOT-AN-ORDER" not in answer.text
