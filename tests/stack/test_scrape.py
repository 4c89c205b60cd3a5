"""Metrics scraped instead of pushed: the same sums under the same names, and never by both ways."""

from __future__ import annotations

import dataclasses
import os
import re
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.resources import resource
from app.stack import Binaries, Stack
from app.stack.ports import fill_in
from app.stack.programs import HOST, Program, programs
from tests.stack.backends import FREE_PORTS, QUICK, CollectorFiles, Jaeger, Prometheus, RunningStack, eventually
from tests.stack.expect import expect_counts, expect_the_same_names
from tests.support.program import running, side_by_side

BASE = resource("collector-config/collector.yaml")
OVERLAY = resource("collector-config/scrape.yaml")
SCRAPE = resource("deploy/prometheus/scrape.yml")
PUSHED, SCRAPED = "otlp_http/prometheus", "prometheus"


def load(file: Path) -> dict[str, Any]:
    """One YAML file."""
    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


def laid_over(base: Any, overlay: Any) -> Any:
    """What the Collector makes of two files: maps are merged, anything else is replaced."""
    if not (isinstance(base, dict) and isinstance(overlay, dict)):
        return overlay
    return base | {key: laid_over(base.get(key), value) for key, value in overlay.items()}


def ways(config: dict[str, Any]) -> dict[str, set[str]]:
    """By which of the two ways each pipeline of metrics reaches Prometheus."""
    pipelines = config["service"]["pipelines"].items()
    return {
        name: found for name, pipeline in pipelines if (found := {PUSHED, SCRAPED}.intersection(pipeline["exporters"]))
    }


def test_each_file_is_one_way() -> None:
    """collector.yaml pushes; under scrape.yaml every pipeline that pushed is scraped, and none is both."""
    pushed, scraped = ways(load(BASE)), ways(laid_over(load(BASE), load(OVERLAY)))

    assert set(map(frozenset, pushed.values())) == {frozenset({PUSHED})}
    assert scraped == {name: {SCRAPED} for name in pushed}


