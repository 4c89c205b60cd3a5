"""Every metric and attribute of this program, declared once; the reference in the docs is made from this.

OpenTelemetry's own names come from its semantic conventions; ours start with `mt5.`. An attribute of a metric
takes its values from a closed set: tickets, comments, ids and log-ins are never labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.domain.account import AccountMode
from app.domain.conditions import Condition
from app.domain.connection import LAYERS
from app.domain.deals import CAUSES, ENTRY_NAMES, ORIGINS, REASON_NAMES
from app.domain.events import Scope, SecurityType
from app.domain.orders import OUTCOME_NAMES, Action, Side

SCOPE = "mt5_otel"
"""Name of the instrumentation scope of everything this program tells about trading."""

Kind = Literal["counter", "updowncounter", "gauge", "histogram"]

DURATION_BUCKETS_S: tuple[float, ...] = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
CALL_BUCKETS_S: tuple[float, ...] = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of metrics or spans; `values` where its set is fixed, else `source` says where they come from."""

    name: str
    meaning: str
    values: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """An instrument; `unit` in UCUM, with annotations in braces where nothing is measured but counted."""

    name: str
    unit: str
    kind: Kind
    meaning: str
    attributes: tuple[Attribute, ...] = ()
    buckets: tuple[float, ...] = ()
    stability: Literal["stable", "development"] = "development"


SYMBOL = Attribute("mt5.symbol", "instrument", source="the terminal's list of symbols, or `_OTHER`")
ACTION = Attribute("mt5.order.action", "what the order was to do", tuple(action.value for action in Action))
SIDE = Attribute("mt5.order.side", "side of the order", tuple(side.value for side in Side))
OUTCOME = Attribute("mt5.order.outcome", "what came of the order first", OUTCOME_NAMES)
POSITION_SIDE = Attribute("mt5.position.side", "side of the position", tuple(side.value for side in Side))
LAYER = Attribute("mt5.connection.layer", "which layer of the connection; each rests on the one before", LAYERS)
MODE = Attribute("mt5.account.mode", "whose money it is", tuple(mode.value for mode in AccountMode))
CURRENCY = Attribute("mt5.account.currency", "currency of the amounts", source="the account")
SERVER = Attribute("server.address", "the broker's server", source="the account")
RPC_SYSTEM = Attribute("rpc.system.name", "always `mt5`", ("mt5",))
RPC_METHOD = Attribute("rpc.method", "function of the MetaTrader5 package", source="its 32 functions, or `_OTHER`")
RPC_CODE = Attribute(
    "rpc.response.status_code", "trade return code, or last_error of a failed call", source="MetaTrader 5's lists"
)
ERROR_TYPE = Attribute(
    "error.type",
    "what failed: the code of `rpc.response.status_code`, or `deadline`, `worker_died`, `exception`; on failure only",
    source="MetaTrader 5's lists and these",
)
DEAL_ENTRY = Attribute("mt5.deal.entry", "what the deal did to its position", ENTRY_NAMES)
DEAL_REASON = Attribute("mt5.deal.reason", "who or what caused the deal", REASON_NAMES)
DEAL_ORIGIN = Attribute("mt5.deal.origin", "whose deal it is; `balance` trades nothing", ORIGINS)
DEAL_SYMBOL = Attribute("mt5.symbol", "instrument", source="the terminal's list of symbols, or `_NONE`")
CAUSE = Attribute("mt5.position.cause", "an order of ours (`own`), else the deal's reason", CAUSES)
ISSUE_NAME = Attribute("mt5.monitoring.issue.name", "which condition", tuple(issue.value for issue in Condition))
ERROR_SCOPE = Attribute("mt5.error.scope", "where the error happened", tuple(scope.value for scope in Scope))
SECURITY_EVENT = Attribute("mt5.security.event", "what happened", tuple(event.value for event in SecurityType))
AUTHENTICATION_RESULT = Attribute("mt5.authentication.result", "whether the key shown was one", ("good", "bad"))
RESOLVED_FROM = Attribute("mt5.order.resolution.from", "outcome first told", OUTCOME_NAMES)
RESOLVED_TO = Attribute("mt5.order.resolution.to", "outcome found later", OUTCOME_NAMES)

