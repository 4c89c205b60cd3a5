"""Margin, profit and swaps of a position, in the deposit currency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import constants as mt5
from .market import Quote
from .symbols import SymbolSpec

BUY, SELL = 0, 1
# Where no symbol leads from one currency to another, two may, by way of this one.
_BETWEEN = "USD"
_FUTURES = {mt5.SYMBOL_CALC_MODE_FUTURES, mt5.SYMBOL_CALC_MODE_EXCH_FUTURES}
_BONDS = {mt5.SYMBOL_CALC_MODE_EXCH_BONDS, mt5.SYMBOL_CALC_MODE_EXCH_BONDS_MOEX}


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


@dataclass(frozen=True, slots=True)
class Stake:
    """So many lots of a symbol, bought (side 0) or sold (1)."""

    spec: SymbolSpec
    side: int
    lots: float


def margin(stake: Stake, leverage: int, price: float, rates: Rates, contract: float | None = None) -> float:
    """Return what a stake at this price ties up.

    By the symbol's calculation mode; converted at the ask for who buys, at the bid for who sells. `contract` stands
    for the contract size, or for a future's margin of one lot, where hedged lots cost another.
    """
    tied = _tied_up(stake, leverage, price, contract)
    return rates.convert(tied, stake.spec.margin, dear=stake.side == BUY, own=(stake.spec, price))


def _tied_up(stake: Stake, leverage: int, price: float, contract: float | None) -> float:
    """The margin in the symbol's margin currency."""
    spec, lots = stake.spec, stake.lots
    size = spec.contract_size if contract is None else contract
    match spec.calc_mode:
        case mt5.SYMBOL_CALC_MODE_FOREX:
            return lots * size / leverage
        case mt5.SYMBOL_CALC_MODE_FOREX_NO_LEVERAGE:
            return lots * size
        case mt5.SYMBOL_CALC_MODE_CFDLEVERAGE:
            return lots * size * price / leverage
        case mt5.SYMBOL_CALC_MODE_CFDINDEX:
            return lots * size * price * spec.tick_value / spec.tick
        case mode if mode in _FUTURES:
            return lots * (spec.margin_initial if contract is None else contract)
        case mode if mode in _BONDS:
            return lots * size * spec.face_value * price / 100
        case mt5.SYMBOL_CALC_MODE_SERV_COLLATERAL:
            return 0.0
        case _:  # CFDs, stocks, and the premium of options
            return lots * size * price


def profit(stake: Stake, opened: float, closed: float, rates: Rates) -> float:
    """Return the profit of a round trip, to the cent; converted at the side of the spread that costs the trader."""
    move = closed - opened if stake.side == BUY else opened - closed
    earned = move * stake.lots * worth_of_one(stake.spec)
    return round(rates.convert(earned, stake.spec.profit, dear=earned < 0, own=(stake.spec, closed)), 2)


def worth_of_one(spec: SymbolSpec) -> float:
    """What a move of the price by 1 brings on one lot, in the profit currency."""
    if spec.calc_mode in _FUTURES:
        return spec.tick_value / spec.tick
    if spec.calc_mode in _BONDS:
        return spec.contract_size * spec.face_value / 100
    return 0.0 if spec.calc_mode == mt5.SYMBOL_CALC_MODE_SERV_COLLATERAL else spec.contract_size


def swap(stake: Stake, opened: float, price: float, rates: Rates) -> float:
    """Return what holding a stake over one night brings (or costs, below zero).

    By the symbol's swap mode: points, an amount of money a lot, or an interest a year of 360 days on the position's
    worth at its own price or at the current one.
    """
    terms = stake.spec.swap_long if stake.side == BUY else stake.spec.swap_short
    amount, currency = _swap(stake.spec, terms * stake.lots, opened, price, rates.currency)
    return rates.convert(amount, currency, dear=amount < 0, own=(stake.spec, price))


def _swap(spec: SymbolSpec, terms: float, opened: float, price: float, deposit: str) -> tuple[float, str]:
    one = worth_of_one(spec)
    match spec.swap_mode:
        case mt5.SYMBOL_SWAP_MODE_POINTS:
            return terms * spec.point * one, spec.profit
        case mt5.SYMBOL_SWAP_MODE_CURRENCY_SYMBOL:
            return terms, spec.base
        case mt5.SYMBOL_SWAP_MODE_CURRENCY_MARGIN:
            return terms, spec.margin
        case mt5.SYMBOL_SWAP_MODE_CURRENCY_DEPOSIT:
            return terms, deposit
        case mt5.SYMBOL_SWAP_MODE_INTEREST_CURRENT:
            return terms / 100 / 360 * price * one, spec.profit
        case mt5.SYMBOL_SWAP_MODE_INTEREST_OPEN:
            return terms / 100 / 360 * opened * one, spec.profit
        case _:  # none, or positions opened anew at another price, which this simulator has no symbol for
            return 0.0, deposit
