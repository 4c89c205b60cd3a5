"""Every long-lived object, opened in the order it is listed here and closed in reverse."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.access.keys import KeyStore
from app.access.sessions import Sessions
from app.access.upkeep import kept_up
from app.bootstrap.data_folder import data_folder
from app.bootstrap.logs import log_lines
from app.bootstrap.monitoring import build_monitoring, open_books
from app.bootstrap.recovery import Recovery
from app.broker.archive import Archive
from app.broker.gateway import Gateway
from app.broker.server_time import ServerTime
from app.broker.specs import terminal_spec
from app.broker.terminal import TerminalSpec
from app.broker.worker import TerminalWorker
from app.domain.account import AccountMode
from app.domain.clock import Clock, Ids, SystemClock, SystemIds
from app.errors import StartupError
from app.monitoring.service import Monitoring
from app.settings import API_KEY_VARIABLE, Settings
from app.telemetry.deals import DealTelemetry
from app.telemetry.orders import OrderTelemetry
from app.telemetry.replay import SCOPE
from app.telemetry.state import (
    observe_account,
    observe_connection,
    observe_deals,
    observe_orders,
    observe_positions,
    observe_profit,
    observe_watch,
)
from app.telemetry.terminal import InstrumentedTerminal
from app.trading.deals import DealKeeper
from app.trading.desk import Desk
from app.trading.journal.journal import Journal
from app.watch.poller import Watch, counts_by_side
from app.watch.state import LAYERS
from otel import Pipeline, TelemetryConfig, TelemetryConfigError, build_pipeline, kept_instance_id, without_effect
from otel.metatrader5.describe import Endpoint

log = logging.getLogger(__name__)

FINISH_ORDERS_S = 1.0
CLOSE_TELEMETRY_S = 1.5
JOURNAL_METRICS = (
    "mt5.orders",
    "mt5.order.resolutions",
    "mt5.deals",
    "mt5.positions.opened",
    "mt5.positions.closed",
    "mt5.connection.failures",
)
"""Counters that the journal counts, since its first line."""


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
        folder = opened.enter_context(data_folder(settings.data_dir))
        books = await open_books(folder, settings.monitoring, clock)
        keys = KeyStore.open(folder / "keys.json", clock=clock)
        operator_key = keys.operator_key(environ.get(API_KEY_VARIABLE), new=new_key)
        pipeline = _telemetry(settings, environ, folder, version)
        opened.push_async_callback(asyncio.to_thread, pipeline.close, CLOSE_TELEMETRY_S)
        opened.enter_context(log_lines(folder, pipeline))
        journal = await _journal(opened, folder, pipeline, simulated=spec.simulated, version=version, clock=clock)
        parts = _trading(opened, settings, spec, journal, pipeline, version=version, clock=clock, ids=ids)
        monitoring = build_monitoring(
            books, journal, parts.watch, pipeline, settings.monitoring, version=version, clock=clock
        )
        await monitoring.start()
        opened.push_async_callback(monitoring.close)
        await opened.enter_async_context(kept_up(keys, monitoring.monitor.notes.tell_security))
        parts.start(opened)
        yield Services(
            settings=settings,
            version=version,
            clock=clock,
            folder=folder,
            keys=keys,
            sessions=Sessions(keys, clock=clock, length_s=settings.auth.session_hours * 3_600),
            operator_key=operator_key,
            pipeline=pipeline,
            journal=journal,
            gateway=parts.gateway,
            archive=parts.archive,
            watch=parts.watch,
            desk=parts.desk,
            monitoring=monitoring,
        )


async def _journal(
    opened: AsyncExitStack, folder: Path, pipeline: Pipeline, *, simulated: bool, version: str, clock: Clock
) -> Journal:
    """The journal, with what a killed process left open put right."""
    journal = await asyncio.to_thread(Journal.open, folder / "journal", clock=clock)
    opened.push_async_callback(asyncio.to_thread, journal.close)
    mode = AccountMode.SIMULATED if simulated else AccountMode.UNKNOWN
    recovery = Recovery(journal, pipeline, folder, mode=mode, version=version)
    opened.push_async_callback(recovery.close)
    await recovery.run()
    return journal


@dataclass(frozen=True, kw_only=True)
class _Trading:
    """What looks at the terminal and trades."""

    workers: Mapping[str, TerminalWorker]
    gateway: Gateway
    archive: Archive
    watch: Watch
    desk: Desk

    def start(self, opened: AsyncExitStack) -> None:
        """Begin to connect, and to look; orders under way are finished first of all at the end."""
        for worker in self.workers.values():
            worker.start()
        self.watch.start()
        opened.push_async_callback(self.watch.close)
        opened.push_async_callback(self.desk.finish, FINISH_ORDERS_S)


def _trading(
    opened: AsyncExitStack,
    settings: Settings,
    spec: TerminalSpec,
    journal: Journal,
    pipeline: Pipeline,
    *,
    version: str,
    clock: Clock,
    ids: Ids | None,
) -> _Trading:
    tracer = pipeline.tracer_provider.get_tracer(SCOPE, version)
    meter = pipeline.meter_provider.get_meter(SCOPE, version)
    workers = {name: _worker(settings, spec) for name in ("trading", "data")}
    for worker in workers.values():
        opened.push_async_callback(worker.close)
    terminal = InstrumentedTerminal(workers["trading"], tracer, meter, lambda: _endpoint(watch))
    gateway = Gateway(
        terminal,
        clock=clock,
        server_time=ServerTime(_utc_offset_s(settings)),
        simulated=spec.simulated,
        read_timeout_s=settings.terminal.read_timeout_s,
        deals_timeout_s=settings.terminal.deals_timeout_s,
    )
    past = terminal.beside(workers["data"])
    archive = Archive(past, gateway, clock=clock, timeout_s=settings.terminal.data_timeout_s)
    watch = _watch(settings, gateway, journal, workers, clock=clock, never_closes=spec.simulated)
    DealKeeper(gateway=gateway, journal=journal, watch=watch, telemetry=DealTelemetry(tracer), clock=clock)
    desk = Desk(
        gateway=gateway,
        journal=journal,
        watch=watch,
        telemetry=OrderTelemetry(tracer, meter),
        clock=clock,
        ids=ids or SystemIds(clock),
        order_tag=settings.orders.order_tag,
        order_timeout_s=settings.terminal.order_timeout_s,
    )
    watch.subscribe(desk.settle)
    _observe(pipeline, version, journal, watch, clock)
    return _Trading(workers=workers, gateway=gateway, archive=archive, watch=watch, desk=desk)


def _worker(settings: Settings, spec: TerminalSpec) -> TerminalWorker:
    return TerminalWorker(
        spec,
        initialize_timeout_s=settings.terminal.initialize_timeout_s,
        reconnect_s=settings.terminal.reconnect_s,
    )


def _watch(
    settings: Settings,
    gateway: Gateway,
    journal: Journal,
    workers: Mapping[str, TerminalWorker],
    *,
    clock: Clock,
    never_closes: bool,
) -> Watch:
    return Watch(
        gateway,
        clock=clock,
        poll_s=settings.terminal.poll_s,
        never_closes=never_closes,
        frozen_after_s=settings.monitoring.feed_frozen_s,
        day_start_s=settings.risk.day_start_s,
        deals_since=lambda: journal.last_deal_ns,
        workers=lambda: {name: worker.state for name, worker in workers.items()},
    )


def _telemetry(settings: Settings, environ: Mapping[str, str], folder: Path, version: str) -> Pipeline:
    chosen = settings.telemetry
    try:
        config = TelemetryConfig.from_env(
            environ,
            directory=folder / "telemetry",
            delivery=chosen.delivery,
            service_version=version,
            secrets=frozenset({key} if (key := environ.get(API_KEY_VARIABLE)) else ()),
        )
        config = dataclasses.replace(
            config,
            collect_interval_s=chosen.collect_s,
            write_every=chosen.export_every,
            segment_max_bytes=int(chosen.segment_mib * 2**20),
            segment_max_age_s=chosen.segment_age_s,
            keep_bytes=int(chosen.keep_mib * 2**20),
            keep_s=chosen.keep_days * 86_400,
            parked_retry_s=chosen.parked_retry_s,
        )
        pipeline = build_pipeline(config, instance_id=kept_instance_id(folder))
    except TelemetryConfigError as error:
        raise StartupError(str(error)) from error
    except OSError as error:
        raise StartupError(
            f"Telemetry cannot be opened: {error}. Look at the folder {folder / 'telemetry'} and at the files that "
            "OTEL_EXPORTER_OTLP_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_… name."
        ) from error
    for name in without_effect(environ):
        log.warning("%s has no effect here; the docs say of every OTEL_* variable whether it is honoured", name)
    return pipeline


def _observe(pipeline: Pipeline, version: str, journal: Journal, watch: Watch, clock: Clock) -> None:
    """Let the metrics read what lies ready: journal and `watch`."""
    meter = pipeline.meter_provider.get_meter(SCOPE, version)
    if journal.first_ns is not None:
        for name in JOURNAL_METRICS:
            pipeline.set_start_time(name, journal.first_ns)
    observe_orders(meter, journal.totals, journal.resolutions)
    observe_deals(meter, journal.deal_totals, journal.deal_net, journal.positions_opened, journal.positions_closed)
    observe_watch(
        meter,
        failures=journal.connection_failures,
        pending=lambda: len(watch.latest.orders),
        tick_ages_s=lambda: watch.latest.tick_ages_s(clock.time_ns()),
    )
    observe_profit(
        meter,
        lambda: watch.latest.account,
        day=lambda: journal.deal_sums(watch.latest.day_start_ns).pnl,
        floating=lambda: watch.latest.floating,
    )
    observe_account(meter, lambda: watch.latest.account)
    observe_positions(meter, lambda: counts_by_side(watch.latest.positions))
    observe_connection(meter, lambda: {layer: getattr(watch.latest.connection, layer) for layer in LAYERS})


def _endpoint(watch: Watch) -> Endpoint:
    account = watch.latest.account
    return Endpoint(address=account.server if account else "")


def _utc_offset_s(settings: Settings) -> int | None:
    """The broker's offset where it is known: the simulator's own, or the operator's word."""
    if settings.terminal.utc_offset_minutes is not None:
        return settings.terminal.utc_offset_minutes * 60
    return settings.simulator.utc_offset_minutes * 60 if settings.terminal.kind == "simulator" else None
