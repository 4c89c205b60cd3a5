"""A long day's mix of operations, counted by whoever caused them, and the simulator's own books beside them."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx2

from tests.support.program import ABOVE_MAXIMUM, KEY, NO_MONEY, OFF_STEP, START_S, Program

ORDER, CLOSE, FAULTS = "/api/order", "/api/positions/{ticket}/close", "/api/simulator/faults"
UNKNOWN_PATH = "unmatched"
BELOW_MINIMUM = 0.001
HOLD_S = 2.3
"""A call that is held for so long misses `ORDER_TIMEOUT_S`, and is answered before a look at the terminal gives up."""
ORDER_TIMEOUT_S = 1.5


@dataclass
class Own:
    """What the caller did and was answered, by its own count."""

    operations: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    client_errors: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    scopes: Counter[str] = field(default_factory=Counter)
    security: Counter[str] = field(default_factory=Counter)
    authentications: Counter[str] = field(default_factory=Counter)
    opened: int = 0
    closed: int = 0
    others: int = 0
    late: int = 0
    lost: int = 0

    @property
    def failed(self) -> int:
        """Orders that somebody would call failed."""
        return self.orders["rejected"] + self.orders["not_sent"] + self.orders["unknown"]

    @property
    def placed(self) -> int:
        """Orders that did what they were to do."""
        return self.orders["filled"]


@dataclass(frozen=True, slots=True)
class Broker:
    """What the simulator's own books hold: deals that traded, ours among them, positions, money."""

    deals: int
    ours: int
    opened: int
    closed: int
    net_cents: int
    balance_cents: int


def books(program: Program) -> Broker:
    """Read the simulator's books, past the program."""
    uri = (program.folder / "simulator.sqlite").as_uri() + "?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as ledger:
        (trades,) = ledger.execute(
            """SELECT count(*), count(*) FILTER (WHERE reason = 3), count(DISTINCT position_id),
            sum(profit_cents + swap_cents + commission_cents + fee_cents) FROM deals WHERE type IN (0, 1)"""
        )
        ((still_open,),) = ledger.execute("SELECT count(*) FROM positions")
        ((balance,),) = ledger.execute("SELECT balance_cents FROM accounts WHERE login = 5100001")
    deals, ours, opened, net = trades
    return Broker(deals, ours, opened, opened - still_open, net, balance)


