"""The application as a whole: its documentation, and what it keeps its hands off."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest

from app.api.application import create_api
from app.api.errors import CODES
from app.api.schemas import PlaceOrder
from tests.app.api.fakes import Api

MONITORING = (
    *("status", "health", "metrics", "metrics/trading", "metrics/errors", "metrics/security"),
    *("performance", "alerts", "dashboard", "history"),
)
PATHS = {
    "/health": {"get"},
    "/metrics": {"get"},
    "/api/health": {"get"},
    "/api/ready": {"get"},
    "/api/account": {"get"},
    "/api/positions": {"get"},
    "/api/positions/{ticket}/close": {"post"},
    "/api/symbols/{symbol}/tick": {"get"},
    "/api/symbols/{symbol}/info": {"get"},
    "/api/symbol/{symbol}": {"get"},
    "/api/order": {"post"},
    "/api/orders/{order_id}": {"get"},
    "/api/orders": {"get"},
    "/api/orders/pending": {"post"},
    "/api/orders/{ticket}": {"patch", "delete"},
    "/api/symbols": {"get"},
    "/api/symbols/market-watch": {"get"},
    "/api/symbols/priority": {"get"},
    "/api/market-watch": {"get"},
    "/api/bars": {"get"},
    "/api/ticks": {"get"},
    **{f"/api/history/{name}": {"get"} for name in ("bars", "ticks", "deals", "orders")},
    "/api/traces": {"get"},
    "/api/traces/{trace_id}": {"get"},
    "/events": {"get"},
    "/api/session": {"get", "post", "delete"},
    "/api/keys": {"get"},
    **{f"/api/monitoring/{name}": {"get"} for name in MONITORING},
    "/api/monitoring/metrics/snapshot": {"post"},
    "/api/monitoring/metrics/reset": {"post"},
    "/api/simulator/faults": {"get", "post", "delete"},
    "/api/simulator/faults/{fault_id}": {"delete"},
}


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    """The OpenAPI document."""
    return create_api(api.services).openapi()


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every operation in it."""
    return [operation for methods in document["paths"].values() for operation in methods.values()]


def test_paths_are_the_promised_ones(document: dict[str, Any]) -> None:
    """The surface is what clients were told, nothing less and nothing by accident."""
    assert {path: set(methods) for path, methods in document["paths"].items()} == PATHS


def test_every_call_has_summary_description_tag_and_example(document: dict[str, Any]) -> None:
    """Whoever reads the documentation sees what each call is for and what it answers."""
    known_tags = {tag["name"] for tag in document["tags"]}
    for operation in operations(document):
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= known_tags
        (content,) = operation["responses"]["200"]["content"].values()
        assert "example" in content


def test_every_documented_error_shows_the_one_shape(document: dict[str, Any]) -> None:
    """An error's example is an error as this API makes them, and its code one that exists."""
    shown = set()
    for operation in operations(document):
        for status, response in operation["responses"].items():
            if status == "200":
                continue
            for content in response["content"].values():
                for example in content.get("examples", {"": {"value": content.get("example")}}).values():
                    shown.add(example["value"]["detail"]["error"]["code"])
    assert shown <= set(CODES)
    assert {"BROKER_REJECT", "OUTCOME_UNKNOWN", "VALIDATION_ERROR", "NOT_READY"} <= shown


def test_order_is_documented_with_an_example_that_is_valid(document: dict[str, Any]) -> None:
    """The example of an order can be copied and sent, and unknown fields are documented as refused."""
    schema = document["components"]["schemas"]["PlaceOrder"]
    for example in schema["examples"]:
        PlaceOrder.model_validate(example)
    assert schema["additionalProperties"] is False


def test_the_key_is_documented(document: dict[str, Any]) -> None:
    """The documentation's Authorize button sends the key where it is looked for."""
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["in"], scheme["name"]) == ("header", "X-API-Key")
    unkeyed = {operation["summary"] for operation in operations(document) if not operation.get("security")}
    assert unkeyed == {"Is the process alive?", "Who is logged in?", "Log in", "Log out"}


async def test_documentation_works_without_a_network(client: httpx2.AsyncClient) -> None:
    """The page loads nothing from elsewhere, and what it loads is here."""
    page = (await client.get("/docs")).text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert assets
    for asset in assets:
        assert asset.startswith("/")
        assert (await client.get(asset)).status_code == 200


async def test_an_order_is_never_redirected(api: Api) -> None:
    """A path with a slash too many is unknown: a redirect would send the order to wherever Host says."""
    async with api.client() as client:
        answer = await client.post("/api/order/", json={"canonical": "EURUSD", "side": "buy", "volume": 0.1})
    assert answer.status_code == 404
    assert api.desk.calls == 0
