"""What the poller last saw, as one immutable value that everybody reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.broker.terminal import WorkerState
from app.domain.account import Account, AccountMode, PendingOrder, Position, Tick
from app.domain.connection import Connection
from app.domain.day import in_session
from app.domain.deals import Deal


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The poller's last look; all times in ns since 1970.

    Everything but `connection` is as last known, also while the terminal is away.

    Attributes:
        connection: which layers are up.
        since_ns: since when each layer is as it is.
        account: the account.
        positions: open positions by opening time.
        orders: pending orders by the time they were placed.
        ticks: the last price of each watched symbol.
        deals: the deals of the day by ticket, as the terminal shows them.
        new_deals: those that this look saw for the first time in this run, or the looks before it that nobody was told
            of; they may be older than the day.
        day_start_ns: when the day began; 0 until the broker's clock is known.
        untradable: symbols that a position is open in and that may not be traded.
        offset_s: the broker's clock minus UTC; None until it is known.
        never_closes: there are prices on every day, as on the simulator.
        frozen: no watched symbol had a price for too long inside its session.
        foreign: the terminal was last seen with another account than this data folder's; nothing of that one is here.
        faults: how many looks of this run could not be understood in whole; `fault` says what was wrong with the last.
        workers: the terminal's processes by name.
        looked_ns: the time of the last look.
        fresh_ns: the time of the last look which the terminal answered; 0 before the first.
    """

    connection: Connection = field(default_factory=Connection)
    since_ns: Mapping[str, int] = field(default_factory=dict)
    account: Account | None = None
    positions: tuple[Position, ...] = ()
    orders: tuple[PendingOrder, ...] = ()
    ticks: Mapping[str, Tick] = field(default_factory=dict)
    deals: tuple[Deal, ...] = ()
    new_deals: tuple[Deal, ...] = ()
    day_start_ns: int = 0
    untradable: tuple[str, ...] = ()
    offset_s: int | None = None
    never_closes: bool = False
    frozen: bool = False
    foreign: bool = False
    faults: int = 0
    fault: str = ""
    workers: Mapping[str, WorkerState] = field(default_factory=dict)
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

    @property
    def floating(self) -> float:
        """What the open positions would bring if closed now, swap included; account currency."""
        return round(sum(position.profit + position.swap for position in self.positions), 8)

    def tick_ages_s(self, now_ns: int) -> dict[str, float]:
        """Seconds since the last price of each watched symbol; none until the broker's clock is known."""
        if self.offset_s is None:
            return {}
        return {
            name: max(0.0, now_ns / 1e9 - tick.time_msc / 1e3) for name, tick in self.ticks.items() if tick.time_msc
        }

    def quiet_s(self, now_ns: int) -> float | None:
        """For how long no watched symbol had a price; None outside sessions, and where it cannot be said."""
        if self.offset_s is None or not (self.never_closes or in_session(now_ns, self.offset_s)):
            return None
        return min(self.tick_ages_s(now_ns).values(), default=None)
