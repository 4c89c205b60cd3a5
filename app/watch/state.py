"""What the poller last saw, as one immutable value that everybody reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.account import Account, AccountMode, Position, Tick
from app.domain.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The poller's last look.

    `account`, `positions` and `ticks` are the last known ones, also while the terminal is away; `looked_ns` is
    the time of the last look and `fresh_ns` that of the last one which the terminal answered (ns since 1970).
    """

    connection: Connection = field(default_factory=Connection)
    account: Account | None = None
    positions: tuple[Position, ...] = ()
    ticks: Mapping[str, Tick] = field(default_factory=dict)
    looked_ns: int = 0
    fresh_ns: int = 0

    @property
    def mode(self) -> AccountMode:
        """Whose money it is, as far as is known."""
        return self.account.mode if self.account else AccountMode.UNKNOWN

    @property
    def server(self) -> str:
        """Name of the broker's server, empty until it is known."""
        return self.account.server if self.account else ""
