"""Alerts of the real Prometheus: the files hold, their tests notice every change, and each condition is told."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psutil
import pytest
import yaml

from app.domain.conditions import Condition
from app.resources import resource
from app.stack import Binaries
from tests.stack.backends import RunningStack, eventually
from tests.stack.otlp import one_gauge, send
from tests.support.program import Program, order, running

pytestmark = pytest.mark.stack

RULES = resource("deploy/prometheus/rules")
TESTS = resource("deploy/prometheus/tests")
Rule = dict[str, Any]


@pytest.fixture(scope="session")
def promtool(binaries: Binaries, running_stack: RunningStack) -> str:
    """Prometheus' own tool for rules."""
    del running_stack  # it has built what is run here
    return str(binaries["promtool"])


def alerts(file: Path) -> dict[str, Rule]:
    """The rules of a file by the name of their alert."""
    groups = yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


ALERTS = {name: rule for file in sorted(RULES.glob("*.yml")) for name, rule in alerts(file).items()}


def alert_of(condition: Condition) -> str:
    """How the alert on a condition is called: `Mt5FeedFrozen` of `feed_frozen`."""
    return "Mt5" + "".join(word.capitalize() for word in condition.value.removeprefix("mt5_").split("_"))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and keep what it says."""
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=110, check=False)


def test_promtool_finds_no_fault(promtool: str) -> None:
    """`promtool check rules` accepts every file of rules and finds no duplicate."""
    answer = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *map(str, RULES.glob("*.yml")))

    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_alert_fires_and_resolves(promtool: str) -> None:
    """`promtool test rules` sees each alert of each file quiet, firing with its texts, and quiet again."""
    answer = run(promtool, "test", "rules", *map(str, TESTS.glob("*.yml")))

    assert answer.returncode == 0, answer.stdout + answer.stderr
    for file in RULES.glob("*.yml"):
        asked = yaml.safe_load((TESTS / file.name).read_text(encoding="utf-8"))["tests"]
        checks = [check for test in asked for check in test["alert_rule_test"]]
        for name in alerts(file):
            told = [bool(check.get("exp_alerts")) for check in checks if check["alertname"] == name]
            assert told[0] is told[-1] is False, name
            assert any(told), name


@pytest.mark.parametrize("file", sorted(RULES.glob("*.yml")), ids=lambda file: file.stem)
@pytest.mark.timeout(240)
def test_no_change_of_a_rule_goes_unnoticed(file: Path, promtool: str, tmp_path: Path) -> None:
    """Whatever is changed in a rule (its expression, its times, its labels, its texts), a promtool test fails."""
    document = yaml.safe_load((TESTS / file.name).read_text(encoding="utf-8"))
    changes: dict[str, str] = {}
    for name, rule in alerts(file).items():
        own = {**document, "tests": [test for test in document["tests"] if test["name"] == name]}
        for what, changed in variants(rule):
            changes[write(tmp_path / str(len(changes)), file.name, own, changed)] = f"{name}: {what}"
    # All of them in one go: a change is tried sooner than promtool is started.
    run(promtool, "test", "rules", f"--junit={tmp_path / 'report.xml'}", *changes)

    suites = list(ElementTree.parse(tmp_path / "report.xml").iter("testsuite"))
    noticed = {suite.attrib["name"] for suite in suites if suite.attrib["failures"] != "0"}
    assert {suite.attrib["name"] for suite in suites} == changes.keys()
    assert [what for path, what in changes.items() if path not in noticed] == []


def write(folder: Path, name: str, tests: dict[str, Any], rule: Rule) -> str:
    """Write a file of one rule and a file of tests for it; the latter's path."""
    for part, document in (("rules", {"groups": [{"name": "changed", "rules": [rule]}]}), ("tests", tests)):
        (folder / part).mkdir(parents=True)
        (folder / part / name).write_text(yaml.safe_dump(document), encoding="utf-8")
    return str(folder / "tests" / name)


