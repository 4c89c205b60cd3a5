"""What a caller sends along: secrets that must not come through, and headers that would hide an order."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.stack.backends import RunningStack, eventually
from tests.stack.expect import order_spans
from tests.support.program import KEY, order, running

pytestmark = pytest.mark.stack

SECRET = "hunter2-and-a-half-hunter2"
SAID_TO_THE_BROKER = "swordfish-swordfish"
"""In an order's comment: words to the broker, which journal, ledger and orders.csv keep, and telemetry does not."""


@pytest.mark.parametrize("delivery", ["files", "direct"])
def test_no_secret_comes_through(running_stack: RunningStack, tmp_path: Path, delivery: str) -> None:
    """A secret in every place where one can be put is in no file, no metric, no trace and no log line."""
    service = f"proof-secrets-{delivery}"
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": running_stack.endpoint,
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{SECRET}",
        "OTEL_SERVICE_NAME": service,
        "MT5_OTEL_TELEMETRY__DELIVERY": delivery,
    }
    with running(tmp_path / "data", **environ) as program:
        ask_with_secrets(program.url)
        with program.client() as client:
            assert order(client).status == 200
            metrics = client.get("/metrics").text
        assert eventually(lambda: order_spans(running_stack, service), bool)
        program.stop()
    told = {
        "telemetry files and what it printed": program.text("telemetry"),
        "log": "".join(path.read_text(encoding="utf-8") for path in (program.folder / "logs").glob("*.log")),
        "metrics": metrics,
        "Jaeger": "".join(f"{span.attributes}" for span in running_stack.jaeger.spans(service)),
        "Collector's files": running_stack.files.text(),
    }
    for secret in (SECRET, KEY, SAID_TO_THE_BROKER):
        assert [name for name, text in told.items() if secret in text] == []
    for secret in (SECRET, KEY):
        assert secret not in program.text()


def ask_with_secrets(url: str) -> None:
    """Requests with the secret as key, password, Authorization, cookie, query, path and body."""
    body = {"canonical": "EURUSD", "side": "buy", "volume": 0.01}
    with httpx2.Client(base_url=url, trust_env=False, timeout=20) as client:
        for headers in ({"X-API-Key": SECRET}, {"Authorization": f"Bearer {SECRET}"}, {"Cookie": f"session={SECRET}"}):
            client.get("/api/account", headers=headers)
            client.post("/api/order", headers=headers, json=body)
        client.get(f"/api/account?password={SECRET}&token={SECRET}")
        client.get(f"/api/symbols/EURUSD/tick?api_key={SECRET}")
        client.post("/api/order", headers={"X-API-Key": KEY}, json={**body, "password": SECRET})
        client.post("/api/order", headers={"X-API-Key": KEY}, json={**body, "volume": SECRET})
        client.post(
            "/api/order", headers={"X-API-Key": KEY}, json={**body, "comment": f"password={SAID_TO_THE_BROKER}"}
        )
        client.post("/api/order", headers={"X-API-Key": KEY}, content=f'{{"password": "{SECRET}"')


def test_no_caller_can_hide_an_order(running_stack: RunningStack, tmp_path: Path) -> None:
    """No `traceparent`, and no name for this machine, loses an order's trace; a Host that is not ours makes none."""
    service = "proof-hidden"
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": running_stack.endpoint, "OTEL_SERVICE_NAME": service}
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    hostile = (
        {"traceparent": f"00-{trace_id}-b7ad6b7169203331-00"},
        {"traceparent": "nonsense", "tracestate": "x" * 600},
        {"Host": "metrics.localhost:1"},
        {"baggage": "a=" + "b" * 4_000},
    )
    refused = ("127.0.0.1/metrics", "x/docs", "/api/health", "evil.example")
    with running(tmp_path / "data", **environ) as program:
        ids = []
        for headers in hostile:
            with program.client() as client:
                client.headers.update(headers)
                asked = order(client)
            assert asked.status == 200, asked
            ids.append(asked.order_id)
        for host in refused:
            with program.client() as client:
                client.headers["Host"] = host
                assert order(client).status == 421
        assert sorted(program.journalled()) == sorted(ids)
        held = eventually(lambda: order_spans(running_stack, service), lambda spans: len(spans) >= len(ids))
        program.stop()
    assert sorted(span.attributes["mt5.order.id"] for span in held) == sorted(ids)
    # The caller's own trace is continued all the same.
    assert trace_id in {span.trace_id for span in held}
