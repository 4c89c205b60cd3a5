"""The connection to the broker, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

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
