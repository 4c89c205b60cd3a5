"""Tables for spreadsheets: what is in them, over weeks, crashes and full disks."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.history.csv_files import CsvTable, encode, number, unguarded
from app.monitoring.windows import DAY_S
from tests.support.clock import NOON_NS, MovedClock
from tests.support.monitoring import block

COLUMNS = ("ts_utc", "text", "number")


@pytest.fixture
def clock() -> MovedClock:
    """Noon of a Tuesday in week 11."""
    return MovedClock()


@pytest.fixture
def table(tmp_path: Path, clock: MovedClock) -> CsvTable:
    """An empty table."""
    return CsvTable(tmp_path, "orders", COLUMNS, clock=clock)


def read(path: Path) -> list[list[str]]:
    """The file as a spreadsheet reads it."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_columns_stand_on_the_first_line_once(table: CsvTable, tmp_path: Path) -> None:
    """UTF-8 without a byte order mark, one header however often rows are added."""
    table.append([("t1", "ü", 1.5)])
    table.append([("t2", None, True)])
    table.append([])
    assert (tmp_path / "orders.csv").read_bytes() == "ts_utc,text,number\nt1,ü,1.5\nt2,,1\n".encode()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=HYPERLINK(1)"])
def test_no_text_is_a_formula(table: CsvTable, tmp_path: Path, text: str) -> None:
    """A cell of text that a spreadsheet would run gets a leading apostrophe; reading back takes it off."""
    table.append([("t", text, 0)])
    cell = read(tmp_path / "orders.csv")[1][1]
    assert cell.startswith("'")
    (row,) = table.rows()
    assert row["text"] == ("' x" if text == "\rx" else text)  # a line end becomes a space, to stay on its line


def test_numbers_are_never_guarded(table: CsvTable, tmp_path: Path) -> None:
    """A loss stays a number."""
    table.append([("t", "x", -12.5)])
    assert read(tmp_path / "orders.csv")[1][2] == "-12.5"


