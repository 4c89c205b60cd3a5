"""Alerts of the real Prometheus: the files hold, their tests notice every change, and each condition is told."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.domain.conditions import Condition
from app.resources import resource
from app.stack import Binaries
from tests.stack.backends import RunningStack

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
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)


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
    (tmp_path / "rules").mkdir()
    (tmp_path / "tests").mkdir()
    test = tmp_path / "tests" / file.name
    test.write_text((TESTS / file.name).read_text(encoding="utf-8"), encoding="utf-8")
    original = yaml.safe_load(file.read_text(encoding="utf-8"))

    unnoticed = []
    for what, sabotaged in sabotages(original):
        (tmp_path / "rules" / file.name).write_text(yaml.safe_dump(sabotaged), encoding="utf-8")
        if run(promtool, "test", "rules", str(test)).returncode == 0:
            unnoticed.append(what)

    assert unnoticed == []


def sabotages(original: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The file with one thing changed, and what that is, for each thing there is."""
    for g, group in enumerate(original["groups"]):
        for r, rule in enumerate(group["rules"]):
            for what, changed in variants(rule):
                sabotaged = yaml.safe_load(yaml.safe_dump(original))
                sabotaged["groups"][g]["rules"][r] = changed
                yield f"{rule['alert']}: {what}", sabotaged


def variants(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """A rule with one thing changed."""
    for old, new in [
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
    ]:
        for place in re.finditer(
            rf"(?<![a-z]){re.escape(old)}(?![a-z])" if old.isalpha() else re.escape(old), rule["expr"]
        ):
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
