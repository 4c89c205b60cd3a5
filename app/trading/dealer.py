"""One order from its arrival to its outcome: checked, written down, sent at most once, told, written down again."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from app.broker.gateway import Execution, Gateway, Settlement
from app.broker.requests import tagged_comment
from app.domain.account import Symbol, Tick, Unavailable
from app.domain.clock import Clock
from app.domain.orders import Action, Denied, Filled, NotSent, Order, Outcome, Unknown
from app.errors import JournalError
from app.telemetry.guard import harmless
from app.telemetry.orders import OrderSpan, OrderTelemetry
from app.telemetry.terminal import answered, started_ns
from app.trading.journal.journal import Journal
from app.trading.mending import Mender
from app.trading.risk import check
from app.watch.changes import OrderDecided
from app.watch.guard import known_away
from app.watch.poller import Watch
from otel.metatrader5.describe import Endpoint

log = logging.getLogger(__name__)

DEALS_AFTER_DEADLINE_S = 0.6
"""How far past the order's own deadline its deals may still be read: the answer is out within 8 s of arrival."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An order and what came of it; `trace_id` is empty while telemetry is off.

    `symbol` and `tick` are what was known of its instrument, for those who explain a refusal with numbers.
    """

    order: Order
    outcome: Outcome
    trace_id: str
    symbol: Symbol | None = None
    tick: Tick | None = None


class Dealer:
    """Sends orders. Every one is journalled before it is sent, sent at most once, and told as one trace.

    A caller that goes away does not stop its order: it runs to a recorded end. What is still open then, `Mender` mends.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        journal: Journal,
        watch: Watch,
        telemetry: OrderTelemetry,
        mender: Mender,
        clock: Clock,
        order_tag: bool,
        order_timeout_s: float,
    ) -> None:
        self._gateway = gateway
        self._journal = journal
        self._watch = watch
        self._telemetry = telemetry
        self._mender = mender
        self._clock = clock
        self._order_tag = order_tag
        self._order_timeout_s = order_timeout_s
        self._running: set[asyncio.Task[Decision]] = set()
        self._let_go = asyncio.Event()

    @property
    def is_stopping(self) -> bool:
        """Whether no order should be begun any more."""
        return self._let_go.is_set()

    async def run(self, order: Order, symbol: Symbol | Unavailable, *, arrived: float) -> Decision:
        """Bring an order to its end.

        Args:
            order: what to do.
            symbol: its instrument, or why that could not be read.
            arrived: moment of the monotonic clock at which the request arrived; the deadline counts from it.

        Raises:
            JournalError: the intent could not be written; nothing was sent.
        """
        task = asyncio.create_task(self._decide(order, symbol, arrived))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        stopped = asyncio.create_task(self._let_go.wait())
        try:
            # Not awaited itself: a caller that goes away does not stop its order.
            await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if task.done():
            return task.result()
        reason = "the program is being stopped; the order runs to its end, and the journal tells what came of it"
        record = self._journal.get(order.order_id)
        trace_id = record.trace.trace_id if record is not None else ""
        return Decision(order=order, outcome=Unknown(reason=reason), trace_id=trace_id)

    def let_go(self) -> None:
        """Wait no longer for running orders: their callers are told to ask later; the orders run to their end."""
        self._let_go.set()

    async def finish(self, timeout_s: float) -> None:
        """Wait for running orders; what is not done by then is closed as unknown at the next start."""
        if self._running:
            await asyncio.wait(self._running, timeout=timeout_s)
        await self._mender.write_again()

    async def _decide(self, order: Order, symbol: Symbol | Unavailable, arrived: float) -> Decision:
        started_ns = self._clock.time_ns()
        with self._telemetry.order(order, self._watch.latest.mode) as span:
            refusal = self._refusal(order, symbol, span)
            if refusal is not None:
                outcome: Outcome = refusal
                with span.step("journal", record="outcome"):
                    await self._journal.refused(
                        order, span.ref, refusal, started_ns=started_ns, ended_ns=self._clock.time_ns()
                    )
            else:
                assert isinstance(symbol, Symbol)
                comment = tagged_comment(order.comment, order.order_id, tag=self._order_tag)
                with span.step("journal", record="intent"):
                    await self._journal.intent(order, span.ref, comment_sent=comment, started_ns=started_ns)
                outcome = await self._execute(order, symbol, comment, span, arrived)
                await self._write_down(order, outcome, span)
            span.decided(outcome)
            self._telemetry.order_decided(order, outcome, self._clock.monotonic() - arrived)
        self._watch.changes.tell(OrderDecided(order, outcome, span.ref.trace_id))
        return Decision(
            order=order,
            outcome=outcome,
            trace_id=span.ref.trace_id,
            symbol=symbol if isinstance(symbol, Symbol) else None,
            tick=self._watch.latest.ticks.get(order.symbol),
        )

    def _refusal(self, order: Order, symbol: Symbol | Unavailable, span: OrderSpan) -> Denied | NotSent | None:
        with span.step("risk"):
            if isinstance(symbol, Unavailable):
                return NotSent(reason=symbol.reason, last_error=symbol.last_error)
            if not self._gateway.terminal.state.ready:
                state = self._gateway.terminal.state
                return NotSent(reason=state.reason, last_error=state.last_error)
            if (away := known_away(self._watch)) is not None:
                return NotSent(reason=away.reason)
            return check(order, symbol) if order.action in (Action.OPEN, Action.PLACE) else None

    async def _execute(self, order: Order, symbol: Symbol, comment: str, span: OrderSpan, arrived: float) -> Outcome:
        deadline = arrived + self._order_timeout_s
        try:
            execution = await self._gateway.send(order, symbol, comment, deadline=deadline)
        except Exception as error:
            # A mistake of ours after the intent: whether the broker has the order is not known.
            log.exception("Order %s met with a fault of this program", order.order_id)
            return Unknown(reason=f"a fault of this program: {type(error).__name__}: {error}")
        settlement = None
        if isinstance(execution.outcome, Filled):
            settlement = await self._settled(order, execution.outcome, deadline + DEALS_AFTER_DEADLINE_S)
        self._tell(span, execution, settlement)
        return execution.outcome if settlement is None else settlement.filled

    async def _settled(self, order: Order, filled: Filled, deadline: float) -> Settlement:
        """The fill held against its deals; whatever goes wrong with that, it stays a fill."""
        try:
            settlement = await self._gateway.settle(filled, deadline=deadline)
        except Exception:
            log.exception("The deals of order %s could not be understood; they are looked at again", order.order_id)
            settlement = Settlement(filled=filled)
        if settlement.filled.position is None:
            self._mender.settle_later(order.order_id)
        return settlement

    @harmless
    def _tell(self, span: OrderSpan, execution: Execution, settlement: Settlement | None) -> None:
        if execution.reply is None or execution.request is None:
            return
        server = settlement.server if settlement else None
        reply = execution.reply
        span.sent(
            execution.request,
            answered(reply),
            Endpoint(address=self._watch.latest.server),
            times_ns=(reply.submitted_ns, started_ns(reply), reply.ended_ns),
            server_msc=(server.setup_msc, server.done_msc) if server else None,
        )

    async def _write_down(self, order: Order, outcome: Outcome, span: OrderSpan) -> None:
        ended_ns = self._clock.time_ns()
        with span.step("journal", record="outcome"):
            try:
                await self._journal.outcome(order.order_id, outcome, ended_ns=ended_ns)
            except JournalError:
                # The broker has acted: the caller is told the truth, and the journal as soon as it can be.
                self._mender.write_later(order.order_id, outcome, ended_ns=ended_ns)
                log.exception("The outcome of order %s could not be journalled: %s", order.order_id, outcome)
