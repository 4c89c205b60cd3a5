"""The table for people and the document for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.report import Report, print_report, this_machine, write_report
from bench.results import Row, Section

MACHINE = {"system": "Linux x86_64", "processors": 2, "python": "3.11.7", "load_at_start": 0.1}
SECTIONS = (
    Section(
        name="rates",
        title="Spans a second",
        rows=[
            Row(what="file", ratios={"÷ file": 1.0}, figures={"spans/s": 61_234.5}, scatter=0.02),
            Row(what="shipper", ratios={"÷ file": 0.5, "÷ other": 2.25}, figures={"spans/s": 30_617.0}, scatter=0.5),
        ],
        notes=["On loopback."],
    ),
    Section(name="visibility", title="Seen", not_measured="the stack is not built"),
)


def report(**changes: Any) -> Report:
    """A run of half a minute on a quiet machine."""
    known: dict[str, Any] = {
        "measured_at": datetime(2026, 1, 2, tzinfo=UTC),
        "seconds": 30.0,
        "quick": False,
        "machine": MACHINE,
        "sections": SECTIONS,
    }
    return Report(**{**known, **changes})


def printed(shown: Report) -> str:
    """What a person reads."""
    text = StringIO()
    print_report(shown, Console(file=text, width=140))
    return text.getvalue()


def test_ratios_stand_before_what_belongs_to_this_machine() -> None:
    """In every row the ratios come first, then a bar, then the figures; what a row has not is left empty."""
    lines = printed(report()).splitlines()

    heading = next(line for line in lines if "÷ file" in line)
    file, shipper = (next(line for line in lines if line.split()[:1] == [what]) for what in ("file", "shipper"))
    assert heading.split("│")[0].split() == ["÷", "file", "÷", "other"]
    assert file.split() == ["file", "1", "│", "61,234", "2%"]
    assert shipper.split() == ["shipper", "0.5", "2.25", "│", "30,617", "50%"]


def test_what_was_not_measured_is_said_with_its_reason() -> None:
    """A measurement that could not be made is in the report, without figures."""
    assert "not measured: the stack is not built" in printed(report())


def test_a_run_that_should_not_be_believed_says_so() -> None:
    """Scattered rounds, a busy machine and a quick run each make a warning; a good run makes none."""
    busy = {**MACHINE, "load_at_start": 1.5}

    assert [line.split(":")[1].strip() for line in report().warnings()] == ["shipper"]
    assert len(report(quick=True, machine=busy).warnings()) == 3
    assert report(sections=SECTIONS[1:]).warnings() == []


def test_the_document_holds_everything(tmp_path: Path) -> None:
    """The JSON has the machine, each row whole, the reasons and the warnings; its folder is made."""
    path = tmp_path / "results" / "latest.json"

    write_report(report(), path)

    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["measured_at"] == "2026-01-02T00:00:00+00:00"
    assert document["machine"]["processors"] == 2
    assert document["sections"][0]["rows"][1]["ratios"] == {"÷ file": 0.5, "÷ other": 2.25}
    assert document["sections"][1]["not_measured"] == "the stack is not built"
    assert document["warnings"] == report().warnings()


def test_the_machine_is_described() -> None:
    """The figures say which machine they belong to, down to the versions that made them."""
    machine = this_machine()

    assert machine["processors"] >= 1
    assert machine["packages"]["opentelemetry-sdk"]