def variants(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """A rule with one thing changed."""
    for old, new in (
        (" == 1", " == 0"),
        (" > 0.5 *", " > 0.4 *"),
        (" > 0.5 *", " > 0.6 *"),
        (") > 0", ") >= 0"),
        (" > 0", " > 5000"),
        ("unless", "and"),
        ("or", "and"),
        ("[1m]", "[5m]"),
        ("[1d]", "[1m]"),
        ("10m", "1m"),
        ("offset 2m", "offset 5m"),
        ("mt5_", "mt6_"),
        ("otelcol_", "collector_"),
        ("instance, ", ""),
    ):
        whole_words = rf"\b{old}\b" if old.isalpha() else re.escape(old)
        for place in re.finditer(whole_words, rule["expr"]):
            expression = rule["expr"][: place.start()] + new + rule["expr"][place.end() :]
            yield f"{old!r} is {new!r} at {place.start()}", {**rule, "expr": expression}
    times = {"for": rule.get("for"), "keep_firing_for": rule.get("keep_firing_for")}
    for name, value in times.items():
        if value:
            yield f"without {name}", {key: part for key, part in rule.items() if key != name}
        yield f"{name} of ten hours", {**rule, name: "10h"}
    for name in rule["labels"]:
        yield f"another {name}", {**rule, "labels": {**rule["labels"], name: "other"}}
    for name in rule["annotations"]:
        yield f"another {name}", {**rule, "annotations": {**rule["annotations"], name: "other"}}


@pytest.mark.parametrize("condition", Condition)
def test_each_condition_has_an_alert(condition: Condition) -> None:
    """The alert has the condition's severity and category, and asks for it by its name."""
    rule = ALERTS[alert_of(condition)]

    assert rule["expr"] == f'mt5_monitoring_issue{{mt5_monitoring_issue_name="{condition.value}"}} == 1'
    assert rule["labels"] == {
        "severity": condition.traits.severity.value,
        "category": condition.traits.category.value,
    }


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_says_what_to_do(name: str) -> None:
    """Each has a severity, a summary, something to do, and a paragraph in docs/alerts.md under its own name."""
    rule = ALERTS[name]
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^### (\w+)$", resource(page).read_text(encoding="utf-8"), re.MULTILINE)

    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "action", "runbook"}
    assert anchor == name.lower()
    assert name in headings


def test_the_page_of_alerts_names_no_other() -> None:
    """Every alert that docs/alerts.md explains exists."""
    text = resource("docs/alerts.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^### (\w+)$", text, re.MULTILINE)) == set(ALERTS)


ISSUE = {"mt5.monitoring.issue.name": "mt5_disconnected"}
SHORT = {
    "MT5_OTEL_MONITORING__FEED_FROZEN_S": "10",
    "MT5_OTEL_MONITORING__ERROR_RATE_REQUESTS_MIN": "5",
    "MT5_OTEL_MONITORING__ERROR_RATE_WINDOW_S": "30",
    "MT5_OTEL_MONITORING__ERRORS_MAX": "3",
    "MT5_OTEL_MONITORING__ERRORS_WINDOW_S": "30",
    "MT5_OTEL_MONITORING__INVALID_KEYS_MAX": "3",
    "MT5_OTEL_MONITORING__INVALID_KEYS_WINDOW_S": "30",
    "MT5_OTEL_MONITORING__ORDERS_FAILED_MAX": "3",
    "MT5_OTEL_MONITORING__ORDERS_FAILED_WINDOW_S": "30",
}
"""Half a minute instead of an hour and a day."""

OF_THE_FIRST = {
    alert_of(condition)
    for condition in (
        Condition.MT5_DISCONNECTED,
        Condition.ERROR_RATE_HIGH,
        Condition.ERROR_COUNT_HIGH,
        Condition.SECURITY_THREATS,
        Condition.TRADING_FAILURES,
    )
}
OF_THE_SECOND = {alert_of(condition) for condition in Condition} - OF_THE_FIRST


def firing(stack: RunningStack, service: str) -> set[str]:
    """The alerts that fire now for a service."""
    query = f'ALERTS{{alertstate="firing", job="{service}"}}'
    return {labels["alertname"] for labels, _ in stack.prometheus.query(query)}


def cut_off(program: Program) -> None:
    """The broker is away, and four programs notice: with orders, with reads, with wrong keys."""
    with program.client() as client, program.client("not-a-key-of-anybody") as stranger:
        client.post("/api/simulator/faults", json={"fault": "disconnect", "seconds": 600}).raise_for_status()
        eventually(lambda: client.get("/api/ready").status_code, lambda status: status == 503)
        assert {order(client).status for _ in range(4)} == {503}
        assert {client.get("/api/symbols").status_code for _ in range(4)} == {503}
        assert {stranger.get("/api/account").status_code for _ in range(4)} == {401}


