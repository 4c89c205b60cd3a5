"""Trouble is told in few words."""

from __future__ import annotations

import logging

import pytest

from otel.troubles import Troubles


class Ticking:
    """A clock that shows what it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return what the clock shows."""
        return self.now


def test_a_lasting_trouble_is_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """However often it is reported, it is said at once and then once a minute."""
    clock = Ticking()
    troubles = Troubles(monotonic=clock)
    said = []
    for clock.now in range(181):
        troubles.report("traces", "no answer")
        said += [clock.now] * len(caplog.records)
        caplog.clear()

    assert said == [0, 60, 120, 180]


def test_all_signals_are_in_the_line(caplog: pytest.LogCaptureFixture) -> None:
    """A line names every signal in trouble, those with the same one together."""
    clock = Ticking()
    troubles = Troubles(monotonic=clock)
    troubles.report("traces", "no answer")
    troubles.report("logs", "no answer")
    troubles.report("metrics", "HTTP 401")
    clock.now = 60
    troubles.report("traces", "no answer")

    assert caplog.messages[0].endswith(": traces: no answer")
    assert caplog.messages[1].endswith(": logs and traces: no answer, metrics: HTTP 401")


def test_the_end_of_a_trouble_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Recovery is said when a line is due again, and never without a trouble before."""
    caplog.set_level(logging.INFO)
    clock = Ticking()
    troubles = Troubles(monotonic=clock)
    troubles.report("traces", None)
    assert not caplog.records
    troubles.report("traces", "no answer")
    for clock.now in range(1, 200):
        troubles.report("traces", None)

    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert caplog.messages[1] == "telemetry is delivered again"


def test_a_blip_between_two_lines_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    """A trouble that came and went while no line was due leaves none."""
    caplog.set_level(logging.INFO)
    clock = Ticking()
    troubles = Troubles(monotonic=clock)
    troubles.report("traces", "first")
    clock.now = 60
    troubles.report("traces", None)
    troubles.report("traces", "blip")
    troubles.report("traces", None)
    clock.now = 200
    troubles.report("traces", None)

    assert len(caplog.records) == 2


def test_losses_are_added_up_until_the_next_line(caplog: pytest.LogCaptureFixture) -> None:
    """Every lost item is in exactly one line, by signal and reason, beside what is in trouble."""
    clock = Ticking()
    troubles = Troubles(monotonic=clock)
    troubles.lost("traces", 2, "refused")
    troubles.lost("traces", 3, "refused")
    troubles.lost("logs", 1, "retention")
    clock.now = 60
    troubles.report("metrics", "no answer")
    clock.now = 120
    troubles.report("metrics", None)

    assert caplog.messages == [
        "telemetry is lost: 2 traces (refused)",
        "telemetry is not delivered, kept on disk and tried again: metrics: no answer;"
        " lost: 1 logs (retention), 3 traces (refused)",
    ]
