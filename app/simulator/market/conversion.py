"""Amounts of one currency in another, at the market's quotes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..vocabulary import constants as mt5
from ..vocabulary.symbols import SYMBOLS, SymbolSpec
from .feed import Quote

# Where no symbol leads from one currency to another, two may, by way of this one.
_BETWEEN = "USD"


@dataclass(frozen=True, slots=True)
class Rates:
    """What other currencies are worth in the deposit currency, at the quotes of one moment."""

    currency: str
    specs: Mapping[str, SymbolSpec]
    quote: Callable[[str], Quote]

    def convert(
        self, amount: float, currency: str, *, dear: bool, own: tuple[SymbolSpec, float] | None = None
    ) -> float:
        """Turn an amount into the deposit currency, which pays the dear side of the spread or the cheap one.

        `own` is the symbol that the amount comes from and its price: where that symbol is the rate between the two
        currencies, this price is the rate, and not the market's.

        Raises:
            LookupError: no symbol, and no two, lead from one currency to the other.
        """
        if currency == self.currency:
            return amount
        if own and (own[0].base, own[0].profit) == (currency, self.currency):
            return amount * own[1]
        if own and (own[0].profit, own[0].base) == (currency, self.currency):
            return amount / own[1]
        return amount * self._rate(currency, dear=dear)

    def _rate(self, currency: str, *, dear: bool) -> float:
        straight = self._leg(currency, self.currency, dear=dear)
        if straight is not None:
            return straight
        first, second = self._leg(currency, _BETWEEN, dear=dear), self._leg(_BETWEEN, self.currency, dear=dear)
        if first is None or second is None:
            raise LookupError(f"no symbol gives a rate from {currency} to {self.currency}")
        return first * second

    def _leg(self, source: str, target: str, *, dear: bool) -> float | None:
        """The price of one unit of a currency in another, where one symbol tells it."""
        for spec in self.specs.values():
            if (spec.base, spec.profit) == (source, target):
                quote = self.quote(spec.name)
                return spec.price(quote.ask if dear else quote.bid)
            if (spec.base, spec.profit) == (target, source):
                quote = self.quote(spec.name)
                return 1 / spec.price(quote.bid if dear else quote.ask)
        return None


def require_rates(specs: Mapping[str, SymbolSpec], currency: str) -> None:
    """See that what each symbol costs and earns can be turned into the deposit currency.

    Raises:
        ValueError: no symbol leads there; the text names one that would.
    """
    rates = Rates(currency, specs, lambda _: Quote(0, 1, 1))
    for spec in specs.values():
        for needed in _currencies(spec):
            try:
                rates.convert(1.0, needed, dear=True, own=(spec, 1.0))
            except LookupError:
                pairs = [each.name for each in SYMBOLS if {each.base, each.profit} == {needed, currency}]
                missing = pairs[0] if pairs else f"one of {needed} in {currency}"
                raise ValueError(
                    f"the symbol {spec.name} needs a rate from {needed} to {currency}, but the symbol that gives it "
                    f"is not there: {missing}"
                ) from None


def _currencies(spec: SymbolSpec) -> tuple[str, ...]:
    """The currencies in which a symbol's margin, profit and swaps come about."""
    if spec.swap_mode == mt5.SYMBOL_SWAP_MODE_CURRENCY_SYMBOL:
        return spec.margin, spec.profit, spec.base
    return spec.margin, spec.profit
