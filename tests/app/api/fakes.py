"""Named fakes around the HTTP application, and a way to call it in-process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2

from app.access.keys import KeyStore
from app.access.sessions import Sessions
from app.api.application import create_api
from app.api.live import Events
from app.api.services import ApiServices
from app.dashboard.assets import Assets
from app.dashboard.feed import Feed
from app.dashboard.frame import Frame
from app.domain.account import Account, AccountMode, Missing, PendingOrder, Position, Symbol, Tick, Unavailable
from app.domain.clock import SystemClock
from app.domain.connection import Connection
from app.domain.orders import Action, Filled, Kind, Lifetime, Order, Outcome, Placed, Side
from app.domain.trace import TraceRef
from app.history.search import Traces
from app.settings import Settings
from app.trading.dealer import Decision
from app.trading.desk import Terms
from app.trading.journal.counts import Trades
from app.trading.journal.index import OrderIndex
from app.trading.journal.reading import OpenReport
from app.trading.journal.records import Dealt, OrderRecord
from app.watch.changes import Changes
from app.watch.state import Snapshot
from tests.support.monitoring import CountedJournal, open_monitoring

BASE_URL = "http://127.0.0.1:5001"
OPERATOR_KEY = "operator-key-of-the-tests"
ORDER_ID = "01JDJ5N0Z3V8Q4M2T7K9XA6BCD"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
UP = Connection(worker=True, terminal=True, broker=True, account=True, trading=True, reason="", next_step="")

ACCOUNT = Account(
    login=5001,
    server="Simulator-Demo",
    currency="USD",
    mode=AccountMode.SIMULATED,
    balance=100_000.0,
    equity=100_000.0,
    margin=0.0,
    margin_free=100_000.0,
    margin_level=0.0,
    trade_allowed=True,
    record={"login": 5001, "balance": 100_000.0, "margin_level": float("inf")},
)
POSITION = Position(
    ticket=77,
    symbol="EURUSD",
    side=Side.BUY,
    volume=0.1,
    price_open=1.1,
    profit=0.0,
    magic=0,
    record={"ticket": 77, "time": 1_767_607_200, "time_msc": 1_767_607_200_123, "symbol": "EURUSD"},
)
SYMBOL = Symbol(
    name="EURUSD",
    digits=5,
    point=0.00001,
    volume_min=0.01,
    volume_max=500.0,
    volume_step=0.01,
    filling_mode=1,
    execution=2,
    record={"name": "EURUSD", "time": 0, "volume_max": 500.0},
)
TICK = Tick(
    symbol="EURUSD",
    bid=1.1,
    ask=1.2,
    time_msc=1_767_607_200_123,
    record={"time": 1_767_607_200, "bid": 1.1, "ask": 1.2},
)
PLACED = OrderRecord(
    order=Order(
        order_id=ORDER_ID, action=Action.PLACE, symbol="EURUSD", side=Side.BUY, volume=0.1, kind=Kind.LIMIT, price=1.0
    ),
    trace=TraceRef(TRACE_ID, "00f067aa0ba902b7"),
    comment_sent="~K9XA6BCD",
    started_ns=1_767_607_200_000_000_000,
    intent_seq=1,
    outcome=Placed(order=88, retcode=10009),
    ended_ns=1_767_607_200_020_000_000,
    outcome_seq=2,
)
PENDING = PendingOrder(
    ticket=88,
    symbol="EURUSD",
    kind_and_side=(Kind.LIMIT, Side.BUY),
    volume_asked=0.2,
    volume=0.1,
    price_open=1.0,
    sl=0.0,
    tp=0.0,
    magic=0,
    comment="",
    setup_ns=1_767_607_200_000_000_000,
    lifetime=Lifetime(type=0, until=0),
    record={
        "ticket": 88,
        "symbol": "EURUSD",
        "time_setup": 1_767_607_200,
        "volume_initial": 0.2,
        "volume_current": 0.1,
    },
)
FILLED = Filled(order=1001, deal=1002, position=1001, volume=0.1, price=1.2, retcode=10009, comment="Request executed")
SEEN = Snapshot(connection=UP, account=ACCOUNT)


class SteppingClock:
    """Each look at the monotonic clock is a millisecond later; the wall stands still."""

    def __init__(self) -> None:
        self.now = 100.0

    def time_ns(self) -> int:
        """A fixed moment."""
        return 1_767_607_200_000_000_000

    def monotonic(self) -> float:
        """A millisecond later than before."""
        self.now += 0.001
        return self.now


@dataclass
class FakeGateway:
    """Knows EURUSD and one position, unless it is `unavailable` or has a `fault`."""

    unavailable: Unavailable | None = None
    fault: Exception | None = None

    async def account(self) -> Account | Unavailable:
        """The account."""
        if self.fault is not None:
            raise self.fault
        return self.unavailable or ACCOUNT

    async def positions(self) -> tuple[Position, ...] | Unavailable:
        """The position."""
        return self.unavailable or (POSITION,)

    async def symbol(self, name: str) -> Symbol | Missing | Unavailable:
        """EURUSD."""
        return self.unavailable or (SYMBOL if name.upper() == "EURUSD" else Missing(what=name))

    async def tick(self, name: str) -> Tick | Missing | Unavailable:
        """Its price."""
        return self.unavailable or (TICK if name.upper() == "EURUSD" else Missing(what=name))

    async def orders(self, ticket: int | None = None) -> tuple[PendingOrder, ...] | Unavailable:
        """The pending order."""
        return self.unavailable or ((PENDING,) if ticket in (None, PENDING.ticket) else ())

    async def broker_name(self, name: str) -> str | Missing | Unavailable:
        """EURUSD."""
        return self.unavailable or ("EURUSD" if name.upper() == "EURUSD" else Missing(what=name))


@dataclass
class FakeArchive:
    """Holds what it is given, unless it is `unavailable`; notes what was asked for."""

    unavailable: Unavailable | None = None
    held: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def symbols(self, *, age_s_max: float = 0.0) -> list[dict[str, Any]] | Unavailable:
        """Whatever is held."""
        self.asked.append({"age_s_max": age_s_max})
        return self.unavailable or self.held

    async def bars(
        self, name: str, timeframe: str, *, since_ns: int | None, until_ns: int | None, count: int | None
    ) -> list[dict[str, Any]] | Missing | Unavailable:
        """Whatever is held of EURUSD."""
        self.asked.append({"timeframe": timeframe, "since_ns": since_ns, "until_ns": until_ns, "count": count})
        return self.unavailable or (self.held if name.upper() == "EURUSD" else Missing(what=name))

    async def ticks(
        self, name: str, *, since_ns: int | None, until_ns: int | None, count: int
    ) -> list[dict[str, Any]] | Missing | Unavailable:
        """Whatever is held of EURUSD."""
        self.asked.append({"since_ns": since_ns, "until_ns": until_ns, "count": count})
        return self.unavailable or (self.held if name.upper() == "EURUSD" else Missing(what=name))

    async def deals(self, since_ns: int, until_ns: int) -> list[dict[str, Any]] | Unavailable:
        """Whatever is held."""
        self.asked.append({"since_ns": since_ns, "until_ns": until_ns})
        return self.unavailable or self.held

    async def orders(self, since_ns: int, until_ns: int) -> list[dict[str, Any]] | Unavailable:
        """Whatever is held."""
        return await self.deals(since_ns, until_ns)


Answered = Decision | Missing | Unavailable


def _pending(action: Action, ticket: int) -> Order:
    order = Order(order_id=ORDER_ID, action=action, symbol="EURUSD", side=Side.BUY, volume=0.1, kind=Kind.LIMIT)
    return replace(order, pending=ticket)


@dataclass
class FakeDesk:
    """Answers every order with `outcome`, or with what else it is given, and notes the calls."""

    outcome: Outcome = FILLED
    answer: Missing | Unavailable | None = None
    fault: Exception | None = None
    opened: list[dict[str, Any]] = field(default_factory=list)
    closed: list[tuple[int, float]] = field(default_factory=list)
    placed: list[dict[str, Any]] = field(default_factory=list)
    changed: list[tuple[int, dict[str, Any] | None]] = field(default_factory=list)

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
        """Take the order."""
        asked = {"symbol": symbol, "side": side, "volume": volume, "deviation": deviation, "comment": comment}
        self.opened.append(asked | {"magic": magic, "arrived": arrived, "sl": sl, "tp": tp})
        return self._decide(Order(order_id=ORDER_ID, action=Action.OPEN, symbol=symbol, side=side, volume=volume))

    async def close(self, ticket: int, *, arrived: float) -> Decision | Missing | Unavailable:
        """Take the order."""
        self.closed.append((ticket, arrived))
        return self._decide(
            Order(order_id=ORDER_ID, action=Action.CLOSE, symbol="EURUSD", side=Side.SELL, volume=0.1, position=ticket)
        )

    async def place(self, *, symbol: str, kind: Kind, side: Side, volume: float, **asked: Any) -> Answered:
        """Take the order."""
        self.placed.append({"symbol": symbol, "kind": kind, "side": side, "volume": volume, **asked})
        order = Order(order_id=ORDER_ID, action=Action.PLACE, symbol=symbol, kind=kind, side=side, volume=volume)
        return self._decide(replace(order, price=asked["price"]))

    async def modify(self, ticket: int, terms: Terms, *, arrived: float) -> Answered:
        """Take the change."""
        self.changed.append((ticket, dict(terms)))
        return self._decide(replace(_pending(Action.MODIFY, ticket), price=terms.get("price", 1.0)))

    async def cancel(self, ticket: int, *, arrived: float) -> Answered:
        """Take the order back."""
        self.changed.append((ticket, None))
        return self._decide(_pending(Action.CANCEL, ticket))

    @property
    def calls(self) -> int:
        """How many orders came."""
        return len(self.opened) + len(self.closed) + len(self.placed) + len(self.changed)

    def _decide(self, order: Order) -> Decision | Missing | Unavailable:
        if self.fault is not None:
            raise self.fault
        return self.answer or Decision(order=order, outcome=self.outcome, trace_id=TRACE_ID)


@dataclass
class FakeWatch:
    """Saw everything up."""

    latest: Snapshot = SEEN
    changes: Changes = field(default_factory=Changes)


@dataclass
class FakeJournal(CountedJournal):
    """Holds one order, `placed`, and its deals; `error` is what its health says."""

    placed: OrderRecord = PLACED
    dealt: tuple[Dealt, ...] = ()

    def get(self, order_id: str) -> OrderRecord | None:
        """The one order."""
        return self.placed if order_id == ORDER_ID else None

    def deals_of(self, order_id: str) -> tuple[Dealt, ...]:
        """Those of the one order."""
        return self.dealt if order_id == ORDER_ID else ()

    def trades(self) -> dict[str, Trades]:
        """Two symbols traded often enough, one of them better."""
        return {
            "GBPUSD": Trades(total=4, won=1, last_ns=1),
            "EURUSD": Trades(total=3, won=2, last_ns=1_767_607_200_000_000_000),
            "USDCAD": Trades(total=2, won=2, last_ns=1),
        }


@dataclass
class Api:
    """The application's fakes, and a way to call it."""

    services: ApiServices
    gateway: FakeGateway
    archive: FakeArchive
    desk: FakeDesk
    watch: FakeWatch
    journal: FakeJournal
    directory: Path

    def with_settings(self, **sections: Any) -> Api:
        """The same with other settings."""
        settings = self.services.settings.model_copy(update=sections)
        return replace(self, services=replace(self.services, settings=settings))

    @asynccontextmanager
    async def client(
        self, key: str | None = OPERATOR_KEY, *, address: str = "127.0.0.1", url: str = BASE_URL
    ) -> AsyncIterator[httpx2.AsyncClient]:
        """A client at *address* that calls *url*, with *key* on every call."""
        transport = httpx2.ASGITransport(create_api(self.services), client=(address, 50_000))
        headers = {} if key is None else {"X-API-Key": key}
        async with httpx2.AsyncClient(transport=transport, base_url=url, headers=headers) as client:
            yield client


