"""What the HTTP surface is given: every long-lived object it calls, by the few methods it uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Request

from app.access.keys import KeyStore
from app.domain.account import Account, Missing, Position, Symbol, Tick, Unavailable
from app.domain.clock import Clock
from app.domain.orders import Side
from app.monitoring.status import Monitor, Watching
from app.settings import Settings
from app.trading.desk import Decision

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


class OrderDesk(Protocol):
    """Takes orders; see `app.trading.desk.Desk`."""

    async def open(
        self, *, symbol: str, side: Side, volume: float, deviation: int, comment: str, magic: int, arrived: float
    ) -> Decision | Missing | Unavailable:
        """Open a position at the market."""

    async def close(self, ticket: int, *, arrived: float) -> Decision | Missing | Unavailable:
        """Close a position at the market."""


class JournalledOrder(Protocol):
    """One order in the journal."""

    def to_json(self) -> Mapping[str, Any]:
        """The whole of it."""


class OrderLookup(Protocol):
    """The journal, as far as it is only asked."""

    def get(self, order_id: str) -> JournalledOrder | None:
        """The order of this id, if there was one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServices:
    """Every long-lived object that a request may reach.

    Attributes:
        settings: as read at the start.
        clock: stamps and durations.
        gateway: reads from the terminal.
        desk: takes orders.
        watch: the latest look at the terminal.
        journal: the record of every order.
        keys: who may call.
        monitor: how it goes.
        metrics: renders `/metrics`.
        version: of this program.
    """

    settings: Settings
    clock: Clock
    gateway: TerminalReader
    desk: OrderDesk
    watch: Watching
    journal: OrderLookup
    keys: KeyStore
    monitor: Monitor
    metrics: RenderMetrics
    version: str


# Asynchronous, as every dependency here: the framework sends the others through a thread, which costs a hop each.
async def _services(request: Request) -> ApiServices:
    return cast(ApiServices, request.app.state.services)


Services = Annotated[ApiServices, Depends(_services)]
"""A route's parameter of this type is the application's services."""
