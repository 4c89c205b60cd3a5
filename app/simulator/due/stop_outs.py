"""Stop-out: positions that the broker closes when an account's equity no longer carries them.

Found in the feeds like a stop-loss, however long nobody looked: the account is valued at the worst prices of an hour,
then of a minute, and only where these would not carry its positions, tick by tick. What is hedged loses by the spread
alone, so there the worst is the largest spread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..books.ledger import Ledger
from ..books.records import Account, Position
from ..market.conversion import Rates
from ..market.feed import HOUR_MS, MINUTE_MS, Quote
from ..market.market import Market
from ..positions.booking import Fill, book
from ..positions.money import Stake, cents, profit
from ..positions.portfolio import Worth, appraise, closing_price, floating_profit
from ..vocabulary import constants as mt5
from .events import Event, Rank
from .worst_prices import WorstPrices

# A margin that is converted from another currency moves with it, and worst prices are the equity's alone: by how much
# the margin may be larger, for the currencies of an hour and of a minute.
_CAUTION = {HOUR_MS: 1.05, MINUTE_MS: 1.01}
_COMMENT_MAX = 31


@dataclass(slots=True)
class _Watch:
    """An account with its positions, and until when it is known to carry them."""

    account: Account
    positions: list[Position]
    carried_msc: int


class StopOuts:
    """Closes the worst position of an account whose margin level has fallen to its stop-out level."""

    def __init__(self, ledger: Ledger, market: Market) -> None:
        self._ledger = ledger
        self._market = market
        # What is remembered saves time and decides nothing.
        self._version: object = None
        self._watches: dict[int, _Watch] = {}
        self._prices = WorstPrices(market)

    def due(self, until_msc: int) -> Iterable[Event]:
        """Accounts that cannot carry their positions, each at its first such instant."""
        version = self._ledger.version()
        if version != self._version:
            self._version, self._watches = version, dict(self._look())
        for login, watch in self._watches.items():
            if watch.carried_msc < until_msc and (at_msc := self._first(watch, until_msc)) is not None:
                yield Event(at_msc, Rank.STOP_OUT, login, partial(self._close_worst, login, at_msc))

    def _look(self) -> Iterator[tuple[int, _Watch]]:
        for login in self._ledger.logins_with_positions():
            ledger = self._ledger.of(login)
            account, positions = ledger.account(), ledger.positions()
            known = self._watches.get(login)
            if known and (known.account, known.positions) == (account, positions):
                yield login, known
            else:
                # The first instant of this state counts, too.
                yield login, _Watch(account, positions, _state_msc(account, positions) - 1)

    def _first(self, watch: _Watch, until_msc: int) -> int | None:
        """The first instant in (carried, until] at which the account cannot carry its positions."""
        while watch.carried_msc < until_msc:
            next_msc = watch.carried_msc + 1
            if self._carries(watch, HOUR_MS, next_msc // HOUR_MS):
                watch.carried_msc = (next_msc // HOUR_MS + 1) * HOUR_MS - 1
            elif self._carries(watch, MINUTE_MS, next_msc // MINUTE_MS):
                watch.carried_msc = (next_msc // MINUTE_MS + 1) * MINUTE_MS - 1
            elif (at_msc := self._first_in_minute(watch, next_msc // MINUTE_MS, until_msc)) is not None:
                return at_msc
        return None

    def _carries(self, watch: _Watch, span_ms: int, number: int) -> bool:
        """Whether an hour's or minute's worst prices leave the account its positions."""
        rates = Rates(
            watch.account.currency, self._market.specs, lambda symbol: self._prices.worst(symbol, span_ms, number)
        )
        worth = appraise(watch.account, watch.positions, rates)
        if _is_out(watch.account, worth, _CAUTION[span_ms]) and (hedges := _hedges(watch.positions)):
            spare = sum(_spare(held, rates, self._prices.widest(held[0].symbol, span_ms, number)) for held in hedges)
            worth = replace(worth, profit_cents=worth.profit_cents + spare)
        return not _is_out(watch.account, worth, _CAUTION[span_ms])

    def _first_in_minute(self, watch: _Watch, minute: int, until_msc: int) -> int | None:
        end_msc = min((minute + 1) * MINUTE_MS - 1, until_msc)
        for time_msc in self._times(watch, minute, end_msc):
            if self._falls(watch, time_msc):
                return time_msc
            watch.carried_msc = time_msc
        watch.carried_msc = end_msc
        return None

    def _times(self, watch: _Watch, minute: int, end_msc: int) -> list[int]:
        """When the account's worth may change in a minute: where its present state begins, and at ticks."""
        asked: set[str] = set()

        def quote(symbol: str) -> Quote:
            asked.add(symbol)
            return self._market.quote_or_raise(symbol, end_msc)

        appraise(watch.account, watch.positions, Rates(watch.account.currency, self._market.specs, quote))
        begins = np.array([_state_msc(watch.account, watch.positions)])
        times = [begins, *(self._market.feeds[symbol].ticks(minute).time_msc for symbol in asked)]
        ascending = np.unique(np.concatenate(times))
        return [int(time) for time in ascending[(ascending > watch.carried_msc) & (ascending <= end_msc)]]

    def _falls(self, watch: _Watch, time_msc: int) -> bool:
        """Whether the account is out at this instant, and something can be closed then."""
        rates = self._market.rates(watch.account.currency, time_msc)
        if not _is_out(watch.account, appraise(watch.account, watch.positions, rates)):
            return False
        return any(self._closable(held, rates, time_msc) for held in watch.positions)

    def _closable(self, held: Position, rates: Rates, time_msc: int) -> bool:
        """Whether its market is open; a price from before the week-end is none to close at."""
        fresh = time_msc - rates.quote(held.symbol).time_msc < MINUTE_MS
        return fresh and self._market.is_open(held.symbol, time_msc)

    def _close_worst(self, login: int, time_msc: int) -> None:
        ledger = self._ledger.of(login)
        account, positions = ledger.account(), ledger.positions()
        rates = self._market.rates(account.currency, time_msc)
        closable = [held for held in positions if self._closable(held, rates, time_msc)]
        worst = min(closable, key=lambda held: cents(floating_profit(held, rates)) + held.swap_cents)
        fill = Fill(
            spec=rates.specs[worst.symbol],
            side=1 - worst.type,
            volume=worst.volume,
            quote=rates.quote(worst.symbol),
            time_msc=time_msc,
            reason=mt5.DEAL_REASON_SO,
            magic=worst.magic,
            comment=_comment(appraise(account, positions, rates)),
        )
        book(ledger, self._market, fill, worst)


