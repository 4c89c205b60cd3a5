"""Every request has its server span, whatever its headers say, and no span shows what a caller put into the URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from otel.config import TelemetryConfig
from otel.http import CALLERS_TEXT_LENGTH_MAX, FASTAPI_TELEMETRY_OFF, instrument_app
from otel.redaction import REDACTED
from otel.testing import InMemoryTelemetry


def application(telemetry: InMemoryTelemetry) -> FastAPI:
    """An API with an order, a failure, a stream, and paths that are left out."""
    app = FastAPI(telemetry=FASTAPI_TELEMETRY_OFF)
    tracer = telemetry.pipeline.tracer_provider.get_tracer("app")

    @app.post("/api/order")
    async def order() -> dict[str, str]:
        with tracer.start_as_current_span("place_order"):
            return {"outcome": "filled"}

    @app.get("/api/refused")
    async def refused() -> None:
        raise HTTPException(409, "refused")

    @app.get("/api/broken")
    async def broken() -> None:
        raise RuntimeError("password=hunter2")

    @app.get("/metrics")
    @app.get("/static/page.js")
    async def left_out() -> str:
        return "text"

    @app.get("/api/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(iter([b"a", b"b", b"c"]))

    instrument_app(app, telemetry.pipeline, untraced_paths=["/metrics"], untraced_prefixes=["/static/"])
    return app


@pytest.fixture
def telemetry() -> Iterator[InMemoryTelemetry]:
    """Telemetry in memory."""
    with InMemoryTelemetry() as made:
        yield made


@pytest.fixture
def client(telemetry: InMemoryTelemetry) -> Iterator[TestClient]:
    """A client of the application."""
    with TestClient(application(telemetry), raise_server_exceptions=False) as made:
        yield made


def test_an_order_is_one_trace_under_its_server_span(client: TestClient, telemetry: InMemoryTelemetry) -> None:
    """A request makes one server span by the stable conventions, with what the application does under it."""
    assert client.post("/api/order", json={}).status_code == 200

    (tree,) = telemetry.trees()
    assert (tree["name"], tree["kind"], tree["children"]) == ("POST /api/order", "server", [{"name": "place_order"}])
    assert tree["attributes"] | {"client.port": 0} == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/api/order",
        "network.protocol.version": "1.1",
        "url.path": "/api/order",
        "url.scheme": "http",
        "server.address": "testserver",
        "server.port": 80,
        "client.address": "testclient",
        "client.port": 0,
        "user_agent.original": "testclient",
    }


def test_what_a_caller_sends_is_short_on_the_span(client: TestClient, telemetry: InMemoryTelemetry) -> None:
    """Of a long path, query and user agent the waiting span holds little, and no half of a secret."""
    agent = "x" * (CALLERS_TEXT_LENGTH_MAX - 20) + " password=hunter2-and-more " + "y" * 30_000
    client.get("/" + "p" * 20_000 + "?" + "q=hunter2&" * 3_000, headers={"User-Agent": agent})

    attributes = telemetry.spans()[0].attributes or {}
    assert str(attributes["user_agent.original"]).startswith("xxx")
    assert str(attributes["url.path"]).startswith("/ppp")
    assert str(attributes["url.query"]).startswith("q=")
    longest = max(len(value) for value in attributes.values() if isinstance(value, str))
    assert longest < CALLERS_TEXT_LENGTH_MAX + len(REDACTED)  # which is written out again where the cut went through it
    assert "hunter" not in str(dict(attributes))


def test_the_answer_names_its_trace(client: TestClient, telemetry: InMemoryTelemetry) -> None:
    """The `traceresponse` header holds the ids of the server span."""
    header = client.post("/api/order").headers["traceresponse"]

    server = telemetry.spans()[0].context
    assert header == f"00-{server.trace_id:032x}-{server.span_id:016x}-01"


def test_a_refusal_is_no_error_and_a_crash_is_one(client: TestClient, telemetry: InMemoryTelemetry) -> None:
    """A 4xx leaves the server span unset; an exception makes it an error, without what its message gave away."""
    assert client.get("/api/refused").status_code == 409
    assert client.get("/api/broken").status_code == 500

    refused, broken = telemetry.trees()
    assert "status" not in refused
    assert broken["status"] == "error"
    assert broken["events"] == ["exception"]
    assert "hunter2" not in str([dict(e.attributes or {}) for s in telemetry.spans() for e in s.events])


@pytest.mark.parametrize("path", ["/metrics", "/static/page.js", "/static/missing.js"])
def test_paths_left_out_have_neither_span_nor_metric(
    client: TestClient, telemetry: InMemoryTelemetry, path: str
) -> None:
    """Scrapes and page assets make no telemetry."""
    client.get(path)

    assert telemetry.trees() == []
    assert telemetry.value("http.server.request.duration") is None


@pytest.mark.parametrize(
    "host",
    [
        "testserver/metrics",
        "testserver/metrics?",
        "testserver/metrics#",
        "x/static",
        "x/static/",
        "/metrics",
        "http://x/metrics",
        "metrics",
        "[::1",
        "",
        "\xff",
    ],
)
def test_no_host_header_hides_an_order(client: TestClient, telemetry: InMemoryTelemetry, host: str) -> None:
    """A Host header made to look like a path that is left out changes nothing about the order's trace."""
    client.post("/api/order", headers={b"host": host.encode("latin-1")})

    assert [span.name for span in telemetry.spans()] == ["POST /api/order", "place_order"]


