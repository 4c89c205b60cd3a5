"""What monitoring keeps on disk, over restarts, kills and a full disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.domain.conditions import Condition
from app.domain.events import ErrorEvent, Scope, SecurityEvent, SecurityType
from app.monitoring.books import ALL_COUNTS_EVERY_S, Books
from app.monitoring.keeper import Turn
from app.monitoring.windows import DAY_S
from app.settings import MonitoringSettings
from tests.support.clock import NOON_NS, MovedClock
from tests.support.monitoring import block

Opened = Callable[[], Books]


@pytest.fixture
def clock() -> MovedClock:
    """Noon."""
    return MovedClock()


@pytest.fixture
def opened(tmp_path: Path, clock: MovedClock) -> Iterator[Opened]:
    """Makes the files of a process, and of the next one, which knows nothing of the one before."""
    with ExitStack() as closing:

        def opened() -> Books:
            books = Books(tmp_path, clock=clock, limits=MonitoringSettings())
            closing.callback(books.close)
            books.open()
            return books

        yield opened


def tell(books: Books) -> None:
    """One of each."""
    now_ns = NOON_NS
    books.ledger.request("GET /api/account", seconds=0.01, error=False, client_error=False)
    books.notes.tell_error(ErrorEvent(at_ns=now_ns, scope=Scope.API, message="=broke", details="a\nb", trace_id="ab"))
    books.notes.tell_security(
        SecurityEvent(at_ns=now_ns, type=SecurityType.KEY_CREATED, client="127.0.0.1", details="x", key_id="k")
    )


def turn(began: bool = True) -> Turn:
    """A condition turned."""
    return Turn(condition=Condition.FEED_FROZEN, began=began, at_ns=NOON_NS, since_ns=NOON_NS, message="quiet")


def test_the_next_process_knows_everything(tmp_path: Path, clock: MovedClock, opened: Opened) -> None:
    """Requests, errors, security events, counts and turns are read back as they were, after a kill too."""
    first = opened()
    tell(first)
    assert first.write([turn()]) == ([], [])
    # No close: a kill.
    second = opened()
    assert second.ledger.requests(300)["GET /api/account"].requests == 1
    assert second.notes.last_errors(0) == [
        ErrorEvent(at_ns=NOON_NS, scope=Scope.API, message="=broke", details="a b", trace_id="ab")
    ]
    assert second.notes.last_security(0) == first.notes.last_security(0)
    assert second.notes.errors_by_scope(DAY_S) == {"api": 1}
    assert second.notes.security_ever() == {"key_created": 1}
    assert len(list(second.turns())) == 1
    assert second.damaged_lines == 0


def test_events_older_than_a_day_stay_in_the_file_only(
    tmp_path: Path, clock: MovedClock, opened: Callable[[], Books]
) -> None:
    """They are history; the lists look back 24 h."""
    first = opened()
    tell(first)
    first.write()
    first.close()
    clock.advance(DAY_S + 120)
    second = opened()
    assert (second.notes.last_errors(0), second.notes.last_security(0)) == ([], [])
    assert second.notes.errors_ever() == {"api": 1}
    assert (tmp_path / "logs" / "errors.csv").read_text(encoding="utf-8").count("\n") == 2


def test_totals_are_written_now_and_then(tmp_path: Path, clock: MovedClock, opened: Opened) -> None:
    """At the start and every quarter of an hour, so that no count depends on old files."""
    books = opened()
    for _ in range(3):
        books.write()
    clock.advance(ALL_COUNTS_EVERY_S)
    books.write()
    lines = b"".join(path.read_bytes() for path in (tmp_path / "monitoring" / "requests").iterdir())
    assert lines.count(b'"all"') == 2


def test_what_cannot_be_written_is_told_kept_and_written_later(
    tmp_path: Path, clock: MovedClock, opened: Callable[[], Books]
) -> None:
    """One file that fails stops no other; once it can be written nothing is missing and nothing is there twice."""
    books = opened()
    blocked = tmp_path / "logs" / "errors.csv"
    block(blocked)
    for _ in range(2):
        tell(books)
        _, troubles = books.write([turn()])
        assert [name for name, _ in troubles] == ["errors.csv"]
    blocked.rmdir()
    assert books.write() == ([], [])
    assert blocked.read_text(encoding="utf-8").count("broke") == 2
    assert (tmp_path / "logs" / "security.csv").read_text(encoding="utf-8").count("key_created") == 2
    assert len(list(books.turns())) == 2


def test_ledger_and_turns_wait_for_their_disk(tmp_path: Path, clock: MovedClock, opened: Opened) -> None:
    """A folder that is gone and cannot be made again: lines and turns come with the next write."""
    books = opened()
    for name in ("requests", "conditions"):
        folder = tmp_path / "monitoring" / name
        folder.rmdir()
        folder.write_bytes(b"")
    tell(books)
    left, troubles = books.write([turn(), turn(began=False)])
    assert {name for name, _ in troubles} == {"monitoring/requests", "monitoring/conditions"}
    assert left == [turn(), turn(began=False)]
    for name in ("requests", "conditions"):
        (tmp_path / "monitoring" / name).unlink()
    assert books.write(left) == ([], [])
    restarted = opened()
    assert restarted.ledger.shown(300).requests == 1
    assert len(list(restarted.turns())) == 2


def test_snapshots_and_when_the_last_was(tmp_path: Path, clock: MovedClock, opened: Opened) -> None:
    """A row for each; the last one is found in the file, and a row that is none is passed over."""
    books = opened()
    assert books.last_snapshot_ns() is None
    books.snapshot(("2026-03-10T12:00:00.000000Z", *range(9)))
    with (tmp_path / "logs" / "metrics.csv").open("a", encoding="utf-8") as file:
        file.write("garbage,1\n")
    assert books.last_snapshot_ns() == NOON_NS


def test_closing_twice_or_unopened_is_no_fault(tmp_path: Path, clock: MovedClock, opened: Opened) -> None:
    """However far the start came, closing works."""
    Books(tmp_path, clock=clock, limits=MonitoringSettings()).close()
    books = opened()
    books.close()
    books.close()
