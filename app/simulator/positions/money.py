"""Margin, profit and swaps of a position in the deposit currency, and whole cents of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..market.conversion import Rates
from ..vocabulary import constants as mt5
from ..vocabulary.order_types import BUY
from ..vocabulary.symbols import SymbolSpec

_FUTURES = {mt5.SYMBOL_CALC_MODE_FUTURES, mt5.SYMBOL_CALC_MODE_EXCH_FUTURES}
_BONDS = {mt5.SYMBOL_CALC_MODE_EXCH_BONDS, mt5.SYMBOL_CALC_MODE_EXCH_BONDS_MOEX}


@dataclass(frozen=True, slots=True)
class Stake:
    """So many lots of a symbol, bought (side 0) or sold (1)."""

    spec: SymbolSpec
    side: int
    lots: float


def cents(amount: float) -> int:
    """Round money to whole cents."""
    return round(amount * 100)


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