@pytest.mark.parametrize("path", ["/api/order#/metrics", "/api/order?/metrics", "/api/order?x=/static/"])
def test_no_url_hides_an_order(client: TestClient, telemetry: InMemoryTelemetry, path: str) -> None:
    """Neither does anything behind the path."""
    client.post(path)

    assert telemetry.trees()[0]["name"] == "POST /api/order"


def test_a_caller_that_does_not_trace_is_traced(client: TestClient, telemetry: InMemoryTelemetry) -> None:
    """A `traceparent` that says "not sampled" gives its trace id, and hides nothing."""
    client.post("/api/order", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-00"})

    spans = telemetry.spans()
    assert [span.name for span in spans] == ["POST /api/order", "place_order"]
    assert {f"{span.context.trace_id:x}" for span in spans} == {"a" * 32}


def test_a_query_string_shows_names_and_no_values(client: TestClient, telemetry: InMemoryTelemetry) -> None:
    """Whatever a caller puts behind the question mark, its values stay here."""
    client.post("/api/order?token=hunter2&odd=hunter3&hunter4")

    attributes = telemetry.spans()[0].attributes
    assert attributes is not None
    assert attributes["url.query"] == "token=[REDACTED]&odd=[REDACTED]&[REDACTED]"
    assert "hunter" not in str(dict(attributes))


def test_harmless_query_values_can_be_kept() -> None:
    """Parameters named in the configuration show their values."""
    with InMemoryTelemetry(TelemetryConfig(query_values_kept=frozenset({"symbol"}))) as telemetry:
        with TestClient(application(telemetry)) as client:
            client.post("/api/order?symbol=EURUSD&x=1")
        attributes = telemetry.spans()[0].attributes

    assert attributes is not None
    assert attributes["url.query"] == "symbol=EURUSD&x=[REDACTED]"


async def test_a_query_string_that_is_no_text_does_not_fail_the_order(telemetry: InMemoryTelemetry) -> None:
    """Bytes which are not UTF-8 reach the application and leave a trace; the instrumentation alone would fail."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/order",
        "raw_path": b"/api/order",
        "query_string": b"x=\xff",
        "headers": [],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("h", 80),
        "client": ("c", 1),
    }
    await application(telemetry)(scope, receive, send)

    assert sent[0]["status"] == 200
    assert telemetry.trees()[0]["name"] == "POST /api/order"


def test_metrics_follow_the_stable_conventions(client: TestClient, telemetry: InMemoryTelemetry) -> None:
    """Duration in seconds, active requests and request size; the response size is wrong upstream and left out."""
    client.post("/api/order", json={"volume": 0.1})
    client.get("/api/stream")
    telemetry.pipeline.force_flush()

    http = {m.name: m.unit for m in telemetry.pipeline.readings.metrics() if m.name.startswith("http.")}
    assert http == {
        "http.server.request.duration": "s",
        "http.server.active_requests": "{request}",
        "http.server.request.body.size": "By",
    }
    (series,) = [
        s
        for s in telemetry.pipeline.readings.series("http.server.request.duration")
        if (s.point.attributes or {}).get("http.route") == "/api/order"
    ]
    assert series.point.exemplars[0].trace_id == telemetry.spans()[0].context.trace_id
    sizes = telemetry.pipeline.readings.series("http.server.request.body.size")
    assert {tuple(size.point.attributes or {}) for size in sizes} == {("http.route",)}


def test_a_stream_is_one_span(client: TestClient, telemetry: InMemoryTelemetry) -> None:
    """Chunks sent and received make no spans of their own."""
    client.get("/api/stream")

    assert [tree["name"] for tree in telemetry.trees()] == ["GET /api/stream"]


def test_the_operators_other_opt_ins_stay(telemetry: InMemoryTelemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stable HTTP conventions are added to what the operator opted in to; speaking both is not offered."""
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "database, http/dup")

    application(telemetry)

    assert os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] == "database,http"


def test_without_telemetry_the_application_is_the_same() -> None:
    """With telemetry disabled requests are answered as before, without a `traceresponse`."""
    with InMemoryTelemetry(TelemetryConfig(disabled=True)) as telemetry, TestClient(application(telemetry)) as client:
        answer = client.post("/api/order?x=1")

    assert answer.json() == {"outcome": "filled"}
    assert "traceresponse" not in answer.headers
