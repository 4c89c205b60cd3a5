"""MetaTrader values in, domain values out; broker time becomes UTC here."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.broker.outcomes import to_outcome
from app.broker.records import (
    account_from,
    deal_from,
    lifetime_from,
    past_order_from,
    pending_from,
    position_from,
    symbol_from,
    tick_from,
)
from app.broker.requests import expires_by_utc, needs_price, trade_request
from app.broker.server_time import ServerTime
from app.broker.terminal import Answer, Call, NoAnswer, Reply, Terminal
from app.domain.account import (
    Account,
    Missing,
    PastOrder,
    PendingOrder,
    Position,
    Record,
    Symbol,
    Tick,
    Unavailable,
)
from app.domain.clock import Clock
from app.domain.deals import Deal, mean_price
from app.domain.lots import LOTS_TOLERANCE, rounded_lots
from app.domain.orders import Filled, NotSent, Order, Outcome

ORDER_HANGS_AFTER_S, READ_HANGS_AFTER_S = 7.0, 5.0
"""A call that has run for so long hangs, and its process is replaced; shorter deadlines end only the waiting."""
DEALS_PAUSE_S = 0.05
"""Between two looks for deals that the terminal's history does not show yet."""
NAMES_KEPT_S = 60.0
"""How long a name that is not among the symbols is believed not to be one."""
NOT_FOUND = -4
"""`last_error` code of a name that the terminal does not know."""
A_DAY_S = 86_400
TRADE_MODE_DISABLED = 0
"""SYMBOL_TRADE_MODE_DISABLED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One `order_send`: the request, what came back (None when no request could be made), what it means."""

    outcome: Outcome
    request: Mapping[str, Any] | None = None
    reply: Reply | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTimes:
    """When the broker's server took the order and was done with it; milliseconds UTC, one clock."""

    setup_msc: int
    done_msc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A fill held against the terminal's history; `server` is None where the order was not found there."""

    filled: Filled
    server: ServerTimes | None = None


