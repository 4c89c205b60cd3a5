"""Reading the journal's segments: what can be read, and an exact account of what cannot."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from app.trading.journal.files import Files
from app.trading.journal.lines import GENESIS, DamagedLineError, link, unseal
from app.trading.journal.records import Stamped

_SUFFIX: Final = ".jsonl"
_DIGITS: Final = 8
KEPT_ASIDE_MAX: Final = 100
"""So many damaged lines are kept whole in a report; the rest is only counted."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A line that is not as it was written, or does not follow from the line before.

    Attributes:
        segment: number of the file.
        line: counted from 1.
        offset: where the line begins in the file, in bytes.
        reason: what does not fit.
        data: the line itself, without its newline.
    """

    segment: int
    line: int
    offset: int
    reason: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReport:
    """What reading the journal found.

    Attributes:
        segments: how many files.
        lines: how many lines were understood.
        skipped: how many complete lines were not; they stay in their file.
        broken_links: how many good lines do not follow from the one before: something was changed, removed or put in.
        torn_bytes: length of unfinished last lines, which were never acknowledged.
        damages: the first of the lines behind `skipped` and `broken_links`, in the order of the files.
    """

    segments: int = 0
    lines: int = 0
    skipped: int = 0
    broken_links: int = 0
    torn_bytes: int = 0
    damages: tuple[Damage, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether every complete line is there as it was written. A torn last line is no damage."""
        return not self.skipped and not self.broken_links

    def describe(self) -> str:
        """One sentence for a log line."""
        found = f"{self.lines} lines in {self.segments} segments"
        if self.torn_bytes:
            found += f", an unfinished last line of {self.torn_bytes} bytes"
        if self.intact:
            return found
        first = self.damages[0]
        return (
            f"{found}; damaged: {self.skipped} lines skipped, {self.broken_links} links broken, "
            f"first in segment {first.segment} line {first.line} ({first.reason})"
        )


class Tail(NamedTuple):
    """Where the journal goes on."""

    seq: int = 0
    link: str = GENESIS
    segment: int = 0


class Torn(NamedTuple):
    """A file that ends in an unfinished line, and its size without that."""

    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Contents:
    """All of a journal."""

    stamped: list[Stamped]
    report: OpenReport
    tail: Tail
    torn: list[Torn]


def segment_path(directory: Path, number: int) -> Path:
    """Return where segment *number* lies."""
    return directory / f"{number:0{_DIGITS}d}{_SUFFIX}"


def segment_numbers(names: list[str]) -> list[int]:
    """Return the numbers of those names that are segments, ascending."""
    stems = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    return sorted(int(stem) for stem in stems if len(stem) == _DIGITS and stem.isascii() and stem.isdigit())


def read_contents(directory: Path, files: Files) -> Contents:
    """Read every segment there is, also beside a running writer; changes nothing.

    Raises:
        OSError: a file cannot be read at all.
    """
    return _Reader(directory, files).read()


class _Reader:
    """Follows the chain line by line."""

    def __init__(self, directory: Path, files: Files) -> None:
        self._directory = directory
        self._files = files
        self._stamped: list[Stamped] = []
        self._damages: list[Damage] = []
        self._torn: list[Torn] = []
        self._seq = 0
        self._link = GENESIS
        self._link_known = True
        self._skipped = self._broken_links = self._torn_bytes = 0

    def read(self) -> Contents:
        numbers = segment_numbers(self._files.list(self._directory))
        for number in numbers:
            self._read_segment(number)
        report = OpenReport(
            segments=len(numbers),
            lines=len(self._stamped),
            skipped=self._skipped,
            broken_links=self._broken_links,
            torn_bytes=self._torn_bytes,
            damages=tuple(self._damages),
        )
        return Contents(self._stamped, report, Tail(self._seq, self._link, max(numbers, default=0)), self._torn)

    def _read_segment(self, number: int) -> None:
        path = segment_path(self._directory, number)
        data = self._files.read(path)
        end = data.rfind(b"\n") + 1
        if end < len(data):
            self._torn.append(Torn(path, end))
            self._torn_bytes += len(data) - end
        offset = 0
        for index, line in enumerate(data[:end].split(b"\n")[:-1], start=1):
            if reason := self._take(line):
                self._keep_aside(Damage(number, index, offset, reason, line))
            offset += len(line) + 1

    def _keep_aside(self, damage: Damage) -> None:
        if len(self._damages) < KEPT_ASIDE_MAX:
            self._damages.append(damage)

    def _take(self, line: bytes) -> str:
        """Take one line in; return what is wrong with it."""
        previous, self._link = self._link, link(line)
        try:
            stamped, prev = unseal(line)
        except DamagedLineError as error:
            # What its hash was cannot be known any more, so the next line's link cannot be checked.
            self._skipped += 1
            self._seq += 1
            self._link_known = False
            return str(error)
        follows = prev == previous or not self._link_known
        self._link_known = True
        self._broken_links += not follows
        self._seq = max(self._seq, stamped.seq)
        self._stamped.append(stamped)
        return "" if follows else "does not follow from the line before"
