"""What a measurement hands back: plain values, ratios apart from what is true of this machine only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

SCATTER_MAX = 0.30
"""Rounds that differ by more than this say more about the machine than about the program."""


class BenchError(Exception):
    """Something could not be measured as it should have been; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing measured.

    Attributes:
        what: its name.
        ratios: by what they compare; they may be repeated elsewhere.
        figures: by name and unit; true of this machine at that moment.
        scatter: how far the rounds lie apart, as a share of the lowest; None where there is one round only.
    """

    what: str
    ratios: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    scatter: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one measurement found; no rows and a reason where it could not be made."""

    name: str
    title: str
    rows: Sequence[Row] = ()
    notes: Sequence[str] = ()
    not_measured: str | None = None

    def warnings(self) -> list[str]:
        """A line for each row that should not be believed."""
        return [
            f"{self.name}: {row.what}: the rounds differ by {row.scatter:.0%}; run again on a quieter machine"
            for row in self.rows
            if row.scatter is not None and row.scatter > SCATTER_MAX
        ]


def scatter(rounds: Sequence[float]) -> float:
    """How far the highest of *rounds* lies above the lowest, as a share of the lowest."""
    return (max(rounds) - min(rounds)) / min(rounds)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of *values* that at least *share* (0 to 1) of them do not exceed."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]
