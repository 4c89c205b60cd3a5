"""Swaps: what positions cost or bring for the nights that they are held."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ..books.ledger import Ledger
from ..books.records import Position
from ..market.conversion import Rates
from ..market.market import Market
from ..market.server_clock import ServerClock
from ..positions.money import Stake, cents, swap
from ..positions.portfolio import closing_price
from .events import Event, Rank

_DAY_MS = 86_400_000
_TRIPLE = 3
_WEEKEND = (0, 6)  # Sunday and Saturday


def next_midnight(clock: ServerClock, after_msc: int) -> int:
    """The first instant after this one at which a new day begins on the server's clock (milliseconds UTC)."""
    return clock.to_utc_msc((clock.to_server_msc(after_msc) // _DAY_MS + 1) * _DAY_MS)


def nights(clock: ServerClock, midnight_msc: int, triple_day: int) -> int:
    """How often the night that begins at this midnight counts.

    The night after the triple day counts for the week-end, too, so that those after Saturday and Sunday count nothing.
    """
    # 1970 began on a Thursday, which is day 4 when Sunday is 0. The day that ends is the one before.
    ended = (clock.to_server_msc(midnight_msc) // _DAY_MS - 1 + 4) % 7
    if ended == triple_day:
        return _TRIPLE
    return 0 if ended in _WEEKEND else 1


class Swaps:
    """Adds to every position what each midnight of the server brings it; the money moves when it closes."""

    def __init__(self, ledger: Ledger, market: Market) -> None:
        self._ledger = ledger
        self._market = market

    def due(self, until_msc: int) -> Iterable[Event]:
        """The first midnight that some position has had no swap for."""
        since_msc = self._ledger.swaps_entered_msc()
        if since_msc is None:
            return
        midnight = next_midnight(self._market.server_clock, since_msc)
        if midnight <= until_msc:
            yield Event(midnight, Rank.SWAP, 0, partial(self._enter, midnight))

    def _enter(self, midnight: int) -> None:
        rates: dict[int, Rates] = {}
        for held in self._ledger.positions_without_swap(midnight):
            ledger = self._ledger.of(held.login)
            if held.login not in rates:
                rates[held.login] = self._market.rates(ledger.account().currency, midnight)
            gathered = held.swap_cents + self._swap_cents(held, midnight, rates[held.login])
            ledger.change_position(held.ticket, held._replace(swap_cents=gathered, swapped_msc=midnight))

    def _swap_cents(self, held: Position, midnight: int, rates: Rates) -> int:
        spec = rates.specs[held.symbol]
        times = nights(self._market.server_clock, midnight, spec.swap_triple_day)
        if not times or not spec.swap_mode:
            return 0
        price = closing_price(spec, held.type, rates.quote(held.symbol))
        return cents(times * swap(Stake(spec, held.type, held.volume), held.price_open, price, rates))