def cripple(program: Program) -> None:
    """Algo trading is off, prices stand still, a file stands where a folder was, the disk takes nothing any more."""
    assert program.process is not None
    with program.client() as client:
        for fault in ("autotrading_off", "frozen_feed"):
            client.post("/api/simulator/faults", json={"fault": fault, "seconds": 600}).raise_for_status()
        (logs := program.folder / "logs").rename(program.folder / "logs-away")
        logs.touch()
        psutil.Process(program.process.pid).rlimit(psutil.RLIMIT_FSIZE, (0, psutil.RLIM_INFINITY))
        assert order(client).status == 503


def mend(*programs: Program) -> None:
    """Everything is as it was; an order shows that the journal can be written."""
    for program in programs:
        assert program.process is not None
        unlimited = (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY)
        psutil.Process(program.process.pid).rlimit(psutil.RLIMIT_FSIZE, unlimited)
        if (away := program.folder / "logs-away").is_dir():
            (program.folder / "logs").unlink()
            away.rename(program.folder / "logs")
        with program.client() as client:
            client.delete("/api/simulator/faults").raise_for_status()
            assert eventually(lambda: order(client).status, lambda status: status == 200) == 200


@pytest.mark.timeout(300)
def test_each_condition_is_told_and_taken_back(running_stack: RunningStack, tmp_path: Path) -> None:
    """Each condition, brought about in a running API, fires in Prometheus with its texts, and resolves when mended."""
    first, second = "rules-first", "rules-second"
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": running_stack.endpoint, **SHORT}
    with (
        running(tmp_path / "first", **environ, OTEL_SERVICE_NAME=first) as one,
        # A full disk takes no telemetry either, so this one keeps none there.
        running(tmp_path / "second", **environ, OTEL_SERVICE_NAME=second, MT5_OTEL_TELEMETRY__DELIVERY="direct") as two,
    ):
        assert firing(running_stack, first) | firing(running_stack, second) == set()
        cut_off(one)
        cripple(two)

        assert eventually(lambda: firing(running_stack, first), lambda seen: seen >= OF_THE_FIRST) == OF_THE_FIRST
        told = eventually(lambda: firing(running_stack, second), lambda seen: seen >= OF_THE_SECOND)
        assert told >= OF_THE_SECOND
        said = running_stack.prometheus.summaries(first)
        assert said[alert_of(Condition.MT5_DISCONNECTED)].endswith("down: broker")
        assert re.search(r"ever: [1-9]\d* not_sent$", said[alert_of(Condition.TRADING_FAILURES)])
        assert re.search(r"wrong key [1-9]\d* times", said[alert_of(Condition.SECURITY_THREATS)])
        assert not [text for text in said.values() if "unknown" in text or "error expanding" in text]

        mend(one, two)
        conditions = OF_THE_FIRST | OF_THE_SECOND
        left = eventually(
            lambda: (firing(running_stack, first) | firing(running_stack, second)) & conditions,
            lambda seen: not seen,
            130,
        )
        assert left == set()


@pytest.mark.timeout(240)
def test_silence_and_refused_points_are_told(running_stack: RunningStack) -> None:
    """An instance that stops reporting is missed until it is back; points that Prometheus refuses are told as lost."""
    lost = "CollectorSendFailed"
    assert lost not in firing(running_stack, "otelcol")
    send(running_stack.endpoint, "metrics", one_gauge("rules-silent", "mt5.monitoring.issue", 0, ISSUE))
    send(running_stack.endpoint, "metrics", one_gauge("rules-late", "mt5.late", 0, {}, age_s=200_000))

    assert lost in eventually(lambda: firing(running_stack, "otelcol"), lambda seen: lost in seen)
    missed = eventually(lambda: firing(running_stack, "rules-silent"), bool, 120)
    assert missed == {"Mt5InstanceAbsent"}

    send(running_stack.endpoint, "metrics", one_gauge("rules-silent", "mt5.monitoring.issue", 0, ISSUE))
    assert eventually(lambda: firing(running_stack, "rules-silent"), lambda seen: not seen) == set()
