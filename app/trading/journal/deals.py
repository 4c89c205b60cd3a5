"""The journal's deals in memory: each once, counted as it comes."""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from app.trading.journal.counts import DealKey, DealSums, PositionKey, Trades
from app.trading.journal.records import Dealt

UNITS: Final = 10**8
"""Money is summed in whole hundred-millionths, so that a sum does not depend on the order of its parts."""


class DealIndex:
    """Every deal of a journal, by ticket and time, with the counts that metrics and status show.

    Safe to read from several threads; what it returns stays as it is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_ticket: dict[int, Dealt] = {}
        self._by_time: list[tuple[int, int]] = []
        self._last_deal_ns: int | None = None
        self._position_of_order: dict[int, int] = {}
        self._deal_totals: Counter[DealKey] = Counter()
        self._units: Counter[tuple[str, str]] = Counter()
        self._positions_opened: Counter[PositionKey] = Counter()
        self._positions_closed: Counter[PositionKey] = Counter()
        self._left: dict[int, float] = {}
        self._won: Counter[int] = Counter()
        self._trades: dict[str, Trades] = {}
        self._sums: DealSums | None = None
        self._sums_units = 0

    def deal(self, ticket: int) -> Dealt | None:
        """Return the deal of this ticket."""
        with self._lock:
            return self._by_ticket.get(ticket)

    def deals(self, since_ns: int = 0) -> tuple[Dealt, ...]:
        """Return the deals made since a moment (ns since 1970), oldest first."""
        with self._lock:
            return self._made_since(since_ns)

    @property
    def last_deal_ns(self) -> int | None:
        """When the newest deal was made, or written down if its own time is later; None without any."""
        with self._lock:
            return self._last_deal_ns

    def left_of(self, position: int) -> float | None:
        """Return the lots left of an open position; None where its deals are not known here.

        Below 0 where more of it was closed than opened: the deal that opened it has not shown yet.
        """
        with self._lock:
            return self._left.get(position)

    def deal_sums(self, since_ns: int) -> DealSums:
        """Return what the deals since a moment come to; asked for the same moment again it takes no time."""
        with self._lock:
            if self._sums is None or self._sums.since_ns != since_ns:
                self._sums, self._sums_units = DealSums(since_ns=since_ns), 0
                for dealt in self._made_since(since_ns):
                    self._sums, self._sums_units = _added(self._sums, self._sums_units, dealt)
            return self._sums

    def deal_totals(self) -> Mapping[DealKey, int]:
        """Return how many deals there are."""
        with self._lock:
            return dict(self._deal_totals)

    def deal_net(self) -> Mapping[tuple[str, str], float]:
        """Return what deals won or lost, costs included, by (origin, symbol)."""
        with self._lock:
            return {key: units / UNITS for key, units in self._units.items() if key[0] != "balance" or units}

    def positions_opened(self) -> Mapping[PositionKey, int]:
        """Return how many positions were opened, whoever did it."""
        with self._lock:
            return dict(self._positions_opened)

    def positions_closed(self) -> Mapping[PositionKey, int]:
        """Return how many positions were fully closed, whoever did it."""
        with self._lock:
            return dict(self._positions_closed)

    def trades(self) -> Mapping[str, Trades]:
        """Return the closed positions by symbol."""
        with self._lock:
            return dict(self._trades)

    def _enter(self, dealt: Dealt, written_ns: int) -> bool:
        """Take a deal in that was written down at this moment; false where it is known already.

        Who calls holds the lock.
        """
        deal = dealt.deal
        if deal.ticket in self._by_ticket:
            return False
        self._by_ticket[deal.ticket] = dealt
        insort(self._by_time, (deal.time_ns, deal.ticket))
        self._last_deal_ns = max(self._last_deal_ns or 0, min(deal.time_ns, written_ns))
        units = to_units(deal.net)
        self._deal_totals[DealKey(deal.entry_name, deal.reason_name, dealt.origin, dealt.symbol)] += 1
        self._units[dealt.origin, dealt.symbol] += units
        if deal.is_trade:
            self._position_of_order[deal.order] = deal.position
            self._follow(dealt, units)
        if self._sums is not None and deal.time_ns >= self._sums.since_ns:
            self._sums, self._sums_units = _added(self._sums, self._sums_units, dealt)
        return True

    def _made_since(self, since_ns: int) -> tuple[Dealt, ...]:
        first = bisect_left(self._by_time, (since_ns, 0))
        return tuple(self._by_ticket[ticket] for _, ticket in self._by_time[first:])

    def _follow(self, dealt: Dealt, units: int) -> None:
        """Keep book of the deal's position."""
        deal = dealt.deal
        assert deal.side is not None
        self._won[deal.position] += units
        if dealt.closed:
            self._positions_closed[PositionKey(dealt.symbol, deal.side.opposite.value, dealt.cause)] += 1
            before = self._trades.get(deal.symbol, Trades())
            won = self._won.pop(deal.position)
            self._trades[deal.symbol] = replace(
                before,
                total=before.total + 1,
                won=before.won + (won > 0),
                last_ns=max(before.last_ns, deal.time_ns),
            )
        if dealt.opened:
            self._positions_opened[PositionKey(dealt.symbol, deal.side.value, dealt.cause)] += 1
        if dealt.left:
            self._left[deal.position] = dealt.left
        else:
            # Also where the deal that opened it came last: nothing more is to come of it.
            self._left.pop(deal.position, None)
            self._won.pop(deal.position, None)


def to_units(amount: float) -> int:
    """An amount of money in whole units of the sums here."""
    return round(amount * UNITS)


def _added(sums: DealSums, units: int, dealt: Dealt) -> tuple[DealSums, int]:
    units += to_units(dealt.deal.net)
    return replace(
        sums,
        deals=sums.deals + dealt.deal.is_trade,
        opened=sums.opened + dealt.opened,
        closed=sums.closed + dealt.closed,
        pnl=units / UNITS,
    ), units
