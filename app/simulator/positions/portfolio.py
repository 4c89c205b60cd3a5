"""What an account is worth now: balance, credit, floating profit and margin over its open positions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..books.records import Account, Position
from ..market.conversion import Rates
from ..market.feed import Quote
from ..vocabulary.order_types import BUY, SELL
from ..vocabulary.symbols import SymbolSpec, rounded_lots
from .money import Stake, cents, margin, profit


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """An account's money in cents of the deposit currency; equity is balance + credit + profit, to the cent.

    The profit is floating, with the swaps that positions have gathered.
    """

    balance_cents: int
    profit_cents: int
    margin_cents: int
    credit_cents: int = 0

    @property
    def equity_cents(self) -> int:
        """Balance, credit and floating profit."""
        return self.balance_cents + self.credit_cents + self.profit_cents

    @property
    def free_cents(self) -> int:
        """What is left for new positions."""
        return self.equity_cents - self.margin_cents

    @property
    def level(self) -> float:
        """Equity in percent of margin; 0 when nothing is tied up."""
        return 100.0 * self.equity_cents / self.margin_cents if self.margin_cents else 0.0


def closing_price(spec: SymbolSpec, side: int, quote: Quote) -> float:
    """The price at which a position of this side would close."""
    return spec.price(quote.exit(side))


def floating_profit(position: Position, rates: Rates) -> float:
    """The profit that closing the position now would bring, swap and commission aside."""
    spec = rates.specs[position.symbol]
    price = closing_price(spec, position.type, rates.quote(position.symbol))
    return profit(Stake(spec, position.type, position.volume), position.price_open, price, rates)


def appraise(account: Account, positions: Iterable[Position], rates: Rates) -> Worth:
    """Value the account with these positions at the quotes of the rates."""
    by_symbol: dict[str, list[Position]] = {}
    floating = 0
    for position in positions:
        by_symbol.setdefault(position.symbol, []).append(position)
        floating += cents(floating_profit(position, rates)) + position.swap_cents
    tied = sum(symbol_margin(rates.specs[name], account.leverage, held, rates) for name, held in by_symbol.items())
    return Worth(
        balance_cents=account.balance_cents,
        credit_cents=account.credit_cents,
        profit_cents=floating,
        margin_cents=cents(tied),
    )


def symbol_margin(spec: SymbolSpec, leverage: int, positions: Iterable[Position], rates: Rates) -> float:
    """The margin of one symbol's positions, at their opening prices.

    What buys and sells have in common is hedged and costs `margin_hedged` once for each pair of lots; only the rest
    costs the full margin. Where positions are netted there is one, and nothing in common.
    """
    lots, value = [0.0, 0.0], [0.0, 0.0]
    for position in positions:
        lots[position.type] += position.volume
        value[position.type] += position.volume * position.price_open
    larger = BUY if lots[BUY] >= lots[SELL] else SELL
    hedged = lots[1 - larger]
    bare = rounded_lots(lots[larger] - hedged)
    total = margin(Stake(spec, larger, bare), leverage, value[larger] / lots[larger], rates) if bare else 0.0
    if hedged:
        mean_price = sum(value) / sum(lots)
        total += margin(Stake(spec, larger, hedged), leverage, mean_price, rates, spec.margin_hedged)
    return total
