"""The stream of events: what happens once, heartbeats between, an end at once."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import orjson
import pytest

from app.api import live
from app.api.live import Events
from app.domain.clock import SystemClock
from app.domain.orders import Action, Order, Side
from app.watch.changes import DealSeen, OrderDecided, OrdersChanged, PositionClosed, PositionOpened
from tests.app.api.fakes import FILLED, PENDING, POSITION, SEEN, TICK, TRACE_ID, Api, FakeWatch
from tests.app.trading.journal.test_deals import a_deal

ALERT = {"category": "system", "severity": "critical", "message": "gone", "timestamp": "2026-01-05T10:00:00Z"}


def events(watch: FakeWatch, alerts: list[Any] | None = None, **options: Any) -> Events:
    """A stream over this watch that looks often."""
    return Events(watch, alerts=lambda: list(alerts or ()), clock=SystemClock(), **{"every_s": 0.02, **options})


Listen = Callable[..., AsyncGenerator[bytes, None]]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Opens streams, which keep their places until the test is over."""
    with ExitStack() as places:

        def listen(source: Events, lasts: Callable[[], bool] = lambda: True) -> AsyncGenerator[bytes, None]:
            stream = places.enter_context(source.listen(lasts))
            assert stream is not None
            return stream

        yield listen


async def until(stream: AsyncIterator[bytes], *kinds: str) -> dict[str, Any]:
    """The next event of one of these kinds."""
    async with asyncio.timeout(5):
        async for message in stream:
            name, data = message.decode().split("\n")[:2]
            if name.removeprefix("event: ") in kinds:
                body: dict[str, Any] = orjson.loads(data.removeprefix("data: "))
                assert body["kind"] == name.removeprefix("event: ")
                return body
    raise AssertionError("the stream ended")


async def test_a_stream_begins_with_a_heartbeat_and_the_prices(listen: Listen) -> None:
    """At once, and then once more with every new price."""
    watch = FakeWatch(dataclasses.replace(SEEN, ticks={"EURUSD": TICK}))
    stream = listen(events(watch))
    beat = await until(stream, "heartbeat", "ticks")
    assert beat["kind"] == "heartbeat"
    assert beat["t"] > 1_700_000_000_000
    first = await until(stream, "ticks")
    assert (first["ticks"][0]["symbol"], first["ticks"][0]["bid"]) == ("EURUSD", 1.1)
    watch.latest = dataclasses.replace(SEEN, ticks={"EURUSD": dataclasses.replace(TICK, time_msc=TICK.time_msc + 1)})
    assert len((await until(stream, "ticks"))["ticks"]) == 1


async def test_heartbeats_follow_each_other(listen: Listen) -> None:
    """While nothing happens the listener hears that it is still connected."""
    stream = listen(events(FakeWatch(), heartbeat_s=0.05))
    first, second = await until(stream, "heartbeat"), await until(stream, "heartbeat")
    assert second["t"] > first["t"]


async def test_what_happens_is_told_in_order(listen: Listen) -> None:
    """Positions, pending orders, our orders and deals, each once, with what is known of them."""
    watch = FakeWatch()
    stream = listen(events(watch))
    await until(stream, "heartbeat")
    order = Order(order_id="A" * 26, action=Action.OPEN, symbol="EURUSD", side=Side.BUY, volume=0.1)
    for change in (
        PositionOpened(POSITION),
        OrdersChanged((PENDING,)),
        OrderDecided(order, FILLED, TRACE_ID),
        DealSeen(a_deal(12), "A" * 26, True, False),
        PositionClosed(POSITION),
    ):
        watch.changes.tell(change)
    kinds = ("positions", "orders", "deals")
    told = [await until(stream, *kinds) for _ in range(5)]
    assert [(one["kind"], one.get("change")) for one in told] == [
        ("positions", "opened"),
        ("orders", "pending"),
        ("orders", "decided"),
        ("deals", None),
        ("positions", "closed"),
    ]
    assert (told[2]["trace_id"], told[2]["result"]["deal"]) == (TRACE_ID, FILLED.deal)
    assert (told[3]["deal"]["ticket"], told[3]["order_id"], told[3]["opened"]) == (12, "A" * 26, True)


async def test_alerts_are_told_when_they_begin_and_end(listen: Listen) -> None:
    """The whole list, whenever another condition holds."""
    alerts: list[Any] = []
    watch = FakeWatch()
    stream = listen(Events(watch, alerts=lambda: list(alerts), clock=SystemClock(), every_s=0.02))
    assert (await until(stream, "alerts"))["alerts"] == []
    alerts.append(ALERT)
    assert (await until(stream, "alerts"))["alerts"] == [ALERT]
    alerts.clear()
    assert (await until(stream, "alerts"))["alerts"] == []


async def test_a_slow_listener_is_told_how_much_it_missed(listen: Listen) -> None:
    """Nothing grows without bounds for somebody who does not read."""
    watch = FakeWatch()
    stream = listen(events(watch))
    await until(stream, "heartbeat")
    for _ in range(live.WAITING_MAX + 3):
        watch.changes.tell(PositionOpened(POSITION))
    assert (await until(stream, "lost"))["events"] == 3


async def test_stop_ends_streams_at_once_and_lets_none_begin(listen: Listen) -> None:
    """An open stream never holds up the end of the program."""
    source = events(FakeWatch(), every_s=60)
    kept = listen(source)
    await until(kept, "heartbeat")
    rest = asyncio.create_task(_rest(kept))
    await asyncio.sleep(0)
    source.stop()
    async with asyncio.timeout(2):
        await rest
    assert not source.is_open


async def test_places_are_taken_before_the_first_event_and_given_back_without_one() -> None:
    """As many as may listen, even if all ask in one moment; one that goes unheard leaves its place to the next."""
    source = events(FakeWatch(), streams_max=2)
    with source.listen() as one, source.listen() as two, source.listen() as three:
        assert one is not None
        assert two is not None
        assert three is None
    assert source.is_open


async def test_a_listener_who_may_no_longer_is_told_so_and_hears_no_more(listen: Listen) -> None:
    """Asked before each event: once the key is revoked there is one word, and the stream is over."""
    allowed = [True]
    watch = FakeWatch()
    stream = listen(events(watch), lambda: allowed[0])
    await until(stream, "alerts")
    allowed[0] = False
    watch.changes.tell(PositionOpened(POSITION))
    (last,) = [message async for message in stream]
    assert last.startswith(b"event: ended\n")


async def test_a_quiet_stream_of_a_revoked_key_ends_with_the_next_heartbeat(listen: Listen) -> None:
    """Also where nothing happens that it could be told."""
    allowed = [True]
    stream = listen(events(FakeWatch(), heartbeat_s=0.05), lambda: allowed[0])
    await until(stream, "alerts")
    allowed[0] = False
    async with asyncio.timeout(5):
        assert len([message async for message in stream]) == 1


async def test_only_so_many_may_listen(api: Api, client: httpx2.AsyncClient) -> None:
    """One more is told to come again."""
    api.services.events.stop()
    answer = await client.get("/events")
    assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (503, "OVERLOADED")
    assert answer.headers["retry-after"]


async def test_the_route_streams_events(api: Api) -> None:
    """What is sent is server-sent events, which nobody may keep."""
    asyncio.get_running_loop().call_later(0.2, api.services.events.stop)
    async with api.client() as client:
        answer = await client.get("/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.startswith("event: heartbeat\ndata: {")


async def _rest(stream: AsyncIterator[bytes]) -> None:
    async for _ in stream:
        pass
