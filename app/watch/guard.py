"""Reads that are refused at once while the terminal is known to be away, whatever it still would show."""

from __future__ import annotations

from typing import Any

from app.broker.archive import Archive, Found, Records
from app.broker.gateway import Gateway
from app.domain.account import Account, Missing, PendingOrder, Position, Symbol, Tick, Unavailable
from app.watch.poller import Watch

BELIEVED_S = 5.0
"""How long the terminal's word is taken for what holds now."""


def known_away(watch: Watch) -> Unavailable | None:
    """Why the terminal cannot be asked, as itself it said a moment ago; None where it can, or may be able to.

    Only its own word that it has lost its broker counts, and only while it is fresh. One that did not answer the
    look may be busy with a slow call, and may be free again by now: whoever asks it has a deadline of his own, and
    a process that is gone answers at once. Another account than this data folder's is nobody's to ask, however long
    ago it was seen, until the right one is.
    """
    if (foreign := known_foreign(watch)) is not None:
        return foreign
    connection = watch.latest.connection
    if not connection.terminal or connection.broker or watch.age_s() > BELIEVED_S:
        return None
    return Unavailable(reason=connection.reason)


def known_foreign(watch: Watch) -> Unavailable | None:
    """Why the account that the terminal shows is none of ours; None where it was not seen with another one."""
    return Unavailable(reason=watch.latest.connection.reason) if watch.latest.foreign else None


class LiveReads:
    """The reads of a `Gateway`: a terminal without its broker would answer them with what once was."""

    def __init__(self, gateway: Gateway, watch: Watch) -> None:
        self._gateway = gateway
        self._watch = watch

    async def account(self) -> Account | Unavailable:
        """The account as it is now."""
        return known_away(self._watch) or await self._gateway.account()

    async def positions(self, ticket: int | None = None) -> tuple[Position, ...] | Unavailable:
        """Open positions by opening time."""
        return known_away(self._watch) or await self._gateway.positions(ticket)

    async def orders(self, ticket: int | None = None) -> tuple[PendingOrder, ...] | Unavailable:
        """Pending orders by the time they were placed."""
        return known_away(self._watch) or await self._gateway.orders(ticket)

    async def symbol(self, name: str) -> Symbol | Missing | Unavailable:
        """The instrument of this name, in any case."""
        return known_away(self._watch) or await self._gateway.symbol(name)

    async def tick(self, name: str) -> Tick | Missing | Unavailable:
        """The last quote of this instrument."""
        return known_away(self._watch) or await self._gateway.tick(name)

    async def broker_name(self, name: str) -> str | Missing | Unavailable:
        """The broker's spelling of a symbol name given in any case."""
        return known_away(self._watch) or await self._gateway.broker_name(name)


class PastReads:
    """The reads of an `Archive`, refused alike."""

    def __init__(self, archive: Archive, watch: Watch) -> None:
        self._archive = archive
        self._watch = watch

    async def symbols(self, *, age_s_max: float = 0.0) -> Records | Unavailable:
        """Every symbol that the terminal knows."""
        return known_away(self._watch) or await self._archive.symbols(age_s_max=age_s_max)

    async def bars(self, name: str, timeframe: str, **wanted: Any) -> Found:
        """Bars, oldest first."""
        return known_away(self._watch) or await self._archive.bars(name, timeframe, **wanted)

    async def ticks(self, name: str, **wanted: Any) -> Found:
        """Ticks, oldest first."""
        return known_away(self._watch) or await self._archive.ticks(name, **wanted)

    async def deals(self, since_ns: int, until_ns: int) -> Records | Unavailable:
        """Deals, newest first."""
        return known_away(self._watch) or await self._archive.deals(since_ns, until_ns)

    async def orders(self, since_ns: int, until_ns: int) -> Records | Unavailable:
        """Orders of the past, newest first."""
        return known_away(self._watch) or await self._archive.orders(since_ns, until_ns)
