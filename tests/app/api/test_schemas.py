"""What an order may look like; everything else is 422 and reaches nobody."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import httpx2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.api.application import create_api
from app.api.schemas import INT64_MAX, PRICE_MAX, UINT32_MAX, VOLUME_MAX
from app.domain.orders import Side
from tests.app.api.fakes import OPERATOR_KEY, Api

VALID: dict[str, Any] = {"canonical": "EURUSD", "side": "buy", "volume": 0.1}
JSON = {"Content-Type": "application/json"}
SECRET = "hunter2-hunter2"


async def refused(api: Api, body: bytes, headers: dict[str, str] = JSON) -> dict[str, Any]:
    """The error of an order that must be refused, after nothing else came of it."""
    async with api.client() as client:
        answer = await client.post("/api/order", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert api.desk.calls == 0
    error: dict[str, Any] = answer.json()["detail"]["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert SECRET not in answer.text
    return error


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("volume", [0, -0.1, -1, True, "0.1", "NaN", None, [], {}, SECRET]),
        ("volume", [math.nan, math.inf, -math.inf, 1.1e9, 1e308, 10**400]),
        ("canonical", ["", " " * 65, 1, None, True, ["EURUSD"], "\ud800"]),
        ("side", ["", "BUY", "Buy", "hold", 0, 1, True, None, SECRET]),
        ("sl", [-1, "", "1.1", True, math.nan, 1.1e12, 1e304, SECRET]),
        ("tp", [-1, "", "1.1", True, math.inf, 1.1e12, 1e308, [1.1]]),
        ("deviation", [-1, 1.5, 10.0, "10", True, None, UINT32_MAX + 1]),
        ("comment", [None, 1, "x" * 1_001, "a\x00b", "line\nbreak", "\udfff", [SECRET]]),
        ("magic", [-1, 0.5, 5.0, "7", True, None, INT64_MAX + 1, 10**400]),
    ],
)
async def test_value_that_is_none_is_refused_by_its_field(api: Api, field: str, values: list[Any]) -> None:
    """Each impossible value is refused under the field's name, and not repeated."""
    for value in values:
        error = await refused(api, json.dumps({**VALID, field: value}).encode())
        assert [fault["field"] for fault in error["details"]["fields"]] == [field], value
        assert error["message"].startswith(f"{field}: ")


@pytest.mark.parametrize("field", sorted(VALID))
async def test_nothing_is_assumed_for_a_missing_field(api: Api, field: str) -> None:
    """What an order must have is asked for by name."""
    error = await refused(api, json.dumps({name: value for name, value in VALID.items() if name != field}).encode())
    assert error["details"]["fields"] == [{"field": field, "expected": "field required"}]


async def test_all_faults_are_told_at_once(api: Api) -> None:
    """Somebody who made three mistakes learns of three."""
    error = await refused(api, json.dumps({"canonical": "", "side": "x", "volume": -1}).encode())
    assert [fault["field"] for fault in error["details"]["fields"]] == ["canonical", "side", "volume"]


@pytest.mark.parametrize("unknown", ["volum", "stop_loss", SECRET, "", "\ud800", "x" * 10_000])
async def test_unknown_field_is_refused_and_the_known_ones_are_named(api: Api, unknown: str) -> None:
    """A field that nobody reads is refused, never dropped: it may have been meant as a stop."""
    error = await refused(api, json.dumps({**VALID, unknown: 1.05}).encode())
    assert "canonical, side, volume, sl, tp, deviation, comment, magic" in error["message"]
    assert len(error["message"]) < 300


async def test_misspelt_field_is_guessed(api: Api) -> None:
    """A slip of the finger is answered with the name that was meant."""
    assert "did you mean volume?" in (await refused(api, b'{"volum": 0.1}'))["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"null",
        b"[]",
        b"1",
        b'"EURUSD"',
        b"\xff\xfe\x00",
        b'{"canonical": "EURUSD", "side": "buy", "volume": 0.1}}',
        b'{"canonical": "EURUSD", "side": "buy", "volume": 1' + b"0" * 5_000 + b"}",
        b"[" * 60_000,
        b'{"a":' * 12_000,
        SECRET.encode(),
    ],
)
async def test_body_that_is_no_order_is_refused(api: Api, body: bytes) -> None:
    """What is not one JSON object is refused, however deep or long it is."""
    error = await refused(api, body)
    assert error["message"].startswith("body: ")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_order_is_json_and_says_so(api: Api, content_type: str) -> None:
    """A body that a page could send from anywhere without asking is no order."""
    error = await refused(api, json.dumps(VALID).encode(), {"Content-Type": content_type})
    assert "application/json" in error["message"]


@pytest.mark.parametrize("path", ["/api/order", "/api/positions/7/close"])
async def test_idempotency_key_is_refused_not_ignored(api: Api, path: str) -> None:
    """A header that promises one order at most is refused as long as nothing keeps the promise."""
    async with api.client() as client:
        answer = await client.post(path, json=VALID, headers={"Idempotency-Key": SECRET})
    assert answer.status_code == 422
    assert api.desk.calls == 0
    assert "Idempotency-Key" in answer.json()["detail"]["error"]["message"]
    assert SECRET not in answer.text


