"""Monitoring as it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
import pytest

from app.domain.clock import SystemClock
from app.domain.connection import Connection
from app.history.trends import Span
from app.monitoring.keeper import Turn
from app.monitoring.service import Monitoring
from app.settings import MonitoringSettings
from app.watch.state import Snapshot
from tests.support.clock import NOON_NS, MovedClock
from tests.support.monitoring import CountedJournal, an_error, block, open_monitoring

UP = Connection(worker=True, terminal=True, broker=True, account=True, trading=True, reason="", next_step="")
DOWN = replace(UP, broker=False, account=False, trading=False, reason="no broker", next_step="wait")
QUICK = MonitoringSettings(judge_s=0.01, snapshot_s=3_600)


@dataclass
class FakeWatch:
    """Saw this."""

    latest: Snapshot = field(default_factory=lambda: Snapshot(connection=UP))


async def until(happened: Callable[[], bool]) -> None:
    """Wait until it has happened, with an end."""
    async with asyncio.timeout(10):
        while not happened():
            await asyncio.sleep(0.005)


def build(
    folder: Path, watch: FakeWatch, clock: MovedClock, *, turns: list[Turn] | None = None, **limits: float
) -> Monitoring:
    """Monitoring that looks a hundred times a second."""
    chosen = QUICK.model_copy(update=limits)
    return open_monitoring(folder, watch=watch, journal=CountedJournal(), clock=clock, limits=chosen, turns=turns)


async def test_a_condition_begins_and_ends_by_itself(tmp_path: Path) -> None:
    """Nobody has to ask: a lost broker is noticed, told, written down, and so is its return."""
    watch, turns = FakeWatch(), list[Turn]()
    monitoring = build(tmp_path, watch, MovedClock(), turns=turns)
    await monitoring.start()
    await until(lambda: monitoring.monitor.keeper.begun)
    watch.latest = Snapshot(connection=DOWN)
    await until(lambda: len(turns) == 1)
    watch.latest = Snapshot(connection=UP)
    await until(lambda: len(turns) == 2)
    await monitoring.close()
    lines = b"".join(path.read_bytes() for path in (tmp_path / "monitoring" / "conditions").iterdir()).splitlines()
    assert [orjson.loads(line)["state"] for line in lines] == ["began", "ended"]


async def test_a_start_is_no_lost_connection(tmp_path: Path) -> None:
    """For the first seconds the terminal may take its time; after them it is disconnected, and said to be."""
    watch, clock, turns = FakeWatch(Snapshot()), MovedClock(), list[Turn]()
    monitoring = build(tmp_path, watch, clock, turns=turns)
    await monitoring.start()
    monitoring.monitor.ledger.count("error.api")
    await until(lambda: b"error.api" in _ledger(tmp_path))
    assert turns == []
    clock.advance(6)
    await until(lambda: [turn.began for turn in turns] == [True])
    await monitoring.close()


async def test_a_condition_holds_over_a_restart(tmp_path: Path) -> None:
    """The next process knows since when, and tells no second begin."""
    watch, clock = FakeWatch(Snapshot(connection=DOWN)), MovedClock()
    first = build(tmp_path, watch, clock)
    first.monitor.judge()
    await first.write()
    clock.advance(100)
    turns: list[Turn] = []
    second = build(tmp_path, watch, clock, turns=turns)
    await second.start()
    second.monitor.judge()
    assert turns == []
    assert second.answers.alerts()["alerts"][0]["since"] == "2026-03-10T12:00:00.000000Z"
    await second.close()


async def test_files_are_written_every_look(tmp_path: Path) -> None:
    """An error stands in its file a moment later, without anybody asking."""
    monitoring = build(tmp_path, FakeWatch(), MovedClock())
    await monitoring.start()
    monitoring.monitor.notes.tell_error(an_error(NOON_NS))
    await until((tmp_path / "logs" / "errors.csv").exists)
    await monitoring.close()


async def test_closing_writes_what_is_left(tmp_path: Path) -> None:
    """What came in the last moment is on disk."""
    monitoring = build(tmp_path, FakeWatch(), MovedClock(), judge_s=60)
    await monitoring.start()
    monitoring.monitor.notes.tell_error(an_error(NOON_NS))
    await monitoring.close()
    assert "it broke" in (tmp_path / "logs" / "errors.csv").read_text(encoding="utf-8")


async def test_a_snapshot_every_hour_by_itself(tmp_path: Path) -> None:
    """An hour after the last row, also if that row is of another process."""
    clock = MovedClock()
    first = build(tmp_path, FakeWatch(), clock)
    await first.snapshot()
    clock.advance(1_800)
    second = build(tmp_path, FakeWatch(), clock)
    await second.start()
    clock.advance(1_799)
    await asyncio.sleep(0.05)
    assert _rows(tmp_path) == 1
    clock.advance(1)
    await until(lambda: _rows(tmp_path) == 2)
    await asyncio.sleep(0.05)
    assert _rows(tmp_path) == 2
    await second.close()


async def test_a_disk_that_is_full_is_an_error_and_stops_nothing(tmp_path: Path) -> None:
    """It is told once, under `files`, and conditions are looked at all the while."""
    watch, clock, turns = FakeWatch(), MovedClock(), list[Turn]()
    monitoring = build(tmp_path, watch, clock, turns=turns, snapshot_s=1)
    for name in ("metrics.csv", "security.csv"):
        block(tmp_path / "logs" / name)
    await monitoring.start()
    await monitoring.reset(client="127.0.0.1")
    clock.advance(2)
    errors = monitoring.monitor.notes.errors_ever
    await until(lambda: errors().get("files") == 2)
    watch.latest = Snapshot(connection=DOWN)
    await until(lambda: bool(turns))
    with pytest.raises(OSError, match=r"."):
        await monitoring.snapshot()
    assert errors() == {"files": 2}
    await monitoring.close()


async def test_a_reset_is_on_disk_when_it_is_answered(tmp_path: Path) -> None:
    """It survives a kill, and is a security event with who did it."""
    clock = MovedClock()
    monitoring = build(tmp_path, FakeWatch(), clock)
    monitoring.monitor.ledger.request("GET /api/account", seconds=0.1, error=False, client_error=False)
    await monitoring.reset(client="192.0.2.9", key_id="k1")
    after = build(tmp_path, FakeWatch(), clock).monitor
    assert after.ledger.shown(300).requests == 0
    assert after.ledger.last_reset.at_ns == NOON_NS
    (event,) = after.notes.last_security(0)
    assert (event.type, event.client, event.key_id) == ("metrics_reset", "192.0.2.9", "k1")


async def test_a_trend_reads_what_snapshots_wrote(tmp_path: Path) -> None:
    """Within its span, oldest first."""
    clock = MovedClock()
    monitoring = build(tmp_path, FakeWatch(), clock)
    for _ in range(3):
        await monitoring.snapshot()
        clock.advance(13 * 3_600)
    points = await monitoring.trend("uptime_hours", Span.DAY)
    assert [point.value for point in points] == [26.0]
    assert len(await monitoring.trend("uptime_hours", Span.WEEK)) == 3


async def test_a_fault_in_a_step_costs_that_step(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the next step follows."""

    class Broken(FakeWatch):
        def __getattribute__(self, name: str) -> object:
            if name == "latest" and faulty:
                raise RuntimeError("no look")
            return super().__getattribute__(name)

    faulty: list[int] = []
    turns: list[Turn] = []
    watch = Broken()
    monitoring = build(tmp_path, watch, MovedClock(), turns=turns)
    await monitoring.start()
    faulty.append(1)
    await until(lambda: "Monitoring failed at a step" in caplog.text)
    faulty.clear()
    await until(lambda: monitoring.monitor.keeper.begun)
    watch.latest = Snapshot(connection=DOWN)
    await until(lambda: bool(turns))
    await monitoring.close()


async def test_uptime_is_of_this_process(tmp_path: Path) -> None:
    """It begins at 0 with each."""
    monitoring = open_monitoring(tmp_path, watch=FakeWatch(), journal=CountedJournal(), clock=SystemClock())
    assert 0 <= monitoring.monitor.uptime_s < 5


def _ledger(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (folder / "monitoring" / "requests").glob("*.jsonl"))


def _rows(folder: Path) -> int:
    return (folder / "logs" / "metrics.csv").read_text(encoding="utf-8").count("\n") - 1
