"""`mt5-otel trace` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from app.cli.trace import trace
from app.domain.orders import Rejected, Unknown
from app.trading.journal.records import Amended
from tests.app.history.folders import (
    a_log,
    a_span,
    an_intent,
    decided,
    filled,
    logs_line,
    spans_line,
    trace_id,
    write_journal,
    write_telemetry,
)

OPENED = "01JD0000000000000000000001"
REJECTED = "01JD0000000000000000000002"
CLOSED = "01JD0000000000000000000003"
UNDER_WAY = "01JD0000000000000000000004"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """One order found late, one rejected, one that closes the first, one under way."""
    write_journal(
        tmp_path,
        [
            an_intent(OPENED, trace=1, span=2),
            decided(OPENED, Unknown(reason="deadline")),
            Amended(order_id=OPENED, outcome=filled(11, 12, 11), reason="found in history"),
            an_intent(REJECTED, trace=2, span=20),
            decided(REJECTED, Rejected(retcode=10019, comment="No \x1b[31mmoney")),
            an_intent(CLOSED, position=11, trace=3, span=30),
            decided(CLOSED, filled(21, 22, 11)),
            an_intent(UNDER_WAY, trace=4, span=40),
        ],
    )
    first = [
        a_span(1, "POST /api/order", took_ms=12.5, attributes={"http.route": "/api/order", "user_agent": "curl"}),
        a_span(2, "place_order", parent=1, at_ms=0.5, took_ms=11, attributes={"mt5.order.outcome": "unknown"}),
        a_span(3, "order_send", parent=2, at_ms=2, took_ms=9),
    ]
    second = [a_span(20, "place_order", trace=2, error="10019 NO_MONEY")]
    third = [a_span(30, "close_position", trace=3)]
    write_telemetry(tmp_path, "traces", 1, [spans_line(first), spans_line(second), spans_line(third)])
    write_telemetry(tmp_path, "logs", 1, [logs_line([a_log("Order: looked up", at_ms=3)])])
    return tmp_path


def _run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(trace)
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "80", "TERM": "dumb"})


def _show(data_dir: Path, reference: str) -> str:
    result = _run(reference, "--data-dir", str(data_dir))
    assert result.exit_code == 0, result.output
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    return result.stdout


def test_an_intent_is_drawn_as_a_waterfall(data_dir: Path) -> None:
    """Each span stands under its parent with offset, duration, bar and status; 80 columns suffice."""
    lines = _show(data_dir, "order:11").splitlines()

    rows = {name: next(line for line in lines if name in line and "0" in line) for name in ("POST", "order_send")}
    assert rows["POST"].split() == ["POST", "/api/order", "0.00", "12.50", "█" * 20, "unset"]
    assert rows["order_send"].startswith("    order_send")
    assert rows["order_send"].split()[1:] == ["2.00", "9.00", "█" * 15, "unset"]


def test_outcome_numbers_attributes_and_log_are_told(data_dir: Path) -> None:
    """Beside the picture stand what came of the order, first and later, its numbers, attributes and log lines."""
    said = _show(data_dir, "deal:12")

    assert "open: buy 0.1 EURUSD" in said
    assert "filled 0.1 at 1.1, deal 12" in said
    assert "at first: outcome unknown: deadline (found in history)" in said
    assert "order 11, deal 12, position 11" in said
    assert f"order id {OPENED}" in said
    assert "mt5.order.outcome  unknown" in said
    assert "user_agent" not in said
    assert "Order: looked up" in said


def test_an_error_is_told_in_words(data_dir: Path) -> None:
    """A refused order shows the error and why; escape sequences of a comment never reach the terminal."""
    said = _show(data_dir, REJECTED)

    assert "error" in said
    assert "10019 NO_MONEY" in said
    assert "No �[31mmoney" in said
    assert "\x1b" not in said


def test_a_number_with_several_meanings_shows_all(data_dir: Path) -> None:
    """A position leads to the order that opened it and to the one that closed it."""
    said = _show(data_dir, "position:11")

    assert "Position 11 leads to 2 traces, oldest first:" in said
    assert said.index("place_order") < said.index("close position 11: buy") < said.index("close_position")


def test_json_holds_everything(data_dir: Path) -> None:
    """With --json all spans, attributes and logs are printed for programs."""
    result = _run("11", "--data-dir", str(data_dir), "--json")

    matches = json.loads(result.stdout)["matches"]

    assert result.exit_code == 0
    assert [match["trace_id"] for match in matches] == [trace_id(1), trace_id(3)]
    assert matches[0]["spans"][0]["attributes"]["user_agent"] == "curl"
    assert matches[0]["numbers"] == {"order": 11, "deal": 12, "position": 11}


def test_an_intent_without_spans_is_shown_and_exits_1(data_dir: Path) -> None:
    """What the journal knows is printed, with the reason why there is no picture."""
    result = _run(UNDER_WAY, "--data-dir", str(data_dir))

    assert result.exit_code == 1
    assert "under way, no outcome yet" in result.stdout
    assert "hold no spans of it" in result.stderr


@pytest.mark.parametrize("reference", ["ticket:5", "order:", "what"])
def test_a_malformed_reference_exits_2(reference: str) -> None:
    """The message names the forms a reference may have."""
    result = _run(reference)

    assert result.exit_code == 2
    assert "order:NUMBER, deal:NUMBER" in result.stderr


def test_what_is_not_found_exits_1(data_dir: Path) -> None:
    """The message says what was searched."""
    result = _run("order:99", "--data-dir", str(data_dir))

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "No order 99 in" in result.stderr
    assert "its journal holds 4 orders" in result.stderr


def test_a_missing_folder_exits_1(tmp_path: Path) -> None:
    """The message names the folder and the flag, and nothing is made."""
    result = _run("1", "--data-dir", str(tmp_path / "nowhere"))

    assert result.exit_code == 1
    assert "nowhere" in result.stderr
    assert "--data-dir" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_settings_file_exits_2(tmp_path: Path) -> None:
    """A settings file that does not exist is told like everywhere else."""
    result = _run("1", "--config", str(tmp_path / "none.toml"))

    assert result.exit_code == 2
    assert "--config" in result.stderr


def test_a_journal_that_cannot_be_read_exits_1(tmp_path: Path) -> None:
    """Where the system refuses, the message says which folder."""
    (tmp_path / "journal" / "00000001.jsonl").mkdir(parents=True)

    result = _run("1", "--data-dir", str(tmp_path))

    assert result.exit_code == 1
    assert "cannot be read" in result.stderr


def test_damage_is_mentioned(data_dir: Path) -> None:
    """What had to be passed over is said below the picture."""
    write_telemetry(data_dir, "traces", 2, [spans_line([a_span(1, "x")])[:-5]])
    with (data_dir / "journal" / "00000001.jsonl").open("ab") as journal:
        journal.write(b"rubbish\n")

    said = " ".join(_show(data_dir, "order:11").split())

    assert "1 damaged lines of telemetry files were passed over." in said
    assert "The journal is damaged: 8 lines in 1 segments; damaged: 1 lines skipped" in said
