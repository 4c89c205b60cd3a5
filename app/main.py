"""The running program: the HTTP application over the services, on a socket, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from importlib.metadata import version as installed_version
from random import Random
from typing import Any, Self

import uvicorn
from fastapi import FastAPI

from app.access.keys import Scope
from app.api.application import create_api
from app.api.limits import FREE_PREFIXES
from app.api.live import Events
from app.api.services import ApiServices
from app.bootstrap.data_folder import say_where
from app.bootstrap.page import open_feed
from app.bootstrap.services import Services, open_services
from app.broker.process import STOP_SIGNALS
from app.broker.specs import simulator_faults
from app.dashboard.assets import Assets
from app.dashboard.feed import Feed
from app.demo import trader
from app.errors import StartupError
from app.history.search import Traces
from app.settings import Settings
from app.watch.guard import LiveReads, PastReads
from otel.exposition import render
from otel.http import instrument_app

UNTRACED_PATHS = ("/", "/metrics", "/docs", "/openapi.json", "/favicon.ico", "/api/health", "/api/stream", "/events")
DEMO_SCOPES: tuple[Scope, ...] = (Scope.READ, Scope.TRADE)


def create_app(services: Services) -> FastAPI:
    """The API over *services*, each request a trace."""
    monitor = services.monitoring.monitor
    app = create_api(
        ApiServices(
            settings=services.settings,
            clock=services.clock,
            gateway=LiveReads(services.gateway, services.watch),
            archive=PastReads(services.archive, services.watch),
            traces=Traces(services.journal, services.journal.report, services.folder),
            events=Events(
                services.watch,
                alerts=lambda: services.monitoring.answers.alerts()["alerts"],
                clock=services.clock,
            ),
            desk=services.desk,
            watch=services.watch,
            journal=services.journal,
            keys=services.keys,
            sessions=services.sessions,
            monitor=monitor,
            monitoring=services.monitoring,
            metrics=partial(render, services.pipeline.readings),
            assets=Assets.load(),
            feed=open_feed(services),
            version=services.version,
            faults=simulator_faults(services.settings, services.clock),
        )
    )
    instrument_app(app, services.pipeline, untraced_paths=UNTRACED_PATHS, untraced_prefixes=FREE_PREFIXES)
    return app


Started = Callable[[Services, str], None]
"""Takes the services and the API's URL once it answers."""


def run_until_stopped(
    settings: Settings,
    *,
    new_key: bool = False,
    environ: Mapping[str, str] = os.environ,
    started: Started = lambda services, url: None,
) -> None:
    """Run until Ctrl-C or SIGTERM, on the fastest event loop there is.

    Args:
        settings: what the operator set.
        new_key: replace the operator's key.
        environ: the environment.
        started: called once the API answers.

    Raises:
        StartupError: it cannot start; the message says what to do.
    """
    with StopSignals() as stop, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve(settings, stop, new_key=new_key, environ=environ, started=started))


async def serve(
    settings: Settings, stop: StopSignals, *, new_key: bool, environ: Mapping[str, str], started: Started
) -> None:
    """Run until *stop*; see `run_until_stopped`."""
    with _listen(settings.http.host, settings.http.port) as listener:
        async with open_services(settings, version=program_version(), environ=environ, new_key=new_key) as services:
            url = _url(settings.http.host, listener.getsockname()[1])
            async with _demo_trader(services, url) as stop_demo:
                app = create_app(services)
                feed: Feed = app.state.services.feed
                events: Events = app.state.services.events
                server = _Server(
                    _uvicorn_config(app, settings),
                    partial(_say_started, services, url, started),
                    ending=partial(_end_streams, feed, events),
                )
                loop = asyncio.get_running_loop()

                def end() -> None:
                    stop_demo()
                    server.should_exit = True
                    loop.call_later(settings.http.shutdown_s, services.dealer.let_go)

                stop.then(end)
                try:
                    await server.serve([listener])
                finally:
                    await feed.close()


def _end_streams(feed: Feed, events: Events) -> None:
    feed.stop()
    events.stop()


def _say_started(services: Services, url: str, started: Started) -> None:
    say_where(services.folder, url)
    started(services, url)


class StopSignals:
    """Ctrl-C, SIGTERM, SIGHUP and Windows' Ctrl-Break ask to stop, from the first moment to the last.

    Closing is not cut short by a second one.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._requested = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        for number in STOP_SIGNALS:
            if not _is_left_running(number):
                self._before[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def then(self, stop: Callable[[], None]) -> None:
        """Have the running loop call *stop* when asked to, or call it at once if that has happened."""
        self._stop, self._loop = stop, asyncio.get_running_loop()
        _wake_quietly()
        if self._requested:
            stop()

    def _request(self, *_: object) -> None:
        """Where the loop does not take signals itself, this comes in the midst of its work on its own lists."""
        self._requested = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop)


def _is_left_running(number: int) -> bool:
    """Whether whoever started the program wants it to outlive its terminal, as `nohup` does."""
    return sys.platform != "win32" and number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN


def _wake_quietly() -> None:
    """Let a signal pass without complaint where the loop's wake-up socket takes no more: then it is awake already."""
    if (woken := signal.set_wakeup_fd(-1)) != -1:
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)


def program_version() -> str:
    """The version of this program as installed."""
    return installed_version("mt5-otel")


class _Server(uvicorn.Server):
    """Says when it answers, and when it is about to end: open streams would hold it up to the last moment."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None], *, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._say_started = started
        self._say_ending = ending

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # a generator upstream
        """Signals are ours: uvicorn's own way raises them again before the services are closed."""
        return contextlib.nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._say_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, and wait for what is under way."""
        self._say_ending()
        await super().shutdown(sockets)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    else:  # noqa: RET505  # so that a check for Windows does not look for what is not there
        import uvloop  # noqa: PLC0415

        return uvloop.new_event_loop


def _uvicorn_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",  # the services are opened and closed around the server
        log_config=None,
        access_log=False,  # every request is a span; a line each would also write query strings down
        server_header=False,
        # After `let_go` there is nothing left that a request could wait for.
        timeout_graceful_shutdown=math.ceil(settings.http.shutdown_s + 0.5),
    )


@asynccontextmanager
async def _demo_trader(services: Services, url: str) -> AsyncIterator[Callable[[], object]]:
    """Let the demo trader trade, where it may; what is given ends it."""
    if services.settings.demo is False or services.settings.terminal.kind != "simulator":
        yield lambda: None
        return
    key = services.keys.ephemeral("demo trader", DEMO_SCOPES)
    async with trader.open_client(url, key) as client:
        simulator = services.settings.simulator
        random = Random(simulator.seed)  # noqa: S311 # trades, not secrets
        task = asyncio.create_task(trader.run(client, random=random, suffix=simulator.symbol_suffix))
        try:
            yield task.cancel
        finally:
            task.cancel()
            await asyncio.wait([task])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise StartupError(
            f"The API cannot listen on {host} port {port} ({error.strerror}). Perhaps another mt5-otel runs there; "
            f"stop it, or choose another port: --port {port + 1 if port < 65535 else 5001}"
        ) from error


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"