ORDERS = Metric(
    "mt5.orders",
    "{order}",
    "counter",
    "Orders by the outcome first decided; observed from the journal, so it survives a restart and equals it.",
    (ACTION, SIDE, OUTCOME, SYMBOL),
)
RESOLUTIONS = Metric(
    "mt5.order.resolutions",
    "{order}",
    "counter",
    "Orders whose outcome was unknown and became known later.",
    (RESOLVED_FROM, RESOLVED_TO),
)
ORDER_DURATION = Metric(
    "mt5.order.duration",
    "s",
    "histogram",
    "From an order's arrival to its outcome, risk checks, journal and queue included.",
    (ACTION, SIDE, OUTCOME, SYMBOL),
    DURATION_BUCKETS_S,
)
CALL_DURATION = Metric(
    "rpc.client.call.duration",
    "s",
    "histogram",
    "One call of the MetaTrader5 package, timed inside the terminal's process.",
    (RPC_SYSTEM, RPC_METHOD, RPC_CODE, ERROR_TYPE, SERVER),
    CALL_BUCKETS_S,
)
QUEUE_WAIT = Metric(
    "mt5.queue.wait",
    "s",
    "histogram",
    "How long a call waited for the terminal before it was begun.",
    (RPC_METHOD,),
    CALL_BUCKETS_S,
)
QUEUE_SIZE = Metric(
    "mt5.queue.size", "{call}", "updowncounter", "Calls handed to the terminal's process and not answered yet."
)
CONNECTED = Metric(
    "mt5.connected", "{connection}", "gauge", "1 where a layer of the connection is up, else 0.", (LAYER,)
)
POSITION_COUNT = Metric("mt5.position.count", "{position}", "updowncounter", "Open positions.", (SYMBOL, POSITION_SIDE))
DEALS = Metric(
    "mt5.deals",
    "{deal}",
    "counter",
    "Deals of the account, whoever caused them, each once; observed from the journal.",
    (DEAL_ENTRY, DEAL_REASON, DEAL_ORIGIN, DEAL_SYMBOL),
)
DEAL_NET = Metric(
    "mt5.deal.profit",
    "{currency}",
    "updowncounter",
    "What deals won or lost: profit, swap, commission and fee; money paid in or out is left aside.",
    (DEAL_ORIGIN, DEAL_SYMBOL),
)
POSITIONS_OPENED = Metric(
    "mt5.positions.opened",
    "{position}",
    "counter",
    "Positions opened, whoever did it, each at its first deal; observed from the journal.",
    (SYMBOL, POSITION_SIDE, CAUSE),
)
POSITIONS_CLOSED = Metric(
    "mt5.positions.closed",
    "{position}",
    "counter",
    "Positions fully closed, whoever or whatever did it; observed from the journal.",
    (SYMBOL, POSITION_SIDE, CAUSE),
)
CONNECTION_FAILURES = Metric(
    "mt5.connection.failures",
    "{failure}",
    "counter",
    "How often the connection to the broker was lost; observed from the journal.",
)
PENDING_COUNT = Metric("mt5.pending.count", "{order}", "updowncounter", "Pending orders.")
TICK_AGE = Metric("mt5.tick.age", "s", "gauge", "Time since the last price of a watched symbol.", (SYMBOL,))
PROFIT_DAY = Metric(
    "mt5.account.profit.day",
    "{currency}",
    "gauge",
    "What the deals of the day won or lost, costs included; the day begins at the broker's midnight.",
    (CURRENCY, MODE),
)
PROFIT_FLOATING = Metric(
    "mt5.account.profit.floating",
    "{currency}",
    "gauge",
    "What the open positions would bring if closed now, swap included.",
    (CURRENCY, MODE),
)
ACCOUNT_INFO = Metric(
    "mt5.account.info", "{account}", "gauge", "Always 1; its attributes describe the account.", (MODE, CURRENCY, SERVER)
)
BALANCE = Metric("mt5.account.balance", "{currency}", "gauge", "Balance of the account.", (CURRENCY, MODE))
EQUITY = Metric("mt5.account.equity", "{currency}", "gauge", "Balance, credit and floating result.", (CURRENCY, MODE))
MARGIN = Metric("mt5.account.margin", "{currency}", "gauge", "Margin in use.", (CURRENCY, MODE))
MARGIN_FREE = Metric(
    "mt5.account.margin.free", "{currency}", "gauge", "Margin left for new positions.", (CURRENCY, MODE)
)
ISSUE = Metric(
    "mt5.monitoring.issue",
    "{issue}",
    "gauge",
    "1 where a condition holds, else 0; what status and alerts show.",
    (ISSUE_NAME,),
)
ERRORS = Metric(
    "mt5.errors",
    "{error}",
    "counter",
    "Answers of 500 and above, and faults inside; survives a restart.",
    (ERROR_SCOPE,),
)
SECURITY_EVENTS = Metric(
    "mt5.security.events",
    "{event}",
    "counter",
    "Refused callers and changed keys; survives a restart.",
    (SECURITY_EVENT,),
)
AUTHENTICATIONS = Metric(
    "mt5.authentications",
    "{authentication}",
    "counter",
    "Keys shown, valid or not; survives a restart.",
    (AUTHENTICATION_RESULT,),
)

METRICS: tuple[Metric, ...] = (
    ORDERS,
    ORDER_DURATION,
    RESOLUTIONS,
    CALL_DURATION,
    QUEUE_WAIT,
    QUEUE_SIZE,
    CONNECTED,
    CONNECTION_FAILURES,
    TICK_AGE,
    POSITION_COUNT,
    POSITIONS_OPENED,
    POSITIONS_CLOSED,
    PENDING_COUNT,
    DEALS,
    DEAL_NET,
    PROFIT_DAY,
    PROFIT_FLOATING,
    ACCOUNT_INFO,
    BALANCE,
    EQUITY,
    MARGIN,
    MARGIN_FREE,
    ISSUE,
    ERRORS,
    SECURITY_EVENTS,
    AUTHENTICATIONS,
)
"""Every metric made here, in the order of the reference."""
