"""The journal's deals in memory: each once, counted as it comes."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from app.trading.journal.counts import DealKey, DealSums, PositionKey, Trades
from app.trading.journal.records import Dealt

UNITS: Final = 10**8
"""Money is summed in whole hundred-millionths, so that a sum does not depend on the order of its parts."""


class Deals:
    """Every deal of a journal, by ticket and time, with the counts that metrics and status show. Takes no lock."""

    def __init__(self) -> None:
        self._by_ticket: dict[int, Dealt] = {}
        self._by_time: list[tuple[int, int]] = []
        self._last_ns: int | None = None
        self._position_of_order: dict[int, int] = {}
        self._totals: Counter[DealKey] = Counter()
        self._units: Counter[tuple[str, str]] = Counter()
        self._opened: Counter[PositionKey] = Counter()
        self._closed: Counter[PositionKey] = Counter()
        self._left: dict[int, float] = {}
        self._won: Counter[int] = Counter()
        self._trades: dict[str, Trades] = {}
        self._sums: DealSums | None = None
        self._sums_units = 0

    def add(self, dealt: Dealt, written_ns: int) -> bool:
        """Take a deal in that was written down at this moment; false where it is known already."""
        deal = dealt.deal
        if deal.ticket in self._by_ticket:
            return False
        self._by_ticket[deal.ticket] = dealt
        insort(self._by_time, (deal.time_ns, deal.ticket))
        self._last_ns = max(self._last_ns or 0, min(deal.time_ns, written_ns))
        units = to_units(deal.net)
        self._totals[DealKey(deal.entry_name, deal.reason_name, dealt.origin, dealt.symbol)] += 1
        self._units[dealt.origin, dealt.symbol] += units
        if deal.is_trade:
            self._position_of_order[deal.order] = deal.position
            self._follow(dealt, units)
        if self._sums is not None and deal.time_ns >= self._sums.since_ns:
            self._sums, self._sums_units = _added(self._sums, self._sums_units, dealt)
        return True

    def get(self, ticket: int) -> Dealt | None:
        """The deal of this ticket."""
        return self._by_ticket.get(ticket)

    def since(self, since_ns: int) -> tuple[Dealt, ...]:
        """The deals made since a moment, oldest first."""
        first = bisect_left(self._by_time, (since_ns, 0))
        return tuple(self._by_ticket[ticket] for _, ticket in self._by_time[first:])

    @property
    def last_ns(self) -> int | None:
        """When the newest deal was made; no later than it was written down, whatever time it bears."""
        return self._last_ns

    def position_of(self, order: int) -> int | None:
        """The position that the deals of an order number belong to."""
        return self._position_of_order.get(order)

    def left(self, position: int) -> float | None:
        """Lots left of a position that is open, as far as its deals are known here; None where they are not.

        Below 0 where more of it was closed than opened: the deal that opened it has not shown yet.
        """
        return self._left.get(position)

    def sums(self, since_ns: int) -> DealSums:
        """What the deals since a moment come to; asked for the same moment again it takes no time."""
        if self._sums is None or self._sums.since_ns != since_ns:
            self._sums, self._sums_units = DealSums(since_ns=since_ns), 0
            for dealt in self.since(since_ns):
                self._sums, self._sums_units = _added(self._sums, self._sums_units, dealt)
        return self._sums

    def totals(self) -> Mapping[DealKey, int]:
        """How many deals there are."""
        return dict(self._totals)

    def net(self) -> Mapping[tuple[str, str], float]:
        """What deals won or lost by (origin, symbol)."""
        return {key: units / UNITS for key, units in self._units.items() if key[0] != "balance" or units}

    def opened(self) -> Mapping[PositionKey, int]:
        """How many positions were opened."""
        return dict(self._opened)

    def closed(self) -> Mapping[PositionKey, int]:
        """How many positions were fully closed."""
        return dict(self._closed)

    def trades(self) -> Mapping[str, Trades]:
        """The closed positions by symbol."""
        return dict(self._trades)

    def _follow(self, dealt: Dealt, units: int) -> None:
        """Keep book of the deal's position."""
        deal = dealt.deal
        assert deal.side is not None
        self._won[deal.position] += units
        if dealt.closed:
            self._closed[PositionKey(dealt.symbol, deal.side.opposite.value, dealt.cause)] += 1
            before = self._trades.get(deal.symbol, Trades())
            won = self._won.pop(deal.position)
            self._trades[deal.symbol] = replace(
                before,
                total=before.total + 1,
                won=before.won + (won > 0),
                last_ns=max(before.last_ns, deal.time_ns),
            )
        if dealt.opened:
            self._opened[PositionKey(dealt.symbol, deal.side.value, dealt.cause)] += 1
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
