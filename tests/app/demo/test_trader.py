"""The demo trader: trades within bounds, is refused on purpose, and survives whatever the API does."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import httpx2
import pytest

from app.demo.trader import MAGIC, PAUSE_S, POSITIONS_MAX, SYMBOLS, DemoTrader, open_client, run

FOREIGN = {"ticket": 1, "magic": 0, "symbol": "EURUSD"}


class FakeApi:
    """An API with a market: fills what is on the step and affordable, refuses the rest, closes what is open.

    `answer`, when set, is what every request gets instead.
    """

    def __init__(self) -> None:
        self.positions: list[dict[str, Any]] = [FOREIGN]
        self.answers: Counter[str] = Counter()
        self.most_open = 0
        self.orders: list[dict[str, Any]] = []
        self.answer: Callable[[], httpx2.Response] | None = None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Serve one request."""
        if self.answer is not None:
            return self.answer()
        path = request.url.path
        if path == "/api/positions":
            return httpx2.Response(200, json=self.positions)
        if path.endswith("/info"):
            return httpx2.Response(200, json={"volume_min": 0.01, "volume_max": 500.0, "volume_step": 0.01})
        if path.endswith("/close"):
            return self._close(int(path.split("/")[3]))
        return self._open(json.loads(request.content))

    def _close(self, ticket: int) -> httpx2.Response:
        assert ticket != FOREIGN["ticket"]
        self.positions = [position for position in self.positions if position["ticket"] != ticket]
        self.answers["closed"] += 1
        return httpx2.Response(200, json={})

    def _open(self, order: dict[str, Any]) -> httpx2.Response:
        self.orders.append(order)
        refusal = _refusal(order["volume"])
        self.answers[refusal or "opened"] += 1
        if refusal is not None:
            return httpx2.Response(409, json={})
        self.positions.append({"ticket": 100 + len(self.orders), "magic": order["magic"]})
        self.most_open = max(self.most_open, len(self.positions) - 1)
        return httpx2.Response(200, json={})


def _refusal(volume: float) -> str | None:
    if abs(volume * 100 - round(volume * 100)) > 1e-6:
        return "off the step"
    if volume > 500:
        return "above the maximum"
    return "no money" if volume > 1 else None


@pytest.fixture
def api() -> FakeApi:
    """The market."""
    return FakeApi()


@pytest.fixture
def trader(api: FakeApi) -> DemoTrader:
    """A trader whose randomness is always the same."""
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(api), base_url="http://api")
    return DemoTrader(client, Random(1))


async def test_everything_that_is_to_be_seen_happens(api: FakeApi, trader: DemoTrader) -> None:
    """In some minutes there are fills and closes, mostly, and each kind of refusal, on all three symbols."""
    for _ in range(200):
        await trader.act()
    assert set(api.answers) == {"opened", "closed", "off the step", "above the maximum", "no money"}
    assert api.answers["opened"] + api.answers["closed"] > 140
    assert {order["canonical"] for order in api.orders} == set(SYMBOLS)
    assert {order["side"] for order in api.orders} == {"buy", "sell"}


async def test_open_positions_are_bounded_and_small(api: FakeApi, trader: DemoTrader) -> None:
    """There are never more of its positions than promised, each of 0.1 lots at most and marked as its own."""
    for _ in range(200):
        await trader.act()
    assert 1 < api.most_open <= POSITIONS_MAX
    assert FOREIGN in api.positions
    assert {order["magic"] for order in api.orders} == {MAGIC}
    assert max(order["volume"] for order in api.orders if _refusal(order["volume"]) is None) <= 0.1


def _no_answer() -> httpx2.Response:
    raise httpx2.ConnectError("refused")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (_no_answer, "no answer (ConnectError)"),
        (lambda: httpx2.Response(503, json={}), "the API answers 503"),
        (lambda: httpx2.Response(401, json={}), "the API answers 401"),
        (lambda: httpx2.Response(200, text="<html>"), "cannot be read"),
        (lambda: httpx2.Response(200, json={"positions": []}), "cannot be read"),
        (lambda: httpx2.Response(200, json=[{}]), "cannot be read"),
    ],
)
async def test_trouble_is_told_once_and_so_is_its_end(
    api: FakeApi,
    trader: DemoTrader,
    caplog: pytest.LogCaptureFixture,
    answer: Callable[[], httpx2.Response],
    told: str,
) -> None:
    """However long the API is away, there is one line when it begins and one when it is over."""
    caplog.set_level(logging.INFO, "app.demo.trader")
    api.answer = answer
    for _ in range(5):
        await trader.act()
    api.answer = None
    for _ in range(5):
        await trader.act()
    begun, over = caplog.messages
    assert told in begun
    assert over == "The demo trader trades"


async def test_symbol_that_cannot_be_asked_for_is_asked_for_again(api: FakeApi) -> None:
    """A symbol whose limits were not answered is no end of it: the next action asks again."""
    away = True

    def serve(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(503, json={}) if away and request.url.path.endswith("/info") else api(request)

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(serve), base_url="http://api")
    trader = DemoTrader(client, Random(1))
    await trader.act()
    assert not api.orders
    away = False
    await trader.act()
    assert api.orders


async def test_a_brokers_suffix_is_part_of_the_names(api: FakeApi) -> None:
    """Where the broker's names end otherwise, the trader asks for those."""
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(api), base_url="http://api") as client:
        trader = DemoTrader(client, Random(1), ".r")
        for _ in range(20):
            await trader.act()

    assert {order["canonical"] for order in api.orders} == {"EURUSD.r", "GBPUSD.r", "USDCAD.r"}


async def test_it_trades_until_cancelled_at_its_pace(api: FakeApi) -> None:
    """Between two actions lie two to three seconds, and cancelling ends it."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 20:
            raise asyncio.CancelledError

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(api), base_url="http://api")
    with pytest.raises(asyncio.CancelledError):
        await run(client, random=Random(2), sleep=sleep)
    assert sum(api.answers.values()) == 19
    assert all(PAUSE_S[0] <= pause <= PAUSE_S[1] for pause in pauses)


async def test_client_has_the_key_and_asks_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is on every call, and a proxy for the outside world does not get between."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:1")
    async with open_client("http://127.0.0.1:9", "demo-key") as client:
        assert client.headers["X-API-Key"] == "demo-key"
        assert not client.trust_env
