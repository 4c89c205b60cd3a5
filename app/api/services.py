"""What the HTTP surface is given: every long-lived object it calls, by the few methods it uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Request

from app.access.keys import KeyStore
from app.access.sessions import Sessions
from app.api.live import Events
from app.dashboard.assets import Assets
from app.dashboard.feed import Feed
from app.domain.account import Account, Missing, PendingOrder, Position, Symbol, Tick, Unavailable
from app.domain.clock import Clock
from app.domain.orders import Kind, Side
from app.history.search import Traces
from app.monitoring.monitor import Monitor
from app.monitoring.service import Monitoring
from app.monitoring.status import Watching
from app.settings import Settings
from app.trading.dealer import Decision
from app.trading.desk import Terms
from app.trading.journal.counts import Trades as ClosedTrades
from app.trading.journal.records import Dealt, OrderRecord

RenderMetrics = Callable[[str], tuple[bytes, str]]
"""From an `Accept` header to the text of all metrics and its content type."""


class TerminalReader(Protocol):
    """The terminal, as far as it is only looked at."""

    async def account(self) -> Account | Unavailable:
        """The account as it is now."""

    async def positions(self) -> tuple[Position, ...] | Unavailable:
        """Open positions by opening time."""

    async def symbol(self, name: str) -> Symbol | Missing | Unavailable:
        """The instrument of this name, in any case."""

    async def tick(self, name: str) -> Tick | Missing | Unavailable:
        """The last quote of this instrument."""

    async def orders(self, ticket: int | None = None) -> tuple[PendingOrder, ...] | Unavailable:
        """Pending orders by the time they were placed."""

    async def broker_name(self, name: str) -> str | Missing | Unavailable:
        """The broker's spelling of a symbol name given in any case."""


Listed = list[dict[str, Any]]


class Past(Protocol):
    """Bars, ticks, history and the list of symbols; see `app.broker.archive.Archive`."""

    async def symbols(self, *, age_s_max: float = 0.0) -> Listed | Unavailable:
        """Every symbol."""

    async def bars(
        self, name: str, timeframe: str, *, since_ns: int | None, until_ns: int | None, count: int | None
    ) -> Listed | Missing | Unavailable:
        """Bars, oldest first."""

    async def ticks(
        self, name: str, *, since_ns: int | None, until_ns: int | None, count: int
    ) -> Listed | Missing | Unavailable:
        """Ticks, oldest first."""

    async def deals(self, since_ns: int, until_ns: int) -> Listed | Unavailable:
        """Deals, newest first."""

    async def orders(self, since_ns: int, until_ns: int) -> Listed | Unavailable:
        """Orders of the past, newest first."""


class OrderDesk(Protocol):
    """Takes orders; see `app.trading.desk.Desk`."""

    async def open(
        self,
        *,
        symbol: str,
        side: Side,
        volume: float,
        deviation: int,
        comment: str,
        magic: int,
        arrived: float,
        sl: float | None,
        tp: float | None,
    ) -> Decision | Missing | Unavailable:
        """Open a position at the market."""

    async def close(self, ticket: int, *, arrived: float) -> Decision | Missing | Unavailable:
        """Close a position at the market."""

    async def place(
        self,
        *,
        symbol: str,
        kind: Kind,
        side: Side,
        volume: float,
        price: float,
        comment: str,
        magic: int,
        arrived: float,
        sl: float | None,
        tp: float | None,
        expiration: int | None,
    ) -> Decision | Missing | Unavailable:
        """Place a pending order."""

    async def modify(self, ticket: int, terms: Terms, *, arrived: float) -> Decision | Missing | Unavailable:
        """Change a pending order."""

    async def cancel(self, ticket: int, *, arrived: float) -> Decision | Missing | Unavailable:
        """Take a pending order back."""


class OrderLookup(Protocol):
    """The journal, as far as it is only asked."""

    def get(self, order_id: str) -> OrderRecord | None:
        """The order of this id, if there was one."""

    def deals_of(self, order_id: str) -> tuple[Dealt, ...]:
        """The deals of an order, as far as they are written down."""

    def trades(self) -> Mapping[str, ClosedTrades]:
        """The closed positions by symbol."""


class Faults(Protocol):
    """What the simulator is to do wrong; see `app.simulator.books.faults.FaultBook`. Blocks: the books are on disk."""

    def add(self, fault: str, **parameters: Any) -> Mapping[str, Any]:
        """Begin a fault and describe it."""

    def active(self) -> Sequence[Mapping[str, Any]]:
        """The faults at work, oldest first."""

    def end(self, id: int | None = None) -> int:  # noqa: A002  # the wire's name
        """End one or all; return how many were at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServices:
    """Every long-lived object that a request may reach.

    Attributes:
        settings: as read at the start.
        clock: stamps and durations.
        gateway: reads from the terminal.
        archive: reads of what lies in the past.
        traces: orders as traces.
        events: the stream of what happens.
        desk: takes orders.
        watch: the latest look at the terminal.
        journal: the record of every order.
        keys: who may call.
        sessions: the page's log-ins.
        monitor: how it goes.
        monitoring: the same as answers, and its files.
        metrics: renders `/metrics`.
        assets: the page's files.
        feed: what open pages listen to.
        version: of this program.
        faults: of the simulator; None with any other terminal.
    """

    settings: Settings
    clock: Clock
    gateway: TerminalReader
    archive: Past
    traces: Traces
    events: Events
    desk: OrderDesk
    watch: Watching
    journal: OrderLookup
    keys: KeyStore
    sessions: Sessions
    monitor: Monitor
    monitoring: Monitoring
    metrics: RenderMetrics
    assets: Assets
    feed: Feed
    version: str
    faults: Faults | None = None


# Asynchronous, as every dependency here: the framework sends the others through a thread, which costs a hop each.
async def _services(request: Request) -> ApiServices:
    return cast(ApiServices, request.app.state.services)


Services = Annotated[ApiServices, Depends(_services)]
"""A route's parameter of this type is the application's services."""
