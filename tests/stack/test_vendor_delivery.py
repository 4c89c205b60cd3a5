"""A vendor reached straight from the program: TLS by an authority of its own, and a token that may be wrong."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from tests.stack.backends import eventually
from tests.stack.vendor import Vendor
from tests.support.program import Program, running, side_by_side

pytestmark = pytest.mark.stack


def to_vendor(vendor: Vendor, token: str) -> dict[str, str]:
    """The environment that sends everything to the vendor."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": vendor.endpoint,
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(vendor.ca_file),
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer {token}",
        "MT5_OTEL_TELEMETRY__PARKED_RETRY_S": "2",
    }


def order_ids(vendor: Vendor) -> Counter[str]:
    """How often each order's span reached the vendor."""
    return Counter(
        span.attributes["mt5.order.id"]
        for span in vendor.files.spans()
        if span.name in ("place_order", "close_position")
    )


def metric(program: Program, name: str) -> float:
    """Sum of a metric's series in `/metrics`."""
    text = httpx2.get(f"{program.url}/metrics", trust_env=False).text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def test_a_vendor_gets_every_span_once(vendor: Vendor, tmp_path: Path) -> None:
    """Over TLS and with its token, each order's span reaches the vendor once."""
    with running(tmp_path / "data", **to_vendor(vendor, vendor.token)) as program:
        side_by_side(program, 2, 40)
        seen = eventually(lambda: order_ids(vendor), lambda ids: len(ids) >= 40)
        assert sorted(seen) == sorted(program.journalled())
        assert set(seen.values()) == {1}
        program.stop()


@pytest.mark.timeout(240)
def test_a_wrong_token_parks_and_loses_nothing(vendor: Vendor, tmp_path: Path) -> None:
    """With a wrong token the queue is parked, log and metric say so, and all arrives once it is put right."""
    with running(tmp_path / "data", **to_vendor(vendor, "wrong")) as program:
        side_by_side(program, 2, 40)
        parked = eventually(lambda: metric(program, "mt5_telemetry_parked{"), lambda value: value >= 1)
        assert parked >= 1
        assert "401" in program.log.read_text(encoding="utf-8")
        assert metric(program, "mt5_telemetry_dropped_total{") == 0
        assert not order_ids(vendor)
        time.sleep(3)  # more than one attempt
        assert not order_ids(vendor)
        program.stop()

        program.environ = to_vendor(vendor, vendor.token)
        program.start()
        seen = eventually(lambda: order_ids(vendor), lambda ids: len(ids) >= 40)
        assert sorted(seen) == sorted(program.journalled())
        assert set(seen.values()) == {1}
        assert eventually(lambda: metric(program, "mt5_telemetry_parked{"), lambda value: value == 0) == 0
        program.stop()