async def test_order_reaches_the_desk_as_it_was_sent(api: Api, client: httpx2.AsyncClient) -> None:
    """Every field arrives; a stop of null or 0 asks for nothing and is taken."""
    order = {**VALID, "side": "sell", "sl": None, "tp": 0, "deviation": 3, "comment": "ü", "magic": INT64_MAX}
    assert (await client.post("/api/order", json=order)).status_code == 200
    (asked,) = api.desk.opened
    del asked["arrived"]
    assert asked == {
        "symbol": "EURUSD",
        "side": Side.SELL,
        "volume": 0.1,
        "deviation": 3,
        "comment": "ü",
        "magic": INT64_MAX,
        "sl": None,
        "tp": None,
    }


async def test_stops_reach_the_desk_as_prices(api: Api, client: httpx2.AsyncClient) -> None:
    """Stop-loss and take-profit arrive as the numbers they are."""
    assert (await client.post("/api/order", json={**VALID, "sl": 1, "tp": 1.25})).status_code == 200
    (asked,) = api.desk.opened
    assert (asked["sl"], asked["tp"]) == (1.0, 1.25)


async def test_what_is_left_out_has_the_documented_default(api: Api, client: httpx2.AsyncClient) -> None:
    """Deviation 10, no comment, magic 0; a whole number of lots is a number."""
    assert (await client.post("/api/order", json={**VALID, "volume": 1})).status_code == 200
    (asked,) = api.desk.opened
    assert (asked["volume"], asked["deviation"], asked["comment"], asked["magic"]) == (1.0, 10, "", 0)


numbers = st.integers() | st.floats() | st.booleans()
values = st.recursive(
    st.none() | numbers | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=4
)
orders = st.fixed_dictionaries(
    {
        "canonical": st.sampled_from(["EURUSD", "eurusd"]) | values,
        "side": st.sampled_from(["buy", "sell"]) | values,
        "volume": st.floats(0.01, 10) | values,
    },
    optional={
        **dict.fromkeys(("sl", "tp"), st.none() | st.just(0) | values),
        **dict.fromkeys(("deviation", "magic"), st.integers(0, 10**6) | values),
        "comment": st.text() | values,
    },
)
bodies = (
    orders.map(lambda order: json.dumps(order).encode())
    | st.dictionaries(st.text() | st.sampled_from(["canonical", "side", "volume"]), values).map(
        lambda body: json.dumps(body).encode()
    )
    | st.binary(max_size=200)
)


def is_order(body: bytes) -> bool:
    """Whether this is a valid order, by other means than the schema's."""
    try:
        order = json.loads(body)
    except ValueError:
        return False
    if not isinstance(order, dict) or not {"canonical", "side", "volume"} <= set(order):
        return False
    whole: dict[str, Any] = {"deviation": 10, "magic": 0, "comment": "", "sl": None, "tp": None} | order
    return (
        len(whole) == 8
        and is_text(whole["canonical"], 64)
        and whole["canonical"] != ""
        and whole["side"] in ("buy", "sell")
        and type(whole["volume"]) in (int, float)
        and 0 < whole["volume"] <= VOLUME_MAX
        and all(
            whole[stop] is None or (type(whole[stop]) in (int, float) and 0 <= whole[stop] <= PRICE_MAX)
            for stop in ("sl", "tp")
        )
        and type(whole["deviation"]) is int
        and 0 <= whole["deviation"] <= 2**32 - 1
        and type(whole["magic"]) is int
        and 0 <= whole["magic"] <= 2**63 - 1
        and is_text(whole["comment"], 1_000)
        and not any(ord(letter) < 32 or ord(letter) == 127 for letter in whole["comment"])
    )


def is_text(value: Any, length_max: int) -> bool:
    """Whether this is a string that can be sent."""
    return (
        isinstance(value, str)
        and len(value) <= length_max
        and not any(0xD800 <= ord(letter) < 0xE000 for letter in value)
    )


def test_whatever_is_sent_is_an_order_or_422(api: Api) -> None:
    """No body makes a fault, and the desk is asked exactly when the body is a valid order."""
    transport = httpx2.ASGITransport(create_api(api.services), client=("127.0.0.1", 50_000))
    headers = {**JSON, "X-API-Key": OPERATOR_KEY}

    async def post(body: bytes) -> int:
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:5001", headers=headers) as client:
            return (await client.post("/api/order", content=body)).status_code

    with asyncio.Runner() as runner:

        @settings(max_examples=200, deadline=None)
        @given(body=bodies)
        @example(body=b'{"canonical": "EURUSD", "side": "buy", "volume": 1e-320}')
        @example(body=b'{"canonical": "EURUSD", "side": "buy", "volume": 1e999}')
        @example(body=b'{"canonical": "EURUSD", "side": "buy", "volume": 1000000001}')
        @example(body=b'{"canonical": "EURUSD", "side": "buy", "volume": 0.1, "sl": -0.0, "tp": 0.0}')
        @example(body=b'{"canonical": "EURUSD", "side": "buy", "volume": 0.1, "sl": 1e12, "tp": 1e13}')
        def check(body: bytes) -> None:
            before = api.desk.calls
            status = runner.run(post(body))
            assert status == (200 if is_order(body) else 422)
            assert api.desk.calls - before == (status == 200)

        check()