def _hedges(positions: list[Position]) -> list[list[Position]]:
    """The positions of each symbol that is both bought and sold."""
    by_symbol: dict[str, list[Position]] = {}
    for held in positions:
        by_symbol.setdefault(held.symbol, []).append(held)
    return [held for held in by_symbol.values() if len({each.type for each in held}) > 1]


def _spare(held: list[Position], worst: Rates, widest: int) -> int:
    """By how many cents a hedged symbol's worst is better than all its buys at the lowest bid and sells at the highest.

    Its bid and ask are never further apart than `widest`. With them so far apart, profit over the bid is a concave
    curve or has one peak, so it is smallest where the bid is lowest or highest. A cent each is for rounding.
    """
    extremes = worst.quote(held[0].symbol)
    ends = [_profit_at(held, worst, Quote(0, bid, bid + widest)) - len(held) for bid in (extremes.bid, extremes.ask)]
    return max(min(ends) - _profit_at(held, worst, extremes), 0)


def _profit_at(held: list[Position], worst: Rates, own: Quote) -> int:
    """What one symbol's positions bring at its own quote, converted at the worst rates."""
    spec = worst.specs[held[0].symbol]
    return sum(
        cents(profit(Stake(spec, each.type, each.volume), each.price_open, closing_price(spec, each.type, own), worst))
        for each in held
    )


def _state_msc(account: Account, positions: list[Position]) -> int:
    """Since when the account has been as it is, but for prices."""
    return max(account.changed_msc, *(held.swapped_msc for held in positions))


def _is_out(account: Account, worth: Worth, caution: float = 1.0) -> bool:
    if account.stopout_mode == mt5.ACCOUNT_STOPOUT_MODE_MONEY:
        return worth.equity_cents <= cents(account.stopout_level)
    return worth.equity_cents * 100 <= account.stopout_level * worth.margin_cents * caution


def _comment(worth: Worth) -> str:
    """What the deal says: `so 49.97%/499.70/1000.00`, the margin level, the equity and the margin."""
    return f"so {worth.level:.2f}%/{worth.equity_cents / 100:.2f}/{worth.margin_cents / 100:.2f}"[:_COMMENT_MAX]
