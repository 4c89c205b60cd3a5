"""What the poller last saw, as one immutable value that everybody reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.account import Account, AccountMode, Position, Tick

LAYERS: tuple[str, ...] = ("worker", "terminal", "broker", "account", "trading")
"""The layers of a connection, each resting on the one before; the values of `mt5.connection.layer`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Which layers are up.

    `worker`: the process that owns the terminal's package runs; `terminal`: the terminal answers it; `broker`:
    the terminal is connected to its server; `account`: an account is logged in; `trading`: terminal and
    account allow algorithmic trading. `reason` says what is wrong and `next_step` what a person can do.
    """

    worker: bool = False
    terminal: bool = False
    broker: bool = False
    account: bool = False
    trading: bool = False
    reason: str = "not connected yet"
    next_step: str = "wait a moment"

    @property
    def connected(self) -> bool:
        """Whether the terminal can be asked: every layer but `trading` is up."""
        return self.worker and self.terminal and self.broker and self.account

    def missing(self) -> tuple[str, ...]:
        """The layers that are down, lowest first."""
        return tuple(layer for layer in LAYERS if not getattr(self, layer))


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The poller's last look.

    `account`, `positions` and `ticks` are the last known ones, also while the terminal is away; `looked_ns` is
    the time of the last look and `fresh_ns` that of the last one which the terminal answered (ns since 1970).
    """

    connection: Connection = Connection()
    account: Account | None = None
    positions: tuple[Position, ...] = ()
    ticks: Mapping[str, Tick] = field(default_factory=dict)
    looked_ns: int = 0
    fresh_ns: int = 0

    @property
    def mode(self) -> AccountMode:
        """Whose money it is, as far as is known."""
        return self.account.mode if self.account else AccountMode.UNKNOWN
