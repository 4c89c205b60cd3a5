"""Every figure that is shown, from journal, `watch` and ledger, as the definitions in the guide have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from app.domain.clock import Clock
from app.domain.orders import Denied, Filled, NotSent, Placed, Rejected, Unchanged, Unknown
from app.monitoring.ledger import Ledger
from app.monitoring.status import Watching
from app.monitoring.windows import DAY_S
from app.trading.journal.counts import DealKey, DealSums, OrderKey, PositionKey

SUCCESSFUL: Final = frozenset({Filled.name, Placed.name, Unchanged.name})
FAILED: Final = frozenset({Rejected.name, NotSent.name, Unknown.name})
NS: Final = 10**9
ORDER_TAKES_NS: Final = 60 * NS
"""No order is under way for so long."""


class Journalled(Protocol):
    """The journal, as far as figures come from it; see `app.trading.journal.index.OrderIndex`."""

    def health(self) -> str | None:
        """Why it cannot be written, else None."""

    def totals(self) -> Mapping[OrderKey, int]:
        """How many orders had which first outcome."""

    def outcomes_since(self, since_ns: int) -> Mapping[str, int]:
        """How many orders that arrived since a moment had which first outcome."""

    def deal_sums(self, since_ns: int) -> DealSums:
        """What the deals since a moment come to."""

    def deal_totals(self) -> Mapping[DealKey, int]:
        """How many deals there are."""

    def positions_opened(self) -> Mapping[PositionKey, int]:
        """How many positions were opened."""

    def positions_closed(self) -> Mapping[PositionKey, int]:
        """How many positions were fully closed."""

    def connection_failures(self) -> int:
        """How often the connection to the broker was lost."""


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders by what first came of them; `denied` ones were refused by our own checks and are in no total."""

    successful: int = 0
    failed: int = 0
    denied: int = 0

    @property
    def total(self) -> int:
        """Successful and failed ones."""
        return self.successful + self.failed

    @property
    def success_rate(self) -> float:
        """Share of successful ones, 0 without any."""
        return self.successful / self.total if self.total else 0.0

    def plus(self, other: Orders) -> Orders:
        """Both together."""
        return Orders(self.successful + other.successful, self.failed + other.failed, self.denied + other.denied)

    def minus(self, other: Orders) -> Orders:
        """Without those of *other*."""
        return Orders(self.successful - other.successful, self.failed - other.failed, self.denied - other.denied)

    @classmethod
    def from_outcomes(cls, outcomes: Mapping[str, int]) -> Orders:
        """The orders of these first outcomes."""
        return cls(
            successful=sum(count for outcome, count in outcomes.items() if outcome in SUCCESSFUL),
            failed=sum(count for outcome, count in outcomes.items() if outcome in FAILED),
            denied=outcomes.get(Denied.name, 0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trading:
    """What was counted since the last reset (or ever): each order, position and lost connection once."""

    orders: Orders
    positions_opened: int
    positions_closed: int
    connection_failures: int

    def counts(self) -> dict[str, int]:
        """The figures by name, as a reset keeps them."""
        return {
            "successful": self.orders.successful,
            "failed": self.orders.failed,
            "denied": self.orders.denied,
            "positions_opened": self.positions_opened,
            "positions_closed": self.positions_closed,
            "connection_failures": self.connection_failures,
        }

    def since(self, before: Mapping[str, int]) -> Trading:
        """What was counted after *before*, as `counts` had it then."""
        left = {name: max(0, count - before.get(name, 0)) for name, count in self.counts().items()}
        return Trading(
            orders=Orders(left["successful"], left["failed"], left["denied"]),
            positions_opened=left["positions_opened"],
            positions_closed=left["positions_closed"],
            connection_failures=left["connection_failures"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Today, from broker midnight (`start_ns`) on; amounts in account currency."""

    start_ns: int
    orders: Orders
    deals: int
    pnl: float
    floating: float
    positions_opened: int
    positions_closed: int


class Figures:
    """Counts what others keep, and keeps nothing itself but the answer to the last question.

    Args:
        journal: orders, deals, positions, lost connections.
        watch: the terminal, as seen last.
        ledger: requests, and what the last reset left behind.
        clock: says what time it is.
    """

    def __init__(self, *, journal: Journalled, watch: Watching, ledger: Ledger, clock: Clock) -> None:
        self._journal = journal
        self._watch = watch
        self._ledger = ledger
        self._clock = clock
        self._today: tuple[int, Orders, Orders] = (-1, Orders(), Orders())

    def ever(self) -> Trading:
        """What was counted since the journal began."""
        outcomes: dict[str, int] = {}
        for key, count in self._journal.totals().items():
            outcomes[key.outcome] = outcomes.get(key.outcome, 0) + count
        return Trading(
            orders=Orders.from_outcomes(outcomes),
            positions_opened=sum(self._journal.positions_opened().values()),
            positions_closed=sum(self._journal.positions_closed().values()),
            connection_failures=self._journal.connection_failures(),
        )

    def shown(self) -> Trading:
        """What was counted since the last reset."""
        return self.ever().since(self._ledger.last_reset.before)

    def orders_within(self, window_s: float) -> Orders:
        """Orders that arrived in the last *window_s* seconds and after the last reset."""
        since_ns = self._clock.time_ns() - int(window_s * NS)
        if self._ledger.last_reset.at_ns > since_ns:
            return self.shown().orders
        return Orders.from_outcomes(self._journal.outcomes_since(since_ns))

    def failed_within(self, window_s: float | None) -> int:
        """Orders that failed in the last *window_s* seconds, or today; a reset makes no difference."""
        if window_s is None:
            return self.orders_today().failed
        since_ns = self._clock.time_ns() - int(window_s * NS)
        return Orders.from_outcomes(self._journal.outcomes_since(since_ns)).failed

    def orders_today(self) -> Orders:
        """Orders that arrived today."""
        start_ns, ever = self.day_start_ns(), self.ever().orders
        known_start_ns, ever_before, today_before = self._today
        if known_start_ns == start_ns:
            return today_before.plus(ever).minus(ever_before)
        today = Orders.from_outcomes(self._journal.outcomes_since(start_ns))
        # From then on whatever is decided arrived today, too: counting it on costs the same on a long day.
        if self._clock.time_ns() - start_ns > ORDER_TAKES_NS and ever == self.ever().orders:
            self._today = (start_ns, ever, today)
        return today

    def today(self) -> Day:
        """Everything about today."""
        start_ns = self.day_start_ns()
        sums = self._journal.deal_sums(start_ns)
        return Day(
            start_ns=start_ns,
            orders=self.orders_today(),
            deals=sums.deals,
            pnl=sums.pnl,
            floating=self._watch.latest.floating,
            positions_opened=sums.opened,
            positions_closed=sums.closed,
        )

    def deals_ever(self) -> int:
        """Deals that traded something, since the journal began."""
        return sum(count for key, count in self._journal.deal_totals().items() if key.origin != "balance")

    def day_start_ns(self) -> int:
        """Broker midnight; that of UTC until the broker's clock is known."""
        return self._watch.latest.day_start_ns or self._clock.time_ns() // (DAY_S * NS) * DAY_S * NS
