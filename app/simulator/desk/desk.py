"""The broker's dealing desk: takes a request, has it checked, executes it, and enters it in the books."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from typing import NamedTuple

from ..books.fault_rows import Fault
from ..books.ledger import Ledger
from ..books.records import Order
from ..due.pending import FILL_ORDER, end_order
from ..due.queue import DueQueue
from ..market.market import Market
from ..market.server_clock import ServerClock
from ..positions.booking import Fill, book
from ..positions.close_by import book_close_by
from ..vocabulary import constants as mt5
from ..vocabulary.order_types import STOP_LIMITS
from ..vocabulary.retcodes import ANSWERS
from ..vocabulary.structs import OrderCheckResult, OrderSendResult, Struct
from ..vocabulary.symbols import rounded_lots
from .case import DEAL, Case, open_case, storable
from .checks import misses, objection

# How long what is left of an order that stays in the market waits for its rest.
REST_MS = 1000


class _Answer(NamedTuple):
    """What a request came to."""

    retcode: int = mt5.TRADE_RETCODE_DONE
    deal: int = 0
    order: int = 0
    volume: float = 0.0
    price: float = 0.0
    bid: float = 0.0
    ask: float = 0.0


class Desk:
    """Executes the requests of one terminal against the shared books.

    `fault` finds the fault of a name that the running call suffers, if it concerns a symbol; `request_ids` numbers
    what is sent; `server_clock` is the clock that the times of requests are of.
    """

    def __init__(
        self,
        ledger: Ledger,
        market: Market,
        due: DueQueue,
        *,
        fault: Callable[[str, str], Fault | None],
        request_ids: Iterator[int],
        server_clock: Callable[[], ServerClock],
    ) -> None:
        self._ledger = ledger
        self._market = market
        self._due = due
        self._fault = fault
        self._request_ids = request_ids
        self._server_clock = server_clock

    def send(self, request: Struct, *, priced: Container[str]) -> Struct:
        """Execute a request; the books are on disk before this returns. A refusal is a result, too."""
        request_id = next(self._request_ids)
        with self._ledger.writing():
            # Read behind the lock, so that deal numbers and deal times run the same way.
            now_msc = self._market.now_msc()
            self._due.advance_locked(now_msc)
            answer = self._answer(request, now_msc, priced)
        return OrderSendResult([*answer, ANSWERS[answer.retcode], request_id, 0, request])

    def check(self, request: Struct, *, priced: Container[str]) -> Struct:
        """Say whether a request would be executed (0) and the account's totals after it."""
        now_msc = self._market.now_msc()
        self._due.advance(now_msc)
        with self._ledger.reading():
            case = self._open(request, now_msc, priced)
            refusal = misses(request) if case is None else objection(case)
            if case is None or refusal not in (0, mt5.TRADE_RETCODE_NO_MONEY):
                return unchecked(refusal, request)
            worth = case.worth_after()
        money = (worth.balance_cents, worth.equity_cents, worth.profit_cents, worth.margin_cents, worth.free_cents)
        totals = [value / 100 for value in money]
        return OrderCheckResult([refusal, *totals, worth.level, ANSWERS.get(refusal, "Done"), request])

    def _open(self, request: Struct, now_msc: int, priced: Container[str]) -> Case | None:
        clock = self._server_clock()
        blank = self._fault("zero_tick", request.symbol) is not None
        return open_case(request, self._ledger, self._market, clock=clock, now_msc=now_msc, priced=priced, blank=blank)

    def _answer(self, request: Struct, now_msc: int, priced: Container[str]) -> _Answer:
        case = self._open(request, now_msc, priced)
        symbol = request.symbol if case is None else case.spec.name
        if reject := self._take("reject", symbol):
            return _Answer(int(reject.parameters["retcode"]))
        if case is None:
            return _Answer(misses(request))
        refusal = objection(case)
        if not refusal and case.request.action == DEAL and self._take("requote", symbol):
            refusal = mt5.TRADE_RETCODE_REQUOTE
        if refusal == mt5.TRADE_RETCODE_REQUOTE:
            return _quoted(_Answer(refusal), case)
        return _Answer(refusal) if refusal else self._execute(case)

    def _execute(self, case: Case) -> _Answer:
        match case.request.action:
            case mt5.TRADE_ACTION_DEAL:
                return self._deal(case)
            case mt5.TRADE_ACTION_PENDING:
                return self._place(case)
            case mt5.TRADE_ACTION_MODIFY:
                return self._modify(case)
            case mt5.TRADE_ACTION_REMOVE:
                return self._remove(case)
            case mt5.TRADE_ACTION_SLTP:
                return self._set_stops(case)
            case mt5.TRADE_ACTION_CLOSE_BY:
                return self._close_by(case)
        return _Answer(mt5.TRADE_RETCODE_INVALID)

    def _deal(self, case: Case) -> _Answer:
        fill = case.fill(self._comment(case))
        if late := self._take("late_fill", case.spec.name):
            self._under_way(case, fill, round(late.parameters["seconds"] * 1000))
            return _Answer(mt5.TRADE_RETCODE_TIMEOUT)
        lots = self._lots(case, fill)
        if lots == fill.volume:
            return _filled(case, fill, mt5.TRADE_RETCODE_DONE)
        if fill.type_filling == mt5.ORDER_FILLING_RETURN:
            ticket = self._under_way(case, fill, REST_MS)
            (active,) = self._ledger.active_orders(ticket=ticket)
            return _filled(case, replace(fill, volume=lots, order=active), mt5.TRADE_RETCODE_DONE_PARTIAL)
        return _filled(case, replace(fill, volume=lots, ordered=fill.volume), mt5.TRADE_RETCODE_DONE_PARTIAL)

    def _lots(self, case: Case, fill: Fill) -> float:
        """How much of a deal there is somebody for; fill-or-kill takes no part."""
        least, volume = case.spec.volume_min, fill.volume
        parts = fill.type_filling != mt5.ORDER_FILLING_FOK and volume >= 2 * least - 1e-8
        partial = self._take("partial_fill", case.spec.name) if parts else None
        if partial is None:
            return volume
        steps = math.floor(volume * partial.parameters["fraction"] / case.spec.volume_step + 1e-7)
        lots = min(max(steps * case.spec.volume_step, least), volume - least)
        return rounded_lots(lots)

    def _under_way(self, case: Case, fill: Fill, after_ms: int) -> int:
        """Enter a market order that the broker will get round to later."""
        order = _order(case, fill)._replace(
            state=mt5.ORDER_STATE_STARTED,
            position_id=case.closing.identifier if case.closing and case.account.hedging else 0,
            price_open=fill.price,
            type_time=fill.type_time,
        )
        ticket = self._ledger.add_order(order)
        self._ledger.schedule(case.now_msc + after_ms, FILL_ORDER, {"order": ticket})
        return ticket

    def _place(self, case: Case) -> _Answer:
        fill = case.fill(self._comment(case))
        terms = case.terms()
        order = _order(case, fill)._replace(
            price_open=terms.price,
            price_stoplimit=terms.stoplimit if case.order_type in STOP_LIMITS else 0.0,
            type_time=terms.type_time,
            time_expiration_msc=terms.time_expiration_msc,
        )
        # An exchange says that the order is placed, a broker that the request is done.
        on_exchange = case.spec.trade_exemode == mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE
        done = mt5.TRADE_RETCODE_PLACED if on_exchange else mt5.TRADE_RETCODE_DONE
        return _quoted(_Answer(done, order=self._ledger.add_order(order), volume=fill.volume), case)

    def _modify(self, case: Case) -> _Answer:
        assert case.order is not None
        terms = case.terms()
        self._ledger.change_order(
            case.order._replace(
                price_open=terms.price,
                price_stoplimit=terms.stoplimit if case.order_type in STOP_LIMITS else 0.0,
                sl=terms.sl,
                tp=terms.tp,
                type_time=terms.type_time,
                time_expiration_msc=terms.time_expiration_msc,
                active_msc=case.now_msc,
            )
        )
        return _quoted(_Answer(order=case.order.ticket, volume=case.order.volume_current), case)

    def _remove(self, case: Case) -> _Answer:
        assert case.order is not None
        end_order(self._ledger, case.order, mt5.ORDER_STATE_CANCELED, case.now_msc)
        return _quoted(_Answer(order=case.order.ticket, volume=case.order.volume_current), case)

    def _set_stops(self, case: Case) -> _Answer:
        assert case.position is not None
        self._ledger.set_stops(case.position.ticket, *case.stops(), case.now_msc)
        return _Answer()

    def _close_by(self, case: Case) -> _Answer:
        assert case.position is not None
        assert case.opposite is not None
        fill = case.fill(self._comment(case))
        booked = book_close_by(self._ledger, self._market, fill, case.position, case.opposite)
        lots, price = min(case.position.volume, case.opposite.volume), case.opposite.price_open
        return _quoted(_Answer(deal=booked.deal, order=booked.order, volume=lots, price=price), case)

    def _comment(self, case: Case) -> str:
        rewritten = self._fault("comment_rewritten", case.spec.name)
        return str(rewritten.parameters["value"]) if rewritten else storable(case.request.comment)

    def _take(self, name: str, symbol: str) -> Fault | None:
        """The fault that this request suffers; one of its calls is used up."""
        fault = self._fault(name, symbol)
        return fault if fault is not None and self._ledger.faults.take(fault.id) else None


