"""The journal: durable before it answers, whole after any failure, the same after a restart."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.clock import SystemClock
from app.domain.orders import Denied, Unknown
from app.errors import JournalError
from app.trading.journal.counts import OrderKey
from app.trading.journal.journal import CRASHED, Journal, close_open_intents, read_journal
from tests.app.trading.journal.disks import FaultyFiles
from tests.app.trading.journal.samples import NOW_NS, a_fill, a_trace, an_order, write_segment

Open = Callable[[], Journal]
DENIED = Denied(reason="RISK_BLOCK", message="too much")


async def _intent(journal: Journal, order_id: str) -> None:
    await journal.intent(an_order(order_id), a_trace(), comment_sent="~A", started_ns=NOW_NS)


def _segments(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def _ids(folder: Path) -> list[str]:
    index, report = read_journal(folder)
    assert report.intact
    return [record.order.order_id for record in index.orders()]


async def test_an_intent_is_on_disk_before_it_returns(open_journal: Open, folder: Path, files: FaultyFiles) -> None:
    """The append returns after `fsync`, not before; until then nobody sees the order."""
    journal = open_journal()
    files.fsync_goes_on.clear()
    waiting = asyncio.create_task(_intent(journal, "A"))
    assert await asyncio.to_thread(files.fsync_reached.wait, 10)

    assert not waiting.done()
    assert journal.get("A") is None

    files.fsync_goes_on.set()
    await waiting

    assert journal.get("A") is not None
    assert _ids(folder) == ["A"]


async def test_waiting_appends_share_one_fsync(open_journal: Open, files: FaultyFiles) -> None:
    """What gathers while one `fsync` runs goes to disk with the next."""
    journal = open_journal()
    files.fsync_goes_on.clear()
    first = asyncio.create_task(_intent(journal, "first"))
    assert await asyncio.to_thread(files.fsync_reached.wait, 10)
    others = [asyncio.create_task(_intent(journal, str(number))) for number in range(20)]
    await asyncio.sleep(0)  # each has handed its line over

    files.fsync_goes_on.set()
    await asyncio.gather(first, *others)

    assert len(journal.orders()) == 21
    assert len(files.fsyncs) == 2


async def test_a_restart_finds_everything_again(open_journal: Open, folder: Path) -> None:
    """Orders, totals, resolutions and the start of counting are the same after reopening, over several segments."""
    journal = open_journal()
    for number in range(10):
        await _intent(journal, str(number))
        await journal.outcome(str(number), a_fill(position=None), ended_ns=NOW_NS + 1)
    await journal.refused(an_order("D"), a_trace(), DENIED, started_ns=NOW_NS, ended_ns=NOW_NS + 1)
    await _intent(journal, "U")
    await journal.outcome("U", Unknown(reason="deadline"), ended_ns=NOW_NS + 1)
    await journal.amend("U", a_fill(), reason="found")
    journal.close()

    again = open_journal()

    assert again.orders() == journal.orders()
    assert again.totals() == journal.totals()
    assert again.totals()[OrderKey("open", "buy", "filled", "EURUSD")] == 10
    assert again.resolutions() == journal.resolutions() == {("unknown", "filled"): 1}
    assert (again.first_ns, again.last_seq) == (journal.first_ns, journal.last_seq)
    assert abs((again.first_ns or 0) - NOW_NS) <= 1_000
    assert again.last_seq == 24
    assert again.report.intact
    assert again.report.segments == len(_segments(folder)) > 3


async def test_a_restart_goes_on_with_the_chain(open_journal: Open, folder: Path) -> None:
    """Lines written after reopening follow from those before, and old files are not written again."""
    for order_id in ("A", "B", "C"):
        journal = open_journal()
        await _intent(journal, order_id)
        journal.close()

    assert _ids(folder) == ["A", "B", "C"]
    assert [path.name for path in _segments(folder)] == [f"0000000{number}.jsonl" for number in (1, 2, 3)]


async def test_a_torn_last_line_is_cut(open_journal: Open, folder: Path) -> None:
    """What a crash left unfinished is gone after opening, and the journal goes on as if it had not begun."""
    journal = open_journal()
    await _intent(journal, "A")
    journal.close()
    (segment,) = _segments(folder)
    whole = segment.read_bytes()
    segment.write_bytes(whole + b'{"seq":2,"time')

    again = open_journal()
    assert again.report.torn_bytes == 14
    assert segment.read_bytes() == whole
    await _intent(again, "B")

    assert _ids(folder) == ["A", "B"]


async def test_damage_stops_nothing(open_journal: Open, folder: Path) -> None:
    """A journal with a damaged line opens, says so, leaves that line where it is and takes new ones."""
    write_segment(folder, 1, b"rubbish\n")

    journal = open_journal()
    await _intent(journal, "A")
    index, report = read_journal(folder)

    assert not journal.report.intact
    assert [record.order.order_id for record in index.orders()] == ["A"]
    assert (report.lines, report.skipped, report.broken_links) == (1, 1, 0)
    assert (folder / "00000001.jsonl").read_bytes() == b"rubbish\n"


@pytest.mark.parametrize("room", [0, 1, 100])
async def test_a_full_disk_refuses_the_order_and_leaves_no_half_line(
    open_journal: Open, folder: Path, files: FaultyFiles, room: int
) -> None:
    """An intent that does not fit raises, is nowhere to be found, and the next one succeeds when there is room."""
    journal = open_journal()
    await _intent(journal, "A")
    whole = (folder / "00000001.jsonl").read_bytes()
    files.room = room

    with pytest.raises(JournalError, match="No space left"):
        await _intent(journal, "B")

    assert journal.get("B") is None
    assert "No space left" in (journal.health() or "")
    assert (folder / "00000001.jsonl").read_bytes() == whole

    files.room = None
    await _intent(journal, "B")
    assert journal.health() is None
    assert _ids(folder) == ["A", "B"]
    assert len(_segments(folder)) == 1


async def test_a_half_line_that_cannot_be_cut_ends_its_segment(
    open_journal: Open, folder: Path, files: FaultyFiles
) -> None:
    """Where even cutting fails, the half line stays the last of its file and the journal goes on in another."""
    journal = open_journal()
    await _intent(journal, "A")
    files.room, files.truncate_fails = 50, True
    with pytest.raises(JournalError):
        await _intent(journal, "B")

    files.room, files.truncate_fails = None, False
    await _intent(journal, "C")

    assert _ids(folder) == ["A", "C"]
    assert len(_segments(folder)) == 2


async def test_a_file_whose_fsync_failed_is_never_synced_again(
    open_journal: Open, folder: Path, files: FaultyFiles
) -> None:
    """After a failed `fsync` the order is refused, its line withdrawn, and the next one goes to a new file."""
    journal = open_journal()
    await _intent(journal, "A")
    files.fsync_fails = 1

    with pytest.raises(JournalError, match="Input/output error"):
        await _intent(journal, "B")
    await _intent(journal, "C")

    assert files.fsyncs == ["00000001.jsonl", "00000001.jsonl", "00000002.jsonl"]
    assert _ids(folder) == ["A", "C"]


async def test_an_outcome_can_be_written_again_after_a_failure(open_journal: Open, files: FaultyFiles) -> None:
    """An outcome that failed leaves the order open, and may be handed in once more."""
    journal = open_journal()
    await _intent(journal, "A")
    files.fsync_fails = 1
    with pytest.raises(JournalError):
        await journal.outcome("A", a_fill(), ended_ns=NOW_NS)
    assert [record.order.order_id for record in journal.open_intents()] == ["A"]

    await journal.outcome("A", a_fill(), ended_ns=NOW_NS)

    assert journal.open_intents() == ()


async def test_a_cancelled_append_that_was_not_begun_is_not_written(
    open_journal: Open, folder: Path, files: FaultyFiles
) -> None:
    """Who stops waiting before the write begins takes the order back; what was begun is written."""
    journal = open_journal()
    files.fsync_goes_on.clear()
    begun = asyncio.create_task(_intent(journal, "begun"))
    assert await asyncio.to_thread(files.fsync_reached.wait, 10)
    waiting = asyncio.create_task(_intent(journal, "waiting"))
    await asyncio.sleep(0)
    begun.cancel()
    waiting.cancel()
    await asyncio.wait([begun, waiting])

    files.fsync_goes_on.set()
    journal.close()

    assert _ids(folder) == ["begun"]
    assert journal.get("begun") is not None


async def test_closing_writes_what_waits_and_takes_no_more(
    open_journal: Open, folder: Path, files: FaultyFiles
) -> None:
    """Nothing handed over before closing is lost; afterwards every append raises."""
    journal = open_journal()
    files.fsync_goes_on.clear()
    waiting = [asyncio.create_task(_intent(journal, order_id)) for order_id in "AB"]
    assert await asyncio.to_thread(files.fsync_reached.wait, 10)
    closing = asyncio.create_task(asyncio.to_thread(journal.close))
    files.fsync_goes_on.set()
    await asyncio.gather(closing, *waiting)

    with pytest.raises(JournalError, match="closed"):
        await _intent(journal, "C")

    journal.close()
    assert _ids(folder) == ["A", "B"]


async def test_misuse_is_told(open_journal: Open) -> None:
    """An order has one intent and one first outcome; calls that break this are mistakes, not data."""
    journal = open_journal()
    await _intent(journal, "A")
    with pytest.raises(ValueError, match="no outcome that could be amended"):
        await journal.amend("A", a_fill(), reason="too early")
    await journal.outcome("A", a_fill(), ended_ns=NOW_NS)

    with pytest.raises(ValueError, match="in the journal already"):
        await _intent(journal, "A")
    with pytest.raises(ValueError, match="in the journal already"):
        await journal.refused(an_order("A"), a_trace(), DENIED, started_ns=1, ended_ns=2)
    with pytest.raises(ValueError, match="outcome already"):
        await journal.outcome("A", a_fill(), ended_ns=NOW_NS)
    with pytest.raises(ValueError, match="not in the journal"):
        await journal.outcome("B", a_fill(), ended_ns=NOW_NS)
    assert journal.last_seq == 2


async def test_orders_under_way_when_the_program_ended_become_unknown(open_journal: Open) -> None:
    """At the next start every intent without an outcome gets one, once, and only those."""
    journal = open_journal()
    await _intent(journal, "done")
    await journal.outcome("done", a_fill(), ended_ns=NOW_NS)
    await _intent(journal, "A")
    await _intent(journal, "B")
    journal.close()

    again = open_journal()
    closed = await close_open_intents(again)

    assert [record.order.order_id for record in closed] == ["A", "B"]
    assert all(record.outcome == Unknown(reason=CRASHED) for record in closed)
    assert again.open_intents() == ()
    assert await close_open_intents(again) == ()


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Where the system refuses, opening and reading say which folder, in our own words."""
    (tmp_path / "00000001.jsonl").mkdir()

    with pytest.raises(JournalError, match="cannot be opened"):
        Journal.open(tmp_path, clock=SystemClock())
    with pytest.raises(JournalError, match="cannot be read"):
        read_journal(tmp_path)


