"""Is it up, is it ready, how does it go."""

from __future__ import annotations

import shutil
from dataclasses import replace

import httpx2

from app.domain.account import Unavailable
from app.watch.state import Snapshot
from tests.app.api.fakes import UP, Api

LOST = replace(UP, broker=False, account=False, trading=False, reason="the broker is gone", next_step="wait")


async def test_liveness_asks_nobody(api: Api) -> None:
    """The process is alive also while everything around it is not."""
    api.gateway.unavailable = Unavailable(reason="gone")
    api.watch.latest = Snapshot()
    api.journal.error = "disk full"
    async with api.client(None) as client:
        answer = await client.get("/api/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "time_utc": "2026-01-05T10:00:00.000000Z"}


async def test_ready_when_orders_are_accepted(client: httpx2.AsyncClient) -> None:
    """With every layer up nothing is missing."""
    answer = await client.get("/api/ready")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "missing": []})


async def test_not_ready_names_what_is_missing(api: Api) -> None:
    """Until orders are accepted it is 503 with the layers that are down, why, and a next step."""
    api.watch.latest = Snapshot(connection=LOST)
    async with api.client() as client:
        answer = await client.get("/api/ready")
    assert answer.status_code == 503
    body = answer.json()
    assert body["missing"] == ["broker", "account", "trading"]
    error = body["detail"]["error"]
    assert error["code"] == "NOT_READY"
    assert error["details"] == {
        "missing": ["broker", "account", "trading"],
        "reason": "the broker is gone",
        "next_step": "wait",
    }


async def test_not_ready_without_a_journal(api: Api) -> None:
    """An order that could not be written down is not accepted, however well the terminal is."""
    api.journal.error = "disk full"
    async with api.client() as client:
        answer = await client.get("/api/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["journal"])
    error = answer.json()["detail"]["error"]
    assert "disk full" in error["message"]
    assert "make room" in error["details"]["next_step"]


async def test_not_ready_without_directories(api: Api) -> None:
    """Where nothing can be written, the answer says what to do about it."""
    shutil.rmtree(api.directory)
    async with api.client() as client:
        answer = await client.get("/api/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["data_directories"])
    assert "writable" in answer.json()["detail"]["error"]["details"]["next_step"]


async def test_health_when_all_is_well(client: httpx2.AsyncClient) -> None:
    """Status, moment, checks, version and issues, by the names that clients know."""
    assert (await client.get("/health")).json() == {
        "status": "healthy",
        "timestamp": "2026-01-05T10:00:00.000000Z",
        "checks": {"mt5_connected": True, "mt5_error": None, "data_directories": True},
        "version": "9.9.9",
        "issues": [],
    }


async def test_health_when_it_is_not(api: Api) -> None:
    """Each issue is named; the answer stays 200, since it is the status that says it."""
    api.watch.latest = Snapshot(connection=LOST)
    api.journal.error = "disk full"
    shutil.rmtree(api.directory)
    async with api.client() as client:
        answer = await client.get("/health")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "unhealthy"
    assert body["checks"] == {
        "mt5_connected": False,
        "mt5_error": "the broker is gone",
        "data_directories": False,
    }
    assert body["issues"] == ["MT5 disconnected", "Order journal cannot be written", "Data directories not writable"]


async def test_metrics_are_rendered_as_accepted(client: httpx2.AsyncClient) -> None:
    """The caller's Accept decides, and the renderer's content type stays as it is."""
    answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.text == "# for application/openmetrics-text\n"
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4"
