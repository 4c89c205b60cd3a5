"""security.csv under a flood, a kill, a full file and a long past."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from app.domain.events import SecurityEvent, SecurityType
from app.history.csv_files import CsvTable
from app.history.csv_rows import SECURITY_COLUMNS, security_from
from app.monitoring.refusals import SecurityLog, SecurityRows
from app.monitoring.security_file import FULL, READ_MAX, SecurityFile
from app.monitoring.windows import DAY_S
from tests.support.clock import NOON_NS, MovedClock
from tests.support.monitoring import block


class Process:
    """One run of the program, as far as its security events go."""

    def __init__(self, folder: Path, clock: MovedClock, bytes_max: int = 16_000_000) -> None:
        self.log = SecurityLog()
        self.table = CsvTable(folder, "security", SECURITY_COLUMNS, clock=clock)
        self.file = SecurityFile(self.table, folder / "under_way.csv", clock=clock, bytes_max=bytes_max)
        self._clock = clock
        self.log.restore(self.file.open(clock.now_ns - DAY_S * 10**9))

    def knock(self, times: int = 1, *, client: str = "192.0.2.1", kind: str = "invalid_api_key_attempt") -> None:
        """Somebody comes so often in this moment."""
        for _ in range(times):
            self.log.add(
                SecurityEvent(at_ns=self._clock.now_ns, type=SecurityType(kind), client=client, details="GET /health")
            )

    def write(self, *, ending: bool = False) -> None:
        """What happens every second."""
        self.file.write(self.log.take(self._clock.now_ns, ending=ending))


@pytest.fixture
def clock() -> MovedClock:
    """Noon."""
    return MovedClock()


def rows(folder: Path) -> list[dict[str, str]]:
    """The file as a spreadsheet reads it."""
    with (folder / "security.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def told(folder: Path) -> int:
    """How many attempts the rows stand for."""
    return sum(event.count for row in rows(folder) if (event := security_from(row)) is not None)


def test_a_flood_is_two_rows_a_minute(tmp_path: Path, clock: MovedClock) -> None:
    """A hundred thousand attempts of one caller: the first at once, then one row a minute with how many more."""
    process = Process(tmp_path, clock)
    for _ in range(10):
        process.knock(10_000)
        process.write()
        clock.advance(12)
    assert rows(tmp_path)[0]["details"] == "GET /health"
    process.write(ending=True)
    details = [row["details"] for row in rows(tmp_path)]
    assert details == ["GET /health", "49999 more in this minute, the last one: GET /health"] * 2
    assert told(tmp_path) == 100_000
    assert (tmp_path / "security.csv").stat().st_size < 1_000


def test_a_kill_loses_no_count(tmp_path: Path, clock: MovedClock) -> None:
    """The minute under way is kept beside the file, and has its row when the program starts again."""
    killed = Process(tmp_path, clock)
    killed.knock(30)
    killed.write()
    killed.knock(7)
    killed.write()
    clock.advance(3)
    after = Process(tmp_path, clock)
    assert [event.count for event in after.log.last(0, 10)] == [37]
    after.write()
    assert told(tmp_path) == 37
    again = Process(tmp_path, clock)
    again.write()
    assert told(tmp_path) == 37
    assert [event.count for event in again.log.last(0, 10)] == [37]


def test_a_kill_between_its_two_files_tells_nothing_twice(tmp_path: Path, clock: MovedClock) -> None:
    """The row of the minute is in the file already, and what is kept of the minute is of before."""
    killed = Process(tmp_path, clock)
    killed.knock(30)
    killed.write()
    kept = (tmp_path / "under_way.csv").read_bytes()
    killed.knock(5)
    clock.advance(60)
    killed.write()
    (tmp_path / "under_way.csv").write_bytes(kept)
    after = Process(tmp_path, clock)
    after.write()
    assert told(tmp_path) == 35
    assert [event.count for event in after.log.last(0, 10)] == [35]


def test_a_full_file_says_so_once_and_takes_what_the_operator_does(tmp_path: Path, clock: MovedClock) -> None:
    """Refusals are no longer written until the next week's file; keys that change always are."""
    process = Process(tmp_path, clock, bytes_max=2_000)
    for number in range(100):
        process.knock(client=f"10.0.0.{number}")
        process.write()
    process.knock(kind="key_created", client="local")
    process.write()
    kinds = [row["event_type"] for row in rows(tmp_path)]
    assert kinds.count(FULL) == 1
    assert kinds[-2:] == [FULL, "key_created"]
    assert (tmp_path / "security.csv").stat().st_size < 2_400
    later = Process(tmp_path, clock, bytes_max=2_000)
    later.knock()
    later.write()
    assert [row["event_type"] for row in rows(tmp_path)] == kinds
    clock.advance(7 * DAY_S)
    later.knock()
    later.write()
    assert [row["event_type"] for row in rows(tmp_path)] == ["invalid_api_key_attempt"]


def test_a_start_reads_the_end_of_the_past_only(tmp_path: Path, clock: MovedClock) -> None:
    """However large the file is, a bounded number of its last rows is looked at; what is older than a day is left."""
    table = CsvTable(tmp_path, "security", SECURITY_COLUMNS, clock=clock)
    table.append(("2026-03-01T12:00:00.000000Z", "rate_limited", "192.0.2.1", "x", "") for _ in range(READ_MAX))
    table.append(("2026-03-10T11:00:00.000000Z", "rate_limited", "192.0.2.1", "y", "") for _ in range(10))
    table.append([("2026-03-10T11:30:00.000000Z", FULL, "", "z", "")])
    events = SecurityFile(table, tmp_path / "under_way.csv", clock=clock).open(NOON_NS - DAY_S * 10**9)
    assert [event.details for event in events] == ["y"] * 10


def test_rows_wait_for_their_disk(tmp_path: Path, clock: MovedClock) -> None:
    """What cannot be written is kept and comes once; the minute under way is kept meanwhile."""
    process = Process(tmp_path, clock)
    block(tmp_path / "security.csv")
    process.knock(3)
    with pytest.raises(OSError, match=r"."):
        process.write()
    assert b"2 more in this minute" in (tmp_path / "under_way.csv").read_bytes()
    (tmp_path / "security.csv").rmdir()
    clock.advance(60)
    process.write()
    assert told(tmp_path) == 3


def test_nothing_new_is_no_write(tmp_path: Path, clock: MovedClock) -> None:
    """A quiet second leaves the disk alone."""
    process = Process(tmp_path, clock)
    process.file.write(SecurityRows([], [], []))
    assert list(tmp_path.iterdir()) == []
