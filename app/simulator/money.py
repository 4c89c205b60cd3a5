"""Margin and profit, in the deposit currency."""

from __future__ import annotations

from app.simulator.symbols import DEPOSIT_CURRENCY, SymbolSpec

BUY, SELL = 0, 1


def convert(amount: float, currency: str, spec: SymbolSpec, price: float) -> float:
    """Turn an amount of either of the symbol's currencies into the deposit currency at the symbol's own price."""
    if currency == DEPOSIT_CURRENCY:
        return amount
    if currency == spec.base and spec.profit == DEPOSIT_CURRENCY:
        return amount * price
    if currency == spec.profit and spec.base == DEPOSIT_CURRENCY:
        return amount / price
    raise LookupError(f"no rate from {currency} to {DEPOSIT_CURRENCY}: {spec.name} is a cross")


def margin(spec: SymbolSpec, leverage: int, volume: float, price: float, contract: float | None = None) -> float:
    """Return what a position of `volume` lots ties up: lots × contract ÷ leverage of the base currency."""
    size = spec.contract_size if contract is None else contract
    return convert(volume * size / leverage, spec.base, spec, price)


def profit(spec: SymbolSpec, side: int, volume: float, opened: float, closed: float) -> float:
    """Return the profit of a round trip, converted at the price that closes it, to the cent."""
    move = closed - opened if side == BUY else opened - closed
    return round(convert(move * spec.contract_size * volume, spec.profit, spec, closed), 2)
