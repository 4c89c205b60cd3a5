"""Stop-out: positions that the broker closes when an account's equity no longer carries them.

Found in the feeds like a stop-loss, however long nobody looked: the account is valued at the worst prices of an hour,
then of a minute, and only where these would not carry its positions, tick by tick.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from . import constants as mt5
from .booking import Fill, book
from .events import Event, Rank
from .exchange import Exchange
from .ledger import Ledger
from .market import HOUR_MS, MINUTE_MS, Bars, Quote
from .money import Rates
from .portfolio import Worth, appraise, cents, floating_profit
from .records import Account, Position

# A margin that is converted from another currency moves with it; the worst prices are taken for its equity alone.
_CAUTION = 1.05
_COMMENT_MAX = 31


@dataclass(slots=True)
class _Watch:
    """An account with its positions, and until when it is known to carry them."""

    account: Account
    positions: list[Position]
    carried_msc: int


class StopOuts:
    """Closes the worst position of an account whose margin level has fallen to its stop-out level."""

    def __init__(self, ledger: Ledger, exchange: Exchange) -> None:
        self._ledger = ledger
        self._exchange = exchange
        # What is remembered saves time and decides nothing.
        self._version: object = None
        self._watches: dict[int, _Watch] = {}

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
        since_msc = _state_msc(watch.account, watch.positions)
        if watch.carried_msc < since_msc:
            if self._falls(watch, since_msc):
                return since_msc
            watch.carried_msc = since_msc
        symbols = self._symbols(watch, until_msc)
        for minute in self._minutes(watch, symbols, until_msc):
            for time_msc in self._times(symbols, minute):
                if watch.carried_msc < time_msc <= until_msc and self._falls(watch, time_msc):
                    return time_msc
        watch.carried_msc = max(watch.carried_msc, until_msc)
        return None

    def _symbols(self, watch: _Watch, now_msc: int) -> list[str]:
        """The symbols whose prices the account's worth depends on."""
        asked: set[str] = set()

        def quote(symbol: str) -> Quote:
            asked.add(symbol)
            return self._exchange.market(symbol, now_msc)

        appraise(watch.account, watch.positions, Rates(watch.account.currency, self._exchange.specs, quote))
        return sorted(asked)

    def _minutes(self, watch: _Watch, symbols: list[str], until_msc: int) -> Iterator[int]:
        """The minutes whose worst prices the account would not carry; as they are passed, `carried_msc` grows."""
        first, last = watch.carried_msc // HOUR_MS, until_msc // HOUR_MS
        hours = _Worst(self._exchange, symbols, HOUR_MS, first, last)
        for hour in range(first, last + 1):
            if self._may_fall(watch, hours.at(hour)):
                start = max(hour * HOUR_MS, watch.carried_msc) // MINUTE_MS
                end = min((hour + 1) * HOUR_MS - 1, until_msc) // MINUTE_MS
                minutes = _Worst(self._exchange, symbols, MINUTE_MS, start, end)
                yield from (minute for minute in range(start, end + 1) if self._may_fall(watch, minutes.at(minute)))
                watch.carried_msc = max(watch.carried_msc, min((hour + 1) * HOUR_MS - 1, until_msc))
            else:
                watch.carried_msc = max(watch.carried_msc, (hour + 1) * HOUR_MS - 1)

    def _times(self, symbols: list[str], minute: int) -> list[int]:
        times = [self._exchange.feeds[symbol].ticks(minute).time_msc for symbol in symbols]
        return [int(time) for time in np.unique(np.concatenate(times))]

    def _may_fall(self, watch: _Watch, quotes: dict[str, Quote]) -> bool:
        rates = Rates(watch.account.currency, self._exchange.specs, quotes.__getitem__)
        return _is_out(watch.account, appraise(watch.account, watch.positions, rates), _CAUTION)

    def _falls(self, watch: _Watch, time_msc: int) -> bool:
        """Whether the account is out at this instant, and something can be closed then."""
        rates = self._exchange.rates(watch.account.currency, time_msc)
        if not _is_out(watch.account, appraise(watch.account, watch.positions, rates)):
            return False
        return any(self._exchange.is_open(held.symbol, time_msc) for held in watch.positions)

    def _close_worst(self, login: int, time_msc: int) -> None:
        ledger = self._ledger.of(login)
        account, positions = ledger.account(), ledger.positions()
        rates = self._exchange.rates(account.currency, time_msc)
        closable = [held for held in positions if self._exchange.is_open(held.symbol, time_msc)]
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
        book(ledger, self._exchange, fill, worst)


class _Worst:
    """The worst prices of hours or minutes: the lowest bid and the highest ask, those from before included.

    Numbers are asked for in order, from `first` on.
    """

    def __init__(self, exchange: Exchange, symbols: list[str], span_ms: int, first: int, last: int) -> None:
        self._quotes = {symbol: exchange.market(symbol, first * span_ms) for symbol in symbols}
        self._bars = {symbol: _rows(exchange, symbol, span_ms, range(first, last + 1)) for symbol in symbols}

    def at(self, number: int) -> dict[str, Quote]:
        """The worst prices while this hour or minute lasts."""
        worst = {}
        for symbol, before in self._quotes.items():
            low, high = self._bars[symbol].get(number, (before.bid, before.ask))
            # Until its first tick the last price from before holds.
            worst[symbol] = Quote(0, min(low, before.bid), max(high, before.ask))
            self._quotes[symbol] = Quote(0, low, high)
        return worst


def _rows(exchange: Exchange, symbol: str, span_ms: int, numbers: range) -> dict[int, tuple[int, int]]:
    feed = exchange.feeds[symbol]
    if span_ms == HOUR_MS:
        bars: Bars = feed.hours(np.arange(max(numbers[0], feed.first_hour), numbers[-1] + 1, dtype=np.int64))
    else:
        bars = feed.minutes_of_hour(numbers[0] // 60)
    starts = (bars.start // (span_ms // 1000)).tolist()
    return dict(zip(starts, zip(bars.low.tolist(), bars.ask_high.tolist(), strict=True), strict=True))


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
