"""A desk over a scripted terminal, with a real journal and telemetry in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.broker.gateway import Gateway
from app.broker.server_time import ServerTime
from app.domain.clock import SystemIds
from app.domain.orders import Side
from app.telemetry.orders import OrderTelemetry
from app.telemetry.terminal import InstrumentedTerminal
from app.trading.dealer import Dealer, Decision
from app.trading.desk import Desk
from app.trading.journal.journal import Journal
from app.trading.mending import Mender
from app.watch.poller import Watch
from otel.metatrader5.describe import Endpoint
from otel.testing import InMemoryTelemetry
from tests.support.clock import ShiftedClock
from tests.support.terminal import FakeTerminal


@dataclass
class Trading:
    """Everything a test of orders looks at."""

    terminal: FakeTerminal
    gateway: Gateway
    journal: Journal
    telemetry: InMemoryTelemetry
    watch: Watch
    mender: Mender
    dealer: Dealer
    desk: Desk
    clock: ShiftedClock

    async def buy(self, volume: float = 0.1, symbol: str = "EURUSD", comment: str = "") -> Decision:
        """Buy, expecting a decision."""
        decision = await self.desk.open(
            symbol=symbol,
            side=Side.BUY,
            volume=volume,
            deviation=10,
            comment=comment,
            magic=5,
            arrived=self.clock.monotonic(),
        )
        assert isinstance(decision, Decision)
        return decision


Build = Callable[..., Trading]


@pytest.fixture
async def trade(tmp_path: Path) -> AsyncIterator[Build]:
    """Builds a desk; keyword arguments script the terminal's functions."""
    opened: list[Trading] = []

    def build(**functions: object) -> Trading:
        terminal, clock = FakeTerminal(**functions), ShiftedClock()
        telemetry = InMemoryTelemetry()
        tracer = telemetry.pipeline.tracer_provider.get_tracer("test")
        meter = telemetry.pipeline.meter_provider.get_meter("test")
        journal = Journal.open(tmp_path / "journal", clock=clock)
        gateway = Gateway(
            InstrumentedTerminal(terminal, tracer, meter, lambda: Endpoint(address="Broker-Demo")),
            clock=clock,
            server_time=ServerTime(7_200),
            simulated=False,
            read_timeout_s=0.2,
            deals_timeout_s=0.12,
            only_for=lambda: (7, "Broker-Demo"),
        )
        watch = Watch(gateway, clock=clock)
        mender = Mender(gateway=gateway, journal=journal, watch=watch, clock=clock)
        dealer = Dealer(
            gateway=gateway,
            journal=journal,
            watch=watch,
            telemetry=OrderTelemetry(tracer, meter),
            mender=mender,
            clock=clock,
            order_tag=True,
            order_timeout_s=7.0,
        )
        desk = Desk(dealer=dealer, gateway=gateway, watch=watch, clock=clock, ids=SystemIds(clock))
        built = Trading(terminal, gateway, journal, telemetry, watch, mender, dealer, desk, clock)
        opened.append(built)
        return built

    yield build
    for built in opened:
        await asyncio.to_thread(built.journal.close)
        await asyncio.to_thread(built.telemetry.close)