def build_api(directory: Path) -> Api:
    """Everything up, the operator's key known, a data folder that can be written."""
    clock = SteppingClock()
    gateway, desk, watch, journal = FakeGateway(), FakeDesk(), FakeWatch(), FakeJournal()
    archive = FakeArchive()
    keys = KeyStore.open(directory / "keys.json", clock=clock)
    keys.operator_key(OPERATOR_KEY)
    monitoring = open_monitoring(directory, watch=watch, journal=journal, clock=clock)
    services = ApiServices(
        settings=Settings(data_dir=directory),
        clock=clock,
        gateway=gateway,
        archive=archive,
        traces=Traces(OrderIndex(), OpenReport(), directory),
        events=Events(watch, alerts=lambda: monitoring.answers.alerts()["alerts"], clock=SystemClock()),
        desk=desk,
        watch=watch,
        journal=journal,
        keys=keys,
        sessions=Sessions(keys, clock=clock, length_s=86_400),
        monitor=monitoring.monitor,
        monitoring=monitoring,
        metrics=lambda accept: (f"# for {accept}\n".encode(), "text/plain; version=0.0.4"),
        assets=Assets({}),
        feed=Feed(lambda: Frame(at_ms=0, sections={})),
        version="9.9.9",
    )
    return Api(services, gateway, archive, desk, watch, journal, directory)