class Desk:
    """Somebody who works with one process of the program, and keeps count of all of it.

    Attributes:
        own: the count, over all processes.
        asked: the requests of this process alone, by endpoint.
    """

    def __init__(self, program: Program, own: Own) -> None:
        self._program = program
        self._http = httpx2.Client(base_url=program.url, timeout=20, trust_env=False)
        self._held: list[int] = []
        self.own = own
        self.asked: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def ask(
        self, method: str, path: str, *, template: str = "", key: str | None = None, json: Any = None
    ) -> httpx2.Response:
        """Make a request and count it, under *template* where that is not the path."""
        answer = self._http.request(method, path, headers={} if key is None else {"X-API-Key": key}, json=json)
        endpoint = template if template == UNKNOWN_PATH else f"{method} {template or path}"
        self.own.requests[endpoint] += 1
        self.asked[endpoint] += 1
        if key is not None:
            self.own.authentications["good" if key == KEY else "bad"] += 1
            self.own.security["invalid_api_key_attempt"] += key != KEY
        if answer.status_code >= 500 and path != "/api/ready":
            self.own.errors[endpoint] += 1
            self.own.scopes["broker" if answer.status_code == 504 else "terminal"] += 1
        elif 400 <= answer.status_code < 500 and template != UNKNOWN_PATH:
            self.own.client_errors += 1
        return answer

    def look(self, name: str) -> dict[str, Any]:
        """One of the monitoring answers, which counts as a request too."""
        answer = self.ask("GET", f"/api/monitoring/{name}")
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    def await_ready(self, status: int = 200) -> None:
        """Ask until orders are taken, or until they are not."""
        deadline = time.monotonic() + START_S
        while self.ask("GET", "/api/ready").status_code != status:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def order(self, volume: float, expected: str, *, number: int = 0) -> None:
        """An order that is to end as *expected*."""
        symbol, side = ("EURUSD", "GBPUSD", "USDCAD")[number % 3], ("buy", "sell")[number % 2]
        self.own.operations += 1
        body = {"canonical": symbol, "side": side, "volume": volume}
        answer = self.ask("POST", ORDER, key=KEY, json=body)
        self._decided(answer, expected)
        if expected == "filled":
            self.own.opened += 1
            self._held.append(answer.json()["position"])

    def close(self, expected: str = "filled") -> None:
        """Close the position that was opened last."""
        self.own.operations += 1
        ticket = self._held.pop() if expected == "filled" else self._held[-1]
        answer = self.ask("POST", f"/api/positions/{ticket}/close", template=CLOSE, key=KEY)
        self._decided(answer, expected)
        self.own.closed += expected == "filled"

    def begin(self, fault: str, **parameters: Any) -> None:
        """Begin a fault."""
        answer = self.ask("POST", FAULTS, key=KEY, json={"fault": fault, **parameters})
        assert answer.status_code == 200, answer.text

    def end_faults(self) -> None:
        """Whatever was broken works again, and orders are taken."""
        assert self.ask("DELETE", FAULTS, key=KEY).status_code == 200
        self.await_ready()

    def somebody_opens(self, number: int) -> None:
        """Somebody else opens a position."""
        self.own.operations += 1
        self.begin("external_trade", symbol="GBPUSD", side="sell", volume=0.2, reason=("client", "mobile")[number % 2])
        self.own.opened += 1
        self.own.others += 1

    def somebody_closes(self, number: int) -> None:
        """A stop or a person closes the oldest position of ours."""
        self.own.operations += 1
        reason = ("sl", "tp", "client", "so")[number % 4]
        self.begin("external_trade", position=self._held.pop(0), reason=reason)
        self.own.closed += 1
        self.own.others += 1

    def refused(self, number: int) -> None:
        """A wrong key, and then a path that is none, a symbol that is none, and an order that is none."""
        body = {"canonical": "EURUSD", "side": "buy", "volume": 0.01}
        assert self.ask("POST", ORDER, key=f"not-a-key-of-anybody-{number}", json=body).status_code == 401
        assert self.ask("GET", f"/nothing/{number}", template=UNKNOWN_PATH).status_code == 404
        path, template = f"/api/symbols/NONE{number}/tick", "/api/symbols/{symbol}/tick"
        assert self.ask("GET", path, template=template).status_code == 404
        assert self.ask("POST", ORDER, key=KEY, json={**body, "side": "hold"}).status_code == 422
        self.own.operations += 4

    def read(self) -> None:
        """A look at the account."""
        self.own.operations += 1
        self.ask("GET", "/api/account")

    def mixed(self, rounds: int) -> None:
        """Orders, closes, refusals of the broker's and ours, strangers, and what somebody else does."""
        for number in range(rounds):
            self.order(0.01, "filled", number=number)
            self.order(0.02, "filled", number=number + 1)
            self.close()
            self.order((NO_MONEY, ABOVE_MAXIMUM)[number % 2], "rejected")
            self.order((OFF_STEP, BELOW_MINIMUM)[number % 2], "denied")
            self.refused(number)
            self.somebody_opens(number)
            if number % 3:
                self.somebody_closes(number)
            else:
                self.read()

    def without_a_broker(self, count: int) -> None:
        """The connection is lost; orders, closes and reads are answered all the same."""
        self.begin("disconnect", seconds=600)
        self.await_ready(503)
        self.own.lost += 1
        self.order(0.01, "not_sent")
        for _ in range(count - 1):
            self.close("not_sent")
            self.read()
        self.end_faults()

    def late(self) -> None:
        """An order is filled after its caller was told that nobody knows: a deal of ours, of an unknown order."""
        self.begin("hang", seconds=HOLD_S)
        self.order(0.01, "unknown")
        self.own.late += 1
        self.own.opened += 1

    def hanging(self) -> None:
        """An order hangs for good: it never trades, and the terminal's process is replaced."""
        self.begin("hang", seconds=600)
        self.order(0.01, "unknown")
        self.await_ready(503)
        self.own.lost += 1
        self.own.scopes["terminal"] += 1  # a fault inside, that no answer tells of
        self.await_ready()
        self.end_faults()

    def broker_refuses(self, count: int) -> None:
        """The broker refuses every order and every close."""
        self.begin("reject", count=2 * count, retcode=10006)
        for _ in range(count):
            self.order(0.01, "rejected")
            self.close("rejected")

    def _decided(self, answer: httpx2.Response, expected: str) -> None:
        statuses = {"filled": {200}, "rejected": {409}, "denied": {400, 409}, "not_sent": {503}, "unknown": {504}}
        assert answer.status_code in statuses[expected], answer.text
        self.own.orders[expected] += 1