async def test_totals_can_be_read_while_orders_come_in(open_journal: Open) -> None:
    """Another thread sees counts that only grow, never a fault."""
    journal = open_journal()
    seen: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.append(sum(journal.totals().values()))

    watcher = asyncio.create_task(asyncio.to_thread(watch))
    for number in range(30):
        await journal.refused(an_order(str(number)), a_trace(), DENIED, started_ns=1, ended_ns=2)
    stop.set()
    await watcher

    assert seen == sorted(seen)
    assert sum(journal.totals().values()) == 30


WRITER = """
import asyncio, sys
from pathlib import Path
from app.domain.clock import SystemClock
from app.domain.orders import Action, Order, Side
from app.trading.journal.journal import Journal
from app.trading.journal.records import TraceRef

async def main() -> None:
    journal = Journal.open(Path(sys.argv[1]), clock=SystemClock())
    for number in range(1_000_000):
        order = Order(order_id=str(number), action=Action.OPEN, symbol="EURUSD", side=Side.BUY, volume=0.1)
        await journal.intent(order, TraceRef(), comment_sent="", started_ns=1)
        print(number, flush=True)

asyncio.run(main())
"""


def test_a_killed_program_loses_no_acknowledged_order(folder: Path) -> None:
    """Whatever was acknowledged before the kill is read afterwards, from a journal without damage."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(50):
            writer.stdout.readline()
        writer.kill()
        acknowledged = 50 + len(writer.stdout.read().splitlines())

    read_beside, _ = read_journal(folder)
    journal = Journal.open(folder, clock=SystemClock())
    journal.close()

    assert journal.report.intact
    assert len(journal.orders()) >= acknowledged >= 50
    assert read_beside.orders() == journal.orders()
