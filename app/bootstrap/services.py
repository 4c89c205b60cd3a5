"""Every long-lived object, opened in the order it is listed here and closed in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.access.keys import KeyStore
from app.access.sessions import Sessions
from app.access.upkeep import kept_up
from app.bootstrap.data_folder import bound_folder
from app.bootstrap.logs import log_lines
from app.bootstrap.monitoring import build_monitoring, open_books
from app.bootstrap.recovery import Recovery
from app.bootstrap.telemetry import observe, open_telemetry, warn_of_what_has_no_effect
from app.broker.archive import Archive
from app.broker.gateway import Gateway
from app.broker.server_time import ServerTime
from app.broker.specs import terminal_spec
from app.broker.terminal import TerminalSpec
from app.broker.worker import TerminalWorker
from app.domain.account import AccountMode
from app.domain.clock import Clock, Ids, SystemClock, SystemIds
from app.monitoring.service import Monitoring
from app.settings import API_KEY_VARIABLE, Settings, TerminalSettings
from app.telemetry.deals import DealTelemetry
from app.telemetry.instruments import instruments
from app.telemetry.orders import OrderTelemetry
from app.telemetry.terminal import InstrumentedTerminal
from app.trading.dealer import Dealer
from app.trading.deals import DealKeeper
from app.trading.desk import Desk
from app.trading.journal.journal import Journal
from app.trading.mending import Mender
from app.watch.binding import Binding
from app.watch.poller import Watch
from otel import Pipeline
from otel.metatrader5.describe import Endpoint

FINISH_ORDERS_S = 8.0
"""Every order has ended so long after its arrival: the terminal's process must not be ended in the midst of one."""
WRITE_OUTCOMES_S = 0.3
CLOSE_TELEMETRY_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the program is made of.

    `operator_key` is the plain key when it was made just now, else None: it is shown once and kept hashed.
    """

    settings: Settings
    version: str
    clock: Clock
    folder: Path
    keys: KeyStore
    sessions: Sessions
    operator_key: str | None
    pipeline: Pipeline
    journal: Journal
    gateway: Gateway
    archive: Archive
    watch: Watch
    dealer: Dealer
    desk: Desk
    monitoring: Monitoring


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    version: str,
    environ: Mapping[str, str],
    new_key: bool = False,
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> AsyncIterator[Services]:
    """Build everything from settings.

    Raises:
        StartupError: something cannot be opened; the message says what and what to do.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as opened:
        spec = terminal_spec(settings)
        folder, binding = opened.enter_context(bound_folder(settings.data_dir, spec))
        books = await open_books(folder, settings.monitoring, clock)
        keys = KeyStore.open(folder / "keys.json", clock=clock)
        pipeline = open_telemetry(settings, environ, folder, version)
        opened.push_async_callback(asyncio.to_thread, pipeline.close, CLOSE_TELEMETRY_S)
        opened.enter_context(log_lines(folder, pipeline))
        warn_of_what_has_no_effect(environ)
        journal = await _open_journal(opened, folder, pipeline, _mode(spec, binding), version=version, clock=clock)
        trading = _trading(spec, settings, journal, pipeline, binding, version=version, clock=clock, ids=ids)
        monitoring = build_monitoring(
            books, journal, trading.watch, pipeline, settings.monitoring, version=version, clock=clock
        )
        await monitoring.start()
        opened.push_async_callback(monitoring.close)
        await opened.enter_async_context(kept_up(keys, monitoring.monitor.notes.tell_security))
        trading.start(opened)
        yield Services(
            settings=settings,
            version=version,
            clock=clock,
            folder=folder,
            keys=keys,
            sessions=Sessions(keys, clock=clock, length_s=settings.auth.session_hours * 3_600),
            operator_key=keys.operator_key(environ.get(API_KEY_VARIABLE), new=new_key),
            pipeline=pipeline,
            journal=journal,
            gateway=trading.gateway,
            archive=trading.archive,
            watch=trading.watch,
            dealer=trading.dealer,
            desk=trading.desk,
            monitoring=monitoring,
        )


def _mode(spec: TerminalSpec, binding: Binding) -> AccountMode:
    """Whose money it is, as far as that is known before the terminal answers."""
    if binding.account is not None:
        return binding.account.mode
    return AccountMode.SIMULATED if spec.simulated else AccountMode.UNKNOWN


async def _open_journal(
    opened: AsyncExitStack, folder: Path, pipeline: Pipeline, mode: AccountMode, *, version: str, clock: Clock
) -> Journal:
    """The journal, with what a crash left open in it closed."""
    journal = await asyncio.to_thread(Journal.open, folder / "journal", clock=clock)
    opened.push_async_callback(asyncio.to_thread, journal.close)
    recovery = Recovery(journal, pipeline, folder, mode=mode, version=version)
    opened.push_async_callback(recovery.close)
    await recovery.run()
    return journal


