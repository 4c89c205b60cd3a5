"""Every error has one shape, whatever goes wrong and wherever."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from app.api.application import create_api
from app.api.errors import CODES, STATUS_OF, install
from app.dashboard.assets import INDEX, Asset, Assets
from app.domain.account import Unavailable
from app.domain.orders import Denied, Outcome, Rejected
from app.errors import JournalError
from tests.app.api.fakes import FILLED, ORDER_ID, Api

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
PATHS = (
    "/",
    "/docs",
    "/openapi.json",
    "/static-offline-docs/nothing.js",
    "/health",
    "/metrics",
    "/api/health",
    "/api/ready",
    "/api/account",
    "/api/positions",
    "/api/symbols/NOPE/tick",
    "/api/symbols/NOPE/info",
    "/api/symbol/NOPE",
    "/api/symbols",
    "/api/symbols/market-watch",
    "/api/symbols/priority",
    "/api/market-watch",
    "/api/orders",
    "/api/bars",
    "/api/ticks",
    "/api/history/bars",
    "/api/history/ticks",
    "/api/history/deals",
    "/api/history/orders",
    "/api/traces",
    "/api/traces/NOPE",
    "/events",
    "/api/order",
    "/api/order/",
    "/api/orders/NOPE",
    "/api/orders/pending",
    "/api/positions/seven/close",
    "/api/positions/99999999999999999999/close",
    "/api/monitoring/status",
    "/api/monitoring/health",
    "/api/monitoring/metrics",
    "/api/monitoring/metrics/trading",
    "/api/monitoring/metrics/errors",
    "/api/monitoring/metrics/security",
    "/api/monitoring/metrics/snapshot",
    "/api/monitoring/metrics/reset",
    "/api/monitoring/performance",
    "/api/monitoring/alerts",
    "/api/monitoring/dashboard",
    "/api/monitoring/history",
    "/api/session",
    "/api/keys",
    "/api/simulator/faults",
    "/api/simulator/faults/NOPE",
    "/api",
    "/nothing/of/ours",
    "//",
    "/%00",
)


def error_of(answer: httpx2.Response) -> dict[str, Any]:
    """The error, after its shape has been looked at."""
    body = answer.json()
    assert set(body) - {"ready", "missing"} == {"detail"}
    assert set(body["detail"]) == {"error"}
    error: dict[str, Any] = body["detail"]["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["code"] in CODES
    assert error["message"]
    assert isinstance(error["details"], dict)
    return error


def test_every_code_has_a_meaning_and_a_status() -> None:
    """A code that is in one table and not in the other would turn a refusal into a fault of ours."""
    assert set(CODES) == set(STATUS_OF)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", ["operator-key-of-the-tests", None, "wrong"])
async def test_every_error_has_the_one_shape(api: Api, path: str, key: str | None) -> None:
    """Any method on any path, known or not, with, without and with a wrong key: one shape, all headers."""
    api.gateway.unavailable = api.archive.unavailable = Unavailable(reason="gone")
    api.services.events.stop()
    page = Asset(b"<title>", b"", "text/html; charset=utf-8", '"1"')
    api = replace(api, services=replace(api.services, assets=Assets({INDEX: page})))
    async with api.client(key) as client:
        for method in METHODS:
            answer = await client.request(method, path)
            assert answer.headers["X-Response-Time"].endswith("ms"), method
            assert answer.headers["X-Account-Mode"] == "simulated", method
            if answer.status_code >= 400:
                assert answer.headers["Content-Type"] == "application/json"
                if method != "HEAD":
                    error_of(answer)


@pytest.mark.parametrize("route", [("GET", "/api/account"), ("POST", "/api/positions/7/close"), ("GET", "/metrics")])
async def test_a_fault_of_ours_is_a_500_that_says_nothing_of_it(
    api: Api, caplog: pytest.LogCaptureFixture, route: tuple[str, str]
) -> None:
    """A fault anywhere is answered in shape with every header; what it was stands in the log alone."""
    fault = RuntimeError("the secret inside")

    def fail(_: str) -> tuple[bytes, str]:
        raise fault

    api.desk.fault = api.gateway.fault = fault
    async with replace(api, services=replace(api.services, metrics=fail)).client() as client:
        answer = await client.request(*route)
    assert answer.status_code == 500
    assert error_of(answer)["code"] == "INTERNAL"
    assert "secret" not in answer.text
    assert answer.headers["X-Account-Mode"] == "simulated"
    assert "the secret inside" in caplog.text


async def test_journal_that_cannot_be_written_is_told_with_nothing_sent(api: Api) -> None:
    """Where the intent could not be written, the caller learns that nothing was sent."""
    api.desk.fault = JournalError("disk full")
    async with api.client() as client:
        answer = await client.post("/api/positions/7/close")
    assert answer.status_code == 503
    error = error_of(answer)
    assert error["code"] == "JOURNAL_UNAVAILABLE"
    assert "nothing was sent" in error["message"]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (replace(FILLED, comment="done \ud83d"), 200),
        (Rejected(retcode=10018, comment="closed \udc00"), 409),
        (Denied(reason="RISK_BLOCK", message="no", details={"\ud800": ["\ud800", math.inf]}), 409),
    ],
)
async def test_half_a_character_does_not_hide_what_came_of_an_order(api: Api, outcome: Outcome, status: int) -> None:
    """Words of a broker that are no text are told with `?`, and never make an order that was decided a 500."""
    api.desk.outcome = outcome
    async with api.client() as client:
        answer = await client.post("/api/order", json={"canonical": "EURUSD", "side": "buy", "volume": 0.1})
    assert answer.status_code == status, answer.text
    assert "?" in answer.text
    assert ORDER_ID in answer.text


async def test_method_not_allowed_says_which_is(client: httpx2.AsyncClient) -> None:
    """A 405 keeps the Allow header."""
    answer = await client.get("/api/order")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_statuses_nobody_foresaw_have_the_shape_too() -> None:
    """A status that the framework raises and no table names is answered as a fault of ours, with its status."""
    api = FastAPI()
    install(api)

    @api.get("/")
    async def teapot() -> None:
        raise HTTPException(418)

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(api), base_url="http://127.0.0.1:5001") as client:
        answer = await client.get("/")
    assert answer.status_code == 418
    assert error_of(answer)["code"] == "INTERNAL"


async def test_every_route_of_the_application_is_among_the_tested_paths(api: Api) -> None:
    """A route that is added later is tried for its errors, too."""
    paths = create_api(api.services).openapi()["paths"]
    tried = {"/".join(part if part not in ("NOPE", "seven") else "*" for part in path.split("/")) for path in PATHS}
    declared = {"/".join("*" if part.startswith("{") else part for part in path.split("/")) for path in paths}
    assert declared <= tried