class Gateway:
    """The terminal in this program's terms.

    Nothing here raises for the terminal's troubles: a read is a value, `Missing` or `Unavailable`, an order
    one of the outcomes. Reads have `read_timeout_s`, also inside an order.

    The whole list of symbols is long with some brokers: where no order waits for it, `catalogue` is asked, a process
    that does not trade. An order is sent while that account is logged in that `only_for` names, and for no other.
    """

    def __init__(
        self,
        terminal: Terminal,
        *,
        clock: Clock,
        server_time: ServerTime,
        simulated: bool,
        read_timeout_s: float = 5.0,
        deals_timeout_s: float = 1.0,
        catalogue: Terminal | None = None,
        only_for: Callable[[], tuple[int, str] | None] = lambda: None,
    ) -> None:
        self.terminal = terminal
        self._catalogue = catalogue or terminal
        self.server_time = server_time
        self._only_for = only_for
        self._clock = clock
        self._simulated = simulated
        self._read_timeout_s = read_timeout_s
        self._deals_timeout_s = deals_timeout_s
        self._names: dict[str, str] = {}
        self._names_until = 0.0
        self._selected: tuple[str, ...] = ()
        self._disabled: frozenset[str] = frozenset()

    async def account(self, *, deadline: float | None = None) -> Account | Unavailable:
        """The account as it is now."""
        record = await self._read("account_info", deadline=deadline)
        return record if isinstance(record, Unavailable) else account_from(record, simulated=self._simulated)

    async def terminal_record(self, *, deadline: float | None = None) -> Record | Unavailable:
        """The terminal's own state: `connected`, `trade_allowed`, `ping_last` and the rest."""
        record: Record | Unavailable = await self._read("terminal_info", deadline=deadline)
        return record

    async def positions(
        self, ticket: int | None = None, *, deadline: float | None = None
    ) -> tuple[Position, ...] | Unavailable:
        """Open positions by opening time, or the one of this ticket (none: an empty tuple)."""
        wanted = {} if ticket is None else {"ticket": ticket}
        records = await self._read("positions_get", kwargs=wanted, deadline=deadline)
        if isinstance(records, Unavailable):
            return records
        positions = (position_from(self.server_time.to_utc(record)) for record in records)
        return tuple(sorted(positions, key=lambda position: (position.record["time_msc"], position.ticket)))

    async def orders(
        self, ticket: int | None = None, *, deadline: float | None = None
    ) -> tuple[PendingOrder, ...] | Unavailable:
        """Pending orders by the time they were placed, or the one of this ticket (none: an empty tuple)."""
        wanted = {} if ticket is None else {"ticket": ticket}
        records = await self._read("orders_get", kwargs=wanted, deadline=deadline)
        if isinstance(records, Unavailable):
            return records
        orders = (pending_from(self.server_time.to_utc(record), lifetime_from(record)) for record in records)
        return tuple(sorted(orders, key=lambda order: (order.setup_ns, order.ticket)))

    async def past_order(self, ticket: int, *, deadline: float | None = None) -> PastOrder | Unavailable | None:
        """An order that waits no longer, as the terminal's history has it; None while that shows none."""
        records = await self._read("history_orders_get", kwargs={"ticket": ticket}, deadline=deadline)
        if isinstance(records, Unavailable):
            return records
        return past_order_from(self.server_time.to_utc(records[0])) if records else None

    async def deals_since(self, since_ns: int, *, deadline: float | None = None) -> tuple[Deal, ...] | Unavailable:
        """Deals made since a moment, oldest first; the newest ones too, wherever the server's clock stands."""
        since_s = since_ns // 10**9 + self.server_time.offset_s
        until_s = self._clock.time_ns() // 10**9 + self.server_time.offset_s + A_DAY_S
        return self._deals_in(await self._read("history_deals_get", since_s, until_s, deadline=deadline))

    async def deals_of_position(self, position: int) -> tuple[Deal, ...] | Unavailable:
        """Every deal of a position, oldest first."""
        return self._deals_in(await self._read("history_deals_get", kwargs={"position": position}))

    async def symbol(self, name: str, *, deadline: float | None = None) -> Symbol | Missing | Unavailable:
        """The instrument of this name, in any case; chosen in Market Watch if it was not."""
        broker_name = await self.broker_name(name, deadline=deadline)
        if not isinstance(broker_name, str):
            return broker_name
        record = await self._read("symbol_info", broker_name, deadline=deadline)
        if isinstance(record, Unavailable):
            return Missing(what=name) if _is_not_found(record) else record
        if not record["select"]:
            record = await self._choose(broker_name, "symbol_info", record, deadline=deadline)
        return symbol_from(self.server_time.to_utc(record))

    async def tick(self, name: str, *, deadline: float | None = None) -> Tick | Missing | Unavailable:
        """The last quote of this instrument."""
        broker_name = await self.broker_name(name, deadline=deadline)
        if not isinstance(broker_name, str):
            return broker_name
        record = await self._read("symbol_info_tick", broker_name, deadline=deadline)
        if isinstance(record, Unavailable):
            return Missing(what=name) if _is_not_found(record) else record
        if not record["time_msc"]:
            record = await self._choose(broker_name, "symbol_info_tick", record, deadline=deadline)
        self.server_time.observe(broker_name, record["time_msc"], self._clock.time_ns())
        return tick_from(broker_name, self.server_time.to_utc(record))

    async def _choose(self, broker_name: str, function: str, seen: Record, *, deadline: float | None) -> Record:
        """Choose a symbol in Market Watch, since it has prices only there, and read again what was *seen* without."""
        await self._read("symbol_select", broker_name, True, deadline=deadline)
        record: Record | Unavailable = await self._read(function, broker_name, deadline=deadline)
        return seen if isinstance(record, Unavailable) else record

    async def broker_name(self, name: str, *, deadline: float | None = None) -> str | Missing | Unavailable:
        """The broker's spelling of a symbol name given in any case."""
        known = self._names.get(name.upper())
        if known is None and self._clock.monotonic() >= self._names_until:
            if failure := await self._learn_names(self.terminal, deadline=deadline):
                return failure
            known = self._names.get(name.upper())
        return known or Missing(what=name)

    async def _learn_names(self, terminal: Terminal, *, deadline: float | None = None) -> Unavailable | None:
        """Every symbol that the terminal knows: `broker_name` looks among them for a minute."""
        fields = ("name", "select", "trade_mode")
        records = await self._read("symbols_get", fields=fields, deadline=deadline, terminal=terminal)
        if isinstance(records, Unavailable):
            return records
        self._names = {record["name"].upper(): record["name"] for record in records}
        self._names_until = self._clock.monotonic() + NAMES_KEPT_S
        self._selected = tuple(record["name"] for record in records if record["select"])
        self._disabled = frozenset(
            record["name"] for record in records if record.get("trade_mode") == TRADE_MODE_DISABLED
        )
        return None

    def untradable(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Those of these symbols that could not be traded when the list of all was last read."""
        return tuple(sorted(self._disabled.intersection(symbols)))

    async def selected_symbols(self, *, deadline: float | None = None) -> tuple[str, ...]:
        """The symbols of Market Watch, asked of the catalogue; none while it cannot be asked."""
        return () if await self._learn_names(self._catalogue, deadline=deadline) else self._selected

    async def send(self, order: Order, symbol: Symbol, comment: str, *, deadline: float) -> Execution:
        """Send an order once, and say what came of it.

        Args:
            order: what to do.
            symbol: its instrument.
            comment: what is sent as comment.
            deadline: moment of the monotonic clock past which it is not sent and not waited for.
        """
        tick = None
        if expires_by_utc(order) and not self.server_time.known:
            return Execution(outcome=NotSent(reason="the broker's clock, by which an order expires, is not known yet"))
        if needs_price(order, symbol):
            quote = await self.tick(symbol.name, deadline=deadline)
            if not isinstance(quote, Tick):
                return Execution(outcome=NotSent(reason=f"no price of {symbol.name}: {quote}"))
            tick = quote
        request = trade_request(order, symbol, tick, comment, utc_offset_s=self.server_time.offset_s)
        call = Call(
            function="order_send",
            args=(request,),
            deadline=deadline,
            hangs_after_s=ORDER_HANGS_AFTER_S,
            only_for=self._only_for(),
        )
        reply = await self.terminal.call(call)
        return Execution(outcome=to_outcome(reply, order), request=request, reply=reply)

    async def settle(self, filled: Filled, *, deadline: float, again: bool = True) -> Settlement:
        """Take position, volume and price of a fill from its deals, and the server's times from its order.

        Where the deals cannot be read within `deals_timeout_s` the fill stays as it is, `position` None.

        Args:
            filled: what the terminal answered.
            deadline: moment of the monotonic clock past which nothing is waited for.
            again: look again, until then, for deals that the history does not show yet.
        """
        until = min(deadline, self._clock.monotonic() + self._deals_timeout_s)
        while True:
            deals = await self._deals_of(filled, until)
            if sum(deal.volume for deal in deals) > filled.volume - LOTS_TOLERANCE:
                return Settlement(filled=_completed(filled, deals), server=await self._server_times(filled, until))
            if not again or not self.terminal.state.ready or self._clock.monotonic() + DEALS_PAUSE_S >= until:
                return Settlement(filled=filled)
            await asyncio.sleep(DEALS_PAUSE_S)

    async def _server_times(self, filled: Filled, deadline: float) -> ServerTimes | None:
        records = await self._history("history_orders_get", deadline, ticket=filled.order)
        if not records:
            return None
        return ServerTimes(setup_msc=records[0]["time_setup_msc"], done_msc=records[0]["time_done_msc"])

    async def _deals_of(self, filled: Filled, deadline: float) -> list[Deal]:
        """Every deal of the order, empty while the history does not show them.

        By the deal's number where the answer has one, else by way of the order: some brokers answer no deal, and
        some terminals find none by its number.
        """
        first = await self._deals(deadline, ticket=filled.deal) if filled.deal else []
        if first and abs(first[0].volume - filled.volume) < LOTS_TOLERANCE:
            return first[:1]
        position = first[0].position if first else await self._position_of(filled.order, deadline)
        if not position:
            return first
        of_position = await self._deals(deadline, position=position)
        return [deal for deal in of_position if deal.order == filled.order] or first

    async def _position_of(self, order: int, deadline: float) -> int:
        """The position that an order opened or closed, 0 while the history does not show it."""
        records = await self._history("history_orders_get", deadline, ticket=order)
        return int(records[0]["position_id"]) if records else 0

    async def _deals(self, deadline: float, **wanted: int) -> list[Deal]:
        return [deal_from(record) for record in await self._history("history_deals_get", deadline, **wanted)]

    async def _history(self, function: str, deadline: float, **wanted: int) -> list[dict[str, Any]]:
        """Records of the terminal's history; empty also where it could not be read."""
        records = await self._read(function, kwargs=wanted, deadline=deadline)
        return [] if isinstance(records, Unavailable) else [self.server_time.to_utc(record) for record in records]

    async def _read(
        self,
        function: str,
        *args: Any,
        kwargs: Mapping[str, Any] | None = None,
        fields: tuple[str, ...] | None = None,
        deadline: float | None = None,
        terminal: Terminal | None = None,
    ) -> Any:
        """What a read brings within its own time, and no later than *deadline*."""
        own = self._clock.monotonic() + self._read_timeout_s
        call = Call(
            function=function,
            args=args,
            kwargs=kwargs or {},
            deadline=own if deadline is None else min(own, deadline),
            hangs_after_s=max(READ_HANGS_AFTER_S, self._read_timeout_s),
            fields=fields,
        )
        return value_of(await (terminal or self.terminal).call(call))

    def _deals_in(self, records: Any) -> tuple[Deal, ...] | Unavailable:
        if isinstance(records, Unavailable):
            return records
        deals = (deal_from(self.server_time.to_utc(record)) for record in records)
        return tuple(sorted(deals, key=lambda deal: deal.ticket))


def value_of(reply: Reply) -> Any:
    """What a read brought, or why it brought nothing."""
    if isinstance(reply, Answer):
        if reply.raised is not None:
            return Unavailable(reason=f"the terminal's package raised {reply.raised}", last_error=reply.last_error)
        if reply.value is None:
            code, text = reply.last_error
            return Unavailable(reason=f"{text} ({code})", last_error=reply.last_error)
        return reply.value
    if isinstance(reply, NoAnswer):
        return Unavailable(reason=reply.describe())
    return Unavailable(reason=reply.reason, last_error=reply.last_error)


def _is_not_found(answer: Unavailable) -> bool:
    return answer.last_error is not None and answer.last_error[0] == NOT_FOUND


def _completed(filled: Filled, deals: Sequence[Deal]) -> Filled:
    volume = rounded_lots(sum(deal.volume for deal in deals))
    return dataclasses.replace(filled, position=deals[0].position, volume=volume, price=mean_price(deals))
