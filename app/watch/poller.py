"""Looks at the terminal once a second and keeps what it saw."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from app.broker.gateway import Gateway
from app.broker.terminal import WorkerState
from app.domain.account import Account, Position, Record, Tick, Unavailable
from app.domain.clock import Clock
from app.domain.connection import LAYERS, Connection
from app.domain.day import day_start_ns
from app.domain.deals import Deal
from app.watch.binding import Refusal
from app.watch.changes import Changes, FeedChanged, changes_between
from app.watch.connection import NEXT_STEPS, NOT_UNDERSTOOD, connection_from
from app.watch.deals import DayDeals
from app.watch.state import Snapshot

log = logging.getLogger(__name__)

WATCHED_MAX = 50
"""How many symbols' prices are looked at; more would fill the terminal's queue."""
LOOK_S = 3.0
"""So long a look waits for one answer, and for all those together that it can do without."""
BUSY_S = 3.6
"""So long a call that is under way, a slow order perhaps, may keep a look waiting before the terminal counts as
hanging: noticed within 5 s."""
BUSY_PAUSE_S = 0.05
SYMBOLS_EVERY = 60
"""In looks: how often Market Watch and what may be traded are read again."""
SYMBOLS_WAIT_S = 0.5
"""So long a look waits for the list of symbols while there is none: another process is asked, which may be busy."""

OnLook = Callable[[], Awaitable[None]]
Admit = Callable[[Account], Awaitable[Refusal | None]]
_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


async def admit_all(_: Account) -> None:
    """Let every account in."""


class _Read(Protocol[_T_co]):
    """A read of the gateway that waits until *deadline*."""

    def __call__(self, *, deadline: float) -> Awaitable[_T_co | Unavailable]: ...


class Watch:
    """The latest state of the terminal, and the one task that renews it.

    Args:
        gateway: the terminal, whose calls this makes outside any trace.
        clock: stamps the looks.
        poll_s: pause between looks.
        never_closes: prices move on every day, as on the simulator.
        frozen_after_s: prices that stand still for longer are told.
        day_start_s: seconds after the broker's midnight at which a day begins.
        deals_since: when the newest deal was made that is written down already.
        workers: the terminal's processes by name.
        admit: says why the account that the terminal shows is not to be looked at; None where it is.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        clock: Clock,
        poll_s: float = 1.0,
        never_closes: bool = False,
        frozen_after_s: float = 60.0,
        day_start_s: int = 0,
        deals_since: Callable[[], int | None] = lambda: None,
        workers: Callable[[], Mapping[str, WorkerState]] = dict,
        admit: Admit = admit_all,
    ) -> None:
        self._gateway = gateway
        self._clock = clock
        self._poll_s = poll_s
        self._frozen_after_s = frozen_after_s
        self._day_start_s = day_start_s
        self._workers = workers
        self._admit = admit
        self._faults: list[str] = []
        self._faults_before: tuple[str, ...] = ()
        self._deals = DayDeals(deals_since)
        self._on_look: list[OnLook] = []
        self._symbols: tuple[str, ...] = ()
        self._looks = 0
        self._task: asyncio.Task[None] | None = None
        self._renewal: asyncio.Task[None] | None = None
        self.changes = Changes()
        self.latest = Snapshot(never_closes=never_closes)

    def subscribe(self, on_look: OnLook) -> None:
        """Call this after each look that the terminal answered."""
        self._on_look.append(on_look)

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="watch")

    async def close(self) -> None:
        """Look no more; `latest` stays."""
        for task in (self._task, self._renewal):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def age_s(self) -> float:
        """Seconds since the last look; very many before the first."""
        return (self._clock.time_ns() - self.latest.looked_ns) / 1e9

    async def look(self) -> None:
        """Renew `latest` once, and tell what changed."""
        before = self.latest
        state = self._gateway.terminal.state
        unknown = Connection(
            worker=state.alive,
            reason="what the terminal shows cannot be understood",
            next_step=NEXT_STEPS[NOT_UNDERSTOOD],
        )
        seen = await self._or_kept("look", self._seen(before), None) or self._away(before, unknown)
        seen = self._with_faults(before, seen)
        if not before.connection.connected:  # nobody was told of what that look saw
            seen = dataclasses.replace(seen, new_deals=before.new_deals + seen.new_deals)
        self.latest = self._completed(before, seen)
        _log_change(before.connection, self.latest.connection)
        for change in changes_between(before, self.latest):
            if isinstance(change, FeedChanged):
                _log_feed(change)
            self.changes.tell(change)
        if self.latest.connection.connected:
            await self._tell_listeners()

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("A look at the terminal failed; the next one follows in %g s", self._poll_s)
            await asyncio.sleep(self._poll_s)

    async def _tell_listeners(self) -> None:
        """One that fails takes nothing away from the others."""
        for on_look in self._on_look:
            try:
                await on_look()
            except Exception:
                log.exception("What follows a look at the terminal failed")

    async def _seen(self, before: Snapshot) -> Snapshot:
        state = self._gateway.terminal.state
        if not state.ready:
            return self._away(before, connection_from(state))
        terminal = await self._ask(self._gateway.terminal_record)
        if isinstance(terminal, Unavailable):
            return self._away(before, connection_from(self._gateway.terminal.state, failure=terminal))
        account = await self._account()
        if isinstance(account, Account) and (refusal := await self._admit(account)) is not None:
            return self._refused(before, terminal, account, refusal)
        positions = await self._or_kept("positions", self._ask(self._gateway.positions), before.positions)
        if isinstance(account, Unavailable) or isinstance(positions, Unavailable):
            failure = account if isinstance(account, Unavailable) else positions
            assert isinstance(failure, Unavailable)
            answered = None if isinstance(account, Unavailable) else account
            return self._away(before, connection_from(self._gateway.terminal.state, terminal, answered, failure))
        return await self._seen_account(before, terminal, positions)

    async def _seen_account(self, before: Snapshot, terminal: Record, positions: tuple[Position, ...]) -> Snapshot:
        """The rest of a look; what cannot be understood or had no time stays as it was."""
        deadline = self._clock.monotonic() + LOOK_S
        ticks = await self._ticks(before, positions, deadline)
        orders = await self._or_kept("pending orders", self._gateway.orders(deadline=deadline), before.orders)
        # Deals come after positions: a position seen closed has its deal in this look already.
        day_start, read = await self._or_kept("deals", self._read_deals(before, deadline), (before.day_start_ns, None))
        # And the account once more after all of them: a person may have logged in to another one meanwhile.
        account = await self._account()
        if isinstance(account, Unavailable):
            return self._away(before, connection_from(self._gateway.terminal.state, terminal, None, account))
        if (refusal := await self._admit(account)) is not None:
            return self._refused(before, terminal, account, refusal)
        now = self._clock.time_ns()
        new_deals = () if read is None else self._deals.take(read, day_start, now)
        return dataclasses.replace(
            before,
            connection=connection_from(self._gateway.terminal.state, terminal, account),
            account=account,
            positions=positions,
            orders=before.orders if isinstance(orders, Unavailable) else orders,
            ticks=ticks,
            deals=before.deals if read is None else self._deals.of_day,
            new_deals=new_deals,
            day_start_ns=day_start,
            untradable=self._gateway.untradable({position.symbol for position in positions}),
            offset_s=self._gateway.server_time.offset_s if self._gateway.server_time.known else None,
            foreign=False,
            looked_ns=now,
            fresh_ns=now,
        )

    async def _account(self) -> Account | Unavailable:
        unread = Unavailable(
            reason="the account that the terminal shows cannot be understood", last_error=(NOT_UNDERSTOOD, "")
        )
        found: Account | Unavailable = await self._or_kept("account", self._ask(self._gateway.account), unread)
        return found

    async def _or_kept(self, what: str, reading: Awaitable[_T], kept: _T) -> _T:
        """What a read brings; where that cannot be understood, a fault is noted and the rest of the look goes on."""
        try:
            return await reading
        except Exception as error:
            fault = f"{what}: {type(error).__name__}: {error}"
            if fault not in self._faults_before:
                log.exception("A look at the terminal could not be understood in whole (%s)", what)
            self._faults.append(fault)
            return kept

    def _with_faults(self, before: Snapshot, seen: Snapshot) -> Snapshot:
        self._faults_before, self._faults = tuple(self._faults), []
        if not self._faults_before:
            return seen
        return dataclasses.replace(seen, faults=before.faults + 1, fault="; ".join(self._faults_before))

    def _refused(self, before: Snapshot, terminal: Record, account: Account, refusal: Refusal) -> Snapshot:
        """The terminal is there, with an account of which nothing is taken over."""
        connection = dataclasses.replace(
            connection_from(self._gateway.terminal.state, terminal, account),
            account=False,
            trading=False,
            reason=refusal.reason,
            next_step=refusal.next_step,
        )
        return dataclasses.replace(self._away(before, connection), foreign=True)

    async def _ask(self, read: _Read[_T_co]) -> _T_co | Unavailable:
        """What a read brings, for which a terminal that is in a call has time until that call counts as hanging."""
        while True:
            until = self._busy_until()
            found = await read(deadline=self._clock.monotonic() + LOOK_S if until is None else until)
            if not isinstance(found, Unavailable) or found.last_error is not None:
                return found
            # A call that has ended meanwhile was no hanging one either.
            until = self._busy_until() or until
            if until is None or until <= self._clock.monotonic():
                return found
            await asyncio.sleep(BUSY_PAUSE_S)

    def _busy_until(self) -> float | None:
        """When the call under way begins to count as hanging; None while there is none."""
        busy_since = self._gateway.terminal.busy_since
        return None if busy_since is None else busy_since + BUSY_S

    def _away(self, before: Snapshot, connection: Connection) -> Snapshot:
        self._symbols = ()
        self._deals.ask_all_again()
        return dataclasses.replace(before, connection=connection, new_deals=(), looked_ns=self._clock.time_ns())

    def _completed(self, before: Snapshot, seen: Snapshot) -> Snapshot:
        """With what follows from this look and the one before: since when, and whether prices stand still."""
        since = {
            layer: before.since_ns[layer]
            if layer in before.since_ns and getattr(before.connection, layer) == getattr(seen.connection, layer)
            else seen.looked_ns
            for layer in LAYERS
        }
        quiet_s = seen.quiet_s(seen.looked_ns)
        frozen = seen.connection.connected and quiet_s is not None and quiet_s > self._frozen_after_s
        return dataclasses.replace(seen, since_ns=since, frozen=frozen, workers=self._workers())

    async def _ticks(self, before: Snapshot, positions: Sequence[Position], deadline: float) -> dict[str, Tick]:
        """The last prices; those that there was no time to ask for stay as they were."""
        await self._renew_symbols()
        ticks: dict[str, Tick] = {}
        for name in dict.fromkeys((*self._symbols, *(position.symbol for position in positions))):
            reading = self._gateway.tick(name, deadline=deadline)
            tick = await self._or_kept(f"price of {name}", reading, None)
            if tick is None or isinstance(tick, Unavailable):
                tick = before.ticks.get(name)
            if isinstance(tick, Tick):
                ticks[name] = tick
        return ticks

    async def _renew_symbols(self) -> None:
        """See to it that the list of symbols is read from time to time, beside the looks."""
        if self._renewal is None and (not self._symbols or self._looks % SYMBOLS_EVERY == 0):
            self._renewal = asyncio.create_task(self._read_symbols(), name="watch-symbols")
        self._looks += 1
        if self._renewal is not None and not self._symbols:
            await asyncio.wait([self._renewal], timeout=SYMBOLS_WAIT_S)

    async def _read_symbols(self) -> None:
        try:
            self._symbols = (await self._gateway.selected_symbols())[:WATCHED_MAX] or self._symbols
        except Exception:
            log.exception("The list of symbols could not be read; it is tried again")
        finally:
            self._renewal = None

    async def _read_deals(self, before: Snapshot, deadline: float) -> tuple[int, tuple[Deal, ...] | None]:
        """Where the day began, and the deals since the last look, None where there is no answer.

        Until the broker's clock is known no deal has a time.
        """
        server_time = self._gateway.server_time
        if not server_time.known:
            return before.day_start_ns, None
        day_start = day_start_ns(self._clock.time_ns(), server_time.offset_s, self._day_start_s)
        deals = await self._gateway.deals_since(self._deals.from_ns(day_start), deadline=deadline)
        return day_start, None if isinstance(deals, Unavailable) else deals


def _log_change(before: Connection, after: Connection) -> None:
    """One line when the connection changes, none while it stays as it is."""
    if (before.missing(), before.reason) == (after.missing(), after.reason):
        return
    if after.connected and not after.missing():
        log.info("Terminal connected: every layer is up")
    elif before.missing() != after.missing():
        log.warning("Terminal: %s down: %s; %s", ", ".join(after.missing()), after.reason, after.next_step)


def _log_feed(change: FeedChanged) -> None:
    if change.frozen:
        log.warning("Prices stand still: no tick of any watched symbol for %.0f s", change.quiet_s)
    else:
        log.info("Prices move again")


def counts_by_side(positions: Sequence[Position]) -> dict[tuple[str, str], int]:
    """How many positions are open by symbol and side."""
    counts: dict[tuple[str, str], int] = {}
    for position in positions:
        key = (position.symbol, position.side.value)
        counts[key] = counts.get(key, 0) + 1
    return counts
