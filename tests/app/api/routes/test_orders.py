"""Closing, and asking what came of an order."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.app.api.fakes import ORDER_ID, Api


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
    """The journal's record is answered as it is."""
    answer = await client.get(f"/api/orders/{order_id}")
    assert answer.status_code == 200
    assert answer.json() == {"order_id": ORDER_ID, "status": "filled"}


async def test_order_nobody_placed_is_404(client: httpx2.AsyncClient) -> None:
    """An id that is in no journal is not found, and not repeated."""
    answer = await client.get("/api/orders/NOT-AN-ORDER")
    error: dict[str, Any] = answer.json()["detail"]["error"]
    assert (answer.status_code, error["code"]) == (404, "NOT_FOUND")
    assert "NOT-AN-ORDER" not in answer.text
