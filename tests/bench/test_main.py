"""A quick run as a person starts it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.dashboard.assets import Assets
from app.stack import Binaries
from bench.rounds import clean_environment
from tests.support.program import UNMEASURED


def run(path: Path, *names: str) -> dict[str, Any]:
    """Run `python -m bench --quick` for some measurements; what it wrote."""
    only = [argument for name in names for argument in ("--only", name)]
    command = [sys.executable, "-m", "bench", "--quick", "--json", str(path), *only]
    environ = {**clean_environment(), **UNMEASURED}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=280, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert [section["name"] for section in document["sections"]] == list(names)
    assert "this was a quick run" in ended.stdout
    return document


def rows(document: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """The rows of one measurement by what they measured."""
    (section,) = (section for section in document["sections"] if section["name"] == name)
    return {row["what"]: row for row in section["rows"]}


def test_request_and_rates_are_measured(tmp_path: Path) -> None:
    """Every way of telling a request costs more than telling nothing; spans are written and shipped at some rate."""
    document = run(tmp_path / "bench.json", "request", "rates")

    requests = rows(document, "request")
    assert requests.pop("no telemetry")["ratios"] == {"÷ none": 1}
    assert len(requests) >= 4
    assert all(row["ratios"]["÷ none"] > 1 for row in requests.values())
    rates = rows(document, "rates")
    assert len(rates) == 7
    assert all(row["figures"]["spans/s"] > 0 for row in rates.values())


@pytest.mark.timeout(300)
def test_the_simulator_is_measured(tmp_path: Path) -> None:
    """Orders, ticks and bars come at some rate."""
    market = rows(run(tmp_path / "bench.json", "market"), "market")

    assert len(market) == 6
    assert all(value > 0 for row in market.values() for value in row["figures"].values())


@pytest.mark.timeout(300)
def test_the_page_is_measured(tmp_path: Path) -> None:
    """Open pages and big reads have their sizes and times; the first load where the page is built; orders go on."""
    document = run(tmp_path / "bench.json", "page", "streams")

    page = rows(document, "page")
    assert ("first load" in page) == Assets.load().built
    if "first load" in page:
        assert 10 < page["first load"]["figures"]["KB"] <= page["first load"]["figures"]["aim KB"]
    assert page["live, 50 symbols, 200 positions"]["figures"]["first frame KB"] > 10
    assert all(row["figures"]["KB/s"] > 0 for what, row in page.items() if what.startswith("live, "))
    assert page["/metrics, 50 symbols, 200 positions"]["figures"]["KB"] > 20
    assert page["/api/monitoring/dashboard, 50 symbols, 200 positions"]["figures"]["p50 ms"] > 0
    streams = rows(document, "streams")
    assert streams.pop("quiet")["ratios"] == {"p50 ÷ quiet": 1, "p99 ÷ quiet": 1}
    assert len(streams) == 2
    assert all(row["ratios"]["p99 ÷ quiet"] > 0 for row in streams.values())


@pytest.mark.stack
@pytest.mark.timeout(300)
def test_orders_are_measured(tmp_path: Path) -> None:
    """Orders have a cost and a duration in each state of the Collector; where there is one, they become visible."""
    document = run(tmp_path / "bench.json", "order", "latency", "visibility")

    assert len(rows(document, "order")) == 3
    latency, visibility = rows(document, "latency"), rows(document, "visibility")
    assert all(row["figures"]["p50 ms"] > 0 for row in latency.values())
    built = not Binaries().missing()
    assert ("Collector up" in latency) == built
    assert set(visibility) == ({"Jaeger", "Prometheus"} if built else set())