@given(texts=st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_any_text_is_one_line_and_comes_back(texts: list[str]) -> None:
    """Quotes, commas, line ends, zeros, half characters: a row is one line, and reads as it was, on its line."""
    data = encode([("t", text, 1) for text in texts])
    assert data.count(b"\n") == len(texts)
    for row, text in zip(csv.reader(data.decode("utf-8").splitlines()), texts, strict=True) if _plain(texts) else ():
        assert unguarded(row[1]) == text


def _plain(texts: list[str]) -> bool:
    """Whether nothing had to be taken out, and the reader of this test splits lines as files do."""
    return all(text.isprintable() and not text.startswith("'") for text in texts)


def test_a_line_that_a_crash_cut_goes(table: CsvTable, tmp_path: Path, clock: MovedClock) -> None:
    """At the next start the file ends with a whole line, and rows go on behind it."""
    table.append([("t1", "a", 1)])
    path = tmp_path / "orders.csv"
    with path.open("ab") as file:
        file.write(b't2,"half')
    again = CsvTable(tmp_path, "orders", COLUMNS, clock=clock)
    assert [row["ts_utc"] for row in again.rows()] == ["t1"]
    assert again.open() == len(b't2,"half')
    again.append([("t3", "b", 2)])
    assert [row["ts_utc"] for row in again.rows()] == ["t1", "t3"]


def test_opening_what_is_not_there(table: CsvTable) -> None:
    """No file, nothing to cut."""
    assert table.open() == 0
    assert list(table.rows()) == []


def test_each_week_has_its_file(table: CsvTable, tmp_path: Path, clock: MovedClock) -> None:
    """When the week has passed its file is named after it, and a new one begins with the columns."""
    table.append([("t1", "a", 1)])
    clock.advance(5.4 * DAY_S)  # Sunday night
    table.append([("t2", "b", 2)])
    clock.advance(DAY_S)
    table.append([("t3", "c", 3)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["orders-2026-W11.csv", "orders.csv"]
    assert read(tmp_path / "orders.csv") == [list(COLUMNS), ["t3", "c", "3"]]
    assert [row["ts_utc"] for row in table.rows()] == ["t1", "t2", "t3"]


def test_a_week_that_is_there_already_is_not_overwritten(table: CsvTable, tmp_path: Path, clock: MovedClock) -> None:
    """A name in use gets a number behind it; nothing is lost, and both are read."""
    (tmp_path / "orders-2026-W11.csv").write_text("ts_utc,text,number\nt0,z,0\n", encoding="utf-8")
    table.append([("t1", "a", 1)])
    clock.advance(7 * DAY_S)
    table.append([("t2", "b", 2)])
    assert (tmp_path / "orders-2026-W11-2.csv").exists()
    assert {row["ts_utc"] for row in table.rows()} == {"t0", "t1", "t2"}


def test_old_weeks_go(table: CsvTable, tmp_path: Path, clock: MovedClock) -> None:
    """A file is kept 90 days after its week; what has another name is none of ours."""
    table.append([("t1", "a", 1)])
    for name in ("orders-notes-Wx.csv", "deals-2020-W01.csv"):
        (tmp_path / name).write_text("mine", encoding="utf-8")
    clock.advance(7 * DAY_S)
    table.append([("t2", "b", 2)])
    clock.advance(88 * DAY_S)
    table.forget_old()
    assert (tmp_path / "orders-2026-W11.csv").exists()
    clock.advance(3 * DAY_S)
    table.forget_old()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "deals-2020-W01.csv",
        "orders-notes-Wx.csv",
        "orders.csv",
    ]


def test_what_cannot_be_deleted_stays(table: CsvTable, tmp_path: Path, clock: MovedClock) -> None:
    """A file that a person has open is tried again another day."""
    (tmp_path / "orders-2020-W01.csv").mkdir()
    table.forget_old()
    assert (tmp_path / "orders-2020-W01.csv").exists()
    assert list(table.rows()) == []


def test_rows_wait_for_a_disk_and_come_once(table: CsvTable, tmp_path: Path) -> None:
    """What cannot be written is told, kept, and written in its order with the next rows."""
    block(tmp_path / "orders.csv")
    for number_ in range(2):
        with pytest.raises(OSError, match=r"."):
            table.append([(f"t{number_}", "a", number_)])
    assert table.waiting == 2
    (tmp_path / "orders.csv").rmdir()
    table.append([])
    assert table.waiting == 0
    assert [row["ts_utc"] for row in table.rows()] == ["t0", "t1"]


def test_what_waits_is_bounded_and_the_loss_is_counted(tmp_path: Path, clock: MovedClock) -> None:
    """The newest rows wait; how many had to go is known."""
    table = CsvTable(tmp_path, "orders", COLUMNS, clock=clock, waiting_max=3)
    block(tmp_path / "orders.csv")
    with pytest.raises(OSError, match=r"."):
        table.append([(f"t{number_}", "", 0) for number_ in range(5)])
    assert (table.waiting, table.lost) == (3, 2)


@pytest.mark.skipif(sys.platform == "win32", reason="cannot limit the size of files")
def test_a_disk_that_fills_up_leaves_no_half_row(table: CsvTable, tmp_path: Path) -> None:
    """What was written of a row before there was no room is taken back, and the row waits."""
    import resource

    table.append([("t1", "a", 1)])
    path = tmp_path / "orders.csv"
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 4, limits[1]))
    try:
        with pytest.raises(OSError, match=r"."):
            table.append([("t2", "b", 2)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    table.append([])
    assert [row["ts_utc"] for row in table.rows()] == ["t1", "t2"]


def test_the_week_of_a_file_is_the_clocks(table: CsvTable, tmp_path: Path, clock: MovedClock) -> None:
    """A file's own time is set from the clock, so that a machine's other clock changes nothing."""
    table.append([("t1", "a", 1)])
    assert (tmp_path / "orders.csv").stat().st_mtime_ns == NOON_NS
    table.append([("t2", "a", 1)])
    assert len(table.paths()) == 1


def test_cells_as_numbers() -> None:
    """A number, or none."""
    assert number({"a": "1.5"}, "a") == 1.5
    assert number({"a": "x"}, "a") is None
    assert number({}, "a") is None


def test_the_newest_rows_come_first_over_weeks(table: CsvTable, clock: MovedClock, tmp_path: Path) -> None:
    """As `rows` has them, the other way round; heads, blank lines and a half last one are no rows."""
    table.append([("t1", "=a", 1), ("t2", 'b,"c"', 2)])
    clock.advance(7 * DAY_S)
    table.append([("t3", "d", 3)])
    with (tmp_path / "orders.csv").open("ab") as file:
        file.write(b'\nt4,"half')
    assert list(table.newest()) == list(table.rows())[::-1]
    assert [row["text"] for row in table.newest()] == ["d", 'b,"c"', "=a"]


def test_newest_of_what_cannot_be_read_is_nothing(table: CsvTable, tmp_path: Path) -> None:
    """A file that another program holds back is left out."""
    block(tmp_path / "orders.csv")
    assert list(table.newest()) == []


def test_a_cell_beyond_all_measure_is_passed_over(table: CsvTable, tmp_path: Path) -> None:
    """A damaged file holds up no start."""
    table.append([("t1", "a", 1)])
    with (tmp_path / "orders.csv").open("ab") as file:
        file.write(b"x" * 200_000 + b"\n")
    assert [row["ts_utc"] for row in table.newest()][-1] == "t1"
