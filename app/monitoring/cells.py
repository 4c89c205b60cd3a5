"""How often and how fast one endpoint answered: counts, and durations in buckets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

SMALLEST_S: Final = 1e-4
PER_OCTAVE: Final = 8
BUCKET_MAX: Final = 200
"""Bucket *n* ends at `SMALLEST_S` times 2 to the power of n ÷ 8: a quantile is right to 5 %, up to an hour."""


@dataclass(slots=True)
class Cell:
    """Answers of one endpoint; `sum_s` seconds, `buckets` how many durations lie in which bucket."""

    requests: int = 0
    errors: int = 0
    client_errors: int = 0
    sum_s: float = 0.0
    buckets: dict[int, int] = field(default_factory=dict)

    def add(self, seconds: float, *, error: bool, client_error: bool) -> None:
        """Count one answer."""
        bucket = bucket_of(seconds)
        self.requests += 1
        self.errors += error
        self.client_errors += client_error
        self.sum_s += max(0.0, seconds)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def merge(self, other: Cell) -> None:
        """Add what *other* counted."""
        self.requests += other.requests
        self.errors += other.errors
        self.client_errors += other.client_errors
        self.sum_s += other.sum_s
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count

    @property
    def average_s(self) -> float:
        """Mean duration in seconds, 0 without any."""
        return self.sum_s / self.requests if self.requests else 0.0

    def quantile_s(self, quantile: float) -> float:
        """The duration in seconds that this share of the answers stayed within, 0 without any."""
        wanted = max(1, math.ceil(quantile * self.requests))
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return middle_s(bucket)
        return 0.0

    def to_json(self) -> list[Any]:
        """The cell as a line holds it."""
        buckets = {str(bucket): count for bucket, count in self.buckets.items()}
        return [self.requests, self.errors, self.client_errors, round(self.sum_s, 6), buckets]

    @classmethod
    def from_json(cls, kept: list[Any]) -> Self:
        """The cell that a line holds.

        Raises:
            ValueError, TypeError: it holds none.
        """
        requests, errors, client_errors, sum_s, buckets = kept
        if not isinstance(buckets, Mapping):
            raise TypeError("buckets are an object")
        counted = {int(bucket): int(count) for bucket, count in buckets.items()}
        return cls(int(requests), int(errors), int(client_errors), float(sum_s), counted)


def bucket_of(seconds: float) -> int:
    """The bucket that a duration lies in."""
    if seconds <= SMALLEST_S:
        return 0
    return min(BUCKET_MAX, math.ceil(PER_OCTAVE * math.log2(seconds / SMALLEST_S)))


def middle_s(bucket: int) -> float:
    """The duration that stands for a bucket: the geometric middle of its bounds."""
    exponent = (bucket - 0.5) / PER_OCTAVE if bucket else 0.0
    return float(SMALLEST_S * 2**exponent)
