"""The simulator's faults over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.access.keys import Scope
from app.broker.specs import simulator_faults, simulator_spec
from app.domain.clock import SystemClock
from app.settings import Settings
from app.simulator.books.faults import FaultBook
from app.simulator.vocabulary.faults import FAULTS
from tests.app.api.fakes import Api

FAULTS_PATH = "/api/simulator/faults"


@pytest.fixture
async def admin(api: Api, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """The operator, over a real fault book."""
    book = FaultBook(tmp_path / "simulator.sqlite", lambda: api.services.clock.time_ns() / 1e9)
    async with replace(api, services=replace(api.services, faults=book)).client() as client:
        yield client


async def begin(client: httpx2.AsyncClient, fault: str, **parameters: Any) -> Mapping[str, Any]:
    """Begin a fault that must begin."""
    answer = await client.post(FAULTS_PATH, json={"fault": fault, **parameters})
    assert answer.status_code == 200, answer.text
    begun: Mapping[str, Any] = answer.json()
    return begun


async def test_a_fault_begins_is_listed_and_ends(admin: httpx2.AsyncClient) -> None:
    """What POST describes is what GET lists, until DELETE."""
    hang = await begin(admin, "hang", seconds=10, count=None, function=None, symbol=None)
    assert hang == {
        "id": 1, "fault": "hang", "seconds": 10.0, "count": 1, "function": "order_send",
        "since": "2026-01-05T10:00:00.000Z", "seconds_left": None, "count_left": 1,
    }  # fmt: skip
    lost = await begin(admin, "disconnect")
    assert (await admin.get(FAULTS_PATH)).json() == [hang, lost]
    assert (await admin.delete(f"{FAULTS_PATH}/1")).json() == {"ended": 1}
    assert (await admin.get(FAULTS_PATH)).json() == [lost]
    await begin(admin, "autotrading_off")
    assert (await admin.delete(FAULTS_PATH)).json() == {"ended": 2}
    assert (await admin.get(FAULTS_PATH)).json() == []
    assert (await admin.delete(FAULTS_PATH)).json() == {"ended": 0}


@pytest.mark.parametrize("number", ["1", "9223372036854775807"])
async def test_a_fault_that_is_not_at_work_is_404(admin: httpx2.AsyncClient, number: str) -> None:
    """Ending what is not there says so."""
    answer = await admin.delete(f"{FAULTS_PATH}/{number}")
    assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (404, "NOT_FOUND")


REFUSED: list[tuple[Any, str]] = [
    ({"fault": "earthquake"}, "fault"),
    ({}, "fault"),
    ({"fault": 1}, "fault"),
    ({"fault": "disconnect", "seconds": "10"}, "seconds"),
    ({"fault": "disconnect", "seconds": -1}, "seconds"),
    ({"fault": "disconnect", "seconds": 1e9}, "seconds"),
    ({"fault": "disconnect", "function": "order_send"}, "function"),
    ({"fault": "disconnect", "wild": 1}, "body"),
    ({"fault": "hang", "count": 1.5}, "count"),
    ({"fault": "hang", "count": True}, "count"),
    ({"fault": "hang", "function": "rm"}, "function"),
    ({"fault": "reject", "retcode": 10009}, "retcode"),
    ({"fault": "frozen_feed", "symbol": "NOPE"}, "symbol"),
    ({"fault": "external_trade", "symbol": "EURUSD", "side": "buy", "volume": 0.001}, "volume"),
    ({"fault": "external_trade", "symbol": "EURUSD", "volume": 0.1}, "side"),
    ({"fault": "external_trade", "position": 77}, "position"),
    ({"fault": "external_trade", "position": 2**63}, "position"),
    ([], "body"),
]


@pytest.mark.parametrize(("body", "field"), REFUSED)
async def test_refusals_name_the_parameter(admin: httpx2.AsyncClient, body: Any, field: str) -> None:
    """What cannot be is 422 with the parameter and what is expected of it, and begins nothing."""
    answer = await admin.post(FAULTS_PATH, json=body)
    error = answer.json()["detail"]["error"]
    assert (answer.status_code, error["code"]) == (422, "VALIDATION_ERROR")
    assert [told["field"] for told in error["details"]["fields"]] == [field]
    assert (await admin.get(FAULTS_PATH)).json() == []


CALLS = [("GET", FAULTS_PATH), ("POST", FAULTS_PATH), ("DELETE", FAULTS_PATH), ("DELETE", f"{FAULTS_PATH}/1")]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_there_are_none_without_the_simulator(api: Api, method: str, path: str) -> None:
    """With any other terminal the paths are not found."""
    async with api.client() as client:
        answer = await client.request(method, path, json={"fault": "disconnect"})
    assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_breaking_things_needs_the_admin_scope(api: Api, tmp_path: Path, method: str, path: str) -> None:
    """A key that may look and trade is refused, and nobody gets in without a key, not even to look."""
    book = FaultBook(tmp_path / "simulator.sqlite", SystemClock().monotonic)
    api = replace(api, services=replace(api.services, faults=book))
    trader = api.services.keys.ephemeral("trader", [Scope.READ, Scope.TRADE])
    async with api.client(trader) as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["detail"]["error"]["details"]) == (403, {"scope": "admin"})
    async with api.client(None) as client:
        assert (await client.request(method, path)).status_code == 401
    assert not (tmp_path / "simulator.sqlite").exists()


async def test_the_documentation_knows_every_fault(admin: httpx2.AsyncClient) -> None:
    """Names and parameters are told from the one table."""
    schema = (await admin.get("/openapi.json")).json()["components"]["schemas"]["BeginFault"]["properties"]
    assert schema["fault"]["enum"] == list(FAULTS)
    assert set(schema) == {"fault"} | {name for takes in FAULTS.values() for name in takes}


def test_faults_are_written_where_the_simulator_reads(tmp_path: Path) -> None:
    """Book and worker are given one ledger; a native terminal has none."""
    settings = Settings(data_dir=tmp_path)
    book = simulator_faults(settings, SystemClock())
    assert book is not None
    book.add("disconnect")
    assert Path(simulator_spec(settings).options["ledger"]).is_file()
    native = settings.model_copy(update={"terminal": settings.terminal.model_copy(update={"kind": "native"})})
    assert simulator_faults(native, SystemClock()) is None
