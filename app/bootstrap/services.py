"""Every long-lived object, opened in the order it is listed here and closed in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.access.keys import KeyStore
from app.bootstrap.data_folder import data_folder
from app.bootstrap.logs import log_lines
from app.bootstrap.recovery import Recovery
from app.bootstrap.telemetry import observe, open_telemetry, warn_of_what_has_no_effect
from app.broker.gateway import Gateway
from app.broker.server_time import ServerTime
from app.broker.specs import terminal_spec
from app.broker.terminal import TerminalSpec
from app.broker.worker import TerminalWorker
from app.domain.account import AccountMode
from app.domain.clock import Clock, SystemClock, SystemIds
from app.settings import API_KEY_VARIABLE, Settings, TerminalSettings
from app.telemetry.instruments import instruments
from app.telemetry.orders import OrderTelemetry
from app.telemetry.terminal import InstrumentedTerminal
from app.trading.desk import Desk
from app.trading.journal.journal import Journal
from app.watch.poller import Watch
from otel import Pipeline
from otel.metatrader5.describe import Endpoint

FINISH_ORDERS_S = 0.3
CLOSE_TELEMETRY_S = 1.0


@dataclass(frozen=True)
class Services:
    """What the program is made of.

    `operator_key` is the plain key when it was made just now, else None: it is shown once and kept hashed.
    """

    settings: Settings
    version: str
    clock: Clock
    folder: Path
    keys: KeyStore
    operator_key: str | None
    pipeline: Pipeline
    journal: Journal
    gateway: Gateway
    watch: Watch
    desk: Desk


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    version: str,
    environ: Mapping[str, str],
    new_key: bool = False,
    clock: Clock | None = None,
) -> AsyncIterator[Services]:
    """Build everything from settings.

    Raises:
        StartupError: something cannot be opened; the message says what and what to do.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as opened:
        spec = terminal_spec(settings)
        folder = opened.enter_context(data_folder(settings.data_dir))
        keys = KeyStore.open(folder / "keys.json", clock=clock)
        operator_key = keys.operator_key(environ.get(API_KEY_VARIABLE), new=new_key)
        pipeline = open_telemetry(settings, environ, folder, version)
        opened.push_async_callback(asyncio.to_thread, pipeline.close, CLOSE_TELEMETRY_S)
        opened.enter_context(log_lines(folder, pipeline))
        warn_of_what_has_no_effect(environ)
        journal = await asyncio.to_thread(Journal.open, folder / "journal", clock=clock)
        opened.push_async_callback(asyncio.to_thread, journal.close)
        recovery = Recovery(journal, pipeline, folder, mode=_mode(spec), version=version)
        opened.push_async_callback(recovery.close)
        await recovery.run()
        worker = _worker(spec, settings.terminal)
        gateway, watch = _gateway_and_watch(worker, settings, pipeline, version, clock)
        desk = Desk(
            gateway=gateway,
            journal=journal,
            watch=watch,
            telemetry=OrderTelemetry(*instruments(pipeline, version)),
            clock=clock,
            ids=SystemIds(clock),
            order_tag=settings.orders.order_tag,
            order_timeout_s=settings.terminal.order_timeout_s,
        )
        # Closed from the last to the first: orders may end, nobody looks, the worker ends and with it every call.
        opened.push_async_callback(desk.finish, FINISH_ORDERS_S)
        opened.push_async_callback(worker.close)
        opened.push_async_callback(watch.close)
        opened.push_async_callback(desk.finish, FINISH_ORDERS_S)
        observe(pipeline, version, journal, watch)
        watch.subscribe(desk.look)
        worker.start()
        watch.start()
        yield Services(settings, version, clock, folder, keys, operator_key, pipeline, journal, gateway, watch, desk)


def _mode(spec: TerminalSpec) -> AccountMode:
    """Whose money it is, as far as that is known before the terminal answers."""
    return AccountMode.SIMULATED if spec.simulated else AccountMode.UNKNOWN


def _worker(spec: TerminalSpec, terminal: TerminalSettings) -> TerminalWorker:
    return TerminalWorker(spec, initialize_timeout_s=terminal.initialize_timeout_s, reconnect_s=terminal.reconnect_s)


def _gateway_and_watch(
    worker: TerminalWorker, settings: Settings, pipeline: Pipeline, version: str, clock: Clock
) -> tuple[Gateway, Watch]:
    """The terminal in our terms, and what looks at it; the calls' spans name the server that was seen last."""
    tracer, meter = instruments(pipeline, version)
    gateway = Gateway(
        InstrumentedTerminal(worker, tracer, meter, lambda: Endpoint(address=watch.latest.server)),
        clock=clock,
        server_time=ServerTime(_utc_offset_s(settings)),
        simulated=worker.spec.simulated,
        read_timeout_s=settings.terminal.read_timeout_s,
        deals_timeout_s=settings.terminal.deals_timeout_s,
    )
    watch = Watch(gateway, clock=clock, poll_s=settings.terminal.poll_s)
    return gateway, watch


def _utc_offset_s(settings: Settings) -> int | None:
    """The broker's offset where it is known: the simulator's own, or the operator's word."""
    if settings.terminal.utc_offset_minutes is not None:
        return settings.terminal.utc_offset_minutes * 60
    return settings.simulator.utc_offset_minutes * 60 if settings.terminal.kind == "simulator" else None
