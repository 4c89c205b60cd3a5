"""Whatever is asked for, and by whatever method: the number of series stays inside a budget."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from string import ascii_letters, digits

import httpx2
import pytest

from tests.support.program import KEY, UNMEASURED, order, running

REQUESTS = 100_000
AT_ONCE = 100
"""So many requests go out on a connection before their answers are read: HTTP/1.1 lets them queue."""
CONNECTIONS = 2
HEAD, LENGTH = re.compile(rb"\r\n\r\n"), re.compile(rb"(?i)\r\ncontent-length: (\d+)\r\n")
SERIES_MAX = 5_000
"""A program that nobody calls shows a hundred; each route has 17 more for each method and status it answers."""
ENDPOINTS_MAX = 60
METHODS = ("GET", "GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND", "PURGE", "LOCK")
TEMPLATES = (
    "/{}",
    "/api/{}",
    "/{}/{}",
    "/api/monitoring/{}",
    "/api/symbols/{}/tick",
    "/api/symbols/{}/info",
    "/api/symbol/{}",
    "/api/orders/{}",
    "/api/orders?symbol={}",
    "/api/positions/{}/close",
    "/api/traces/{}",
    "/api/ticks?canonical={}",
    "/api/bars?canonical={}&tf={}",
    "/api/history/deals?symbol={}",
    "/api/simulator/faults/{}",
    "/static/{}",
    "/api/order?{}={}",
)


def wanted(choice: Random) -> Iterator[bytes]:
    """Requests for anything, most of them for what does not exist."""
    letters = ascii_letters + digits + "-_.~"
    while True:
        method, template = choice.choice(METHODS), choice.choice(TEMPLATES)
        words = ("".join(choice.choices(letters, k=choice.randint(1, 12))) for _ in range(2))
        key = f"X-API-Key: {KEY}\r\n" if choice.random() < 0.5 else ""
        body = f'{{"canonical": "S{choice.getrandbits(40):x}", "side": "buy", "volume": 1}}' if method == "POST" else ""
        lines = f"{method} {template.format(*words)} HTTP/1.1\r\nHost: 127.0.0.1\r\n{key}"
        yield f"{lines}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def flood(port: int, seed: int, count: int) -> int:
    """Send so many requests on one connection and return how many were answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    requests, answered = wanted(Random(seed)), 0
    while answered < count:
        sent = list(islice(requests, min(AT_ONCE, count - answered)))
        writer.write(b"".join(sent))
        await read_answers(reader, sent)
        answered += len(sent)
    writer.close()
    return answered


async def read_answers(reader: asyncio.StreamReader, requests: list[bytes]) -> None:
    """Read the answers of these requests and nothing more, many of them at once: this is most of the test's work."""
    received, place = b"", 0
    for request in requests:
        while not (head := HEAD.search(received, place)):
            received, place = received[place:] + await more(reader), 0
        length = LENGTH.search(received, place, head.end())
        place = head.end() + (int(length[1]) if length and not request.startswith(b"HEAD ") else 0)
        while len(received) < place:
            received += await more(reader)
    assert len(received) == place


async def more(reader: asyncio.StreamReader) -> bytes:
    """What has come since."""
    received = await reader.read(1 << 20)
    assert received, "the connection was closed"
    return received


def series(url: str) -> int:
    """How many series `/metrics` shows."""
    lines = httpx2.get(f"{url}/metrics", trust_env=False).text.splitlines()
    return sum(not line.startswith("#") for line in lines)


@pytest.mark.timeout(900)
def test_a_hundred_thousand_requests_for_anything_add_few_series(tmp_path: Path) -> None:
    """Random paths, symbols, tickets and methods, with a key and without, over HTTP; an order is taken afterwards."""
    environ = {"OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none", **UNMEASURED}
    with running(tmp_path / "data", **environ) as program:
        port = int(program.url.rsplit(":", 1)[1])

        async def floods() -> int:
            count = REQUESTS // CONNECTIONS
            return sum(await asyncio.gather(*(flood(port, seed, count) for seed in range(CONNECTIONS))))

        assert asyncio.run(floods()) == REQUESTS
        with program.client() as client:
            assert order(client).status == 200
            counted = client.get("/api/monitoring/metrics").json()["requests"]
        assert counted["total"] >= REQUESTS // 2  # a page's files are in no figure
        assert len(counted["by_endpoint"]) <= ENDPOINTS_MAX
        assert series(program.url) <= SERIES_MAX
