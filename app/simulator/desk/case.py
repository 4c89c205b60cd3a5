"""A trade request with all that decides about it, as of one moment."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from ..books.ledger import Ledger
from ..books.records import Account, Order, Position
from ..market.feed import Quote
from ..market.market import Market
from ..market.server_clock import ServerClock
from ..positions.booking import Fill, worth_after
from ..positions.close_by import worth_after_close_by
from ..positions.portfolio import Worth, appraise
from ..vocabulary import constants as mt5
from ..vocabulary.order_types import order_side
from ..vocabulary.structs import Struct
from ..vocabulary.symbols import SymbolSpec

DEAL, PENDING, SLTP = mt5.TRADE_ACTION_DEAL, mt5.TRADE_ACTION_PENDING, mt5.TRADE_ACTION_SLTP
MODIFY, REMOVE, CLOSE_BY = mt5.TRADE_ACTION_MODIFY, mt5.TRADE_ACTION_REMOVE, mt5.TRADE_ACTION_CLOSE_BY
_DAY_S = 86_400
_POINTS_MAX = 2.0**53
_CLOCK_END_S = 2**32  # in 2106


class Terms(NamedTuple):
    """What can be changed about a pending order; prices are the symbol's (0: none), its end is milliseconds UTC."""

    price: float
    stoplimit: float
    sl: float
    tp: float
    type_time: int
    time_expiration_msc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request, the records it is about (None: not there), its symbol's terms and price, and the account.

    `lots` is the volume asked for as it is dealt: in whole steps. `closing` is the position that a deal closes or makes
    smaller: None where it opens, adds or turns. `enters` says whether more is asked for than there is. `priced` says
    whether the terminal shows prices of the symbol, `blank` whether its ticks are zero, so that nothing is dealt.
    """

    request: Struct
    ledger: Ledger
    market: Market
    clock: ServerClock
    now_msc: int
    account: Account
    position: Position | None
    opposite: Position | None
    order: Order | None
    spec: SymbolSpec
    quote: Quote | None
    priced: bool
    blank: bool
    lots: float
    closing: Position | None
    enters: bool

    @property
    def order_type(self) -> int:
        """The type of the order that it is about."""
        return int(self.request.type) if self.order is None else self.order.type

    def checked_quote(self) -> Quote:
        """The price, which there is once that was checked."""
        return self.market.quote_or_raise(self.spec.name, self.now_msc) if self.quote is None else self.quote

    @property
    def price(self) -> float:
        """The price asked for, as one of the symbol's."""
        return _rounded(self.request.price, self.spec)

    def stops(self) -> tuple[float, float]:
        """The stops asked for as prices of the symbol; the server rounds them."""
        return _rounded(self.request.sl, self.spec), _rounded(self.request.tp, self.spec)

    def terms(self) -> Terms:
        """The terms asked for."""
        request = self.request
        return Terms(
            self.price,
            _rounded(request.stoplimit, self.spec),
            *self.stops(),
            request.type_time,
            self._expiration_msc(),
        )

    def fill(self, comment: str | None = None) -> Fill:
        """The deal asked for, at the market."""
        request = self.request
        sl, tp = (0.0, 0.0) if self.closing else self.stops()
        return Fill(
            spec=self.spec,
            side=order_side(request.type),
            volume=self.lots,
            quote=self.checked_quote(),
            time_msc=self.now_msc,
            reason=mt5.DEAL_REASON_EXPERT,
            magic=request.magic,
            comment=storable(request.comment) if comment is None else comment,
            type_time=request.type_time,
            type_filling=request.type_filling,
            sl=sl,
            tp=tp,
        )

    def worth_after(self) -> Worth:
        """The account's worth if the request were executed now, its commission included."""
        if self.request.action == DEAL:
            return worth_after(self.ledger, self.market, self.fill(), self.position)
        if self.request.action == CLOSE_BY and self.position and self.opposite:
            return worth_after_close_by(self.ledger, self.market, self.fill(), self.position, self.opposite)
        rates = self.market.rates(self.account.currency, self.now_msc)
        return appraise(self.account, self.ledger.positions(), rates)

    def _expiration_msc(self) -> int:
        clock, request = self.clock, self.request
        if request.type_time == mt5.ORDER_TIME_SPECIFIED:
            return clock.to_utc_s(_bounded(request.expiration)) * 1000
        if request.type_time == mt5.ORDER_TIME_SPECIFIED_DAY:
            return _day_end_msc(clock, _bounded(request.expiration))
        if request.type_time == mt5.ORDER_TIME_DAY:
            return _day_end_msc(clock, clock.to_server_s(self.now_msc // 1000))
        return 0


def open_case(
    request: Struct,
    ledger: Ledger,
    market: Market,
    *,
    clock: ServerClock,
    now_msc: int,
    priced: Container[str],
    blank: bool,
) -> Case | None:
    """Look up what a request is about; None where that names no symbol."""
    account = ledger.account()
    order = _first(ledger.active_orders(ticket=request.order)) if request.action in (MODIFY, REMOVE) else None
    position = _first(ledger.positions(ticket=request.position)) if request.position else None
    netting = not account.hedging and request.symbol in market.specs
    if netting and not request.position and request.action in (DEAL, SLTP):
        position = _first(ledger.positions(symbol=request.symbol))
    opposite = _first(ledger.positions(ticket=request.position_by)) if request.action == CLOSE_BY else None
    named: Order | Position | None = order or (position if request.action in (SLTP, CLOSE_BY) else None)
    spec = market.specs.get(request.symbol or (named.symbol if named else ""))
    if spec is None:
        return None
    lots = spec.lots(request.volume)
    closing = _closing(request, account, position, lots)
    return Case(
        request=request,
        ledger=ledger,
        market=market,
        clock=clock,
        now_msc=now_msc,
        account=account,
        position=position,
        opposite=opposite,
        order=order,
        spec=spec,
        quote=market.quote(spec.name, now_msc),
        priced=spec.name in priced,
        blank=blank,
        lots=lots,
        closing=closing,
        enters=request.action == PENDING or (request.action == DEAL and closing is None),
    )


def _closing(request: Struct, account: Account, held: Position | None, lots: float) -> Position | None:
    if request.action != DEAL or held is None:
        return None
    less = held.type != request.type and lots <= held.volume
    return held if account.hedging or less else None


def storable(comment: str) -> str:
    """Half an emoji cannot be stored; it becomes the replacement character."""
    return comment.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


_Record = TypeVar("_Record", Order, Position)


def _first(found: list[_Record]) -> _Record | None:
    return found[0] if found else None


def _rounded(price: float, spec: SymbolSpec) -> float:
    """A price of the symbol; infinite where that is not a number of points that a double counts exactly."""
    return round(price, spec.digits) if abs(price) * 10**spec.digits < _POINTS_MAX else math.inf


def _bounded(server_s: int) -> int:
    """A second that a clock can show: no order lives longer than that."""
    return min(max(server_s, 0), _CLOCK_END_S)


def _day_end_msc(clock: ServerClock, server_s: int) -> int:
    """The end of the last second, 23:59:59, of a day on the server's clock; milliseconds UTC."""
    return clock.to_utc_s(server_s // _DAY_S * _DAY_S + _DAY_S - 1) * 1000 + 999
