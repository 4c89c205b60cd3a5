"""Taking orders: what somebody asks for becomes an order with everything that it needs."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TypedDict
from weakref import WeakValueDictionary

from app.broker.gateway import Gateway
from app.domain.account import Missing, PendingOrder, Position, Symbol, Unavailable
from app.domain.clock import Clock, Ids
from app.domain.orders import Action, Kind, Order, Side
from app.trading.dealer import Dealer, Decision
from app.watch.guard import known_foreign
from app.watch.poller import Watch

STOPPING = Unavailable(reason="the program is being stopped; nothing was sent")

OTHER_SYMBOL = "_OTHER"
"""Symbol of an order that came before the terminal could say which symbols there are."""

SYMBOL_KEPT_S = 60.0


class Terms(TypedDict, total=False):
    """What is to change about a pending order: prices, and when it expires (seconds since 1970 UTC); None: none."""

    price: float
    sl: float | None
    tp: float | None
    expiration: int | None


class Desk:
    """Takes orders and has them dealt.

    Every verb returns the decision. `Missing` where there is no such symbol, position or order, and `Unavailable` while
    stopping or where the terminal cannot be asked what the order is about, are no orders. All raise `JournalError`
    when the intent could not be written; nothing was sent then. `arrived` is the moment of the monotonic clock at
    which the request arrived; its deadline counts from there.
    """

    def __init__(
        self,
        *,
        dealer: Dealer,
        gateway: Gateway,
        watch: Watch,
        clock: Clock,
        ids: Ids,
        order_timeout_s: float = 7.0,
    ) -> None:
        self._dealer = dealer
        self._gateway = gateway
        self._watch = watch
        self._clock = clock
        self._ids = ids
        self._order_timeout_s = order_timeout_s
        self._symbols: dict[str, tuple[Symbol, float]] = {}
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._changes: set[asyncio.Task[Decision | Missing | Unavailable]] = set()

    async def open(
        self,
        *,
        symbol: str,
        side: Side,
        volume: float,
        deviation: int,
        comment: str,
        magic: int,
        arrived: float,
        sl: float | None = None,
        tp: float | None = None,
    ) -> Decision | Missing | Unavailable:
        """Open a position at the market.

        Args:
            symbol: the instrument, in any case.
            side: buy or sell.
            volume: lots.
            deviation: tolerated price change in points.
            comment: the caller's, sent shortened and tagged.
            magic: the caller's expert id.
            arrived: when the request arrived.
            sl: price of the stop-loss; None for none. Whether it is on the right side and far enough, the broker says.
            tp: price of the take-profit; None for none.
        """
        found = await self._symbol(symbol, self._deadline(arrived))
        if isinstance(found, Missing):
            return found
        order = Order(
            order_id=self._ids.order_id(),
            action=Action.OPEN,
            symbol=found.name if isinstance(found, Symbol) else OTHER_SYMBOL,
            side=side,
            volume=volume,
            deviation=deviation,
            comment=comment,
            magic=magic,
            sl=sl,
            tp=tp,
        )
        return await self._deal(order, found, arrived)

    async def close(self, ticket: int, *, arrived: float) -> Decision | Missing | Unavailable:
        """Close the whole of an open position at the market."""
        position = await self._position(ticket, self._deadline(arrived))
        if not isinstance(position, Position):
            return position
        order = Order(
            order_id=self._ids.order_id(),
            action=Action.CLOSE,
            symbol=position.symbol,
            side=position.side.opposite,
            volume=position.volume,
            position=ticket,
            magic=position.magic,
        )
        return await self._deal(order, await self._known_symbol(order, arrived), arrived)

    async def place(
        self,
        *,
        symbol: str,
        kind: Kind,
        side: Side,
        volume: float,
        price: float,
        comment: str,
        magic: int,
        arrived: float,
        sl: float | None = None,
        tp: float | None = None,
        expiration: int | None = None,
    ) -> Decision | Missing | Unavailable:
        """Place a pending order; `kind`, `price` and `expiration` are those of `Order`, the rest is as in `open`."""
        found = await self._symbol(symbol, self._deadline(arrived))
        if isinstance(found, Missing):
            return found
        order = Order(
            order_id=self._ids.order_id(),
            action=Action.PLACE,
            symbol=found.name if isinstance(found, Symbol) else OTHER_SYMBOL,
            kind=kind,
            side=side,
            volume=volume,
            price=price,
            comment=comment,
            magic=magic,
            sl=sl,
            tp=tp,
            expiration=expiration,
        )
        return await self._deal(order, found, arrived)

    async def modify(self, ticket: int, terms: Terms, *, arrived: float) -> Decision | Missing | Unavailable:
        """Change what *terms* name of a pending order; the rest stays as it is.

        A change carries everything that the order has, so the next one reads only when it is through.
        """
        # A task of its own: it keeps its turn also when its caller goes away.
        task = asyncio.create_task(self._change_in_turn(ticket, terms, arrived))
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        return await asyncio.shield(task)

    async def cancel(self, ticket: int, *, arrived: float) -> Decision | Missing | Unavailable:
        """Take a pending order back."""
        return await self._change(ticket, Action.CANCEL, {}, arrived)

    async def _change_in_turn(self, ticket: int, terms: Terms, arrived: float) -> Decision | Missing | Unavailable:
        turn = self._turns.setdefault(ticket, asyncio.Lock())
        try:
            async with asyncio.timeout(self._deadline(arrived) - self._clock.monotonic()):
                await turn.acquire()
        except TimeoutError:
            return Unavailable(reason=f"a change of order {ticket} that came before is still under way")
        try:
            return await self._change(ticket, Action.MODIFY, terms, arrived)
        finally:
            turn.release()

    async def _change(
        self, ticket: int, action: Action, terms: Terms, arrived: float
    ) -> Decision | Missing | Unavailable:
        pending = await self._pending(ticket, action, self._deadline(arrived))
        if not isinstance(pending, PendingOrder):
            return pending
        if pending.kind_and_side is None:
            return Missing(what=f"order {ticket}")
        kind, side = pending.kind_and_side
        order = Order(
            order_id=self._ids.order_id(),
            action=action,
            symbol=pending.symbol,
            kind=kind,
            side=side,
            volume=pending.volume,
            pending=ticket,
            magic=pending.magic,
            price=pending.price_open,
            stop_limit=pending.stop_limit or None,
            sl=pending.sl or None,
            tp=pending.tp or None,
            expiration=pending.expiration or None,
            lifetime=None if "expiration" in terms else pending.lifetime,
        )
        order = dataclasses.replace(order, **terms)
        return await self._deal(order, await self._known_symbol(order, arrived), arrived)

    async def _deal(
        self, order: Order, symbol: Symbol | Unavailable, arrived: float
    ) -> Decision | Missing | Unavailable:
        return STOPPING if self._dealer.is_stopping else await self._dealer.run(order, symbol, arrived=arrived)

    def _deadline(self, arrived: float) -> float:
        return arrived + self._order_timeout_s

    async def _known_symbol(self, order: Order, arrived: float) -> Symbol | Unavailable:
        """The instrument of what there is already."""
        found = await self._symbol(order.symbol, self._deadline(arrived))
        if isinstance(found, Missing):
            return Unavailable(reason=f"the terminal no longer knows {order.symbol}")
        return found

    async def _symbol(self, name: str, deadline: float) -> Symbol | Missing | Unavailable:
        """What is fixed about an instrument, kept for a minute; the broker has the last word on its limits."""
        now = self._clock.monotonic()
        known, until = self._symbols.get(name.upper(), (None, 0.0))
        if known is not None and now < until:
            return known
        found = known_foreign(self._watch) or await self._gateway.symbol(name, deadline=deadline)
        if isinstance(found, Symbol):
            self._symbols[name.upper()] = found, now + SYMBOL_KEPT_S
        # While the terminal is away an order for a known symbol is an order all the same.
        return known if known is not None and isinstance(found, Unavailable) else found

    async def _position(self, ticket: int, deadline: float) -> Position | Missing | Unavailable:
        positions = known_foreign(self._watch) or await self._gateway.positions(ticket, deadline=deadline)
        if isinstance(positions, Unavailable):
            seen = [position for position in self._watch.latest.positions if position.ticket == ticket]
            return seen[0] if seen else positions
        return positions[0] if positions else Missing(what=f"position {ticket}")

    async def _pending(self, ticket: int, action: Action, deadline: float) -> PendingOrder | Missing | Unavailable:
        orders = known_foreign(self._watch) or await self._gateway.orders(ticket, deadline=deadline)
        if isinstance(orders, Unavailable):
            if action is not Action.CANCEL:
                # A change would undo what somebody else has changed since it was last seen.
                return orders
            seen = [order for order in self._watch.latest.orders if order.ticket == ticket]
            return seen[0] if seen else orders
        return orders[0] if orders else Missing(what=f"order {ticket}")
