"""A key as it is kept: whose it is, what it may do, how often, and the hash of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

OPERATOR: Final = "operator"
"""Name of the key that is made at the first start, or given by MT5_OTEL_API_KEY."""


class Scope(StrEnum):
    """What a key may do: look, trade, administer."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"


EVERYTHING: Final = frozenset(Scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLimits:
    """How many calls a minute a key has on the trading paths; None leaves the usual limits of each path.

    Attributes:
        writes: orders; closes and cancellations have as many again, so that no order ever takes the place of one.
        reads: everything that is only looked at, together.
    """

    writes: int | None = None
    reads: int | None = None

    def to_json(self) -> dict[str, int | None]:
        """The limits as the file holds them."""
        return {"writes": self.writes, "reads": self.reads}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> KeyLimits:
        """Read them back."""
        writes, reads = kept.get("writes"), kept.get("reads")
        return cls(writes=None if writes is None else int(writes), reads=None if reads is None else int(reads))


NO_LIMITS: Final = KeyLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as it is kept: everything but the key itself.

    Attributes:
        id: names the key where it is told of; says nothing of the key, and stays when the key is rotated.
        name: whose it is.
        scopes: what it may do.
        created: RFC 3339, UTC.
        sha256: hexadecimal hash of the key.
        limits: its own.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    created: str
    sha256: str = field(repr=False)
    limits: KeyLimits = NO_LIMITS

    def to_json(self) -> dict[str, Any]:
        """The key as the file holds it."""
        kept: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "scopes": sorted(self.scopes),
            "created": self.created,
            "sha256": self.sha256,
        }
        return kept if self.limits == NO_LIMITS else {**kept, "limits": self.limits.to_json()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Key:
        """Read it back."""
        return cls(
            id=str(kept["id"]),
            name=str(kept["name"]),
            scopes=frozenset(Scope(scope) for scope in kept["scopes"]),
            created=str(kept["created"]),
            sha256=str(kept["sha256"]),
            limits=KeyLimits.from_json(kept.get("limits", {})),
        )


def hash_of(text: str) -> str:
    """The hash under which a key is kept.

    A key is at least 128 random bits, so one round of SHA-256 is the right hash for it: there is no dictionary to
    try, and a slow hash, made for passwords that people choose, would only add its cost to every request.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