def test_the_other_end_takes_one_way_only() -> None:
    """prometheus.yml scrapes nothing; scrape.yml takes nothing by OTLP, and asks where the Collector shows it."""
    pushed, scraped = load(resource("deploy/prometheus/prometheus.yml")), load(SCRAPE)
    (job,) = scraped["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]

    assert "scrape_configs" not in pushed
    assert "otlp" not in scraped
    assert f":-{target}}}" in load(OVERLAY)["exporters"]["prometheus"]["endpoint"]
    assert scraped["rule_files"] == pushed["rule_files"]


def test_nothing_that_is_shipped_uses_both() -> None:
    """Neither docker-compose.yml nor the native stack starts anything with a file of the other way."""
    compose = resource("docker-compose.yml").read_text(encoding="utf-8")
    native = " ".join(argument for program in programs(FREE_PORTS, Path("stack")) for argument in program.arguments)

    assert "scrape" not in compose
    assert "scrape" not in native


@pytest.mark.stack
def test_both_ends_accept_their_file(binaries: Binaries, running_stack: RunningStack) -> None:
    """The Collector finds no fault with scrape.yaml over collector.yaml, and promtool none with scrape.yml."""
    del running_stack  # it has built what is run here
    for command in (
        [str(binaries["otelcol"]), "validate", f"--config={BASE}", f"--config={OVERLAY}"],
        [str(binaries["promtool"]), "check", "config", str(SCRAPE)],
    ):
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.fixture
def scraping_stack(tmp_path: Path, running_stack: RunningStack, binaries: Binaries) -> Iterator[RunningStack]:
    """A Collector under scrape.yaml and a Prometheus that scrapes it and takes nothing by OTLP."""
    folder = tmp_path / "stack"
    folder.mkdir()
    described = {program.name: program for program in programs(fill_in(FREE_PORTS), folder, [OVERLAY])}
    with socket.create_server((HOST, 0)) as taken:
        shown = f"{HOST}:{taken.getsockname()[1]}"
    chosen = [scraping(described["prometheus"], shown, tmp_path), showing(described["collector"], shown)]
    stack = Stack(chosen, binaries, folder, {**os.environ, **QUICK})
    prometheus = Prometheus(stack.url("prometheus"))
    jaeger = Jaeger(running_stack.stack.url("jaeger"))
    try:
        stack.start_all(print)
        yield RunningStack(stack, jaeger, prometheus, CollectorFiles(folder / "collector" / "files"))
    finally:
        jaeger.close()
        prometheus.close()
        stack.stop_all()


def scraping(prometheus: Program, shown: str, folder: Path) -> Program:
    """Prometheus with scrape.yml, the Collector being at this address."""
    return asking(prometheus, load(SCRAPE), shown, folder)


def asking(prometheus: Program, config: dict[str, Any], target: str, folder: Path) -> Program:
    """Prometheus with this configuration and the rules, asking this address every second, taking nothing by OTLP."""
    (job,) = config["scrape_configs"]
    job |= {"scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
    config["rule_files"] = [str(resource("deploy/prometheus/rules") / "*.yml")]
    file = folder / "prometheus-that-scrapes.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    kept = [
        argument
        for argument in prometheus.arguments
        if not argument.startswith("--config.file") and argument != "--web.enable-otlp-receiver"
    ]
    return dataclasses.replace(prometheus, arguments=(f"--config.file={file}", *kept))


def showing(collector: Program, shown: str) -> Program:
    """The Collector, which shows metrics at this address."""
    return dataclasses.replace(collector, environment={**collector.environment, "COLLECTOR_PROMETHEUS": shown})


@pytest.mark.stack
def test_the_sum_that_is_scraped_is_the_journals(scraping_stack: RunningStack, tmp_path: Path) -> None:
    """After 60 mixed orders Prometheus holds the journal's counts and every name of `/metrics`, rules included."""
    service = "scraped"
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": scraping_stack.endpoint, "OTEL_SERVICE_NAME": service}
    with running(tmp_path / "data", **environ) as program:
        side_by_side(program, 3, 60)

        counted = expect_counts(scraping_stack, service, program)
        assert counted == Counter(program.journalled().values())
        assert sum(counted.values()) == 60
        expect_the_same_names(scraping_stack, service, program)
    (own,) = scraping_stack.prometheus.query('count by (job) ({__name__=~"otelcol_exporter_sent_.+_total"})')
    assert own[0] == {"job": "otelcol"}
    alerts = {labels["alertname"] for labels, _ in scraping_stack.prometheus.query("ALERTS")}
    assert alerts == set()


@pytest.mark.stack
def test_the_api_is_scraped_and_sends_no_metrics(
    running_stack: RunningStack, binaries: Binaries, tmp_path: Path
) -> None:
    """As the guide shows it: `/metrics` is scraped and holds the journal's counts, and none come by OTLP besides."""
    page = resource("docs/prometheus.md").read_text(encoding="utf-8")
    printed = re.findall(r"^```yaml\n(scrape_configs:.*?)^```$", page, re.MULTILINE | re.DOTALL)
    config: dict[str, Any] = yaml.safe_load(printed[0])
    service = config["scrape_configs"][0]["job_name"]
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": running_stack.endpoint, "OTEL_METRICS_EXPORTER": "none"}
    (folder := tmp_path / "stack").mkdir()
    with running(tmp_path / "data", **environ, OTEL_SERVICE_NAME="scraped-itself") as program:
        native = programs(fill_in(FREE_PORTS), folder)[0]
        stack = Stack([asking(native, config, program.url.removeprefix("http://"), tmp_path)], binaries, folder)
        prometheus = Prometheus(stack.url("prometheus"))
        try:
            stack.start_all(print)
            side_by_side(program, 3, 60)
            counted = expect_counts(dataclasses.replace(running_stack, prometheus=prometheus), service, program)
            assert counted == Counter(program.journalled().values())
            assert sum(counted.values()) == 60
            # Its traces did arrive by OTLP, its metrics did not.
            assert eventually(lambda: running_stack.jaeger.spans("scraped-itself"), bool)
            assert running_stack.prometheus.query('{job="scraped-itself", __name__=~"mt5_.+"}') == []
        finally:
            prometheus.close()
            stack.stop_all()