def refused(retcode: int, request: Struct) -> Struct:
    """The result of a refusal that never left the terminal: it has no request id."""
    return OrderSendResult([*_Answer(retcode), ANSWERS[retcode], 0, 0, request])


def unchecked(retcode: int, request: Struct) -> Struct:
    """The result of a check that came to nothing."""
    return OrderCheckResult([retcode, *[0.0] * 6, ANSWERS[retcode], request])


def _quoted(answer: _Answer, case: Case) -> _Answer:
    quote = case.checked_quote()
    return answer._replace(bid=case.spec.price(quote.bid), ask=case.spec.price(quote.ask))


def _filled(case: Case, fill: Fill, retcode: int) -> _Answer:
    booked = book(case.ledger, case.market, fill, case.position)
    return _quoted(_Answer(retcode, booked.deal, booked.order, fill.volume, fill.price), case)


def _order(case: Case, fill: Fill) -> Order:
    """An order that is not done."""
    return Order(
        ticket=0,
        time_setup_msc=case.now_msc,
        time_done_msc=0,
        type=case.request.type,
        type_time=mt5.ORDER_TIME_GTC,
        type_filling=fill.type_filling,
        state=mt5.ORDER_STATE_PLACED,
        magic=fill.magic,
        position_id=0,
        reason=fill.reason,
        volume_initial=fill.volume,
        volume_current=fill.volume,
        price_open=0.0,
        price_current=0.0,
        symbol=case.spec.name,
        comment=fill.comment,
        sl=fill.sl,
        tp=fill.tp,
        active_msc=case.now_msc,
    )
