"""The symbols and their terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from . import constants as mt5

DEPOSIT_CURRENCY = "USD"
FILLING_FOK = 1  # bits of filling_mode, which the package does not name
FILLING_IOC = 2
FILLING_BOC = 4
STEP_TOLERANCE = 1e-7  # of lots

# Five whole days a week; the same with a break in the first hour of each day; always.
Hours = Literal["forex", "break", "always"]


def rounded_lots(lots: float) -> float:
    """Return lots that were added or multiplied without what doubles put behind them: 0.1 + 0.2 are 0.3."""
    return float(round(lots, 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolSpec:
    """A symbol's terms: prices in the profit currency, volumes in lots, money in the deposit currency.

    `root` is the name without the broker's suffix, by which its prices are made; `hours` says when it trades,
    `watched` whether it is in the Market Watch from the start, `book_depth` how many levels its book has on each side.

    `commission_per_lot` is charged once, on entry, for the whole round turn, `fee_per_lot` on every deal.
    `filling_mode` holds the bits of the filling policies that market orders may use, `order_mode` and
    `expiration_mode` those of the orders there are; the other modes are MT5's numbers. Stops keep `stops_level` points
    away from the price, at least one; within `freeze_level` points of it nothing may be changed. `volume_limit` (0:
    none) bounds the lots in one direction.

    `calc_mode` and `swap_mode` are MT5's numbers for how margin, profit and swaps are worked out. `margin_currency` is
    the base currency unless it is given, `tick_size` a point. `margin_initial` (money a lot) and `tick_value` (profit
    currency a tick) count for futures, `tick_value` for indices too, `face_value` for bonds. Swaps are in the unit
    that their mode names, a lot and night; the night after `swap_triple_day` (Sunday 0) counts three times.
    """

    name: str
    root: str = ""
    description: str
    path: str = "Forex\\Majors"
    base: str
    profit: str
    margin_currency: str = ""
    digits: int = 5
    contract_size: float = 100_000.0
    volume_min: float = 0.01
    volume_max: float = 100.0
    volume_step: float = 0.01
    volume_limit: float = 0.0
    filling_mode: int = FILLING_FOK | FILLING_IOC
    order_mode: int = 0b1111111  # every type of order, stops and closing by another
    expiration_mode: int = 0b1111  # every life time
    trade_mode: int = mt5.SYMBOL_TRADE_MODE_FULL
    trade_exemode: int = mt5.SYMBOL_TRADE_EXECUTION_MARKET
    stops_level: int = 0
    freeze_level: int = 0
    commission_per_lot: float = 7.0
    fee_per_lot: float = 0.0
    calc_mode: int = mt5.SYMBOL_CALC_MODE_FOREX
    margin_initial: float = 0.0
    margin_maintenance: float = 0.0
    margin_hedged: float = 100_000.0
    tick_size: float = 0.0
    tick_value: float = 0.0
    face_value: float = 0.0
    swap_mode: int = mt5.SYMBOL_SWAP_MODE_DISABLED
    swap_long: float = 0.0
    swap_short: float = 0.0
    swap_triple_day: int = mt5.DAY_OF_WEEK_WEDNESDAY
    book_depth: int = 0
    hours: Hours = "forex"
    watched: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", self.root or self.name)

    @property
    def point(self) -> float:
        """The smallest step of the price."""
        return float(1 / 10**self.digits)

    @property
    def tick(self) -> float:
        """The step that `tick_value` is the worth of."""
        return self.tick_size or self.point

    @property
    def margin(self) -> str:
        """The currency of its margin."""
        return self.margin_currency or self.base

    def price(self, points: float) -> float:
        """Return whole points as the nearest double of the decimal price."""
        return float(points / 10**self.digits)

    def points(self, price: float) -> int:
        """Return a price as whole points, the nearest."""
        points: float = price * 10**self.digits
        return round(points)

    def takes_volume(self, volume: float) -> bool:
        """Say whether so many lots may be traded: 0.30000000000000004 are 0.3; NaN fails every comparison."""
        steps = volume / self.volume_step
        on_step = abs(steps - round(steps)) < STEP_TOLERANCE if abs(steps) < 1e15 else False
        return on_step and self.volume_min - STEP_TOLERANCE <= volume <= self.volume_max + STEP_TOLERANCE

    def lots(self, volume: float) -> float:
        """Return a volume in whole steps, the nearest; one that may not be traded as it is."""
        if not self.takes_volume(volume):
            return volume
        return rounded_lots(round(volume / self.volume_step) * self.volume_step)


_POINTS = mt5.SYMBOL_SWAP_MODE_POINTS
_INTEREST = mt5.SYMBOL_SWAP_MODE_INTEREST_CURRENT
_CROSSES, _INDICES, _METALS, _CRYPTO = "Forex\\Crosses", "Indices", "Metals", "Crypto"

# Terms as brokers have them, and of each kind of them at least one: what a bot does not expect it meets here.
SYMBOLS = (
    SymbolSpec(
        name="EURUSD", description="Euro vs US Dollar", base="EUR", profit="USD",
        swap_mode=_POINTS, swap_long=-7.1, swap_short=2.9, book_depth=10, watched=True,
    ),
    SymbolSpec(
        name="GBPUSD", description="Great Britain Pound vs US Dollar", base="GBP", profit="USD",
        swap_mode=_POINTS, swap_long=-2.4, swap_short=-1.8, book_depth=10, watched=True,
    ),
    # One symbol that takes immediate-or-cancel only, as many brokers' do: an omitted filling is refused there.
    SymbolSpec(
        name="USDCAD", description="US Dollar vs Canadian Dollar", base="USD", profit="CAD", filling_mode=FILLING_IOC,
        swap_mode=_POINTS, swap_long=2.2, swap_short=-6.9, watched=True,
    ),
    SymbolSpec(
        name="USDJPY", description="US Dollar vs Japanese Yen", base="USD", profit="JPY", digits=3,
        swap_mode=_POINTS, swap_long=9.6, swap_short=-18.3,
    ),
    # Dealt at the price that was asked for, or not at all: the one that requotes.
    SymbolSpec(
        name="USDCHF", description="US Dollar vs Swiss Franc", base="USD", profit="CHF",
        trade_exemode=mt5.SYMBOL_TRADE_EXECUTION_INSTANT, filling_mode=FILLING_FOK,
        swap_mode=_POINTS, swap_long=6.4, swap_short=-13.7, stops_level=10, freeze_level=5,
    ),
    SymbolSpec(
        name="EURJPY", description="Euro vs Japanese Yen", path=_CROSSES, base="EUR", profit="JPY", digits=3,
        swap_mode=_POINTS, swap_long=6.2, swap_short=-14.8,
    ),
    SymbolSpec(
        name="GBPJPY", description="Great Britain Pound vs Japanese Yen", path=_CROSSES, base="GBP", profit="JPY",
        digits=3, swap_mode=_POINTS, swap_long=14.1, swap_short=-26.5, stops_level=20, freeze_level=10,
    ),
    # Dealt as on an exchange: what is not filled stays in the book. The whole price is tied up.
    SymbolSpec(
        name="US500", description="US 500 Index", path=_INDICES, base="USD", profit="USD", digits=2,
        calc_mode=mt5.SYMBOL_CALC_MODE_CFDINDEX, contract_size=1.0, tick_size=0.01, tick_value=0.01,
        margin_hedged=1.0, trade_exemode=mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE, volume_min=0.1, volume_max=250.0,
        volume_step=0.1, commission_per_lot=0.0, swap_mode=_INTEREST, swap_long=-6.5, swap_short=1.5,
        swap_triple_day=mt5.DAY_OF_WEEK_FRIDAY, stops_level=50, book_depth=10, hours="break",
    ),
    SymbolSpec(
        name="XAUUSD", description="Gold vs US Dollar", path=_METALS, base="XAU", profit="USD", margin_currency="USD",
        digits=2, calc_mode=mt5.SYMBOL_CALC_MODE_CFDLEVERAGE, contract_size=100.0, margin_hedged=100.0,
        swap_mode=_POINTS, swap_long=-52.0, swap_short=28.0, hours="break",
    ),
    SymbolSpec(
        name="BTCUSD", description="Bitcoin vs US Dollar", path=_CRYPTO, base="BTC", profit="USD",
        margin_currency="USD", digits=2, calc_mode=mt5.SYMBOL_CALC_MODE_CFD, contract_size=1.0, margin_hedged=1.0,
        volume_max=10.0, volume_limit=5.0, commission_per_lot=0.0, swap_mode=_INTEREST, swap_long=-20.0,
        swap_short=-20.0, swap_triple_day=mt5.DAY_OF_WEEK_FRIDAY, hours="always",
    ),
    SymbolSpec(
        name="ETHUSD", description="Ethereum vs US Dollar", path=_CRYPTO, base="ETH", profit="USD",
        margin_currency="USD", digits=2, calc_mode=mt5.SYMBOL_CALC_MODE_CFD, contract_size=1.0, margin_hedged=1.0,
        commission_per_lot=0.0, swap_mode=_INTEREST, swap_long=-20.0, swap_short=-20.0,
        swap_triple_day=mt5.DAY_OF_WEEK_FRIDAY, hours="always",
    ),
)  # fmt: skip


def with_suffix(specs: Iterable[SymbolSpec], suffix: str) -> tuple[SymbolSpec, ...]:
    """The same symbols as a broker calls them: `EURUSD.r`."""
    return tuple(replace(spec, name=spec.name + suffix) for spec in specs)