@dataclass(frozen=True, kw_only=True)
class _Trading:
    """The terminal's processes and what works with them, not begun yet."""

    workers: Mapping[str, TerminalWorker]
    gateway: Gateway
    archive: Archive
    watch: Watch
    dealer: Dealer
    desk: Desk

    def start(self, opened: AsyncExitStack) -> None:
        """Begin. Closed from the last to the first: orders end, nobody looks, the workers end with every call."""
        opened.push_async_callback(self.dealer.finish, WRITE_OUTCOMES_S)
        opened.push_async_callback(self._close_workers)
        opened.push_async_callback(self.watch.close)
        opened.push_async_callback(self.dealer.finish, FINISH_ORDERS_S)
        for worker in self.workers.values():
            worker.start()
        self.watch.start()

    async def _close_workers(self) -> None:
        await asyncio.gather(*(worker.close() for worker in self.workers.values()))


def _trading(
    spec: TerminalSpec,
    settings: Settings,
    journal: Journal,
    pipeline: Pipeline,
    binding: Binding,
    *,
    version: str,
    clock: Clock,
    ids: Ids | None,
) -> _Trading:
    tracer, meter = instruments(pipeline, version)
    workers = {name: _worker(spec, settings.terminal) for name in ("trading", "data")}
    # The calls' spans name the server that was seen last.
    terminal = InstrumentedTerminal(workers["trading"], tracer, meter, lambda: Endpoint(address=watch.latest.server))
    data = terminal.beside(workers["data"])
    gateway = _gateway(terminal, data, settings, binding, simulated=spec.simulated, clock=clock)
    watch = Watch(
        gateway,
        clock=clock,
        poll_s=settings.terminal.poll_s,
        never_closes=spec.simulated and settings.simulator.sessions == "loop",
        frozen_after_s=settings.monitoring.feed_frozen_s,
        day_start_s=settings.risk.day_start_s,
        deals_since=lambda: journal.last_deal_ns,
        workers=lambda: {name: worker.state for name, worker in workers.items()},
        admit=binding.admit,
    )
    DealKeeper(gateway=gateway, journal=journal, watch=watch, telemetry=DealTelemetry(tracer), clock=clock)
    dealer = _dealer(settings, gateway, journal, watch, OrderTelemetry(tracer, meter), clock=clock)
    desk = Desk(
        dealer=dealer,
        gateway=gateway,
        watch=watch,
        clock=clock,
        ids=ids or SystemIds(clock),
        order_timeout_s=settings.terminal.order_timeout_s,
    )
    observe(pipeline, version, journal, watch, clock)
    archive = Archive(data, gateway, clock=clock, timeout_s=settings.terminal.data_timeout_s)
    return _Trading(workers=workers, gateway=gateway, archive=archive, watch=watch, dealer=dealer, desk=desk)


def _dealer(
    settings: Settings, gateway: Gateway, journal: Journal, watch: Watch, telemetry: OrderTelemetry, *, clock: Clock
) -> Dealer:
    """Who sends orders; what they leave open is mended after each look."""
    mender = Mender(gateway=gateway, journal=journal, watch=watch, clock=clock)
    watch.subscribe(mender.look)
    return Dealer(
        gateway=gateway,
        journal=journal,
        watch=watch,
        telemetry=telemetry,
        mender=mender,
        clock=clock,
        order_tag=settings.orders.order_tag,
        order_timeout_s=settings.terminal.order_timeout_s,
    )


def _worker(spec: TerminalSpec, terminal: TerminalSettings) -> TerminalWorker:
    return TerminalWorker(spec, initialize_timeout_s=terminal.initialize_timeout_s, reconnect_s=terminal.reconnect_s)


def _gateway(
    terminal: InstrumentedTerminal,
    data: InstrumentedTerminal,
    settings: Settings,
    binding: Binding,
    *,
    simulated: bool,
    clock: Clock,
) -> Gateway:
    return Gateway(
        terminal,
        catalogue=data,
        clock=clock,
        server_time=ServerTime(_utc_offset_s(settings)),
        simulated=simulated,
        read_timeout_s=settings.terminal.read_timeout_s,
        deals_timeout_s=settings.terminal.deals_timeout_s,
        only_for=binding.only_for,
    )


def _utc_offset_s(settings: Settings) -> int | None:
    """The broker's offset where it is known: the simulator's own, or the operator's word."""
    if settings.terminal.utc_offset_minutes is not None:
        return settings.terminal.utc_offset_minutes * 60
    if settings.terminal.kind == "simulator" and settings.simulator.summer_time == "none":
        return settings.simulator.utc_offset_minutes * 60
    return None
