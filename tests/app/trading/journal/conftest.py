"""A journal on a disk that can fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.trading.journal.journal import Journal
from tests.app.trading.journal.disks import FaultyFiles
from tests.app.trading.journal.samples import NOW_NS, FixedClock

Open = Callable[[], Journal]


@pytest.fixture
def files() -> FaultyFiles:
    """The disk."""
    return FaultyFiles()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the journal lies."""
    return tmp_path / "journal"


@pytest.fixture
def open_journal(folder: Path, files: FaultyFiles) -> Iterator[Open]:
    """Opens the journal; whatever is still open at the end is closed."""
    opened: list[Journal] = []

    def open_it() -> Journal:
        opened.append(Journal.open(folder, clock=FixedClock(NOW_NS + 789), files=files, segment_bytes_max=2_000))
        return opened[-1]

    yield open_it
    files.fsync_goes_on.set()
    for journal in opened:
        journal.close()
