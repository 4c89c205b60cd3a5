"""The eleven answers over HTTP, and the trends."""

from __future__ import annotations

from dataclasses import replace

import httpx2
import pytest

from app.settings import AuthSettings
from app.watch.state import Snapshot
from tests.app.api.fakes import UP, Api
from tests.support.monitoring import block

GETS = (
    *("status", "health", "metrics", "metrics/trading", "metrics/errors", "metrics/security"),
    *("performance", "alerts", "dashboard"),
)
WRITES = ("metrics/snapshot", "metrics/reset")
LOST = replace(UP, broker=False, account=False, trading=False, reason="the broker is gone", next_step="wait")


@pytest.mark.parametrize("name", GETS)
async def test_each_answers_200(api: Api, name: str) -> None:
    """From this machine without a key, whether MT5 is there or not."""
    async with api.client(None) as client:
        first = await client.get(f"/api/monitoring/{name}")
        api.watch.latest = Snapshot(connection=LOST)
        second = await client.get(f"/api/monitoring/{name}")
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json().keys() >= first.json().keys()


async def test_all_say_the_same(api: Api) -> None:
    """`/health`, `/status`, `/alerts` and the dashboard read one status."""
    api.watch.latest = Snapshot(connection=LOST)
    async with api.client() as client:
        health = (await client.get("/health")).json()
        status = (await client.get("/api/monitoring/status")).json()
        alerts = (await client.get("/api/monitoring/alerts")).json()
        dashboard = (await client.get("/api/monitoring/dashboard")).json()
    assert health["status"] == status["status"] == dashboard["health"]["status"] == "degraded"
    assert health["issues"] == status["issues"] == dashboard["health"]["issues"] == ["MT5 disconnected"]
    assert [alert["name"] for alert in alerts["alerts"]] == ["mt5_disconnected"]
    assert dashboard["stale"] is True


@pytest.mark.parametrize("window", ["5m", "1h", "24h"])
async def test_windows(client: httpx2.AsyncClient, window: str) -> None:
    """The window asked for is the window answered."""
    for name in ("status", "metrics", "performance"):
        assert (await client.get(f"/api/monitoring/{name}", params={"window": window})).json()["window"] == window


async def test_a_window_that_is_none_is_refused(client: httpx2.AsyncClient) -> None:
    """With those there are, in the one shape of errors."""
    answer = await client.get("/api/monitoring/metrics", params={"window": "1y"})
    assert answer.status_code == 422
    assert "'5m', '1h' or '24h'" in answer.json()["detail"]["error"]["message"]


@pytest.mark.parametrize("name", WRITES)
async def test_snapshot_and_reset_need_no_key_from_here(api: Api, name: str) -> None:
    """The curl lines that people have work as printed."""
    async with api.client(None) as client:
        answer = await client.post(f"/api/monitoring/{name}")
    assert answer.status_code == 200
    assert answer.json()["status"] == "success"
    assert set(answer.json()) == {"status", "message"}


@pytest.mark.parametrize("name", WRITES)
async def test_snapshot_and_reset_are_closed_to_others(api: Api, name: str) -> None:
    """From elsewhere, for a page of another origin, or where reads need a key, they need one; a wrong one is 401."""
    path = f"/api/monitoring/{name}"
    async with api.client(None, address="192.0.2.7") as client:
        assert (await client.post(path)).status_code == 401
    async with api.client(None) as client:
        assert (await client.post(path, headers={"Origin": "http://127.0.0.1:5001"})).status_code == 401
    async with api.client("wrong") as client:
        assert (await client.post(path)).status_code == 401
    async with api.with_settings(auth=AuthSettings(anonymous_read="off")).client(None) as client:
        assert (await client.post(path)).status_code == 401
    assert api.services.monitor.ledger.last_reset.at_ns == 0
    assert not (api.directory / "logs" / "metrics.csv").exists()


async def test_a_snapshot_is_a_row(api: Api) -> None:
    """A snapshot writes one row of figures to the file, and the trend shows its value."""
    async with api.client() as client:
        await client.get("/api/account")
        await client.post("/api/monitoring/metrics/snapshot")
        trend = (await client.get("/api/monitoring/history", params={"metric": "total_requests"})).json()
    lines = (api.directory / "logs" / "metrics.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert lines[1].split(",")[2] == "1"
    assert (trend["metric"], trend["window"], trend["value"]) == ("total_requests", "24h", [1.0])
    assert trend["t"] == [1_767_607_200.0]


async def test_a_snapshot_that_cannot_be_written_says_so(api: Api) -> None:
    """A snapshot whose file cannot be written is answered with 500 and the name of the file, never as a success."""
    block(api.directory / "logs" / "metrics.csv", api.services.clock.time_ns())
    async with api.client() as client:
        answer = await client.post("/api/monitoring/metrics/snapshot")
    assert answer.status_code == 500
    assert "metrics.csv" in answer.json()["detail"]["error"]["message"]


async def test_a_reset_begins_at_zero_and_is_audited(api: Api) -> None:
    """What was counted is gone, the next request is the first; who did it is a security event."""
    api.journal.outcomes = {"filled": 3}
    async with api.client() as client:
        for _ in range(3):
            await client.get("/api/account")
        await client.post("/api/monitoring/metrics/reset")
        metrics = (await client.get("/api/monitoring/metrics")).json()
        security = (await client.get("/api/monitoring/metrics/security")).json()
        trading = (await client.get("/api/monitoring/metrics/trading")).json()
    assert metrics["requests"]["total"] == 0
    assert metrics["trading"]["orders_placed"] == 0
    assert trading["today"]["orders_successful"] == 3
    assert security["events_by_type"]["metrics_reset"] == 1
    event = next(event for event in security["last_events"] if event["event_type"] == "metrics_reset")
    assert event["client_ip"] == "127.0.0.1"
    assert event["key_id"]


@pytest.mark.parametrize(
    "query", [{}, {"metric": "nothing"}, {"metric": "error_rate", "window": "1h"}, {"metric": "ts_utc"}]
)
async def test_a_trend_of_nothing_is_refused(client: httpx2.AsyncClient, query: dict[str, str]) -> None:
    """A figure and a span must be among those there are."""
    assert (await client.get("/api/monitoring/history", params=query)).status_code == 422
