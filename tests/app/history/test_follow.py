"""orders.csv and deals.csv hold each order and deal once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.domain.deals import Deal
from app.domain.orders import Rejected
from app.domain.trace import TraceRef
from app.history.csv_files import CsvTable
from app.history.csv_rows import DEALS_COLUMNS, ORDERS_COLUMNS
from app.history.follow import LATE_NS, DealsFile, OrdersFile
from app.trading.journal.index import OrderIndex
from app.trading.journal.records import Dealt, Decided, Entry, Intent, Stamped
from tests.app.trading.journal.samples import a_fill, an_order
from tests.support.clock import NOON_NS, MovedClock
from tests.support.monitoring import block


class Journal(OrderIndex):
    """A journal that takes lines without a disk."""

    def add(self, *entries: Entry) -> None:
        """Take lines in."""
        self._add(Stamped(self.last_seq + number, NOON_NS, entry) for number, entry in enumerate(entries, start=1))


@dataclass
class Folder:
    """A folder of tables, for one process after another."""

    path: Path
    journal: Journal = field(default_factory=Journal)
    since_ns: int = 0

    def table(self, name: str) -> CsvTable:
        """A table, as a process opens it."""
        columns = ORDERS_COLUMNS if name == "orders" else DEALS_COLUMNS
        return CsvTable(self.path, name, columns, clock=MovedClock())

    def orders(self) -> OrdersFile:
        """The orders' file of a process."""
        return OrdersFile(self.table("orders"), self.journal, since_ns=self.since_ns)

    def deals(self) -> DealsFile:
        """The deals' file of a process."""
        return DealsFile(self.table("deals"), self.journal, since_ns=self.since_ns)

    def order_ids(self) -> list[str]:
        """What orders.csv holds."""
        return [row["order_id"] for row in self.table("orders").rows()]

    def tickets(self) -> list[int]:
        """What deals.csv holds."""
        return [int(row["ticket"]) for row in self.table("deals").rows()]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Nothing there."""
    return Folder(tmp_path)


def intent(order_id: str, started_ns: int = NOON_NS) -> Intent:
    """An order about to be sent."""
    return Intent(order=an_order(order_id), trace=TraceRef("ab" * 16, "cd" * 8), comment_sent="", started_ns=started_ns)


def decided(order_id: str) -> Decided:
    """It was filled."""
    return Decided(order_id=order_id, outcome=a_fill(), ended_ns=NOON_NS)


def dealt(ticket: int, *, at_ns: int = NOON_NS, ours: str | None = None) -> Dealt:
    """A deal."""
    deal = Deal(
        ticket=ticket,
        order=ticket,
        position=1,
        symbol="EURUSD",
        type=0,
        entry=0,
        reason=3,
        volume=0.1,
        price=1.1,
        profit=0.0,
        commission=0.0,
        swap=0.0,
        fee=0.0,
        time_msc=at_ns // 1_000_000,
        magic=0,
        comment="",
    )
    return Dealt(deal=deal, ours=ours, trace=TraceRef("ef" * 16, "cd" * 8))


def test_an_order_is_written_when_it_is_decided(folder: Folder) -> None:
    """Not before, once, in the order of decisions where they cross."""
    orders = folder.orders()
    folder.journal.add(intent("A"), intent("B"), decided("B"))
    orders.follow()
    assert folder.order_ids() == ["B"]
    folder.journal.add(intent("C"), decided("A"))
    orders.follow()
    orders.follow()
    assert folder.order_ids() == ["B", "A"]


def test_a_restart_adds_what_the_file_lacks(folder: Folder) -> None:
    """Orders that a kill kept from the file are appended; those it has are left."""
    folder.journal.add(intent("A"), decided("A"))
    folder.orders().follow()
    folder.journal.add(intent("B"), decided("B"))
    for _ in range(2):
        folder.orders().follow()
    assert folder.order_ids() == ["A", "B"]


def test_a_line_cut_by_a_kill_is_written_again(folder: Folder) -> None:
    """Half a row is no row."""
    folder.journal.add(intent("A"), decided("A"), intent("B"), decided("B"))
    folder.orders().follow()
    path = folder.path / "orders.csv"
    path.write_bytes(path.read_bytes()[:-10])
    folder.table("orders").open()
    folder.orders().follow()
    assert folder.order_ids() == ["A", "B"]


def test_old_orders_stay_out(folder: Folder) -> None:
    """Orders from before the time that files are kept would come again with every start."""
    folder.since_ns = NOON_NS
    folder.journal.add(intent("A", NOON_NS - 1), decided("A"), intent("B"), decided("B"))
    folder.orders().follow()
    assert folder.order_ids() == ["B"]


def test_orders_wait_for_the_disk(folder: Folder) -> None:
    """After a failure each comes once."""
    block(folder.path / "orders.csv")
    orders = folder.orders()
    folder.journal.add(intent("A"), decided("A"))
    with pytest.raises(OSError, match=r"."):
        orders.follow()
    folder.journal.add(intent("B"), Decided(order_id="B", outcome=Rejected(retcode=10019), ended_ns=NOON_NS))
    (folder.path / "orders.csv").rmdir()
    orders.follow()
    assert folder.order_ids() == ["A", "B"]


def test_each_deal_once_ours_or_not(folder: Folder) -> None:
    """A deal of ours has its order's trace, another its own."""
    deals = folder.deals()
    folder.journal.add(intent("A"), decided("A"), dealt(1, ours="A"), dealt(2))
    deals.follow()
    folder.journal.add(dealt(2), dealt(3, at_ns=NOON_NS + 10**9))
    deals.follow()
    folder.deals().follow()
    assert folder.tickets() == [1, 2, 3]
    assert [row["trace_id"] for row in folder.table("deals").rows()] == ["ab" * 16, "ef" * 16, "ef" * 16]


def test_a_deal_that_becomes_known_late_is_not_missed(folder: Folder) -> None:
    """Within two days at once; later than that at the next start."""
    deals = folder.deals()
    folder.journal.add(dealt(1, at_ns=NOON_NS))
    deals.follow()
    folder.journal.add(dealt(2, at_ns=NOON_NS - LATE_NS // 2), dealt(3, at_ns=NOON_NS - 2 * LATE_NS))
    deals.follow()
    assert folder.tickets() == [1, 2]
    folder.deals().follow()
    assert folder.tickets() == [1, 2, 3]


def test_deals_wait_for_the_disk(folder: Folder) -> None:
    """Also when no further deal comes."""
    block(folder.path / "deals.csv")
    deals = folder.deals()
    folder.journal.add(dealt(1))
    with pytest.raises(OSError, match=r"."):
        deals.follow()
    (folder.path / "deals.csv").rmdir()
    deals.follow()
    assert folder.tickets() == [1]


def test_a_deal_of_an_order_that_is_gone_keeps_its_own_trace(folder: Folder) -> None:
    """An order of a damaged journal is no reason to fail."""
    folder.journal.add(replace(dealt(1), ours="gone"))
    folder.deals().follow()
    assert folder.tickets() == [1]
